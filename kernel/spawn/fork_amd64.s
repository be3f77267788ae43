#include "textflag.h"

// func clone(call, first, second uintptr, p *plan) (pid, errno uintptr)
//
// clone(2), or clone3 with its arguments. The child has a stack of its own, on
// which it runs becomeCommand. Where p is nil the stack may be its parent's: it
// is not touched, and the child ends at once.
TEXT ·clone(SB), NOSPLIT|NOFRAME, $0-48
	MOVQ	call+0(FP), AX
	MOVQ	first+8(FP), DI
	MOVQ	second+16(FP), SI
	MOVQ	p+24(FP), R12
	XORL	DX, DX
	XORL	R10, R10
	XORL	R8, R8
	SYSCALL
	TESTQ	AX, AX
	JEQ	child
	CMPQ	AX, $-4095
	JCC	failed
	MOVQ	AX, pid+32(FP)
	MOVQ	$0, errno+40(FP)
	RET
failed:
	NEGQ	AX
	MOVQ	$0, pid+32(FP)
	MOVQ	AX, errno+40(FP)
	RET
child:
	TESTQ	R12, R12
	JEQ	nobody
	XORL	BP, BP
	LEAQ	-16(SP), SP
	MOVQ	R12, 0(SP)
	LEAQ	·becomeCommand(SB), AX // by address: for the linker's sums this is not our stack
	CALL	AX
	INT	$3
nobody:
	XORL	DI, DI
	MOVL	$60, AX // exit
	SYSCALL
	JMP	nobody
