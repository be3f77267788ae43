package service

import "sexton/proc"

// Order is what a client wants changed.
type Order struct {
	Verb     OrderVerb
	Services []string
	Signal   proc.Signal // of OrderSignal
	From     string      // who asked, in words that follow "asked to stop web"
}

// OrderVerb is what shall become of services.
type OrderVerb uint8

const (
	OrderStart   OrderVerb = iota // and what they need
	OrderStop                     // behind those that need them, which stop too
	OrderRestart                  // in the order of their needs
	OrderRun                      // oneshots and scheduled services, now
	OrderSignal                   // send Signal to them
)

func (v OrderVerb) String() string {
	return [...]string{"start", "stop", "restart", "run", "signal"}[v]
}
