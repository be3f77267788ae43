package pid1

import (
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strings"
	"testing"
	"time"

	"sexton/internal/simkernel"
	"sexton/proc"
	"sexton/service"
)

// A death for want of memory is told of the service that died, also when it was noticed a
// moment earlier; a KILL that came long after, or an exit of another kind, is none.
func TestADeathForWantOfMemoryIsTold(t *testing.T) {
	starved := simkernel.Habit{Lives: time.Second, Starved: true, Exit: proc.Exit{Signal: proc.KILL}}
	for _, c := range []struct {
		web   simkernel.Habit
		other time.Duration // when another process starves, which is not our child
		want  bool
	}{
		{web: starved, want: true},
		{web: simkernel.Habit{Lives: time.Second, Exit: proc.Exit{Signal: proc.KILL}}},
		{web: simkernel.Habit{Lives: time.Second, Exit: proc.Exit{Code: 137}}, other: 500 * time.Millisecond, want: true},
		{web: simkernel.Habit{Lives: time.Second, Exit: proc.Exit{Signal: proc.SEGV}}, other: 500 * time.Millisecond},
		{web: simkernel.Habit{Lives: 10 * time.Second, Exit: proc.Exit{Signal: proc.KILL}}, other: 500 * time.Millisecond},
	} {
		web := gentle("web")
		web.Restart, web.ShutdownOn = service.Never, service.NoShutdown
		play(t, func(s *scene) {
			s.habits["web"] = []simkernel.Habit{c.web}
			if c.other > 0 {
				s.at(c.other, func() {
					s.Fork("helper", simkernel.Habit{Lives: time.Millisecond, Starved: true, Exit: proc.Exit{Signal: proc.KILL}})
				})
			}
			for _, at := range []time.Duration{700 * time.Millisecond, 3 * time.Second} {
				s.signal(at, proc.USR1) // the loop turns
			}
			s.signal(11*time.Second, proc.TERM)
		}, func(s *scene) {
			if got := strings.Contains(s.traced.String(), " oom"); got != c.want {
				t.Errorf("%+v: told %v", c, got)
			}
		}, web, gentle("helper"))
	}
}

// Each orphan is named before it is reaped, if that is wanted, and counted.
func TestOrphansAreNamedAndCounted(t *testing.T) {
	var named []string
	play(t, func(s *scene) {
		s.config.NameOrphan = func(dead proc.Dead, name string) { named = append(named, fmt.Sprint(name, " ", dead.Exit)) }
		s.at(time.Second, func() {
			s.Escape(simkernel.Habit{Name: "one", Lives: time.Millisecond, Exit: proc.Exit{Code: 3}})
			s.Escape(simkernel.Habit{Name: "two", Lives: time.Second})
		})
		s.signal(3*time.Second, proc.TERM)
	}, func(s *scene) {
		expect(t, "named", named, "one exited with status 3\ntwo exited with status 0")
		if c := s.p.counts; c.Orphans != 2 || c.Reaped != 1 || c.Starts != 1 || c.Refused != 0 {
			t.Errorf("%+v", c)
		}
	}, gentle("web"))
}

// A start that fails tells why, with the status that a shell would have, and whether the
// same start may succeed later. A status that the caller has chosen is final.
func TestAFailedStartHasItsStatus(t *testing.T) {
	missing, denied := &proc.SpawnError{Stage: "exec", Path: "web", Err: errors.New("missing"), NotFound: true}, &proc.SpawnError{Stage: "exec", Path: "web", Err: fs.ErrPermission}
	full := &proc.SpawnError{Stage: "fork", Err: errors.New("try again"), Passing: true}
	for _, c := range []struct {
		err    error
		chosen int
		want   string
	}{
		{missing, 0, `start-failed run=1 status=127 err="exec web: missing"`},
		{denied, 0, `start-failed run=1 status=126 err="exec web: permission denied"`},
		{full, 0, `start-failed run=1 status=70 passing err="fork: try again"`},
		{full, 5, `start-failed run=1 status=5 err="fork: try again"`},
		{errors.New("unknown"), 0, `start-failed run=1 status=126 err="start: unknown"`},
	} {
		web := gentle("web")
		web.Restart = service.Never
		play(t, func(s *scene) {
			s.config.Kernel = &refuses{Sim: s.Sim, err: c.err}
			s.signal(time.Second, proc.TERM)
			if c.chosen > 0 {
				s.config.SpawnStatus = func(*proc.SpawnError) int { return c.chosen }
			}
		}, func(s *scene) {
			heard := strings.Split(s.traced.String(), "\nat ")
			got, _, _ := strings.Cut(heard[2], "\n")
			if _, got, _ = strings.Cut(got, " "); got != c.want {
				t.Errorf("%v: %s, want %s", c.err, got, c.want)
			}
			if n := s.p.counts; n.Refused == 0 || n.Starts > 0 || !slices.Equal(s.ended, []service.Run{1}) && c.err != full {
				t.Errorf("%v: %+v, ended %v", c.err, n, s.ended)
			}
		}, web)
	}
}

