//go:build entry

#include "textflag.h"

// Go's table of signals (runtime/sigtab_linux_generic.go): an entry has flags
// and a name. Only -checklinkname=0 lets us name it.
#define FLAGS(n) runtime·sigtable+(n*24)(SB)
#define NAME_LENGTH(n) runtime·sigtable+(n*24+16)(SB)

// Its flags (runtime/runtime2.go): NOTIFY installs a handler and no more, THROW
// and UNBLOCK open the signal on every thread.
#define NOTIFY 1
#define THROW 4
#define UNBLOCK 128

#define FAULTS (1<<4 | 1<<5 | 1<<6 | 1<<7 | 1<<8 | 1<<11 | 1<<31)

// sexton_entry is where the kernel begins to run us when the binary was built
// with -tags entry and linked with -E sexton_entry: before Go's runtime, which installs handlers of its
// own, changes the signal mask and raises RLIMIT_NOFILE. What we were started
// with is only to be seen here. It fills the variables of inherited.go and goes on to
// the runtime's own entry, with the stack as the kernel made it.
TEXT sexton_entry(SB), NOSPLIT|NOFRAME, $0-0
	// Are we executed by Exit, with an empty name and a status?
	CMPQ	0(SP), $2
	JNE	begin
	MOVQ	8(SP), AX
	CMPB	0(AX), $0
	JNE	begin
	MOVQ	16(SP), AX
	MOVBLZX	0(AX), DI
	SUBL	$0x41, DI
	SHLL	$4, DI
	MOVBLZX	1(AX), SI
	SUBL	$0x41, SI
	ORL	SI, DI
	MOVL	$60, AX // exit
	SYSCALL
begin:
	// rt_sigprocmask(SIG_BLOCK, &all, &mask, 8): all wait for Catch.
	XORL	DI, DI
	LEAQ	·everySignal(SB), SI
	LEAQ	·inheritedMask(SB), DX
	MOVL	$8, R10
	MOVL	$14, AX
	SYSCALL
	// Is everything there that the runtime needs (needed.go)?
	LEAQ	·needed(SB), BX
need:
	MOVQ	0(BX), AX
	CMPQ	AX, $-1
	JEQ	nothing
	MOVQ	8(BX), DI
	MOVQ	16(BX), SI
	MOVQ	24(BX), DX
	MOVQ	32(BX), R10
	XORL	R8, R8
	XORL	R9, R9
	SYSCALL
	CMPQ	AX, $-1 // EPERM
	JEQ	refused
	CMPQ	AX, $-38 // ENOSYS
	JEQ	refused
	ADDQ	$56, BX
	JMP	need
refused:
	MOVL	$2, DI
	MOVQ	40(BX), SI
	MOVQ	48(BX), DX
	MOVL	$1, AX // write
	SYSCALL
	TESTQ	AX, AX
	JGE	leave70
	MOVL	$2, DI
	LEAQ	40(BX), SI // a string is an iovec
	MOVL	$1, DX
	MOVL	$20, AX // writev
	SYSCALL
leave70:
	MOVL	$70, DI
	MOVL	$231, AX // exit_group
	SYSCALL
	MOVL	$70, DI
	MOVL	$60, AX // exit
	SYSCALL
	JMP	leave70
nothing:
	// What the runtime has to say before it ends us goes through runtimeWrites.
	MOVQ	·complaining(SB), AX
	MOVQ	AX, runtime·overrideWrite(SB)
	// The runtime unblocks on every thread what this table says that it must
	// see at once: HUP, INT, QUIT and TERM, because they kill, and CHLD, STKFLT, PROF,
	// 32, 33 and 34, for C libraries. Before Catch they would kill us with
	// status 2, and behind it two threads would bring them out of order. With no
	// flags it leaves a signal alone: it stays blocked, and no handler is installed
	// that Catch would replace. What tells of faults, ILL 4, TRAP 5, ABRT 6, BUS 7,
	// FPE 8, SEGV 11 and SYS 31, gets a handler of the runtime's, but stays blocked until
	// trustRuntime: a process may send it, and the runtime would take it for a fault.
	// Where the table is not the one that we know, nothing is done.
	CMPL	FLAGS(15), $3
	JNE	unknown
	CMPQ	NAME_LENGTH(15), $20 // "SIGTERM: termination"
	JNE	unknown
	LEAQ	FLAGS(0), AX
	MOVQ	AX, ·runtimeTable(SB)
	LEAQ	·runtimeFlags(SB), DI
	MOVL	$64, BX
