// Package service holds our own values: what a service should be (Spec), how it
// is (State, Report), and which of its lives is meant (Run). Like proc, it does
// nothing.
package service

import (
	"slices"
	"time"

	"sexton/proc"
)

// Run is the number of one life of a service: from a start to the end of that process.
// The machine assigns the numbers from 1 on and never reuses one, so news of an old life
// cannot be taken for news of the current one. Zero is no run.
type Run uint64

// Plan is all that a file or a command line asks for.
type Plan struct {
	Init     Init
	Services []Spec // in the order of the file; names are unique
	Groups   []Group
	Control  Control
	Health   Health

	Log   Log    // [log]: for sexton's own lines, only Format and Timestamps apply
	Color string // "auto", "always" or "never"; "" is "auto"

	Unset []string // variables that the file needs and nothing sets; only in a check
}

// Group is a [group.NAME] table: a name for several services.
type Group struct {
	Name     string
	Services []string // sorted; all are in the plan
}

// Named is the same as Report.Named.
func (p *Plan) Named(name string) []string { return named(p.Groups, name) }

func named(groups []Group, name string) []string {
	for i := range groups {
		if groups[i].Name == name {
			return groups[i].Services
		}
	}
	return []string{name}
}

// Listeners returns the services that list a signal in Signals.
func (p *Plan) Listeners(s proc.Signal) (names []string) {
	for i := range p.Services {
		if slices.Contains(p.Services[i].Signals, s) {
			names = append(names, p.Services[i].Name)
		}
	}
	return names
}

// Init is the [init] table: settings of the whole container.
type Init struct {
	Policies

	// Main names the service that gets the terminal, stdin and every signal
	// without a rule. The container ends when it ends. "": none.
	Main string

	// Grace is how long the whole shutdown may take, from the request to our
	// own exit, including KILL. Zero or less means that we never kill: the
	// default of the one-command form, where the runtime kills.
	Grace time.Duration

	// Drain is the time between a request to stop and the first stop signal.
	Drain Drain

	// Linger is the time between TERM and KILL for processes that outlive the last
	// service. Zero means that we exit at once and the kernel kills them.
	Linger time.Duration

	// ExitCodeFrom names the service whose last status is always the container's;
	// "": see docs/exit-codes.md. A service that never ended has no status.
	ExitCodeFrom string

	// TerminationLog is the file that gets the reason of the end, if it exists;
	// "": none.
	TerminationLog string

	// Rules say what a signal sent to us does; a signal without one is
	// forwarded to Main. Signals that we handle ourselves never get here.
	Rules map[proc.Signal]Rule

	// Mute is how many levels of what there is to say nobody listens to, from the
	// wordiest on: 1 leaves out what only -v shows.
	Mute uint8
}

// DefaultTerminationLog is where Kubernetes looks for the reason of a
// container's end (terminationMessagePath).
const DefaultTerminationLog = "/dev/termination-log"

// Drain is the time in which the container reports that it is not ready and the
// services run on, so that clients can look for other servers: at least Min, then
// until no new connection has come for Quiet, at most Max. If Quiet is zero, the drain
// takes Max. If Max is zero, there is no drain.
type Drain struct {
	Min, Quiet, Max time.Duration

	StaysReady bool // Report.Ready does not change
}

// Control is the [control] table: the socket for `sexton status` and the other
// verbs.
type Control struct {
	Socket    string // its path; "": control.Open chooses it
	Off       bool   // there is none
	Mode      uint32 // of the file
	AllowUIDs []int  // users who may ask, besides root and our own user
	ReadUIDs  []int  // users who may ask for what changes nothing
}

// Health is the [health] table.
type Health struct {
	Listen string // host:port for /livez, /readyz and /metrics; "": nowhere
}

