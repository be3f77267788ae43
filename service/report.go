package service

import (
	"time"

	"sexton/proc"
)

// Report is the state of everything at one moment: a copy that its reader may keep.
// Moments are on the machine's clock: the time since sexton started.
type Report struct {
	At       time.Duration // the moment
	Services []Status      // in the order of the file
	Groups   []Group       // of the plan

	// Ready means that clients may send work: sexton has booted, there is no
	// shutdown and no drain, and every wanted service is up, or done, or failed in a
	// way that the file accepts.
	Ready    bool
	Draining bool // a shutdown has begun, and the services still run
	Stopping bool // a shutdown has begun
}

// Find returns the status of the service called name, or nil.
func (r *Report) Find(name string) *Status {
	for i := range r.Services {
		if r.Services[i].Name == name {
			return &r.Services[i]
		}
	}
	return nil
}

// Named returns the services that a name stands for: of a group its services, otherwise the name
// itself.
func (r *Report) Named(name string) []string { return named(r.Groups, name) }

// Status is one service in a Report.
type Status struct {
	Name     string
	State    State
	Run      Run           // the current one; 0: none
	PID      proc.PID      // of its first process; 0: none
	Since    time.Duration // when the state was entered
	Started  time.Duration // when the current or last run started; 0 may also mean never
	Restarts int
	LastExit string    // in words; "" when it has not ended yet
	Waits    string    // what it waits for, in words; "" when it waits for nothing
	Seen     string    // the same with the whole command of a probe and its last output, either of which may contain a secret, so not every client may see it; "": Waits has everything
	Next     time.Time // when its schedule wants the next run; zero: it has none
	Health   string    // what is wrong with a service that is up, in words, with the words of a probe as in Seen; "": nothing
	Says     string    // what it says of itself (STATUS of sd_notify(3)), as it came; "": nothing
	External bool      // it is not started here
	OneShot  bool      // it is done when it has ended; it is never up
	Ready    bool      // it holds no other service back: up, done, not wanted, or failed in a way that the file accepts
}

// Record is one run of a service that has ended.
type Record struct {
	Run     Run           // counted over all services
	Number  int           // counted for this service, from 1
	PID     proc.PID      // 0: it never had a process
	Started time.Duration // the moment
	Ended   time.Duration // when its first process ended
	Up      time.Duration // when it was ready; 0: never
	Exit    string        // how it ended: "exited with status 1", "killed by SIGSEGV (core dumped)"
	Status  int           // the same as an exit status; 126 and 127 if it could not be started
	Asked   string        // why we ended it: "asked to", "not ready within 60s: ..."; "": it ended by itself
	Killed  bool          // we had sent KILL
	Usage   proc.Usage    // of its first process, and of the children that it waited for
}

// Answer is what the loop tells a client.
type Answer struct {
	Report
	Records []Record // of the named service, the oldest first
	Counts  Counts
	With    []string // which other services an order stops
}

// Counts are what the loop has counted since sexton started.
type Counts struct {
	TurnMax time.Duration // the longest turn of the loop, without its waiting
	Signals uint64        // that reached us and do something
	Sent    uint64        // signals that we sent to services, forwarded or to stop them
	Lost    uint64        // signals that came too fast to be recorded
	Starts  uint64        // runs and exec probes that got a process
	Refused uint64        // starts that failed
	Reaped  uint64        // our own children
	Orphans uint64        // processes that other processes had started, and we reaped
}