leave:
	LEAQ	(BX)(BX*2), CX
	MOVL	(AX)(CX*8), SI
	XORL	DX, DX
	MOVQ	$FAULTS, R8
	BTQ	BX, R8
	JCC	write
	MOVL	SI, (DI)(BX*4)
	MOVL	SI, DX
	ANDL	$~(THROW|UNBLOCK), DX
	ORL	$NOTIFY, DX
write:
	MOVL	DX, (AX)(CX*8)
	DECL	BX
	JNZ	leave
unknown:
	// prlimit64(0, RLIMIT_NOFILE, NULL, &limit)
	XORL	DI, DI
	MOVL	$7, SI
	XORL	DX, DX
	LEAQ	·inheritedNofile(SB), R10
	MOVL	$302, AX
	SYSCALL
	// rt_sigaction(n, NULL, &action, 8) for 64 to 1
	XORL	R12, R12
	MOVL	$64, BX
next:
	MOVL	BX, DI
	XORL	SI, SI
	LEAQ	·inheritedAction(SB), DX
	MOVL	$8, R10
	MOVL	$13, AX
	SYSCALL
	SHLQ	$1, R12
	MOVQ	·inheritedAction(SB), AX
	CMPQ	AX, $1 // SIG_IGN
	JNE	caught
	ORQ	$1, R12
caught:
	DECL	BX
	JNZ	next
	MOVQ	R12, ·inheritedIgnore(SB)
	MOVL	$1, ·inheritedKnown(SB)
	// An environment of our own for the runtime: copy the vector (argc, argv,
	// nil, envp, nil, auxv) below itself, with three variables for envp. Environ reads
	// the real one where it stands.
	MOVQ	SP, SI
	MOVQ	(SI), AX
	LEAQ	16(SI)(AX*8), CX // envp
	MOVQ	CX, ·inheritedEnv(SB)
	MOVQ	CX, R10
envp:
	MOVQ	(CX), DX
	ADDQ	$8, CX
	TESTQ	DX, DX
	JNZ	envp
	LEAQ	-8(CX), R8 // its nil
	MOVQ	CX, ·inheritedAux(SB)
auxv:
	MOVQ	(CX), DX
	ADDQ	$16, CX
	TESTQ	DX, DX
	JNZ	auxv
	MOVQ	SI, DI
	SUBQ	CX, DI
	LEAQ	-32(SI)(DI*1), DI
	ANDQ	$~15, DI
	MOVQ	DI, SP // before anything is written there: below it the stack may not grow
	SUBQ	SI, R10
copyargs:
	MOVQ	(SI), AX
	MOVQ	AX, (DI)
	ADDQ	$8, SI
	ADDQ	$8, DI
	SUBQ	$8, R10
	JNZ	copyargs
	LEAQ	·ownZone(SB), AX
	MOVQ	AX, 0(DI)
	LEAQ	·ownProcs(SB), AX
	MOVQ	AX, 8(DI)
	LEAQ	·ownDebug(SB), AX
	MOVQ	AX, 16(DI)
	ADDQ	$24, DI
	MOVQ	R8, SI
copyrest:
	MOVQ	(SI), AX
	MOVQ	AX, (DI)
	ADDQ	$8, SI
	ADDQ	$8, DI
	CMPQ	SI, CX
	JNE	copyrest
	XORL	DX, DX
	JMP	_rt0_amd64_linux(SB)