// refuses is a kernel that starts nothing.
type refuses struct {
	*simkernel.Sim
	err error
}

func (k *refuses) Spawn(*proc.Command) (proc.PID, error) { return 0, k.err }

// A start whose user cannot be found, or whose output cannot be opened, fails before
// anything is spawned; where descriptors are missing it may succeed later.
func TestAStartFailsBeforeItsSpawn(t *testing.T) {
	for _, output := range []bool{false, true} {
		web := gentle("web")
		web.Restart = service.Never
		play(t, func(s *scene) {
			if output {
				s.refuseOpen = errors.New("too many open files")
				s.signal(time.Second, proc.TERM)
			} else {
				s.config.Owner = Fixed(func(*service.Spec) (proc.Command, error) { return proc.Command{}, errors.New("no user web") })
			}
		}, func(s *scene) {
			want := `start-failed run=1 status=126 err="no user web"`
			if output {
				want = `start-failed run=1 status=126 passing err="too many open files"`
			}
			if !strings.Contains(s.traced.String(), want+"\n") || len(s.Spawned()) > 0 {
				t.Errorf("%s", s.traced.String())
			}
		}, web)
	}
}

// A trace that cannot be written ends, and is not the end of anything else.
func TestATraceThatCannotBeWrittenEnds(t *testing.T) {
	play(t, func(s *scene) {
		s.config.Trace = &short{room: 300}
		s.signal(time.Second, proc.TERM)
	}, func(s *scene) {
		s.expectSaid(t, ": the trace ends here: disk full", "trace")
		if s.status != 0 {
			t.Errorf("status %d", s.status)
		}
	}, gentle("web"))
}

type short struct{ room int }

func (s *short) Write(b []byte) (int, error) {
	if s.room -= len(b); s.room < 0 {
		return 0, errors.New("disk full")
	}
	return len(b), nil
}

// A broken machine leaves the last events behind, the newest at the end, and everything is
// stopped within six seconds where no grace was given.
func TestABrokenMachineLeavesItsLastEvents(t *testing.T) {
	var out *breaks
	var took time.Duration
	const events = 3*recentMax + 5
	play(t, func(s *scene) {
		out = &breaks{at: "stopping: SIGTERM"}
		s.config.Output, s.config.Plan.Init.Grace = out, 0
		s.habits["web"] = []simkernel.Habit{{Name: "web", Ignores: []proc.Signal{proc.TERM, proc.USR1}, Dies: 5 * time.Millisecond}}
		for range events {
			s.signal(time.Second, proc.USR1)
		}
		s.signal(2*time.Second, proc.TERM)
	}, func(s *scene) {
		took = time.Since(s.clocked.began)
		text := strings.Join(out.lines, "\n")
		if n := strings.Count(text, "at 1s signalled USR1"); n != recentMax-1 || !strings.HasSuffix(text, `at 2s signalled TERM stop from="from outside the container"`) || !strings.Contains(text, "internal error: broken; stopping everything") {
			t.Errorf("%d events are left: %s", n, text)
		}
		if s.status != exitInternal || took < 7*time.Second || took > 8*time.Second || s.Alive() > 0 {
			t.Errorf("status %d after %v, %d alive", s.status, took, s.Alive())
		}
		s.expectSent(t, `
			2s TERM to web
			7.4s KILL to web
		`, "web")
	}, gentle("web"))
}
