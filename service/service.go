// Package service holds our own words: what a service should be (Spec), how it
// is (State, Report), and how its lives are told apart (Run). Like proc it
// holds values and does nothing.
package service

import (
	"slices"
	"time"

	"sexton/proc"
)

// Run numbers one life of a service: from a start to the end of that process.
// Numbers come from the machine, begin at 1 and are never used again, so that
// news of an old life can be told from news of the present one. Zero is no run.
type Run uint64

// Plan is all that a file or a command line asks for.
type Plan struct {
	Init     Init
	Services []Spec // in the order of the file; names are unique
	Control  Control
	Health   Health

	Log   Log    // [log]: of sexton's own lines Format and Timestamps alone
	Color string // "auto", "always" or "never"; "" is "auto"
}

// Listeners are the services that list a signal in Signals.
func (p *Plan) Listeners(s proc.Signal) (names []string) {
	for i := range p.Services {
		if slices.Contains(p.Services[i].Signals, s) {
			names = append(names, p.Services[i].Name)
		}
	}
	return names
}

// Init is the [init] table: what concerns the container as a whole.
type Init struct {
	Policies

	// Main names the service that gets the terminal, stdin and every signal
	// that has no other meaning, and whose end ends the container. "": none.
	Main string

	// Grace is how long the whole shutdown may take, from the request to our
	// own exit, KILL included. Zero or less means that we never kill: the
	// default of the one-command form, where the runtime does it.
	Grace time.Duration

	// Drain is what lies between a request to stop and the first stop signal.
	Drain Drain

	// Linger is what processes that outlive the last service get between TERM
	// and KILL. Zero means that we leave at once and the kernel kills them.
	Linger time.Duration

	// ExitCodeFrom names the service whose last status is always the container's;
	// "": docs/exit-codes.md says whose. A service that never ended has none.
	ExitCodeFrom string

	// TerminationLog is the file that gets the reason of the end, if it is
	// there; "": none.
	TerminationLog string

	// Rules say what a signal sent to us does; a signal without one is
	// forwarded to Main. The signals that are ours never get here.
	Rules map[proc.Signal]Rule

	// Mute is how many levels of what there is to say nobody listens to, from the
	// wordiest on: 1 leaves out what only -v shows.
	Mute uint8
}

// DefaultTerminationLog is where Kubernetes looks for the reason of a
// container's end (terminationMessagePath).
const DefaultTerminationLog = "/dev/termination-log"

// Drain is the time in which the container says that it is not ready any more
// and the services go on as ever, so that who sends them work can look for
// others: Min at least, then until no new connection has come for Quiet, Max at
// most. Quiet zero means that Max is waited for. Max zero means no drain.
type Drain struct {
	Min, Quiet, Max time.Duration

	StaysReady bool // Report.Ready is not touched
}

// Control is the [control] table: the socket that `sexton status` and the like
// ask.
type Control struct {
	Socket    string // its path; "": where control.Open makes it
	Off       bool   // there is none
	Mode      uint32 // of the file
	AllowUIDs []int  // who may ask beside root and ourselves
}

// Health is the [health] table.
type Health struct {
	Listen string // host:port for /livez, /readyz and /metrics; "": nowhere
}

// Spec is what the user asked for in one [service.NAME] table, defaults filled
// in. Config makes it; nobody changes it afterwards.
type Spec struct {
	Name    string
	Command []string // at least one word; a string in the file has become /bin/sh -c

	Needs []string // start when these are ready, stop before they stop
	Wants []string // the same order, but their failure does not hold us
	After []string // the same order, where the name exists at all

	OneShot    bool  // it is done when it has ended with a status of OKCodes
	Ready      Probe // how to know that it is ready; Kind NoProbe: once started, or for a oneshot when it is done
	Restart    Restart
	Backoff    Backoff
	GiveUp     GiveUp
	OKCodes    []int // exit statuses that count as success; default 0 alone
	ShutdownOn ShutdownOn
	Stop       []Rung // the stop ladder; at least one rung

	proc.Settings

	Env    []string // the whole environment, KEY=VALUE, expansions done
	User   string   // name or number; "": ours
	Group  string   // name or number; "": the user's own group, or ours
	Groups []string // supplementary groups, names or numbers; nil: the user's
	TTY    bool     // it gets the container's terminal
	PTY    bool     // it gets a pseudo-terminal of its own; never with TTY, always with Session and Log.OneStream

	Stdin     string // "": ours for main and for TTY, its terminal for PTY, else nothing; "null"; "inherit"; or the path of a file
	StdinFrom string // a service whose stdout is its stdin; "": none
	Log       Log

	Signals  []proc.Signal // forwarded to its group besides what Rules say
	Single   bool          // forwarded signals go to its first process alone
	OurGroup bool          // it stays in the process group that is ours; only with Single
}

