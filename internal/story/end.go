package story

import (
	"errors"
	"fmt"
	"os"
	"strings"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// waitFor waits for a process and says how it ended, as statusText does.
func waitFor(p *os.Process) string {
	state, err := p.Wait()
	if err != nil {
		return err.Error()
	}
	return statusText(unix.WaitStatus(state.Sys().(syscall.WaitStatus)))
}

// table is the process table of the init's namespace.
func (r *run) table() ([]process, error) {
	if r.life == nil {
		return nil, fmt.Errorf("no init was started")
	}
	return table(r.namespace, "SEXTON_STORY="+r.dir)
}

// left is what lives beside the keeper and the stranger when the init as child
// has ended.
func (r *run) left() []process {
	all, err := r.table()
	if err != nil {
		return nil
	}
	var out []process
	for _, p := range all {
		if p.inside != 1 && !p.called("stranger") {
			out = append(out, p)
		}
	}
	return out
}

// release ends all that is left of a life and lets go of what belonged to it.
func (r *run) release() error {
	l := r.life
	l.out.resume()
	l.err.resume()
	l.process.Kill()
	l.hold.Close()
	if l.kept != nil {
		// The keeper's end takes its namespace along.
		<-l.kept
		waitFor(l.process)
	} else if err := r.await(defaultBound, func() (bool, string) { return isClosed(l.over), "the init lives" }, nil); err != nil {
		return fmt.Errorf("%q does not end, not even by KILL: %w", l.options.words, err)
	}
	if l.way == ordinary {
		for _, p := range r.left() {
			unix.Kill(p.host, unix.SIGKILL)
		}
	}
	l.drop()
	if l.cgroup != "" {
		return os.Remove(l.cgroup)
	}
	return nil
}

// bound stretches a length of time by the patience asked for.
func (r *run) bound(d time.Duration) time.Duration {
	return time.Duration(float64(d) * r.patience)
}

// explain adds to an error all that helps to see why.
func (r *run) explain(err error) error {
	var skip, already = errSkip{}, errTold{}
	if errors.As(err, &skip) || errors.As(err, &already) {
		return err
	}
	var b strings.Builder
	fmt.Fprintf(&b, "%s:%d: %v\n", r.story.Path, r.line.number, err)
	fmt.Fprintf(&b, "line:\n\t%s\nunder %s, %v after the last act\n",
		r.line.text, r.name, time.Since(r.acted).Round(time.Millisecond))
	if len(r.answer) > 0 {
		fmt.Fprintf(&b, "last answer:\n%s", tail(r.answer, 20))
	}
	if l := r.life; l != nil {
		state := "running"
		if isClosed(l.over) {
			state = "ended: " + l.status
		}
		fmt.Fprintf(&b, "the init: %q, %s\n", l.options.words, state)
		for _, s := range []*stream{l.out, l.err} {
			text, ended := s.seen()
			fmt.Fprintf(&b, "%s, %d bytes, ended %v:\n%s", s.name, len(text), ended, tail(text, 40))
		}
		if all, err := r.table(); err == nil && len(all) > 0 {
			fmt.Fprintf(&b, "processes:\n%s", showTable(all))
		}
	}
	return errTold{errors.New(b.String())}
}

// errTold is an error that says all there is to say.
type errTold struct{ error }
