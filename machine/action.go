package machine

import (
	"sexton/proc"
	"sexton/service"
)

// Action is an order to whoever drives the machine. The set is closed: the
// types below.
type Action interface{ action() }

// Spawn: start the service as Run. The answer is Started or StartFailed.
type Spawn struct {
	Run     service.Run
	Service string
}

// Signal: send Signal to the run, with Value if it is Queued. A run that has
// no process any more, or none yet, is passed over.
type Signal struct {
	Run     service.Run
	Service string
	Signal  proc.Signal
	Scope   proc.Scope
	Queued  bool
	Value   uint64
}

// Watch: the run's first process is dead, not yet reaped. Say Emptied when
// nobody is left of its group, and until then send its group what Signal says.
type Watch struct {
	Run     service.Run
	Service string
}

// Probe: ask the run whether it is ready, attempt Seq, by the Ready of its
// spec. The answer is Probed.
type Probe struct {
	Run     service.Run
	Service string
	Seq     uint64
}

// StopProbe: end the attempt; its answer is not wanted any more.
type StopProbe struct {
	Run     service.Run
	Service string
}

// Sweep: send Signal to everything that is left. Say Survived if some of that
// descends from us, and Emptied with Run zero when nobody is left.
type Sweep struct{ Signal proc.Signal }

// Suspend: stop ourselves, until somebody continues us.
type Suspend struct{}

// Say: tell people. Service is "" where the container as a whole is meant.
type Say struct {
	Level   Level
	Service string
	Text    string
}

// Leave: write out what is to be written and exit with Status.
type Leave struct{ Status int }

// Level is how much a line matters.
type Level uint8

const (
	Error Level = iota // something is wrong and will stay so
	Warn               // something went wrong and we go on
	Info               // what happens
	Debug              // more words
)

func (l Level) String() string { return [...]string{"error", "warn", "info", "debug"}[l] }

func (Spawn) action()     {}
func (Signal) action()    {}
func (Watch) action()     {}
func (Probe) action()     {}
func (StopProbe) action() {}
func (Sweep) action()     {}
func (Suspend) action()   {}
func (Say) action()       {}
func (Leave) action()     {}
