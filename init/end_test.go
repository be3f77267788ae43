package pid1

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"sexton/internal/simkernel"
	"sexton/proc"
	"sexton/service"
)

// flushes is an Output that notes how long the last output may take.
type flushes struct {
	diary
	stalled, most time.Duration
}

func (f *flushes) Flush(stalled, most time.Duration, last func()) {
	f.stalled, f.most = stalled, most
	f.diary.Flush(stalled, most, last)
}

// The last output has what is left of the grace, but for what our own end needs, and is given
// up when it stands still for half a second. So has the one that wants the summary.
func TestTheLastOutputHasTheRestOfTheGrace(t *testing.T) {
	for _, c := range []struct {
		grace, stops, dies    time.Duration
		stalled, most, within time.Duration
	}{
		{20 * time.Second, time.Second, 0, flushMax, 18950 * time.Millisecond, flushMax},
		{20 * time.Second, 18600 * time.Millisecond, 0, flushMax, 1350 * time.Millisecond, flushMax},
		{20 * time.Second, time.Minute, 2 * time.Second, 450 * time.Millisecond, 450 * time.Millisecond, flushMax},
		{0, time.Second, 0, flushMax, flushMax, flushMax},
	} {
		var out *flushes
		var within time.Duration
		web := gentle("web")
		web.Stop = []service.Rung{{Signal: proc.TERM, For: time.Minute}, {Signal: proc.KILL}}
		play(t, func(s *scene) {
			out = &flushes{}
			s.config.Output, s.config.Plan.Init.Grace = out, c.grace
			s.config.Ended = func(_ service.Summary, w time.Duration) { within = w }
			s.habits["web"] = []simkernel.Habit{{Polite: true, Stops: c.stops, Dies: c.dies}}
			s.signal(time.Second, proc.TERM)
		}, func(s *scene) {
			if out.stalled != c.stalled || out.most != c.most || within != c.within {
				t.Errorf("%+v: stalled %v, most %v, within %v", c, out.stalled, out.most, within)
			}
		}, web)
	}
}

// The one that wants to know of the end before it is over hears once when it begins, and once
// more when a drain is over. With one command it hears of each stop signal that was passed on.
func TestTheEndIsToldWhenItBegins(t *testing.T) {
	for _, c := range []struct {
		drain   bool
		command bool
		want    string
	}{
		{want: "1s stopping: SIGTERM from outside the container; grace 20s; not finished"},
		{drain: true, want: "1s stopping: SIGTERM from outside the container; draining; grace 20s; not finished|3s stopping: SIGTERM from outside the container; grace 20s; not finished"},
		{command: true, want: "900ms stopping: SIGQUIT from outside the container, passed on to web; not finished|1s stopping: SIGTERM from outside the container, passed on to web; not finished|2s web: exited with status 0 after 2s; not finished"},
	} {
		var told []string
		play(t, func(s *scene) {
			s.config.Stopping = func(why string) { told = append(told, fmt.Sprint(time.Since(s.clocked.began), " ", why)) }
			if c.drain {
				s.config.Plan.Init.Drain = service.Drain{Max: 2 * time.Second}
			}
			if c.command {
				s.config.Plan.Init = oneCommand("web")
				s.signal(900*time.Millisecond, proc.QUIT)
				s.signal(950*time.Millisecond, proc.USR1)
			}
			s.habits["web"] = []simkernel.Habit{{Polite: true, Stops: time.Second, Ignores: []proc.Signal{proc.QUIT, proc.USR1}}}
			s.signal(time.Second, proc.TERM)
		}, func(s *scene) {
			expect(t, fmt.Sprintf("%+v", c), told, lines(c.want))
		}, func() service.Spec {
			s := gentle("web")
			if c.command {
				s.Restart, s.ShutdownOn = service.Never, service.AnyExit
			}
			return s
		}())
	}
}

// A main that is started again gets stdin again, but not what we inherited.
func TestOnlyTheFirstStartIsTheHeir(t *testing.T) {
	play(t, func(s *scene) {
		s.config.Plan.Init.Main, s.config.Plan.Init.Heir = "web", true
		s.habits["web"] = []simkernel.Habit{{Lives: time.Second}, {Polite: true}}
		s.signal(3*time.Second, proc.TERM)
	}, func(s *scene) {
		var got []string
		for _, c := range s.Spawned() {
			got = append(got, fmt.Sprint(c.Heir, c.Files[0], c.Session))
		}
		if !slices.Equal(got, []string{"true 0 false", "false 0 false"}) {
			t.Errorf("%q", got)
		}
	}, gentle("web"))
}

// The reader of a service's stdout sees its end when the service is told to stop at the
// container's end, and not when it is only restarted.
func TestAPipelineIsClosedAtTheContainersEnd(t *testing.T) {
	reader := gentle("reader")
	reader.StdinFrom = "web"
	var closed []string
	play(t, func(s *scene) {
		s.config.Output = &pipelines{diary: &s.diary, closed: func(name string) {
			closed = append(closed, fmt.Sprint(time.Since(s.clocked.began), " ", name))
		}}
		s.config.Plan.Init.Rules = map[proc.Signal]service.Rule{proc.HUP: {Verb: service.VerbRestart, To: []string{"reader"}}}
		s.signal(time.Second, proc.HUP)
		s.signal(2*time.Second, proc.TERM)
	}, func(s *scene) {
		if len(closed) == 0 || slices.ContainsFunc(closed, func(c string) bool { return c != "2s web" }) {
			t.Errorf("%q", closed)
		}
	}, gentle("web"), reader)
}

type pipelines struct {
	*diary
	closed func(string)
}

func (p *pipelines) ClosePipeline(name string) { p.closed(name) }

// oneCommand is how one command is run.
func oneCommand(name string) service.Init {
	return service.Init{
		Policies: service.Policies{
			StopSignals: service.ForwardToMain, GraceMeans: service.KillAfter, StopReach: service.ReachGroup, Lines: service.FaultsOnly,
			Heir: true, Lean: true, ContinueIfStopped: true,
		},
		Main: name, ExitCodeFrom: name, Linger: time.Second,
	}
}
