#include "textflag.h"

// See catch_amd64.s: the same handler, word for word where the machine allows.

#define FAULTS (1<<4 | 1<<5 | 1<<7 | 1<<8 | 1<<11 | 1<<31)

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
	MOVW	·catchFD(SB), R0
	MOVD	$32, R2
	MOVD	$64, R8 // write
	SVC
	CMP	$32, R0
	BEQ	done
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

// func handlerAddresses() (handler, restorer uintptr)
//
// No restorer: the kernel has its own.
TEXT ·handlerAddresses(SB), NOSPLIT, $0-16
	MOVD	$·caught(SB), R0
	MOVD	R0, handler+0(FP)
	MOVD	$0, R0
	MOVD	R0, restorer+8(FP)
	RET
