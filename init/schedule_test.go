package pid1

import (
	"fmt"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"sexton/internal/simkernel"
	"sexton/proc"
	"sexton/service"
)

// job is a service with a schedule.
func job(name, cron string, overlap service.Overlap) service.Spec {
	return service.Spec{
		Name: name, Command: []string{name}, OneShot: true, OKCodes: []int{0}, Restart: service.Never, ShutdownOn: service.NoShutdown,
		Schedule: service.Schedule{Cron: cron, Overlap: overlap}, Stop: []service.Rung{{Signal: proc.TERM}, {Signal: proc.KILL}},
	}
}

// Jobs run when the clock shows their time, not more often, and the loop sleeps in between. The
// bubble's clock begins at midnight UTC on 2000-01-01, a Saturday.
func TestJobsRunByTheirSchedule(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		began := time.Now()
		plan := service.Plan{Init: service.Init{Grace: 10 * time.Second}, Services: []service.Spec{
			job("five", "*/5 * * * *", service.Skip), job("nine", "0 9 * * *", service.Skip), job("every", "@every 7m", service.Skip),
			job("sunday", "30 0 * * sun", service.Skip),
		}}
		var starts []string
		sim := simkernel.New(1)
		sim.Behaves = func(argv []string) simkernel.Habit {
			if at := time.Since(began); at < 30*time.Minute || argv[0] == "nine" || argv[0] == "sunday" {
				starts = append(starts, fmt.Sprintf("%s %v", argv[0], at.Round(time.Millisecond)))
			}
			return simkernel.Habit{Lives: time.Second}
		}
		_ = sim.Catch()
		p := New(Config{Plan: plan, Owner: byCommand, Kernel: sim, Output: &diary{}})
		done, over := make(chan int, 1), make(chan struct{})
		go func() { done <- p.Run(); close(over) }()
		time.Sleep(33*time.Hour + 2*time.Second)
		now, err := p.Look(t.Context(), "nine")
		if next := now.Find("nine").Next; err != nil || !next.Equal(began.Add(57*time.Hour)) || len(now.Records) != 2 {
			t.Errorf("%v: next %v, %+v", err, next, now.Records)
		}
		sim.Send(proc.Caught{Signal: proc.TERM}, over)
		if status := <-done; status != 0 {
			t.Errorf("status %d", status)
		}
		want := []string{
			"five 5m0s", "every 7m0s", "five 10m0s", "every 14m0s", "five 15m0s", "five 20m0s", "every 21m0s", "five 25m0s", "every 28m0s",
			"nine 9h0m0s", "sunday 24h30m0s", "nine 33h0m0s",
		}
		if !slices.Equal(starts, want) {
			t.Errorf("started %v, not %v", starts, want)
		}
	})
}

// A clock that is set by up to three hours makes up for jobs with a fixed time, and a
// correction does not. Jobs with * follow the clock.
func TestTheClockIsSet(t *testing.T) {
	at := func(text string) time.Time {
		at, err := time.Parse("2006-01-02 15:04", text)
		if err != nil {
			t.Fatal(err)
		}
		return at
	}
	for _, c := range []struct{ cron, before, after, want string }{
		{"30 2 * * *", "2026-01-05 02:00", "2026-01-05 04:00", "2026-01-05 02:30"}, // at once
		{"30 2 * * *", "2026-01-05 02:00", "2026-01-05 01:00", "2026-01-05 02:30"},
		{"30 2 * * *", "2026-01-05 03:00", "2026-01-05 02:00", "2026-01-06 02:30"}, // it has run
		{"30 2 * * *", "2026-01-05 02:00", "2026-06-01 00:00", "2026-06-01 02:30"},
		{"30 2 * * *", "2026-06-01 02:00", "2026-01-05 00:00", "2026-01-05 02:30"},
		{"*/10 * * * *", "2026-01-05 02:00", "2026-01-05 04:01", "2026-01-05 04:10"},
		{"*/10 * * * *", "2026-01-05 02:00", "2026-01-05 01:01", "2026-01-05 01:10"},
	} {
		p := New(Config{Plan: service.Plan{Services: []service.Spec{job("a", c.cron, service.Skip)}}, Output: &diary{}})
		l := p.newLine(p.handles["a"], "", at(c.before))
		table := timetable{lines: map[*handle]*line{p.handles["a"]: l}}
		table.findNext(at(c.before))
		// The table compares the clock with the time that has passed; here no time has.
		table.setBy(at(c.after), at(c.after).Sub(at(c.before)))
		if !table.next.Equal(at(c.want)) {
			t.Errorf("%q at %s, set to %s: %v, not %s", c.cron, c.before, c.after, table.next, c.want)
		}
	}
}

// A run is told with the time that it is for; runs before it are counted, with a bound.
func TestMissedRunsAreCounted(t *testing.T) {
	now := time.Date(2026, 1, 5, 12, 0, 30, 0, time.UTC)
	p := New(Config{Plan: service.Plan{Services: []service.Spec{job("a", "* * * * *", service.Skip)}}, Output: &diary{}})
	l := p.newLine(p.handles["a"], "", now)
	at, missed := l.missed(now.Add(5 * time.Minute))
	if l.words(at) != "2026-01-05 12:05 UTC" || missed != 4 || l.words(l.at) != "2026-01-05 12:06 UTC" {
		t.Errorf("%s, %d before, then %s", l.words(at), missed, l.words(l.at))
	}
	if _, missed = l.missed(now.AddDate(1, 0, 0)); missed != countMost || !l.at.After(now.AddDate(1, 0, 0)) {
		t.Errorf("%d were missed, next %v", missed, l.at)
	}
}
