#include "textflag.h"

DATA hello<>+0(SB)/6, $"hello\n"
GLOBL hello<>(SB), RODATA, $6

DATA moment<>+0(SB)/8, $0
DATA moment<>+8(SB)/8, $700000000
GLOBL moment<>(SB), RODATA, $16

// See entry_amd64.s.
TEXT bare_entry(SB), NOSPLIT|NOFRAME, $0-0
	MOVD	16(RSP), R19 // argv[1]
	MOVD	24(RSP), R20 // argv[2], or nil
	MOVD	$1, R0
	MOVD	$hello<>(SB), R1
	MOVD	$6, R2
	MOVD	$64, R8 // write
	SVC
	CBZ	R20, made
	MOVD	$-100, R0 // AT_FDCWD
	MOVD	R20, R1
	MOVD	$0x41, R2 // O_WRONLY|O_CREAT
	MOVD	$0x1a4, R3
	MOVD	$56, R8 // openat
	SVC
made:
	MOVBU	(R19), R21
	CMP	$0x73, R21 // s
	BEQ	stay
	CMP	$0x77, R21 // w
	BNE	leave
	ADD	$1, R19
	BL	wait<>(SB)
leave:
	MOVBU	(R19), R21
	SUB	$0x30, R21
	MOVD	R21, R0
	MOVD	$94, R8 // exit_group
	SVC
	MOVD	R21, R0
	MOVD	$93, R8 // exit
	SVC
	UNDEF
stay:
	BL	wait<>(SB)
	B	stay

TEXT wait<>(SB), NOSPLIT|NOFRAME, $0-0
	SUB	$16, RSP
	MOVD	moment<>+0(SB), R4
	MOVD	moment<>+8(SB), R5
	MOVD	RSP, R6
	MOVD	R4, 0(R6)
	MOVD	R5, 8(R6)
	MOVD	$0, R0
	MOVD	$0, R1
	MOVD	R6, R2
	MOVD	$0, R3
	MOVD	$0, R4
	MOVD	$73, R8 // ppoll
	SVC
	CBZ	R0, waited
	MOVD	$moment<>(SB), R0
	MOVD	$0, R1
	MOVD	$101, R8 // nanosleep
	SVC
waited:
	ADD	$16, RSP
	RET
