//go:build entry

#include "textflag.h"

#define NOTIFY 1
#define THROW 4
#define UNBLOCK 128

#define FAULTS (1<<4 | 1<<5 | 1<<6 | 1<<7 | 1<<8 | 1<<11 | 1<<31)

// See entry_amd64.s.
TEXT sexton_entry(SB), NOSPLIT|NOFRAME, $0-0
	MOVD	0(RSP), R4
	CMP	$2, R4
	BNE	begin
	MOVD	8(RSP), R4
	MOVBU	0(R4), R5
	CBNZ	R5, begin
	MOVD	16(RSP), R4
	MOVBU	0(R4), R0
	SUB	$0x41, R0
	LSL	$4, R0
	MOVBU	1(R4), R1
	SUB	$0x41, R1
	ORR	R1, R0, R0
	MOVD	$93, R8 // exit
	SVC
begin:
	MOVD	$0, R0
	MOVD	$·everySignal(SB), R1
	MOVD	$·inheritedMask(SB), R2
	MOVD	$8, R3
	MOVD	$135, R8 // rt_sigprocmask
	SVC
	MOVD	$·needed(SB), R19
need:
	MOVD	0(R19), R8
	CMN	$1, R8
	BEQ	nothing
	MOVD	8(R19), R0
	MOVD	16(R19), R1
	MOVD	24(R19), R2
	MOVD	32(R19), R3
	MOVD	$0, R4
	MOVD	$0, R5
	SVC
	CMN	$1, R0 // EPERM
	BEQ	refused
	CMN	$38, R0 // ENOSYS
	BEQ	refused
	ADD	$56, R19
	B	need
refused:
	MOVD	$2, R0
	MOVD	40(R19), R1
	MOVD	48(R19), R2
	MOVD	$64, R8 // write
	SVC
	CMP	$0, R0
	BGE	leave70
	MOVD	$2, R0
	ADD	$40, R19, R1 // a string is an iovec
	MOVD	$1, R2
	MOVD	$66, R8 // writev
	SVC
leave70:
	MOVD	$70, R0
	MOVD	$94, R8 // exit_group
	SVC
	MOVD	$70, R0
	MOVD	$93, R8 // exit
	SVC
	B	leave70
nothing:
	MOVD	·complaining(SB), R4
	MOVD	R4, runtime·overrideWrite(SB)
	MOVD	$runtime·sigtable(SB), R5
	MOVW	(15*24)(R5), R4
	CMPW	$3, R4
	BNE	unknown
	MOVD	(15*24+16)(R5), R4
	CMP	$20, R4
	BNE	unknown
	MOVD	R5, ·runtimeTable(SB)
	MOVD	$·runtimeFlags(SB), R9
	MOVD	$64, R6
	MOVD	$(64*24), R7
leave:
	MOVD	$0, R10
	MOVD	$FAULTS, R4
	LSR	R6, R4, R4
	TBZ	$0, R4, write
	MOVWU	(R5)(R7), R10
	MOVW	R10, (R9)(R6<<2)
	AND	$~(THROW|UNBLOCK), R10, R10
	ORR	$NOTIFY, R10, R10
write:
	ADD	R5, R7, R4
	MOVW	R10, (R4)
	SUB	$24, R7, R7
	SUB	$1, R6, R6
	CBNZ	R6, leave
unknown:
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
	MOVD	RSP, R1
	MOVD	(R1), R4
	ADD	$16, R1, R2
	ADD	R4<<3, R2, R2 // envp
	MOVD	R2, ·inheritedEnv(SB)
	MOVD	R2, R9
envp:
	MOVD.P	8(R2), R4
	CBNZ	R4, envp
	SUB	$8, R2, R3 // its nil
	MOVD	R2, ·inheritedAux(SB)
auxv:
	MOVD.P	16(R2), R4
	CBNZ	R4, auxv
	SUB	R1, R2, R5
	ADD	$32, R5, R5
	SUB	R5, R1, R6
	AND	$~15, R6, R6
	MOVD	R6, R7
	MOVD	R6, RSP
copyargs:
	MOVD.P	8(R1), R4
	MOVD.P	R4, 8(R7)
	CMP	R1, R9
	BNE	copyargs
	MOVD	$·ownZone(SB), R4
	MOVD.P	R4, 8(R7)
	MOVD	$·ownProcs(SB), R4
	MOVD.P	R4, 8(R7)
	MOVD	$·ownDebug(SB), R4
	MOVD.P	R4, 8(R7)
	MOVD	R3, R1
copyrest:
	MOVD.P	8(R1), R4
	MOVD.P	R4, 8(R7)
	CMP	R1, R2
	BNE	copyrest
	MOVD	$0, R0
	B	_rt0_arm64_linux(SB)
