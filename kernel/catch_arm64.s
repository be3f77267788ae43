#include "textflag.h"

// See catch_amd64.s: the same handler, word for word where the machine allows.

#define FAULTS (1<<4 | 1<<5 | 1<<7 | 1<<8 | 1<<11 | 1<<31)

#define NOTFAULTS ~(1<<3 | 1<<4 | 1<<6 | 1<<7 | 1<<10 | 1<<30 | 1<<22)

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
	MOVD	R1, R9
	MOVD	R2, R15
	MOVW	·catchFD(SB), R0
	MOVD	$32, R2
	MOVD	$64, R8 // write
	SVC
	CMP	$32, R0
	BEQ	done
	// Full: see catch_amd64.s; uc_sigmask is at 40 here.
	MOVW	·catchMayBlock(SB), R11
	CBZ	R11, lose
	MOVD	$·catchHeld(SB), R10
hold:
	LDAXRW	(R10), R11
	CBNZ	R11, lose
	MOVD	$1, R12
	STLXRW	R12, (R10), R13
	CBNZ	R13, hold
	MOVD	$·catchSlot(SB), R10
	MOVD	0(R9), R11
	MOVD	R11, 0(R10)
	MOVD	8(R9), R11
	MOVD	R11, 8(R10)
	MOVD	16(R9), R11
	MOVD	R11, 16(R10)
	MOVD	24(R9), R11
	MOVD	R11, 24(R10)
	MOVD	$NOTFAULTS, R12
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
	MOVW	(R9), R11
	CMPW	$31, R11
	BHI	again
	MOVD	$1, R13
	LSL	R11, R13, R13
	MOVD	$·catchMissed(SB), R14
note:
	LDAXR	(R14), R11
	ORR	R13, R11, R11
	STLXR	R11, (R14), R12
	CBNZ	R12, note
again:
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

// func handlerAddresses() (handler, restorer uintptr)
//
// No restorer: the kernel has its own.
TEXT ·handlerAddresses(SB), NOSPLIT, $0-16
	MOVD	$·caught(SB), R0
	MOVD	R0, handler+0(FP)
	MOVD	$0, R0
	MOVD	R0, restorer+8(FP)
	RET
