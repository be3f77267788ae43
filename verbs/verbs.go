// Package verbs is the table of sexton's verbs, with everything that a verb consists of: its name,
// arguments, flags and help, the permission that it takes, what it asks of the loop, and how its
// answer looks on the wire and in print. The command line, the usage text, the control socket's server and
// the check of the documentation read this table. To add a verb that asks a running sexton, write a row here,
// and a file that has its functions and its answer; the answer is also a field of Reply.
package verbs

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"sexton/service"
)

// Verb is one verb. "sexton -- NAME" runs a program of that name instead.
type Verb struct {
	Name       string
	Args       string // its arguments in the usage; see the constants below
	Flags      string // the flags that it knows, by their long names
	Help       string // one line; "": this version does not have the verb yet
	About      string // more text for `sexton VERB --help`
	NoServices string // why it takes no services

	// What follows is for a verb that asks a running sexton; all of it is zero for others.

	Permission Permission
	ask        func(context.Context, Loop, *Request) (service.Answer, error)          // what it asks of the loop
	reply      func(*question) Reply                                                  // what it answers
	act        func(context.Context, *Source, *Request) Reply                         // what it does and answers, in the place of ask and reply
	then       func(ctx context.Context, l Loop, r *Request, from string) (err error) // what it wants of the loop when the client has gone; nil: nothing
	stream     func(context.Context, *exchange) error                                 // for an answer of many lines, in the place of the three
}

// AnswerWithin is how long the loop may take to answer.
const AnswerWithin = 2 * time.Second

// Args of verbs that ask: they decide which services a request may name.
const (
	anyServices  = "[SERVICE...]"
	someServices = "SERVICE..."
	oneService   = "SERVICE"
)

const changeAbout = "A name, a group, web@* for all replicas, or all. It returns when the effect is there, with 1 if\nthat failed; with --no-wait at once. What a verb stops or restarts is no end: neither main nor\nshutdown_on nor give_up applies."

// Permission is what a client of the control socket needs for a verb. Each one includes those before it.
type Permission uint8

const (
	None   Permission = iota // the verb does not ask a running sexton
	Read                     // it looks, and changes nothing
	Change                   // it changes what runs
)

// Names that code outside of this package needs.
const (
	Pause   = "pause" // runs nothing: it reaps, and waits for a stop signal
	Check   = "check"
	Doctor  = "doctor"
	Version = "version"
	Help    = "help"

	StatusVerb = "status"
	SignalVerb = "signal"
)

// NoVerb is what sexton does without a verb: it runs services, or one command.
var NoVerb = Verb{
	Name:  "-c FILE",
	Flags: "--config --again --verbose --quiet --trace --subreaper --name-orphans --single-child --rewrite --ok-code --linger --grace --setsid --parent-death --group",
}

// All are the verbs, in the order of the usage.
var All = []Verb{
	{
		Name: Pause, Flags: "--verbose --quiet --trace --subreaper --name-orphans --linger --grace",
		Help:  "run nothing: reap orphans, and wait for a stop signal",
		About: "It is the first process of a container that people and tools enter by docker exec or\nkubectl exec. It ends with 0 at TERM, INT, QUIT or RTMIN+3; what is left gets TERM, and\nKILL after --linger.",
	},
	{
		Name: Check, Args: "[-c FILE] [--explain KEY]", Flags: "--config --explain --verbose --quiet",
		Help:  "print what is wrong with FILE, or what it would do",
		About: "Every mistake is printed with its line and the fix, and so is every remark. Nothing is\nstarted. --explain service.web.env.MODE prints the value of one key, or of all keys in a table, and the\nfile and line that set it. The exit status is 78 with a mistake, otherwise 0.",
	},
	{
		Name: StatusVerb, Args: "[--json] [-w] " + anyServices, Flags: "--config --quiet --json --watch",
		Help:       "show the services of a running sexton",
		About:      "A table that is as wide as the terminal; --json prints one JSON object with everything.\nThe exit status is 1 if no sexton answers or there is no such service.",
		Permission: Read, ask: everything, reply: status,
	},
	{
		Name: "health", Args: "[--ready|--live] " + anyServices, Flags: "--config --quiet --ready --live",
		Help:       "exit with 0 or 1, for HEALTHCHECK and exec probes",
		About:      "--ready, the default: everything that is wanted is up or done, and no shutdown has begun.\n--live: sexton's loop answers. With names: only these services. A line says what is missing.",
		Permission: Read, ask: everything, reply: health,
	},
	{
		Name: "why", Args: "[--json] " + oneService, Flags: "--config --quiet --json",
		Help:       "show how its last runs ended",
		About:      "The last ten runs, the latest first, and the last lines that the service wrote. The exit\nstatus is as with status.",
		Permission: Read, ask: records, reply: why,
	},
	{
		Name: "logs", Args: "[-f] [-n N] [--since T] " + anyServices, Flags: "--config --quiet --json --follow --lines --since",
		Help:       "show what services wrote last, and follow it",
		About:      "The lines that sexton keeps in memory (log.recent), in the order of time; what went to stderr is\nprinted to stderr. A client that is too slow loses lines, and the answer says how many.",
		Permission: Read, stream: logs,
	},
	{
		Name: "events", Args: "[--json] " + anyServices, Flags: "--config --quiet --json",
		Help:       "show changes of state as they happen",
		About:      "--json prints one object for each change. Its seq counts all changes since sexton started.",
		Permission: Read, stream: events,
	},
	{
		Name: "start", Args: "[--no-wait] " + someServices, Flags: "--config --quiet --json --no-wait",
		Help:       "start services, and what they need",
		About:      changeAbout,
		Permission: Change, stream: change(service.OrderStart),
	},
	{
		Name: "stop", Args: "[--no-wait] " + someServices, Flags: "--config --quiet --json --no-wait",
		Help:       "stop services, and first those that need them",
		About:      changeAbout,
		Permission: Change, stream: change(service.OrderStop),
	},
	{
		Name: "restart", Args: "[--no-wait] " + someServices, Flags: "--config --quiet --json --no-wait",
		Help:       "stop services and start them again",
		About:      changeAbout,
		Permission: Change, stream: change(service.OrderRestart),
	},
	{
		Name: "run", Args: "[--no-wait] " + someServices, Flags: "--config --quiet --json --no-wait",
		Help:       "run oneshots or scheduled services now",
		About:      "It returns when they have ended, with 1 if one of them failed; with --no-wait at once.",
		Permission: Change, stream: change(service.OrderRun),
	},
	{
		Name: SignalVerb, Args: "SIG " + someServices, Flags: "--config --quiet --json",
		Help:       "send a signal to services",
		About:      "SIG is a name or a number. It goes to the process group of each service, as a forwarded\nsignal does.",
		Permission: Change, stream: change(service.OrderSignal),
	},
	{
		Name: "shutdown", Args: "[--now]", Flags: "--config --quiet --now",
		Help:       "stop the container gracefully; --now skips the drain",
		About:      "The same as SIGTERM. It returns when the shutdown has begun, and does not wait for its end.",
		NoServices: "it ends the container, not a service",
		Permission: Change, ask: everything, reply: shutdown, then: beginShutdown,
	},
	{
		Name: "reload", Args: "[--dry-run]", Flags: "--config --quiet --dry-run",
		Help:       "read the files again, and act on what differs",
		About:      "Services that are gone stop, new ones start, changed ones restart, and all others go on. With a mistake\nin a file nothing changes, the mistakes are printed, and the exit status is 1. It returns when the new\nconfiguration counts, and does not wait until services are ready.",
		NoServices: "it is about all services",
		Permission: Change, act: reload,
	},
	{
		Name: Doctor, Args: "[--brief] [-c FILE]", Flags: "--config --verbose --quiet --brief",
		Help:  "show what works in this container, what does not, and how to fix it",
		About: "--brief prints only failures and notes. The exit status is always 0.",
	},
	{Name: Version, Help: "print the version"},
	{Name: Help, Args: "[VERB]", Help: "print this page, or a verb's own"},
}

