package pid1

import (
	"fmt"

	"sexton/machine"
	"sexton/proc"
	"sexton/service"
)

// What Run does before the first start.

// refuse ends the run before anything was started.
func (p *PID1) refuse(why string) (status int) {
	p.summary = service.Summary{Status: exitInternal, Reason: why}
	p.Output.Say(machine.Error, "", why)
	p.Output.Flush(flushMax, flushMax, func() {})
	p.tellEnd()
	return exitInternal
}

// exitInternal is the status of a fault of ours.
const exitInternal = service.ExitInternal

func (p *PID1) adoptOrphans() {
	if p.LeaveOrphans || p.Kernel.First() {
		return
	}
	if err := p.Kernel.AdoptOrphans(); err != nil && p.NeedOrphans {
		p.Output.Say(machine.Warn, "", fmt.Sprintf("not PID 1 and not a subreaper: orphans will not be reaped; run as PID 1, or where prctl is allowed (%v)", err))
	}
}

// How many threads may be needed at once beside the loop's. Each goroutine that makes system
// calls may need one, on a busy machine even for a call that does not block, so their number
// is bounded everywhere: two wait for a stalled stdout and stderr, one reads the pipes, one
// writes the termination log, one runs, and one is spare. One command has no files and no pipes.
const (
	threads     = 6
	threadsLean = 1 // and the one that makes it
)

// How many checks may be on their way at once. File probes have a bound of their own (package
// probe), because a file on a hung disk holds a thread as long as the disk hangs.
const (
	mostChecks     = 8
	mostFileChecks = 2
)

// planThreads returns how many more threads the plan may need, and how many of its checks over
// the network may be on their way at once.
func planThreads(plan *service.Plan) (more, checks int) {
	files := 0
	for i := range plan.Services {
		for _, probe := range []*service.Probe{&plan.Services[i].Ready, &plan.Services[i].Healthy.Probe} {
			switch probe.Kind {
			case service.TCPProbe, service.HTTPProbe, service.UnixProbe:
				checks++
			case service.FileProbe:
				files++
			}
		}
	}
	checks = min(checks, mostChecks)
	more = checks + preparationsOf(plan)
	if files > 0 {
		more += mostFileChecks // one service is enough for that: a look before the start may hang, and then its probe
	}
	if limitsMemory(plan) {
		more++
	}
	if plan.Init.Drain.Quiet > 0 {
		more++ // it looks for new connections
	}
	return more, checks
}

// threadsLeast is the least number of threads for services: one reads their output and one
// works. With fewer nothing is started.
const threadsLeast = 2

// reserveThreads makes all threads that we will ever need, once: before the first start, or, for a
// lean plan where we are not the first process (fixNumbers), when its process has lived for
// a while, so that one which ends at once does not pay for them. It tells whether there are
// enough.
func (p *PID1) reserveThreads() bool {
	p.reserved = true
	more, checks := planThreads(&p.Plan)
	wanted := p.threads(more)
	n := p.Kernel.ReserveThreads(wanted)
	p.allowPreparations(max(1, preparationsOf(&p.Plan)-(wanted-n)))
	if p.Threads > 0 || p.Plan.Init.Lean {
		return true
	}
	p.Output.Lack(wanted - n)
	p.checks = make(chan struct{}, max(1, checks-(wanted-n)))
	return n >= threadsLeast
}

// threads is how many threads reserveThreads makes, where the plan needs so many more than others.
func (p *PID1) threads(more int) int {
	switch {
	case p.Threads > 0:
		return p.Threads
	case p.Plan.Init.Lean:
		return threadsLean
	}
	return threads + more + p.MoreThreads
}

// fixNumbers gives the first child the same number at every start of the container, above
// the numbers of our own threads. A program that was killed leaves a file with its number
// (postmaster.pid) on a volume. At its next start it tests with kill(2) and signal 0 whether
// that number is alive, and the number of one of our threads is. The container's runtime and
// Go's have used some numbers by now, not always the same.
func (p *PID1) fixNumbers() {
	if !p.Kernel.First() {
		return
	}
	if !p.reserved {
		p.reserveThreads()
	}
	const step = 8
	more, _ := planThreads(&p.Plan)
	p.Kernel.SkipTo(proc.PID((usedBefore + threadNumbers*p.threads(more) + step) / step * step))
}

// usedBefore is how many numbers are used before reserveThreads, and a few more: by runc's
// threads before it executes us, and by those of Go's runtime. threadNumbers is how many
// numbers each thread may take: reserveThreads may try one more for each that it makes.
const (
	usedBefore    = 16
	threadNumbers = 2
)

const noThreads = "nothing was started: sexton cannot create its own threads; raise the pids limit of the container (--pids-limit), or the process limit of this user (RLIMIT_NPROC, ulimit -u)"