// Verb is what a signal sent to us does.
type Verb uint8

const (
	VerbForward Verb = iota // it goes to Main, and to every service that lists it in Signals
	VerbStop                // the graceful end of the container
	VerbIgnore              // nothing
	VerbSend                // Rule.Signal goes to each of Rule.To
	VerbRestart             // each of Rule.To is restarted
	VerbReload              // the file is read again
	VerbReopen              // log files are opened again by their names
)

func (v Verb) String() string {
	return [...]string{"forward", "stop", "ignore", "send", "restart", "reload", "reopen"}[v]
}

// Rule is one entry of [signals], or of --rewrite.
type Rule struct {
	Verb   Verb
	Signal proc.Signal // VerbForward: sent instead of what came (0: the same); VerbSend: what is sent
	To     []string    // VerbSend and VerbRestart: services

	Suspend bool // afterwards we stop ourselves, as Ctrl-Z stops a program, until somebody continues us
}

// StopsByDefault tells whether a signal asks a container to end where no rule
// says otherwise: what Docker and Kubernetes send, what a terminal does, and
// RTMIN+3, by which systemd's containers are stopped.
func StopsByDefault(s proc.Signal) bool {
	return s == proc.TERM || s == proc.INT || s == proc.QUIT || s == proc.RTMin+3
}

// Restart says after which ends a service is started again.
type Restart uint8

const (
	Always    Restart = iota // whatever the end; the default
	OnFailure                // unless its status is one of OKCodes
	Never                    // the default of a oneshot and of main
)

func (r Restart) String() string { return [...]string{"always", "on-failure", "never"}[r] }

// ShutdownOn says which end for good (no restart will follow) ends the
// container.
type ShutdownOn uint8

const (
	Failure    ShutdownOn = iota // a status outside OKCodes, a start that failed, giving up; the default
	AnyExit                      // any end for good; the default of main
	NoShutdown                   // none
)

func (s ShutdownOn) String() string { return [...]string{"failure", "exit", "never"}[s] }

// Backoff is the wait before a restart: First, then Factor times as long after
// each further failure, Max at the most, each varied by up to Jitter (0 to 1)
// of itself in both directions. A run that was up for Reset begins anew.
type Backoff struct {
	First  time.Duration
	Factor float64
	Max    time.Duration
	Jitter float64
	Reset  time.Duration
}

// GiveUp ends a service for good after Starts starts within Within. Starts 0
// means never.
type GiveUp struct {
	Starts int
	Within time.Duration
}

// Rung is one step of a stop ladder: send Signal, give it For to work. For
// zero means: the share of the grace that is this service's.
type Rung struct {
	Signal proc.Signal
	For    time.Duration
}

// ProbeKind tells the ways of asking a service whether it is ready.
type ProbeKind uint8

const (
	NoProbe   ProbeKind = iota // ready once started
	TCPProbe                   // Target is host:port; a connection is accepted
	HTTPProbe                  // Target is an http:// URL; the answer is 200 to 399
	ExecProbe                  // Command ends with status 0
	FileProbe                  // Target is a path with a file that was not there just before the start, or another one
	AfterTime                  // the service has run for Delay
)

func (k ProbeKind) String() string {
	return [...]string{"", "tcp", "http", "exec", "file", "after"}[k]
}

// Probe is a `ready` table.
type Probe struct {
	Kind    ProbeKind
	Target  string
	Command []string
	Delay   time.Duration // AfterTime alone

	Every   time.Duration // between two attempts, at most; the first ones come faster
	Timeout time.Duration // of one attempt
	Within  time.Duration // of all attempts, or of all that a oneshot does: after it the start has failed; 0: no bound
}

// FileMark tells a file at one moment from another file, and from itself when it was
// written or touched. The zero value means that there is none.
type FileMark struct {
	There             bool
	Device, Inode     uint64
	Modified, Changed int64 // st_mtim and st_ctim, in nanoseconds
}

// State is where a service is in its life.
type State uint8

const (
	Down       State = iota // not running, nothing planned
	Waiting                 // to be started, when others are ready
	Starting                // started, not yet ready; a oneshot stays here until it ends
	Up                      // ready
	Stopping                // asked to end; its group may outlive its first process
	Killing                 // sent KILL
	BackingOff              // it ended and waits for its next start
	Done                    // it ended well and will not be started again
	Failed                  // it ended badly and will not be started again
	StateCount
)

func (s State) String() string {
	return [...]string{"down", "waiting", "starting", "up", "stopping", "killing", "backoff", "done", "failed"}[s]
}

// Live tells whether a process belongs to the state.
func (s State) Live() bool { return s == Starting || s == Up || s == Stopping || s == Killing }
