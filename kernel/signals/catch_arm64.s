#include "textflag.h"

// See catch_amd64.s: the same handler, word for word where the machine allows.

#define FAULTS (1<<4 | 1<<5 | 1<<7 | 1<<8 | 1<<11 | 1<<31)

#define REALTIME ~(1<<31 - 1)

// caught is called with R0 the signal, R1 its siginfo, R2 the context, and
// returns through LR into the kernel's own sigreturn (arch/arm64/kernel/vdso).
TEXT ·caught(SB), NOSPLIT|NOFRAME, $0-0
	MOVW	8(R1), R3
	CMPW	$0, R3
	BLE	sent
	MOVD	$FAULTS, R4
	LSR	R0, R4, R4
	TBNZ	$0, R4, chain
	B	report
sent:
	CMNW	$6, R3
	BNE	report
	MOVW	16(R1), R5
	MOVW	·catchPID(SB), R6
	CMPW	R5, R6
	BNE	report
chain:
	MOVD	$·chained(SB), R4
	MOVD	(R4)(R0<<3), R4
	CMP	$1, R4
	BLS	report
	JMP	(R4)
report:
	CMPW	$32, R0
	BHS	queue
	MOVD	$1, R3
	LSL	R0, R3, R3
	MOVD	$·catchClaimed(SB), R4
claim:
	LDAXR	(R4), R5
	TST	R3, R5
	BNE	claimed
	ORR	R3, R5, R5
	STLXR	R5, (R4), R6
	CBNZ	R6, claim
	MOVD	$·catchPlace(SB), R4
	ADD	R0<<5, R4, R4
	MOVD	0(R1), R5
	MOVD	R5, 0(R4)
	MOVD	8(R1), R5
	MOVD	R5, 8(R4)
	MOVD	16(R1), R5
	MOVD	R5, 16(R4)
	MOVD	24(R1), R5
	MOVD	R5, 24(R4)
	MOVD	$·catchOrder(SB), R5
order:
	LDAXRW	(R5), R6
	ADDW	$1, R6, R7
	STLXRW	R7, (R5), R8
	CBNZ	R8, order
	MOVW	R6, 4(R4)
	MOVD	$·catchPending(SB), R4
pend:
	LDAXR	(R4), R5
	ORR	R3, R5, R5
	STLXR	R5, (R4), R6
	CBNZ	R6, pend
	MOVD	$·catchNothing(SB), R1
	MOVW	·catchFD(SB), R0
	MOVD	$32, R2
	MOVD	$64, R8 // write
	SVC
	RET
claimed:
	CMPW	$17, R0
	BEQ	later
	MOVW	·catchRoom(SB), R5
	CMPW	$0, R5
	BGT	queue
later:
	MOVW	·catchMayBlock(SB), R5
	CBZ	R5, done
	SUB	$1, R0, R5
	MOVD	$1, R6
	LSL	R5, R6, R6
	MOVD	40(R2), R5
	ORR	R6, R5, R5
	MOVD	R5, 40(R2)
	MOVD	$1, R6
	MOVW	R6, ·catchHeld(SB)
	RET
queue:
	MOVD	R1, R9
	MOVD	R2, R15
	MOVW	·catchFD(SB), R0
	MOVD	$32, R2
	MOVD	$64, R8
	SVC
	CMP	$32, R0
	BNE	full
	// The turn's share: see catch_amd64.s; uc_sigmask is at 40 here.
	MOVD	$·catchRoom(SB), R10
share:
	LDAXRW	(R10), R11
	SUBW	$1, R11, R11
	STLXRW	R11, (R10), R12
	CBNZ	R12, share
	CMPW	$0, R11
	BGT	done
	MOVW	·catchMayBlock(SB), R11
	CBZ	R11, done
	B	hold
full:
	MOVW	0(R9), R11
	CMPW	$32, R11
	BLO	done
	MOVW	·catchMayBlock(SB), R11
	CBZ	R11, lose
	MOVD	$·catchKept(SB), R10
keep:
	LDAXRW	(R10), R11
	CBNZ	R11, lose
	MOVD	$1, R12
	STLXRW	R12, (R10), R13
	CBNZ	R13, keep
	MOVD	$·catchSlot(SB), R10
	MOVD	0(R9), R11
	MOVD	R11, 0(R10)
	MOVD	8(R9), R11
	MOVD	R11, 8(R10)
	MOVD	16(R9), R11
	MOVD	R11, 16(R10)
	MOVD	24(R9), R11
	MOVD	R11, 24(R10)
hold:
	MOVD	$1, R12
	MOVW	R12, ·catchHeld(SB)
	MOVD	$REALTIME, R12
	MOVD	40(R15), R11
	ORR	R12, R11, R11
	MOVD	R11, 40(R15)
	RET
lose:
	MOVD	$·catchLost(SB), R10
more:
	LDAXRW	(R10), R11
	ADDW	$1, R11, R11
	STLXRW	R11, (R10), R12
	CBNZ	R12, more
	MOVD	R9, R1
	MOVW	·catchFD(SB), R0
	MOVD	$32, R2
	MOVD	$64, R8
	SVC
	CMP	$32, R0
	BNE	done
less:
	LDAXRW	(R10), R11
	SUBW	$1, R11, R11
	STLXRW	R11, (R10), R12
	CBNZ	R12, less
done:
	RET

// restore is where caught returns to: rt_sigreturn (139). The kernel has such code of its own,
// which does not say that it is refused.
TEXT ·restore(SB), NOSPLIT|NOFRAME, $0-0
	MOVD	$139, R8
	SVC
	MOVD	$2, R0
	MOVD	·noReturn+0(SB), R1
	MOVD	·noReturn+8(SB), R2
	MOVD	$64, R8 // write
	SVC
	MOVD	$70, R0
	MOVD	$94, R8 // exit_group
	SVC
	UNDEF

// func handlerAddresses() (handler, restorer uintptr)
TEXT ·handlerAddresses(SB), NOSPLIT, $0-16
	MOVD	$·caught(SB), R0
	MOVD	R0, handler+0(FP)
	MOVD	$·restore(SB), R0
	MOVD	R0, restorer+8(FP)
	RET
