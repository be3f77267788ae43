package pid1

import (
	"context"
	"errors"
	"slices"
	"sync"
	"testing"
	"time"

	"sexton/internal/simkernel"
	"sexton/proc"
	"sexton/service"
)

func probed(name string) service.Spec {
	s := gentle(name)
	s.Ready = service.Probe{Kind: service.ExecProbe, Command: []string{"probe"}, Every: time.Second, Timeout: 300 * time.Millisecond}
	return s
}

// words is a Listener that has heard one line.
type words string

func (words) FD() int       { return 7 }
func (words) Started()      {}
func (w words) End() string { return string(w) }

// Each attempt of an exec probe ends with one answer, which says how the probe ended and
// what it wrote last: by a status, by a signal, by its own failing start, or well.
func TestAnExecProbesEndIsItsAnswer(t *testing.T) {
	play(t, func(s *scene) {
		s.config.Listen = func() (Listener, error) { return words("last \x1b line"), nil }
		s.habits["probe"] = []simkernel.Habit{
			{Lives: time.Millisecond, Exit: proc.Exit{Code: 3}},
			{Lives: time.Millisecond, Exit: proc.Exit{Signal: proc.SEGV}},
			{Fails: 2},
			{Lives: time.Millisecond},
		}
		s.signal(2*time.Second, proc.TERM)
	}, func(s *scene) {
		s.expectHeard(t, `
			1ms probed run=1 seq=1 err="the probe exited with status 3" output="last \\x1b line"
			11ms ticked
			12ms probed run=1 seq=2 err="the probe was killed by SIGSEGV" output="last \\x1b line"
			32ms ticked
			32ms probed run=1 seq=3 err="exec probe: no such file or directory" output="last \\x1b line"
			72ms ticked
			73ms probed run=1 seq=4 output="last \\x1b line"
			2s signalled TERM stop from="from outside the container"
			2s exited run=1 status=0
			2s emptied run=1
			2s emptied
		`, "probed")
		if c := s.p.counts; c.Refused != 1 || c.Starts != 4 || c.Reaped != 4 {
			t.Errorf("counts: %+v", c)
		}
	}, probed("web"))
}

// An attempt runs as the service does, in a session of its own, without a terminal, and
// reads nothing; what it writes goes to the listener, or nowhere.
func TestAnExecProbeRunsAsItsService(t *testing.T) {
	user := &proc.Credential{UID: 7}
	for _, heard := range []Listener{nil, words("")} {
		play(t, func(s *scene) {
			if heard != nil {
				s.config.Listen = func() (Listener, error) { return heard, nil }
			}
			s.config.Owner = Fixed(func(spec *service.Spec) (proc.Command, error) {
				return proc.Command{Argv: spec.Command, Credential: user}, nil
			})
			s.habits["probe"] = []simkernel.Habit{{Lives: time.Millisecond}}
			s.signal(time.Second, proc.TERM)
		}, func(s *scene) {
			want := [3]int{-1, -1, -1}
			if heard != nil {
				want = [3]int{-1, 7, 7}
			}
			c := s.Spawned()[1]
			if !slices.Equal(c.Argv, []string{"probe"}) || c.Files != want || c.Foreground != -1 || !c.Session || c.Credential != user {
				t.Errorf("%+v", c)
			}
		}, probed("web"))
	}
}

// An attempt that takes too long is killed with its group, and the next begins when it has
// ended. So is an attempt whose service has ended, and what an attempt leaves behind.
func TestAnAttemptThatIsNotWantedIsKilled(t *testing.T) {
	play(t, func(s *scene) {
		s.habits["probe"] = []simkernel.Habit{
			{Dies: 5 * time.Millisecond, Forks: []simkernel.Habit{{Name: "helper", Dies: time.Millisecond}}},
			{Lives: time.Millisecond, Exit: proc.Exit{Code: 1}, Forks: []simkernel.Habit{{Name: "orphan"}}},
			{},
		}
		s.habits["web"] = []simkernel.Habit{{Polite: true, Stops: time.Second}}
		s.signal(600*time.Millisecond, proc.TERM)
	}, func(s *scene) {
		s.expectSent(t, `
			300ms KILL to probe
			300ms KILL to helper
			311ms KILL to orphan
			600ms KILL to probe
		`, "probe", "helper", "orphan")
		if s.Alive() > 0 {
			t.Errorf("%d are alive", s.Alive())
		}
	}, probed("web"))
}

// At most so many checks over the network are on their way at once as there are threads for
// them: each may hold one. Their timeout begins when they have a place.
func TestChecksWaitForAPlace(t *testing.T) {
	for _, lack := range []int{0, 3, 20} {
		var mu sync.Mutex
		var now, most, made int
		var services []service.Spec
		for _, name := range []string{"a", "b", "c", "d", "e", "f", "g", "h", "i", "j"} {
			s := gentle(name)
			s.Ready = service.Probe{Kind: service.TCPProbe, Target: "t", Every: time.Minute, Timeout: time.Second}
			services = append(services, s)
		}
		play(t, func(s *scene) {
			s.Threads = max(2, threads+mostChecks-lack)
			s.config.Check = func(ctx context.Context, _ service.Probe, _ *service.FileMark) error {
				mu.Lock()
				now++
				most, made = max(most, now), made+1
				mu.Unlock()
				defer func() {
					mu.Lock()
					now--
					mu.Unlock()
				}()
				select {
				case <-time.After(900 * time.Millisecond):
					return nil
				case <-ctx.Done():
					return ctx.Err()
				}
			}
			s.signal(10*time.Second, proc.TERM)
		}, func(s *scene) {
			if want := max(1, mostChecks-min(lack, threads+mostChecks-2)); most != want || made < 10 {
				t.Errorf("%d threads too few: %d at once, want %d; %d were made", lack, most, want, made)
			}
		}, services...)
	}
}

// What a check finds is what the machine is told, and a check whose service is stopped is
// given up.
func TestACheckIsGivenUpWithItsService(t *testing.T) {
	web := gentle("web")
	web.Ready = service.Probe{Kind: service.TCPProbe, Target: "t", Every: time.Minute, Timeout: time.Minute}
	var given []time.Duration
	calls := 0
	play(t, func(s *scene) {
		s.habits["web"] = []simkernel.Habit{{Polite: true, Stops: time.Second}}
		s.config.Check = func(ctx context.Context, _ service.Probe, _ *service.FileMark) error {
			if calls++; calls == 1 {
				return errors.New("connection refused")
			}
			<-ctx.Done()
			given = append(given, time.Since(s.clocked.began))
			return ctx.Err()
		}
		s.signal(time.Second, proc.TERM)
	}, func(s *scene) {
		s.expectHeard(t, `
			0s probed run=1 seq=1 err="connection refused"
			10ms ticked
			1s signalled TERM stop from="from outside the container"
			1s probed run=1 seq=2 err="context canceled"
			2s exited run=1 status=0
			2s emptied run=1
			2s emptied
		`, "probed")
		if !slices.Equal(given, []time.Duration{time.Second}) {
			t.Errorf("given up at %v", given)
		}
	}, web)
}