// Named is the verb of that name, or nil.
func Named(name string) *Verb {
	if i := slices.IndexFunc(All, func(v Verb) bool { return v.Name == name }); i >= 0 {
		return &All[i]
	}
	return nil
}

// Knows tells whether the verb has a flag, by its long name.
func (v *Verb) Knows(flag string) bool { return slices.Contains(strings.Fields(v.Flags), flag) }

// Asks tells whether the verb asks a running sexton.
func (v *Verb) Asks() bool { return v.ask != nil || v.act != nil || v.stream != nil }

// Lingers tells whether sexton acts only after the client has gone.
func (v *Verb) Lingers() bool { return v.then != nil }

// Then has the loop do what the verb wants; from says who asked for it.
func (v *Verb) Then(ctx context.Context, s *Source, r *Request, from string) error {
	return v.then(ctx, s.Loop, r, from)
}

// Accepts returns an error if the verb does not take these services.
func (v *Verb) Accepts(services []string) error {
	switch {
	case strings.HasSuffix(v.Args, anyServices):
	case strings.HasSuffix(v.Args, someServices):
		if len(services) == 0 {
			return fmt.Errorf("%s: name services, or all; sexton status lists them", v.Name)
		}
	case strings.HasSuffix(v.Args, oneService):
		if len(services) != 1 {
			return fmt.Errorf("%s: name one service; sexton status lists them", v.Name)
		}
	case len(services) > 0:
		return fmt.Errorf("%s: %q is one word too many: %s", v.Name, services[0], v.NoServices)
	}
	return nil
}

// Asked is the verb of a request; an error says why there is none, or why it cannot be asked like this.
func (r *Request) Asked() (*Verb, error) {
	var known []string
	for i := range All {
		switch v := &All[i]; {
		case !v.Asks():
		case v.Name == r.Verb:
			return v, v.Accepts(r.Services)
		default:
			known = append(known, v.Name)
		}
	}
	return nil, fmt.Errorf("%q is not a verb; the verbs are %s", r.Verb, strings.Join(known, ", "))
}

// Page is how an answer is printed.
type Page struct {
	JSON  bool // one line of JSON, exact
	Width int  // of the terminal, in characters
	Name  int  // the longest name of a service, for logs
	Now   time.Time
	Live  bool // the question was whether it lives
	Quiet bool
}

// Print writes a reply, and gives the exit status that goes with it. ok is false if there is
// nothing in it that this version knows.
func (p *Page) Print(r Reply) (text string, status int, ok bool) {
	a := r.answer()
	if a == nil {
		return "", 0, false
	}
	if !p.JSON {
		shown := r.Visible()
		text, status = shown.answer().text(p)
		return text, status, true
	}
	line, err := json.Marshal(a)
	if err != nil {
		return fmt.Sprintf("internal error: %v\n", err), 1, true
	}
	return string(line) + "\n", 0, true
}
