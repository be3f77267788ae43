#include "textflag.h"

// See entry_amd64.s.
TEXT sexton_entry(SB), NOSPLIT|NOFRAME, $0-0
	MOVD	$0, R0
	MOVD	$0, R1
	MOVD	$·inheritedMask(SB), R2
	MOVD	$8, R3
	MOVD	$135, R8 // rt_sigprocmask
	SVC
	MOVD	$0, R0
	MOVD	$7, R1
	MOVD	$0, R2
	MOVD	$·inheritedNofile(SB), R3
	MOVD	$261, R8 // prlimit64
	SVC
	MOVD	$0, R20
	MOVD	$64, R19
next:
	MOVD	R19, R0
	MOVD	$0, R1
	MOVD	$·inheritedAction(SB), R2
	MOVD	$8, R3
	MOVD	$134, R8 // rt_sigaction
	SVC
	LSL	$1, R20, R20
	MOVD	·inheritedAction(SB), R4
	CMP	$1, R4 // SIG_IGN
	BNE	caught
	ORR	$1, R20, R20
caught:
	SUB	$1, R19, R19
	CBNZ	R19, next
	MOVD	R20, ·inheritedIgnore(SB)
	MOVW	$1, R4
	MOVW	R4, ·inheritedKnown(SB)
	MOVD	$0, R0
	B	_rt0_arm64_linux(SB)
