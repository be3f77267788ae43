// Package control is the unix socket by which people, scripts and probes
// operate a running container: the words on the wire, the server in PID 1, and
// the client that `sexton status` and its like are.
//
// # The wire
//
// A caller connects, writes one line, a Request as JSON, and reads one line, a
// Reply as JSON. Then the server closes. So anything that can write to a unix
// socket can ask:
//
//	echo '{"verb":"status"}' | socat - UNIX:/run/sexton.sock
//
// (HTTP would let curl ask as well, but package net/http costs more memory and more of
// every start than everything else in the binary.)
//
// # Who waits for whom
//
// The loop of PID 1 waits for nobody. Each caller has a goroutine, a bounded
// line, and a moment to say it; there is a bounded number of callers, and when
// there are too many, who has been silent longest has to go. What a caller wants
// goes to the loop by Loop, which answers between two turns.
package control

import (
	"cmp"
	"strings"
	"time"

	"sexton/service"
)

// Verbs of a Request.
const (
	VerbStatus   = "status"
	VerbHealth   = "health"
	VerbWhy      = "why"
	VerbShutdown = "shutdown"
)

// Request is what a caller asks for.
type Request struct {
	Verb      string   `json:"verb"`
	Services  []string `json:"services,omitempty"`  // status, health: these alone; why: exactly one
	Live      bool     `json:"live,omitempty"`      // health: whether it lives, instead of whether it is ready
	Now       bool     `json:"now,omitempty"`       // shutdown: without the drain
	Namespace string   `json:"namespace,omitempty"` // of the sexton that is meant, as Namespace names it; "": whoever answers
}

// Reply is the answer: one of the pointers, or Error. Error says in words why the
// request was not understood, not allowed or not done.
type Reply struct {
	Error     string `json:"error,omitempty"`
	Elsewhere bool   `json:"elsewhere,omitempty"` // with Error: Request.Namespace is not ours, and nothing was done

	Status   *Status   `json:"status,omitempty"`
	Health   *Health   `json:"health,omitempty"`
	Why      *Why      `json:"why,omitempty"`
	Shutdown *Shutdown `json:"shutdown,omitempty"`
}

// Status is how everything is.
type Status struct {
	UptimeSeconds float64   `json:"uptime_seconds"` // of sexton
	Ready         bool      `json:"ready"`
	Draining      bool      `json:"draining"`
	Stopping      bool      `json:"stopping"`
	PID           int       `json:"pid,omitempty"`  // of sexton
	File          string    `json:"file,omitempty"` // whose services they are: its path
	Services      []Service `json:"services"`       // in the order of the file
}

// Service is how one service is.
type Service struct {
	Name          string  `json:"name"`
	State         string  `json:"state"` // service.State in words
	OneShot       bool    `json:"oneshot,omitempty"`
	Ready         bool    `json:"ready"` // it does not hold the container from being ready
	PID           int     `json:"pid,omitempty"`
	Run           uint64  `json:"run,omitempty"` // the number of its present run
	UptimeSeconds float64 `json:"uptime_seconds,omitempty"`
	StateSeconds  float64 `json:"state_seconds"` // for how long it has been in this state
	Restarts      int     `json:"restarts"`
	LastExit      string  `json:"last_exit,omitempty"`
	MemoryBytes   int64   `json:"memory_bytes,omitempty"` // resident, of its process group; missing: not known
	WaitsFor      string  `json:"waits_for,omitempty"`

	Output []service.Output `json:"output,omitempty"` // what it wrote, where that passes through us
}

// Health is the answer to a probe. Words say what is missing, or "ready", or "live".
type Health struct {
	OK    bool   `json:"ok"`
	Words string `json:"words"`
}

// Why is how the last runs of a service ended, the oldest first.
type Why struct {
	Service Service  `json:"service"`
	Runs    []Run    `json:"runs"`
	Lines   []string `json:"lines,omitempty"` // the last that it wrote, where they pass through us
}

// Run is one run that has ended. Moments are seconds before now.
type Run struct {
	Run         uint64  `json:"run"`    // the number among the runs of all services
	Number      int     `json:"number"` // the number among those of this one, from 1
	PID         int     `json:"pid,omitempty"`
	StartedAgo  float64 `json:"started_seconds_ago"`
	EndedAgo    float64 `json:"ended_seconds_ago"`
	ReadyAfter  float64 `json:"ready_after_seconds,omitempty"` // missing: it never was
	Exit        string  `json:"exit"`
	Status      int     `json:"status"` // as an exit status
	Asked       string  `json:"asked,omitempty"`
	Killed      bool    `json:"killed,omitempty"`
	UserSeconds float64 `json:"user_seconds"`
	SysSeconds  float64 `json:"system_seconds"`
	MaxRSSBytes int64   `json:"max_rss_bytes"`
}

// Shutdown tells that the end has begun.
type Shutdown struct {
	Already  bool `json:"already"`  // it had before
	Services int  `json:"services"` // how many have processes
}

func statusOf(r *service.Report, names []string, memory map[int]int64, outputs []service.Output) *Status {
	s := &Status{
		UptimeSeconds: r.At.Seconds(), Ready: r.Ready, Draining: r.Draining, Stopping: r.Stopping,
		Services: make([]Service, 0, len(r.Services)),
	}
	wanted := make(map[string]bool, len(names))
	for _, name := range names {
		wanted[name] = true
	}
	for i := range r.Services {
		if len(names) == 0 || wanted[r.Services[i].Name] {
			s.Services = append(s.Services, serviceOf(r.At, &r.Services[i], memory, outputs))
		}
	}
	return s
}

func serviceOf(at time.Duration, s *service.Status, memory map[int]int64, outputs []service.Output) Service {
	out := Service{
		Name: s.Name, State: s.State.String(), OneShot: s.OneShot, Ready: s.Ready, PID: int(s.PID), Run: uint64(s.Run),
		StateSeconds: (at - s.Since).Seconds(), Restarts: s.Restarts, LastExit: s.LastExit, WaitsFor: strings.TrimPrefix(cmp.Or(s.Seen, s.Waits), "waiting for "),
	}
	if s.PID != 0 {
		out.UptimeSeconds = (at - s.Started).Seconds()
		out.MemoryBytes = memory[int(s.PID)]
	}
	for _, o := range outputs {
		if o.Service == s.Name {
			out.Output = append(out.Output, o)
		}
	}
	return out
}

func runOf(at time.Duration, r *service.Record) Run {
	run := Run{
		Run: uint64(r.Run), Number: r.Number, PID: int(r.PID), StartedAgo: (at - r.Started).Seconds(), EndedAgo: (at - r.Ended).Seconds(),
		Exit: r.Exit, Status: r.Status, Asked: r.Asked, Killed: r.Killed,
		UserSeconds: r.Usage.User.Seconds(), SysSeconds: r.Usage.System.Seconds(), MaxRSSBytes: r.Usage.MaxRSSBytes,
	}
	if r.Up > 0 {
		run.ReadyAfter = (r.Up - r.Started).Seconds()
	}
	return run
}
