package cli

import (
	"encoding/json"
	"fmt"
	"time"

	"sexton/config"
	"sexton/control"
	"sexton/kernel/entry"
	"sexton/proc"
	"sexton/service"
)

// The verbs that ask a running sexton on its control socket.

// operates tells whether a verb is one of them.
func operates(verb string) bool {
	switch verb {
	case control.VerbStatus, control.VerbHealth, control.VerbWhy, control.VerbShutdown:
		return true
	}
	return false
}

// operateWithin is how long an answer may take. Who answers does so within
// milliseconds, or not at all.
const operateWithin = 3 * time.Second

// operate asks, prints the answer, and returns 0, or 1 when there is none, or
// when health says no.
func (c *call) operate() int {
	socket, off := c.socket()
	if off {
		fmt.Fprintf(c.stderr, "sexton %s: [control] socket is \"off\" in %s: there is nobody to ask\n", c.verb, proc.Visible(c.fileName()))
		return 1
	}
	reply, err := control.Ask(control.Sockets(socket), control.Request{
		Verb: c.verb, Services: c.words, Live: c.live, Now: c.immediately,
	}, operateWithin)
	if err != nil {
		refused, _ := refusedCalls(entry.Refused())
		fmt.Fprintf(c.stderr, "sexton %s: %s\n%s", c.verb, proc.Visible(err.Error()), refused)
		return 1
	}
	if !c.json {
		reply = reply.Visible()
	}
	switch {
	case reply.Health != nil:
		return c.printHealth(reply.Health)
	case reply.Status != nil && c.json:
		c.printJSON(reply.Status)
	case reply.Status != nil:
		fmt.Fprint(c.stdout, statusText(reply.Status, statusWidth()))
	case reply.Why != nil && c.json:
		c.printJSON(reply.Why)
	case reply.Why != nil:
		fmt.Fprint(c.stdout, whyText(reply.Why, time.Now().UTC()))
	case reply.Shutdown != nil:
		fmt.Fprint(c.stdout, shutdownText(reply.Shutdown))
	default:
		fmt.Fprintf(c.stderr, "sexton %s: what answers is another version: it does not know this verb\n", c.verb)
		return 1
	}
	return 0
}

// socket is where the file says to ask, which need not be without mistakes for that; "":
// at the usual places. off: it says that nobody listens.
func (c *call) socket() (path string, off bool) {
	text, err := readFile(c.fileName())
	if err != nil {
		return "", false
	}
	path = config.ControlSocket(text)
	if path == "off" {
		return "", true
	}
	return path, false
}

func (c *call) printHealth(h *control.Health) int {
	text, status := h.Words, 0
	switch {
	case !h.OK && c.live:
		text, status = "not live: "+h.Words, 1
	case !h.OK:
		text, status = "not ready: "+h.Words, 1
	}
	if c.verbosity >= 0 {
		fmt.Fprintln(c.stdout, text)
	}
	return status
}

func (c *call) printJSON(what any) {
	text, err := json.Marshal(what)
	if err != nil {
		fmt.Fprintf(c.stderr, "sexton %s: internal error: %v\n", c.verb, err)
		return
	}
	fmt.Fprintf(c.stdout, "%s\n", text)
}

func shutdownText(s *control.Shutdown) string {
	if s.Already {
		return fmt.Sprintf("already stopping; %s still there\n", service.Counted(s.Services, "service"))
	}
	return fmt.Sprintf("stopping %s\n", service.Counted(s.Services, "service"))
}
