#include "textflag.h"

// func clone(call, first, second uintptr, p *plan) (pid, errno uintptr)
//
// See fork_amd64.s.
TEXT ·clone(SB), NOSPLIT|NOFRAME, $0-48
	MOVD	call+0(FP), R8
	MOVD	first+8(FP), R0
	MOVD	second+16(FP), R1
	MOVD	p+24(FP), R19
	MOVD	$0, R2
	MOVD	$0, R3
	MOVD	$0, R4
	SVC
	CBZ	R0, child
	CMN	$4095, R0
	BCC	parted
	NEG	R0, R0
	MOVD	$0, R1
	MOVD	R1, pid+32(FP)
	MOVD	R0, errno+40(FP)
	RET
parted:
	MOVD	R0, pid+32(FP)
	MOVD	$0, R1
	MOVD	R1, errno+40(FP)
	RET
child:
	CBZ	R19, nobody
	MOVD	$0, R29
	MOVD	RSP, R1
	SUB	$32, R1, R1
	MOVD	R1, RSP
	MOVD	R19, 8(R1)
	MOVD	$·becomeCommand(SB), R1
	BL	(R1)
	BRK
nobody:
	MOVD	$0, R0
	MOVD	$93, R8 // exit
	SVC
	B	nobody
