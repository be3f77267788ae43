//go:build entry

#include "textflag.h"

// Go's table of signals (runtime/sigtab_linux_generic.go): an entry has flags
// and a name. Only -checklinkname=0 lets us name it.
#define FLAGS(n) runtime·sigtable+(n*24)(SB)
#define NAME_LENGTH(n) runtime·sigtable+(n*24+16)(SB)

// sexton_entry is where the kernel begins to run us when the binary was built
// with -tags entry and linked with -E sexton_entry: before Go's runtime, which installs handlers of its
// own, changes the signal mask and raises RLIMIT_NOFILE. What we were started
// with is only to be seen here. It fills the variables of inherited.go and goes on to
// the runtime's own entry, with the stack as the kernel made it.
TEXT sexton_entry(SB), NOSPLIT|NOFRAME, $0-0
	// rt_sigprocmask(SIG_BLOCK, &all, &mask, 8): all wait for Catch.
	XORL	DI, DI
	LEAQ	·everySignal(SB), SI
	LEAQ	·inheritedMask(SB), DX
	MOVL	$8, R10
	MOVL	$14, AX
	SYSCALL
	// The runtime unblocks on every thread what this table says that it must
	// see at once: HUP, INT, QUIT and TERM, because they kill, and CHLD, STKFLT, PROF,
	// 32, 33 and 34, for C libraries. Before Catch they would kill us with
	// status 2, and behind it two threads would bring them out of order. With
	// other flags (1: may be notified of) they stay blocked, but where faults are
	// concerned. Where the table is not the one that we know, nothing is done.
	CMPL	FLAGS(15), $3
	JNE	unknown
	CMPQ	NAME_LENGTH(15), $20 // "SIGTERM: termination"
	JNE	unknown
	MOVL	$1, FLAGS(1)
	MOVL	$1, FLAGS(2)
	MOVL	$1, FLAGS(3)
	MOVL	$1, FLAGS(15)
	MOVL	$1, FLAGS(16)
	MOVL	$1, FLAGS(17)
	MOVL	$1, FLAGS(27)
	MOVL	$1, FLAGS(32)
	MOVL	$1, FLAGS(33)
	MOVL	$1, FLAGS(34)
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
	// Two more variables for the runtime, behind those that we were given:
	// make a copy of the vector (argc, argv, nil, envp, nil, auxv) below it.
	MOVQ	SP, SI
	MOVQ	(SI), AX
	LEAQ	16(SI)(AX*8), CX // envp
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
	LEAQ	-16(SI)(DI*1), DI
	ANDQ	$~15, DI
	MOVQ	DI, R9
	MOVQ	R8, R10
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
	ADDQ	$16, DI
copyrest:
	MOVQ	(SI), AX
	MOVQ	AX, (DI)
	ADDQ	$8, SI
	ADDQ	$8, DI
	CMPQ	SI, CX
	JNE	copyrest
	MOVQ	R9, SP
	XORL	DX, DX
	JMP	_rt0_amd64_linux(SB)
