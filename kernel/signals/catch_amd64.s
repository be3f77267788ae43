#include "textflag.h"

// The offsets below are those of the kernel's siginfo_t on every 64-bit
// architecture (include/uapi/asm-generic/siginfo.h): si_signo 0, si_errno 4,
// si_code 8, si_pid 16, si_uid 20, si_value or si_status 24. So the first 32
// bytes, recordBytes in catch.go, are all that we pass on.

// The signals of a fault in our own code, when the kernel itself sent them:
// ILL 4, TRAP 5, BUS 7, FPE 8, SEGV 11, SYS 31.
#define FAULTS (1<<4 | 1<<5 | 1<<7 | 1<<8 | 1<<11 | 1<<31)

// Signals 32 to 64 as bits of a mask.
#define REALTIME ~(1<<31 - 1)

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
	CMPL	DI, $32
	JCC	queue
	// A standard signal needs no room in a queue: the kernel keeps one of each,
	// and so do we. The first to claim the place fills it, and wakes the reader.
	// Until that has taken it, more of the same are queued while there is room,
	// because the sender may be another, and merged when there is none.
	LOCK
	BTSQ	DI, ·catchClaimed(SB)
	JCS	claimed
	MOVQ	DI, R10
	SHLQ	$5, R10
	LEAQ	·catchPlace(SB), R11
	ADDQ	R10, R11
	MOVQ	0(SI), AX
	MOVQ	AX, 0(R11)
	MOVQ	8(SI), AX
	MOVQ	AX, 8(R11)
	MOVQ	16(SI), AX
	MOVQ	AX, 16(R11)
	MOVQ	24(SI), AX
	MOVQ	AX, 24(R11)
	MOVL	$1, AX
	LOCK
	XADDL	AX, ·catchOrder(SB)
	MOVL	AX, 4(R11) // for si_errno, which no signal uses
	LOCK
	BTSQ	DI, ·catchPending(SB)
	LEAQ	·catchNothing(SB), SI
	MOVL	·catchFD(SB), DI
	MOVL	$32, DX
	MOVL	$1, AX // write; a full pipe wakes the reader as well
	SYSCALL
	RET
claimed:
	CMPL	DI, $17 // CHLD says no more than that somebody died
	JEQ	later
	CMPL	·catchRoom(SB), $0
	JGT	queue
later:
	// Return with this one blocked: the kernel keeps it until Wait wants more.
	CMPL	·catchMayBlock(SB), $0
	JEQ	done
	LEAQ	-1(DI), CX
	MOVL	$1, AX
	SHLQ	CX, AX
	ORQ	AX, 296(DX)
	MOVL	$1, ·catchHeld(SB)
	RET
queue:
	MOVQ	SI, R8
	MOVQ	DX, R9
	MOVL	·catchFD(SB), DI
	MOVL	$32, DX
	MOVL	$1, AX
	SYSCALL
	CMPQ	AX, $32
	JNE	full
	// A turn of the loop takes so many. Return with the real-time signals
	// blocked behind the last of them (uc_sigmask is at 296 in struct ucontext of
	// arch/x86): the kernel keeps what comes, until Wait wants more. If we were not to,
	// a process that floods us would keep us in here for ever.
	LOCK
	DECL	·catchRoom(SB)
	JGT	done
	CMPL	·catchMayBlock(SB), $0
	JEQ	done
	JMP	hold
full:
	CMPL	0(R8), $32
	JCS	done
	// Keep this one record aside.
	CMPL	·catchMayBlock(SB), $0
	JEQ	lose
	MOVL	$1, AX
	XCHGL	AX, ·catchKept(SB)
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
hold:
	MOVL	$1, ·catchHeld(SB)
	MOVQ	$REALTIME, AX
	ORQ	AX, 296(R9)
	RET
lose:
	// Count the signal as lost first and then try once more:
	// either there is room now, or the reader still has a full pipe before it
	// and will look at the count behind that.
	LOCK
	INCL	·catchLost(SB)
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
	// It came back: it is refused. There is no way out of here.
	MOVL	$2, DI
	MOVQ	·noReturn+0(SB), SI
	MOVQ	·noReturn+8(SB), DX
	MOVL	$1, AX // write
	SYSCALL
	MOVL	$70, DI
	MOVL	$231, AX // exit_group
	SYSCALL
	INT	$3

// func handlerAddresses() (handler, restorer uintptr)
TEXT ·handlerAddresses(SB), NOSPLIT, $0-16
	LEAQ	·caught(SB), AX
	MOVQ	AX, handler+0(FP)
	LEAQ	·restore(SB), AX
	MOVQ	AX, restorer+8(FP)
	RET
