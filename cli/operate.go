package cli

import (
	"fmt"
	"time"

	"golang.org/x/sys/unix"

	"sexton/config"
	"sexton/control"
	"sexton/kernel/entry"
	"sexton/proc"
	"sexton/verbs"
)

// askWithin is how long an answer may take. A sexton that answers does so within
// milliseconds, or not at all.
const askWithin = 3 * time.Second

// ask asks a running sexton on its control socket, prints the answer, and returns the exit status: 1 if
// there is no answer, or if health says no.
func (c *call) ask() int {
	socket, off := c.socket()
	if off {
		return c.cannotAsk()
	}
	reply, err := control.Ask(control.Sockets(socket), c.request(), askWithin)
	if err != nil {
		return c.noAnswer(err)
	}
	page := c.page()
	text, status, known := page.Print(reply)
	if !known {
		return c.unknownAnswer()
	}
	fmt.Fprint(c.stdout, text)
	return status
}

func (c *call) request() verbs.Request {
	return verbs.Request{Verb: c.verb, Services: c.words, Live: c.live, Now: c.immediately, DryRun: c.dryRun}
}

func (c *call) page() *verbs.Page {
	return &verbs.Page{JSON: c.json, Width: terminalWidth(), Now: time.Now().UTC(), Live: c.live, Quiet: c.verbosity < 0}
}

// unknownAnswer says that the answer is none that this version knows.
func (c *call) unknownAnswer() int {
	fmt.Fprintf(c.stderr, "sexton %s: the sexton that answers is another version, and does not know this verb\n", c.verb)
	return 1
}

// cannotAsk says that there is no socket.
func (c *call) cannotAsk() int {
	fmt.Fprintf(c.stderr, "sexton %s: [control] socket is \"off\" in %s, so sexton cannot be asked\n", c.verb, proc.Visible(c.fileName()))
	return 1
}

// noAnswer says why there is no answer.
func (c *call) noAnswer(err error) int {
	refused, _ := refusedCalls(entry.Refused())
	fmt.Fprintf(c.stderr, "sexton %s: %s\n%s", c.verb, proc.Visible(err.Error()), refused)
	return 1
}

// leastWidth is how wide a table may be if no terminal says otherwise.
const leastWidth = 80

// terminalWidth is how many characters fit into a line of stdout.
func terminalWidth() int {
	size, err := unix.IoctlGetWinsize(1, unix.TIOCGWINSZ)
	if err != nil {
		return leastWidth
	}
	return max(leastWidth, int(size.Col))
}

// socket is the control socket's path in the file, which may have mistakes; "":
// the usual places. off: the file says that there is no socket.
func (c *call) socket() (path string, off bool) {
	sources, err := c.sources()
	if err != nil {
		return "", false
	}
	path = config.ControlSocket(sources, include, c.environ)
	if path == "off" {
		return "", true
	}
	return path, false
}
