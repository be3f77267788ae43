#include "textflag.h"

// func vfork(flags uintptr) (pid, errno uintptr)
//
// clone(flags, no stack, ...), returning twice in the same frame. The child
// runs on our stack while we wait and writes over what lies below its caller's
// frame, our return address too, so that address stays in a register.
TEXT ·vfork(SB), NOSPLIT|NOFRAME, $0-24
	MOVQ	flags+0(FP), DI
	XORL	SI, SI
	XORL	DX, DX
	XORL	R10, R10
	XORL	R8, R8
	MOVL	$56, AX // clone
	POPQ	R12
	SYSCALL
	PUSHQ	R12
	CMPQ	AX, $-4095
	JCC	failed
	MOVQ	AX, pid+8(FP)
	MOVQ	$0, errno+16(FP)
	RET
failed:
	NEGQ	AX
	MOVQ	$0, pid+8(FP)
	MOVQ	AX, errno+16(FP)
	RET
