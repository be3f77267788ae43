package config

import (
	"fmt"

	"sexton/service"
)

// readTTY reads which terminal the service has: the container's, none, or one of its own.
func readTTY(r *reader, v *value, s *service.Spec) {
	word, ok := v.data.(string)
	switch {
	case !ok || v.filled && word != ownTerminal:
		r.boolean(v, &s.TTY)
	case word == ownTerminal:
		s.PTY = true
	default:
		r.wrong(v, fmt.Sprintf("%q is not a valid value for tty", word), `write true, false or "pty"`)
	}
}

// ownTerminal is the value of tty for a service's own terminal.
const ownTerminal = "pty"

// checkTerminals reports every service except the first that asks for the
// container's terminal, and what excludes a terminal of its own.
func (r *reader) checkTerminals(d *draft) {
	var first *draftService
	readers := make(map[string]*draftService)
	for _, s := range d.services {
		if from := s.spec.StdinFrom; from != "" && readers[from] == nil {
			readers[from] = s
		}
	}
	for _, s := range d.services {
		tty := s.table.child("tty")
		switch {
		case s.spec.PTY:
			r.checkOwnTerminal(readers[s.spec.Name], s, tty)
		case tty == nil || !s.spec.TTY:
		case first == nil:
			first = s
		default:
			r.wrong(tty, fmt.Sprintf("only one service can have the terminal, and %q asks for it %s", first.spec.Name,
				first.table.child("tty").where(tty)), "remove one of the two")
		}
	}
}

// checkStdinOfTerminal reports services that would read the terminal in addition to the one
// that has it. They have sessions of their own, so the kernel does not stop them
// for that (SIGTTIN, termios(3)): they would read what is typed for another service. Only a start
// knows whether there is a terminal.
func (r *reader) checkStdinOfTerminal(d *draft) {
	terminal := r.options.Running && r.options.Terminal
	for _, s := range d.services {
		v := s.table.child("stdin")
		if s.spec.Stdin != "inherit" || s.spec.TTY || s.spec.PTY || v == nil {
			continue
		}
		const mend = `write tty = true if this service should have the terminal, otherwise stdin = "null"`
		switch {
		case !r.options.Running:
			r.note(v, "if stdin is a terminal (docker run -it), nothing is started: a service without tty = true would read what is typed for another service", mend)
		case terminal:
			r.wrong(v, "stdin is a terminal here, and a service without tty = true would read what is typed for another service", mend)
		}
	}
}

func (r *reader) checkOwnTerminal(reader, s *draftService, tty *value) {
	log := s.table.child("log")
	if s.spec.Log.Format == service.Inherit {
		at := log.child("format")
		if at == nil {
			at = tty
		}
		r.wrong(at, `the output of a service's own terminal passes through sexton, and with format "inherit" it would not`,
			`give its log another format, or remove tty = "pty"`)
	}
	if stderr := log.child("stderr"); stderr != nil && (stderr.data == "stderr" || s.spec.Log.Stderr != nil) {
		r.wrong(stderr, "a terminal has one stream, so stdout and stderr cannot be told apart", `remove it, or tty = "pty"`)
	}
	if s.spec.Stdin == "inherit" {
		r.wrong(s.table.child("stdin"), "a service with a terminal of its own cannot have the container's stdin",
			`remove it, name a file, or write tty = true for the container's terminal`)
	}
	if reader != nil {
		r.wrong(tty, fmt.Sprintf("%q reads its stdout, and a pipe is not a terminal", reader.spec.Name), "remove it, or stdin_from there")
	}
}