// Spec is one [service.NAME] table with its defaults filled in. Config creates it, and
// nothing changes it afterwards.
type Spec struct {
	Name    string
	Command []string // at least one word; a string in the file has become /bin/sh -c

	// Edition is counted by the owner of the running plan: a new one means that the service
	// must be started again for its changes.
	Edition uint32

	Needs []string // start when these are ready, stop before they stop
	Wants []string // the same order, but their failure does not hold this service back
	After []string // the same order, if the name exists

	RestartWith []string // it is restarted when one of these was; no circle
	Start       Start

	Prepare    bool     // a start needs a preparation: one of Preparations is set
	External   bool     // it is not started here, and has no command; Ready tells whether it is there
	Schedule   Schedule // when it runs; with OneShot
	OneShot    bool     // it is done when it has ended with a status of OKCodes
	Ready      Probe    // how to know that it is ready; Kind NoProbe: when started, or a oneshot when done
	Healthy    Healthy  // how to know that it still works; Kind NoProbe: nobody asks
	Restart    Restart
	Backoff    Backoff
	GiveUp     GiveUp
	OKCodes    []int // exit statuses that count as success; default: only 0
	ShutdownOn ShutdownOn
	Stop       []Rung // the stop ladder; at least one rung
	KillMode   KillMode
	Hooks      Hooks // commands that run before and after a start and a stop

	proc.Settings

	Env         []string  // the whole environment, KEY=VALUE, expansions done; without Set
	Set         []string  // the file's env where it needs the variables of a start: NAME=TEXT, with expand.Env's forms
	Below       []string  // with ClearEnv: what Set and the lines of EnvFiles see besides Env, NAME=VALUE
	Late        []string  // keys that need the variables of a start, see Filled: their texts have expand.Value's forms
	User        string    // name or number; "": ours
	Group       string    // name or number; "": the user's own group, or ours
	Groups      []string  // supplementary groups, names or numbers; nil: the user's
	ClearEnv    bool      // Env has little of our own environment
	EnvFiles    []EnvFile // more of the environment, over Env and under Set
	Secrets     []Secret  // more of the environment, over all
	SecretNames []string  // variables that are secrets if NAME_FILE has the path; "*": all
	TTY         bool      // it gets the container's terminal
	PTY         bool      // it gets a pseudo-terminal of its own; never with TTY, always with Session and Log.OneStream

	Dirs   []Dir      // made before each start, in this order
	Render []Template // after Dirs, and with the whole environment
	Watch  Watch
	Reload proc.Signal // makes its first process read its configuration again; 0: only a restart does

	Stdin     string // "": ours for main and for TTY, its terminal for PTY, otherwise nothing; "null"; "inherit"; or the path of a file
	StdinFrom string // a service whose stdout is its stdin; "": none
	Log       Log

	MaxMemory int64 // above so many bytes it is restarted; 0: no limit

	UserIfRoot string // User if sexton is root; otherwise Group and Groups do not count either. "": none

	Signals  []proc.Signal // forwarded to its group in addition to what Rules say
	Single   bool          // forwarded signals go only to its first process
	OurGroup bool          // it stays in the process group that is ours; only with Single
}

// EnvFile is a file with variables, which is read at each start.
type EnvFile struct {
	Path     string
	Raw      bool // by the rules of docker run --env-file; otherwise by Compose's
	Optional bool // it may be missing
}

// Secret is a variable whose value is the content of a file.
type Secret struct{ Name, Path string }

// Verb is what a signal sent to us does.
type Verb uint8

const (
	VerbForward Verb = iota // send it to Main, and to every service that lists it in Signals
	VerbStop                // stop the container gracefully
	VerbIgnore              // do nothing
	VerbSend                // send Rule.Signal to each of Rule.To
	VerbRestart             // restart each of Rule.To
	VerbReload              // read the file again
	VerbReopen              // reopen log files by their names
)

func (v Verb) String() string {
	return [...]string{"forward", "stop", "ignore", "send", "restart", "reload", "reopen"}[v]
}

// Rule is one entry of [signals], or of --rewrite.
type Rule struct {
	Verb   Verb
	Signal proc.Signal // VerbForward: sent instead of what came (0: the same); VerbSend: what is sent
	To     []string    // VerbSend and VerbRestart: services
	Reach  Reach       // VerbSend and VerbForward: which of their processes

	Suspend bool // afterwards we stop ourselves, as Ctrl-Z stops a program, until somebody continues us
}

// StopsByDefault tells whether a signal stops the container if no rule says
// otherwise: the signals of Docker, Kubernetes and a terminal, and RTMIN+3, with
// which systemd stops containers.
func StopsByDefault(s proc.Signal) bool {
	return s == proc.TERM || s == proc.INT || s == proc.QUIT || s == proc.RTMin+3
}

