package cli

import (
	"errors"
	"fmt"
	"io"
	"strconv"
	"time"
	"unicode/utf8"

	"golang.org/x/sys/unix"

	"sexton/control"
	"sexton/kernel"
	"sexton/proc"
	"sexton/verbs"
)

// followAnswer asks for an answer of many lines, and prints each as it comes. It returns the exit status.
func (c *call) followAnswer() int {
	socket, off := c.socket()
	if off {
		return c.cannotAsk()
	}
	page := verbs.Page{JSON: c.json, Width: terminalWidth(), Name: len("sexton"), Quiet: c.verbosity < 0}
	if _, real := c.stdout.(boundedWriter); real {
		c.stdout = patientWriter(1)
	}
	request := verbs.Request{
		Verb: c.verb, Services: c.words, Follow: c.follow, Lines: c.lines, Since: c.since.Seconds(), NoWait: c.noWait, Signal: c.signal, Version: verbs.WireVersion,
	}
	done, err := control.Follow(control.Sockets(socket), request, askWithin, func(r verbs.Reply) error {
		return c.printLine(&page, r)
	})
	var unprinted *printError
	switch {
	case errors.As(err, &unprinted): // nobody reads us any more
		return 1
	case err != nil:
		return c.noAnswer(err)
	}
	if done.Words != "" {
		fmt.Fprintf(c.stderr, "sexton %s: %s\n", c.verb, proc.Visible(done.Words))
	}
	if done.Failed {
		return 1
	}
	return 0
}

// watchEvery is the time between two answers of --watch.
const watchEvery = time.Second

// clearScreen begins a screen anew: to its corner, and nothing left behind the text.
const clearScreen = "\x1b[H\x1b[2J"

// watchAnswer asks again and again, until it gets no answer or nobody reads it.
func (c *call) watchAnswer() int {
	socket, off := c.socket()
	if off {
		return c.cannotAsk()
	}
	to := c.stdout
	if _, real := to.(boundedWriter); real {
		to = patientWriter(1)
	}
	clear := ""
	if kernel.IsTerminal(1) && !c.json {
		clear = clearScreen
	}
	for {
		reply, err := control.Ask(control.Sockets(socket), c.request(), askWithin)
		if err != nil {
			return c.noAnswer(err)
		}
		page := c.page()
		text, _, known := page.Print(reply)
		if !known {
			return c.unknownAnswer()
		}
		if _, err := io.WriteString(to, clear+text); err != nil {
			return 1
		}
		time.Sleep(watchEvery)
	}
}

// printError is a line that could not be printed.
type printError struct{ error }

// printLine prints one line of an answer: to stderr what a service wrote there, and remarks.
func (c *call) printLine(page *verbs.Page, r verbs.Reply) error {
	to := c.stdout
	if p := r.Progress; p != nil && p.Service != "" && !c.json && (c.verbosity < 0 || !kernel.IsTerminal(1)) {
		return nil // a person wants to see it
	}
	if r.Log != nil {
		page.Name = max(page.Name, min(maxName, utf8.RuneCountInString(r.Log.Service)))
		if !c.json && (r.Log.Stream == "stderr" || r.Log.Note != "") {
			to = c.stderr
		}
	}
	text, _, known := page.Print(r)
	if !known {
		return errors.New("the sexton that answers is another version, and this line of its answer is not known")
	}
	if _, err := io.WriteString(to, text); err != nil {
		return &printError{err}
	}
	return nil
}

// maxName is the longest name that other names are aligned to.
const maxName = 20

func (c *call) setLines(name, value string) error {
	n, err := strconv.Atoi(value)
	if err != nil || n < 0 {
		return fmt.Errorf("%s %s: write a number of lines", name, value)
	}
	c.lines = &n
	return nil
}

// setSince reads a length of time, or a moment.
func (c *call) setSince(name, value string) error {
	var age *time.Duration
	if at, err := time.Parse(time.RFC3339, value); err == nil {
		c.since = max(time.Nanosecond, time.Since(at))
		return nil
	}
	if err := setDuration(&age, name, value); err != nil {
		return fmt.Errorf("%w, or a time: 2026-01-02T15:04:05Z", err)
	}
	c.since = max(time.Nanosecond, *age)
	return nil
}

// patientWriter writes for as long as a reader takes its time, and fails when there is none any more.
type patientWriter int

func (fd patientWriter) Write(p []byte) (n int, err error) {
	for n < len(p) {
		written, err := unix.Write(int(fd), p[n:])
		switch err {
		case nil:
			n += written
		case unix.EINTR:
		case unix.EAGAIN:
			_, _ = unix.Poll([]unix.PollFd{{Fd: int32(fd), Events: unix.POLLOUT}}, -1)
		default:
			return n, err
		}
	}
	return n, nil
}

// acceptWords takes the words behind a verb: services, and before them the signal of signal.
func (c *call) acceptWords() error {
	if c.verb == verbs.SignalVerb {
		if len(c.words) == 0 {
			return fmt.Errorf("signal: write the signal first, its name or number: sexton signal HUP web")
		}
		if _, err := proc.ParseSignal(c.words[0]); err != nil {
			return fmt.Errorf("signal: %w; the signal comes first: sexton signal HUP web", err)
		}
		c.signal, c.words = c.words[0], c.words[1:]
	}
	return c.row().Accepts(c.words)
}
