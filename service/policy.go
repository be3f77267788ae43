package service

import "sexton/proc"

// Policies are the decisions in which the forms of a start differ: services of a file, one
// command, pause, and the command lines of other inits. config alone knows the forms, and
// sets these. The machine and the loop follow each policy by itself. The zero value is for
// the services of a file.
type Policies struct {
	StopSignals StopSignals
	GraceMeans  GraceMeans
	StopReach   StopReach
	Lines       Lines

	// Heir means that the process of the first start gets all that we inherited: the
	// directory, the descriptors, and our session. Otherwise a service gets a session of
	// its own, and no descriptor beyond the first three.
	Heir bool

	// Lean means that we have one process to run at most, and must cost no more than it does
	// alone. There is no socket, so we remember nothing for those who ask, and what helps
	// several services (threads, the account of memory) is done later or not at all.
	Lean bool

	// StaysIdle means that having nothing to run is no reason to end, and that what is left
	// over at the end is no failure.
	StaysIdle bool

	// ContinueIfStopped means that CONT goes behind a stop signal that is forwarded to Main,
	// where Main's first process is stopped: it would not receive the signal otherwise.
	ContinueIfStopped bool

	// SignalOnMainExit is what the group of Main's first process gets at the moment of that
	// one's end, before anything else is done. Zero means nothing.
	SignalOnMainExit proc.Signal
}

// StopSignals says what a stop signal (StopsByDefault) does that has no rule.
type StopSignals uint8

const (
	StopContainer StopSignals = iota // it stops the services by their ladders, and so the container
	ForwardToMain                    // Main gets it, and decides; Main's end ends the container. The grace begins with the signal
)

func (s StopSignals) String() string { return [...]string{"stop", "forward"}[s] }

// GraceMeans says what has happened when the grace is over.
type GraceMeans uint8

const (
	ExitWithin GraceMeans = iota // we are gone: KILL and the last output have a part of the grace (Reserve)
	KillAfter                    // KILL is sent; to end afterwards takes as long as it takes
)

func (g GraceMeans) String() string { return [...]string{"exit", "kill"}[g] }

// StopReach says which processes belong to a service when it stops.
type StopReach uint8

const (
	ReachTree  StopReach = iota // all that descend from it. Strays get TERM in time before the last KILL, whatever the services do
	ReachGroup                  // its process group. Everything else is swept when that has ended
)

func (r StopReach) String() string { return [...]string{"tree", "group"}[r] }

// Lines says what we tell without -v.
type Lines uint8

const (
	AllLines   Lines = iota // what happens
	FaultsOnly              // what goes wrong: for the rest the exit status of Main is enough
)

func (l Lines) String() string { return [...]string{"all", "faults"}[l] }
