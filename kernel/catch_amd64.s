#include "textflag.h"

// The offsets below are those of the kernel's siginfo_t on every 64-bit
// architecture (include/uapi/asm-generic/siginfo.h): si_signo 0, si_errno 4,
// si_code 8, si_pid 16, si_uid 20, si_value or si_status 24. So the first 32
// bytes, recordBytes in catch.go, are all that we pass on.

// The signals of a fault in our own code, when the kernel itself sent them:
// ILL 4, TRAP 5, BUS 7, FPE 8, SEGV 11, SYS 31.
#define FAULTS (1<<4 | 1<<5 | 1<<7 | 1<<8 | 1<<11 | 1<<31)

// All others, as bits of a signal mask, less URG 23.
#define NOTFAULTS ~(1<<3 | 1<<4 | 1<<6 | 1<<7 | 1<<10 | 1<<30 | 1<<22)

// caught is the handler of every signal, called by the kernel in the manner of
// C: DI the signal, SI its siginfo, DX the context. All signals are blocked
// meanwhile, and rt_sigreturn restores every register, so none needs saving.
TEXT ·caught(SB), NOSPLIT|NOFRAME, $0-0
	MOVL	8(SI), AX
	CMPL	AX, $0
	JLE	sent
	// The kernel sent it. A fault of ours is the runtime's.
	MOVQ	$FAULTS, CX
	BTQ	DI, CX
	JCS	chain
	JMP	report
sent:
	// A process sent it. What this process sent to one of its own threads
	// (SI_TKILL) is the runtime's: SIGURG to pre-empt a goroutine, mostly.
	CMPL	AX, $-6
	JNE	report
	MOVL	16(SI), CX
	CMPL	CX, ·catchPID(SB)
	JNE	report
chain:
	LEAQ	·chained(SB), CX
	MOVQ	(CX)(DI*8), CX
	CMPQ	CX, $1
	JLS	report // default or ignored: the runtime has no handler for it
	JMP	CX
report:
	MOVQ	SI, R8
	MOVQ	DX, R9
	MOVL	·catchFD(SB), DI
	MOVL	$32, DX
	MOVL	$1, AX // write
	SYSCALL
	CMPQ	AX, $32
	JEQ	done
	// The pipe is full. If we may, keep this one record aside and return with
	// everything blocked but faults and URG (uc_sigmask is at 296 in struct ucontext of
	// arch/x86): the kernel keeps what comes, and Wait goes on from there. If we
	// were not to, a process that floods us would keep us in here for ever.
	CMPL	·catchMayBlock(SB), $0
	JEQ	lose
	MOVL	$1, AX
	XCHGL	AX, ·catchHeld(SB)
	TESTL	AX, AX
	JNE	lose
	MOVQ	0(R8), AX
	MOVQ	AX, ·catchSlot+0(SB)
	MOVQ	8(R8), AX
	MOVQ	AX, ·catchSlot+8(SB)
	MOVQ	16(R8), AX
	MOVQ	AX, ·catchSlot+16(SB)
	MOVQ	24(R8), AX
	MOVQ	AX, ·catchSlot+24(SB)
	MOVQ	$NOTFAULTS, AX
	ORQ	AX, 296(R9)
	RET
lose:
	// Count the signal as lost first and then try once more:
	// either there is room now, or the reader still has a full pipe before it
	// and will look at the count behind that.
	LOCK
	INCL	·catchLost(SB)
	MOVL	(R8), CX
	CMPL	CX, $31
	JHI	again
	MOVL	$1, AX
	SHLQ	CX, AX
	LOCK
	ORQ	AX, ·catchMissed(SB)
again:
	MOVQ	R8, SI
	MOVL	·catchFD(SB), DI
	MOVL	$32, DX
	MOVL	$1, AX
	SYSCALL
	CMPQ	AX, $32
	JNE	done
	LOCK
	DECL	·catchLost(SB)
done:
	RET

// restore is where caught returns to: rt_sigreturn (15).
TEXT ·restore(SB), NOSPLIT|NOFRAME, $0-0
	MOVL	$15, AX
	SYSCALL
	INT	$3

// func handlerAddresses() (handler, restorer uintptr)
TEXT ·handlerAddresses(SB), NOSPLIT, $0-16
	LEAQ	·caught(SB), AX
	MOVQ	AX, handler+0(FP)
	LEAQ	·restore(SB), AX
	MOVQ	AX, restorer+8(FP)
	RET
