package cli

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"sexton/container"
	"sexton/control"
	"sexton/kernel"
	"sexton/kernel/spawn"
	"sexton/proc"
	"sexton/service"
	"sexton/verbs"
)

// A bare sexton, a mistyped verb or a COMMAND, typed into a container that runs, must not
// start all services a second time by accident.

// secondWithin is how long the running sexton may take to say which services it runs.
const secondWithin = time.Second

// mistaken checks whether the plan should not be started: a sexton in our mount namespace
// already runs the services of the same file, or COMMAND does not exist. Then it says so, and
// returns the exit status; 0 means go on.
func (c *call) mistaken(plan *service.Plan) (status int) {
	if !plan.Init.Lean {
		if why := c.alreadyHere(plan); why != "" {
			// Not to the termination log, which is for the container's own end.
			return c.refuse(exitUsage, "", "sexton: "+why+"\n")
		}
	}
	return c.noCommand(plan)
}

// alreadyHere says that the services of our file already run, and how to go on;
// "": as far as we can see, they do not.
func (c *call) alreadyHere(plan *service.Plan) string {
	socket := plan.Control.Socket
	if c.again || plan.Control.Off || !control.SomethingAt(socket) {
		return ""
	}
	file := absolute(c.fileName())
	reply, err := control.Ask(control.Sockets(socket), verbs.Request{Verb: verbs.StatusVerb}, secondWithin)
	switch {
	case err == nil && reply.Status != nil:
		if s := reply.Status; sameFile(s.File, file) {
			return fmt.Sprintf("services of %s already run here (pid %d, for %s); ", file, s.PID, verbs.Elapsed(s.UptimeSeconds)) + c.goOn()
		}
		return ""
	case errors.Is(err, control.ErrClosed):
		if new(kernel.Linux).First() || !control.Listened(socket) && !control.ListenedElsewhere() {
			return ""
		}
	case errors.Is(err, control.ErrNobody):
		return ""
	}
	return fmt.Sprintf("a sexton already runs here, and does not say whether it runs the services of %s: %v; ", file, err) + c.goOn()
}

// sameFile tells whether two absolute paths are the same file. theirs is "" if the other
// sexton does not tell its path.
func sameFile(theirs, ours string) bool {
	if theirs == "" || theirs == ours {
		return true
	}
	a, err := os.Stat(theirs)
	if err != nil {
		return false
	}
	b, err := os.Stat(ours)
	return err == nil && os.SameFile(a, b)
}

// goOn says what the user may have meant, and how to do what the command line asks for.
func (c *call) goOn() string {
	if len(c.command) == 0 {
		return "start a second set: --again; see how they are: sexton status"
	}
	words := "start"
	if near := c.nearVerb(); near != "" {
		words = fmt.Sprintf("there is no verb %q, did you mean %q? Start", c.command[0], near)
	}
	return fmt.Sprintf("%s a second set: --again; run a program alone: sexton -- %s", words, strings.Join(c.command, " "))
}

// nearVerb is the verb that COMMAND may be a typo of; "": none, or COMMAND follows --.
func (c *call) nearVerb() string {
	if c.dashes {
		return ""
	}
	var known []string
	for _, v := range verbs.All {
		if v.Help != "" {
			known = append(known, v.Name)
		}
	}
	return proc.Nearest(c.command[0], known)
}

// noCommand looks for COMMAND before any service starts next to it. For a COMMAND without
// services the start itself reports it, unless it may be a mistyped verb.
func (c *call) noCommand(plan *service.Plan) (status int) {
	if len(c.command) == 0 {
		return 0
	}
	near := c.nearVerb()
	if plan.Init.Lean && near == "" {
		return 0
	}
	i := slices.IndexFunc(plan.Services, func(s service.Spec) bool { return s.Name == plan.Init.Main })
	if i < 0 {
		return 0
	}
	main := &plan.Services[i]
	command := container.Planned(main, container.WorkingDirectory())
	where, there := spawn.Find(&command)
	if there {
		return 0
	}
	text := fmt.Sprintf("sexton: %s: no such command: not found %s; nothing was started", c.command[0], where)
	if near != "" {
		text += fmt.Sprintf("; there is no verb %q, did you mean %q?", c.command[0], near)
	}
	return c.refuse(exitNotFound, plan.Init.TerminationLog, text+"\n")
}

// absolute is the absolute path of a file.
func absolute(name string) string {
	if full, err := filepath.Abs(name); err == nil {
		return full
	}
	return name
}
