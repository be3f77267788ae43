#include "textflag.h"

DATA hello<>+0(SB)/6, $"hello\n"
GLOBL hello<>(SB), RODATA, $6

DATA moment<>+0(SB)/8, $0
DATA moment<>+8(SB)/8, $700000000
GLOBL moment<>(SB), RODATA, $16

// No register that a system call keeps is assumed to be zero.
TEXT bare_entry(SB), NOSPLIT|NOFRAME, $0-0
	MOVQ	16(SP), R12 // argv[1]
	MOVQ	24(SP), R13 // argv[2], or nil
	MOVL	$1, DI
	LEAQ	hello<>(SB), SI
	MOVL	$6, DX
	MOVL	$1, AX // write
	SYSCALL
	TESTQ	R13, R13
	JEQ	made
	MOVQ	$-100, DI // AT_FDCWD
	MOVQ	R13, SI
	MOVL	$0x41, DX // O_WRONLY|O_CREAT
	MOVL	$0x1a4, R10
	MOVL	$257, AX // openat
	SYSCALL
made:
	MOVBLZX	(R12), R14
	CMPL	R14, $0x73 // s
	JEQ	stay
	CMPL	R14, $0x77 // w
	JNE	leave
	INCQ	R12
	CALL	wait<>(SB)
leave:
	MOVBLZX	(R12), R14
	SUBL	$0x30, R14
	MOVL	R14, DI
	MOVL	$231, AX // exit_group
	SYSCALL
	MOVL	R14, DI
	MOVL	$60, AX // exit
	SYSCALL
	UNDEF
stay:
	CALL	wait<>(SB)
	JMP	stay

// wait waits by ppoll, or by nanosleep where that is refused.
TEXT wait<>(SB), NOSPLIT|NOFRAME, $0-0
	SUBQ	$24, SP
	MOVQ	moment<>+0(SB), AX
	MOVQ	AX, 0(SP)
	MOVQ	moment<>+8(SB), AX
	MOVQ	AX, 8(SP)
	XORL	DI, DI
	XORL	SI, SI
	MOVQ	SP, DX
	XORL	R10, R10
	XORL	R8, R8
	MOVL	$271, AX // ppoll
	SYSCALL
	TESTQ	AX, AX
	JEQ	waited
	LEAQ	moment<>(SB), DI
	XORL	SI, SI
	MOVL	$35, AX // nanosleep
	SYSCALL
waited:
	ADDQ	$24, SP
	RET
