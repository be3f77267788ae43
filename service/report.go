package service

import (
	"time"

	"sexton/proc"
)

// Report is how everything is at one moment: a copy that its reader may keep.
// Moments are on the machine's clock: the time since we were started.
type Report struct {
	At       time.Duration // the moment
	Services []Status      // in the order of the file

	// Ready: who sends us work may go on. It takes a boot, no shutdown and no
	// drain, and every service that is wanted up, or done, or failed in a way
	// that the file does not mind.
	Ready    bool
	Draining bool // a shutdown has begun, and the services still run as ever
	Stopping bool // a shutdown has begun
}

// Find is the status of the service called name, or nil.
func (r *Report) Find(name string) *Status {
	for i := range r.Services {
		if r.Services[i].Name == name {
			return &r.Services[i]
		}
	}
	return nil
}

// Status is one service in a Report.
type Status struct {
	Name     string
	State    State
	Run      Run           // the present one; 0: none
	PID      proc.PID      // of its first process; 0: none
	Since    time.Duration // when the state was entered
	Started  time.Duration // when the present or last run was; 0 may also mean never
	Restarts int
	LastExit string // in words; "" when it has not ended yet
	Waits    string // what it waits for, in words; "" when it waits for nothing
	Seen     string // the same with all of a probe's command and what it saw last, which is not for everybody: either may hold a secret; "": Waits says it all
	OneShot  bool   // it is done when it has ended, and never up
	Ready    bool   // it holds nobody: up, done, not wanted, or failed in a way that the file does not mind
}

// Record is one run of a service that has ended.
type Record struct {
	Run     Run           // among those of all services
	Number  int           // among those of this one, from 1
	PID     proc.PID      // 0: it never had a process
	Started time.Duration // the moment
	Ended   time.Duration // the moment of its first process's end
	Up      time.Duration // the moment when it was ready; 0: it never was
	Exit    string        // how it ended: "exited with status 1", "killed by SIGSEGV (core dumped)"
	Status  int           // the same as an exit status; 126 and 127 for what could not be started
	Asked   string        // why we ended it: "asked to", "not ready within 60s: ..."; "": it ended by itself
	Killed  bool          // we had sent KILL
	Usage   proc.Usage    // of its first process, and of the children that it waited for
}

// Answer is what the loop tells who asks it.
type Answer struct {
	Report
	Records []Record // of the service that was named, the oldest first
	Counts  Counts
}

// Counts are what the loop has counted since it began.
type Counts struct {
	TurnMax time.Duration // the longest turn of the loop, without its waiting
	Signals uint64        // that reached us and have a meaning
	Sent    uint64        // signals that we sent to services, forwarded or to stop them
	Lost    uint64        // signals that came too fast to be told of
	Starts  uint64        // runs and exec probes that got a process
	Refused uint64        // starts that got none
	Reaped  uint64        // children of ours
	Orphans uint64        // processes that others had started, and we reaped
}
