package pid1

import (
	"bytes"
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"sexton/internal/simkernel"
	"sexton/proc"
	"sexton/service"
)

// scene is one container on the simulated kernel: what its programs do, what happens to it
// and when, and afterwards everything that the loop has done.
type scene struct {
	*simkernel.Sim
	clocked
	config Config
	habits map[string][]simkernel.Habit // of a program by its first word, one for each of its starts; the last for all further ones
	acts   []act
	p      *PID1
	traced bytes.Buffer
	status int
	over   chan struct{}
}

// act is what happens at a moment.
type act struct {
	at time.Duration
	do func()
}

// play lives a scene in a bubble; prepare sets it up, and judge looks at what came of it.
func play(t *testing.T, prepare, judge func(s *scene), services ...service.Spec) {
	t.Helper()
	synctest.Test(t, func(*testing.T) {
		s := &scene{Sim: simkernel.New(1), habits: make(map[string][]simkernel.Habit), over: make(chan struct{})}
		_ = s.Catch()
		s.clocked.began = time.Now()
		s.Behaves = s.behave
		s.config.Plan = service.Plan{Init: service.Init{Grace: 20 * time.Second, Linger: time.Second}, Services: services}
		s.config.Kernel, s.config.Output, s.config.Trace = s.Sim, s, &s.traced
		s.config.Owner = byCommand
		prepare(s)
		s.p = New(s.config)
		go func() {
			for _, a := range s.acts {
				select {
				case <-s.over:
					return
				case <-time.After(a.at - time.Since(s.clocked.began)):
					a.do()
				}
			}
		}()
		s.status = s.p.Run()
		close(s.over)
		synctest.Wait()
		for _, wrong := range s.Wrongs() {
			t.Error(wrong)
		}
		if judge(s); t.Failed() {
			t.Logf("said: %s\ntrace:\n%s", strings.Join(s.lines, "\n"), s.traced.String())
		}
	})
}

// gentle is a service that is asked to end by TERM, and killed five seconds later.
func gentle(name string) service.Spec {
	s := plain(name)
	s.Backoff = service.Backoff{First: time.Second, Factor: 1, Max: time.Second}
	s.Stop = []service.Rung{{Signal: proc.TERM, For: 5 * time.Second}, {Signal: proc.KILL}}
	return s
}

func (s *scene) behave(argv []string) simkernel.Habit {
	habits, known := s.habits[argv[0]]
	if !known {
		return simkernel.Habit{Polite: true}
	}
	if len(habits) > 1 {
		s.habits[argv[0]] = habits[1:]
	}
	return habits[0]
}

// at has something happen at a moment; moments come in their order.
func (s *scene) at(when time.Duration, do func()) { s.acts = append(s.acts, act{when, do}) }

// signal has a signal come at a moment.
func (s *scene) signal(when time.Duration, sig proc.Signal) { s.caught(when, proc.Caught{Signal: sig}) }

func (s *scene) caught(when time.Duration, c proc.Caught) {
	s.at(when, func() { s.Send(c, s.over) })
}

// expectSent compares the signals that have reached processes of these names with want, one
// a line.
func (s *scene) expectSent(t *testing.T, want string, names ...string) {
	t.Helper()
	expect(t, "signals", s.Sent(names...), want)
}

// expectSaid compares what was said about a service, or with "" about the container, as far
// as it holds some word, with want.
func (s *scene) expectSaid(t *testing.T, want, word string) {
	t.Helper()
	lines := slices.DeleteFunc(slices.Clone(s.lines), func(line string) bool { return !strings.Contains(line, word) })
	expect(t, "lines", lines, want)
}

// expectHeard compares what the machine was told from the first event on that holds some
// word with want.
func (s *scene) expectHeard(t *testing.T, want, from string) {
	t.Helper()
	var heard []string
	for line := range strings.Lines(s.traced.String()) {
		if event, ok := strings.CutPrefix(line, "at "); ok && (len(heard) > 0 || strings.Contains(event, from)) {
			heard = append(heard, strings.TrimSpace(event))
		}
	}
	expect(t, "the machine was told", heard, want)
}

func expect[E any](t *testing.T, what string, got []E, want string) {
	t.Helper()
	var lines, wanted []string
	for _, one := range got {
		lines = append(lines, fmt.Sprint(one))
	}
	for line := range strings.Lines(want) {
		if line = strings.TrimSpace(line); line != "" {
			wanted = append(wanted, line)
		}
	}
	if !slices.Equal(lines, wanted) {
		t.Errorf("%s:\n\t%s\nwant:\n\t%s", what, strings.Join(lines, "\n\t"), strings.Join(wanted, "\n\t"))
	}
}

// lines puts what stands between bars into lines.
func lines(text string) string { return strings.ReplaceAll(text, "|", "\n") }