// Start says what starts a service for the first time.
type Start uint8

const (
	AtBoot   Start = iota // the start of the container; the default
	Manually              // a request
)

func (s Start) String() string { return [...]string{"boot", "manual"}[s] }

// Restart says after which ends a service is started again.
type Restart uint8

const (
	Always    Restart = iota // after every end; the default
	OnFailure                // unless its status is one of OKCodes
	Never                    // the default of a oneshot and of main
)

func (r Restart) String() string { return [...]string{"always", "on-failure", "never"}[r] }

// ShutdownOn says which end for good (no restart follows) ends the
// container.
type ShutdownOn uint8

const (
	Failure    ShutdownOn = iota // a status outside OKCodes, a start that failed, giving up; the default
	AnyExit                      // any end for good; the default of main
	NoShutdown                   // none
)

func (s ShutdownOn) String() string { return [...]string{"failure", "exit", "never"}[s] }

// Backoff is the wait before a restart: First, then Factor times as long after
// each further failure, at most Max, each varied by up to Jitter (0 to 1)
// of itself in both directions. After a run that lasted Reset it goes back to First.
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

// Rung is one step of a stop ladder: send Signal, then wait for at most For. If For
// is zero, the rung gets a share of the grace.
type Rung struct {
	Signal proc.Signal
	For    time.Duration
}

// ProbeKind is a way to find out whether a service is ready.
type ProbeKind uint8

const (
	NoProbe      ProbeKind = iota // ready once started
	TCPProbe                      // Target is host:port; a connection is accepted
	HTTPProbe                     // Target is an http:// URL; the answer is 200 to 399
	ExecProbe                     // Command ends with status 0
	UnixProbe                     // Target is the path of a socket; a connection is accepted
	NotifySocket                  // it says READY=1 on NOTIFY_SOCKET (sd_notify(3))
	NotifyFD                      // it writes a newline into the descriptor Target
	FileProbe                     // Target is the path of a file that did not exist just before the start, or was another one
	AfterTime                     // the service has run for Delay
)

func (k ProbeKind) String() string {
	return [...]string{"", "tcp", "http", "exec", "unix", "notify", "notify-fd", "file", "after"}[k]
}

// Says tells whether the service says by itself that it is ready, so that nobody asks.
func (k ProbeKind) Says() bool { return k == NotifySocket || k == NotifyFD }

// Probe is a `ready` table.
type Probe struct {
	Kind    ProbeKind
	Target  string
	Command []string
	Delay   time.Duration // only for AfterTime

	Every   time.Duration // between two attempts, at most; the first ones come faster
	Timeout time.Duration // of one attempt
	Within  time.Duration // of all attempts, or of a oneshot's whole run: after that the start has failed; 0: no limit
}

// FileMark identifies a file at one moment: another file, or the same file after a
// write or touch, has another mark. The zero value means that there is no file.
type FileMark struct {
	There             bool
	Device, Inode     uint64
	Modified, Changed int64 // st_mtim and st_ctim, in nanoseconds
}

// State is where a service is in its life.
type State uint8

const (
	Down       State = iota // not running, nothing planned
	Waiting                 // to be started when others are ready
	Starting                // started, not yet ready; a oneshot stays here until it ends
	Up                      // ready
	Stopping                // asked to stop; its group may outlive its first process
	Killing                 // sent KILL
	Cleaning                // its processes are gone, and its after_stop commands run
	BackingOff              // it ended and waits for its next start
	Done                    // it ended well and will not be started again
	Failed                  // it ended badly and will not be started again
	Scheduled               // it waits for its next time
	StateCount
)

func (s State) String() string {
	return [...]string{"down", "waiting", "starting", "up", "stopping", "killing", "cleaning", "backoff", "done", "failed", "scheduled"}[s]
}

// Live tells whether a run belongs to the state.
func (s State) Live() bool { return s == Starting || s == Up || s.GoesDown() }

// GoesDown tells whether the state is one of a run that shall end, or has ended and is not over.
func (s State) GoesDown() bool { return s == Stopping || s == Killing || s == Cleaning }

// Preparations are the keys that ask for something to be done before each start.
const Preparations = "dirs, env_files, secrets, render, log.tail"
