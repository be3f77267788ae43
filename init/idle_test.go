package pid1

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"sexton/internal/simkernel"
	"sexton/proc"
	"sexton/service"
)

// counts is a kernel that counts how often the loop waits, and looks for descendants, and
// that can show new connections.
type counting struct {
	*simkernel.Sim
	waits, looks int
	fresh        []int // what each look for connections finds; behind them none
	blind        error
	connections  int
}

func (k *counting) Wait(atMost time.Duration) proc.News {
	k.waits++
	return k.Sim.Wait(atMost)
}

func (k *counting) Below(roots []proc.PID, most time.Duration) []proc.Other {
	k.looks++
	return k.Sim.Below(roots, most)
}

func (k *counting) Connections() func() (int, error) {
	return func() (n int, err error) {
		if k.connections++; len(k.fresh) > 0 {
			n, k.fresh = k.fresh[0], k.fresh[1:]
		}
		return n, k.blind
	}
}

// A container in which nothing happens wakes up for a few looks behind wrappers in its first
// minutes, and then never.
func TestAnIdleContainerSleeps(t *testing.T) {
	var k *counting
	play(t, func(s *scene) {
		k = &counting{Sim: s.Sim}
		s.config.Kernel = k
		s.signal(24*time.Hour, proc.TERM)
	}, func(s *scene) {
		if k.looks != 2*lookTimes+4 || k.waits > lookTimes+6 { // behind each service, and two at each stop; the starts, Trim, the looks, the stop
			t.Errorf("it waited %d times, and looked %d times", k.waits, k.looks)
		}
	}, gentle("web"), gentle("db"))
}

// A service that takes its time to stop does not keep the loop busy: its end wakes us. We look
// every 20 ms only for the end of a process that may be another's child.
func TestASlowStopSleeps(t *testing.T) {
	for _, c := range []struct {
		forks []simkernel.Habit
		least int
		most  int
	}{
		{nil, 1, 12},
		{[]simkernel.Habit{{Name: "kept", Session: true, Polite: true}}, 100, 212},
	} {
		var k *counting
		play(t, func(s *scene) {
			k = &counting{Sim: s.Sim}
			s.config.Kernel = k
			s.habits["web"] = []simkernel.Habit{{Polite: true, Stops: 4 * time.Second, Forks: c.forks}}
			s.signal(time.Second, proc.TERM)
		}, func(s *scene) {
			if k.waits < c.least || k.waits > c.most {
				t.Errorf("%d children elsewhere: it waited %d times", len(c.forks), k.waits)
			}
		}, gentle("web"))
	}
}

// Members of a tree that are still there are waited for without a look at /proc; after KILL
// we look again for what has come since, at most every 50 ms, and give up after a second.
func TestWaitingForATreeCostsFewLooks(t *testing.T) {
	var k *counting
	play(t, func(s *scene) {
		k = &counting{Sim: s.Sim}
		s.config.Kernel = k
		s.habits["web"] = []simkernel.Habit{{Polite: true, Forks: []simkernel.Habit{
			{Name: "slow", Session: true, Ignores: []proc.Signal{proc.TERM}, Dies: 10 * time.Second},
		}}}
		s.signal(500*time.Millisecond, proc.TERM)
	}, func(s *scene) {
		sent := s.Sent("slow")
		expect(t, "signals", append(sent[:4], sent[len(sent)-3:]...), `
			500ms TERM to slow
			500ms CONT to slow
			5.5s KILL to slow
			5.56s KILL to slow
			6.52s TERM to slow
			6.52s CONT to slow
			7.52s KILL to slow
		`)
		if most := 3 + int(treePatience/(3*watchEvery)); k.looks > most || len(sent) > most+6 {
			t.Errorf("it looked %d times, and sent %d signals", k.looks, len(sent))
		}
	}, gentle("web"))
}

// A drain lasts until no new connection has come for a while; each look that finds some makes
// it longer. It is over at once with the looks.
func TestADrainWaitsForConnections(t *testing.T) {
	for _, c := range []struct {
		fresh []int
		blind error
		ends  time.Duration
		looks int
	}{
		{ends: 2 * time.Second, looks: 10},
		{fresh: []int{1, 0, 0, 0, 0, 2}, ends: 2500 * time.Millisecond, looks: 15},
		{blind: errors.New("no"), ends: 6 * time.Second, looks: 1},
	} {
		var k *counting
		play(t, func(s *scene) {
			k = &counting{Sim: s.Sim, fresh: c.fresh, blind: c.blind}
			s.config.Kernel = k
			s.config.Plan.Init.Drain = service.Drain{Quiet: time.Second, Max: 5 * time.Second}
			s.habits["web"] = []simkernel.Habit{{Polite: true, Stops: time.Second}}
			s.signal(time.Second, proc.TERM)
		}, func(s *scene) {
			expect(t, fmt.Sprintf("%+v", c), s.Sent("web")[:1], fmt.Sprint(c.ends, " TERM to web"))
			if k.connections < c.looks || k.connections > c.looks+1 {
				t.Errorf("%+v: %d looks", c, k.connections)
			}
		}, gentle("web"))
	}
}

// A file probe's path is looked at before the start, and each check is told what was there. A
// look that fails or takes too long delays the start no longer, and a warning says that any
// file counts then. A stop meanwhile calls the start off.
func TestTheFileOfAProbeIsLookedAtFirst(t *testing.T) {
	for _, c := range []struct {
		takes, stop time.Duration
		err         error
		starts      int
		told        bool // the check, of what was there
		said        string
	}{
		{takes: 100 * time.Millisecond, stop: time.Second, starts: 1, told: true},
		{err: errors.New("permission denied"), stop: time.Second, starts: 1, said: "web: cannot look at /f before the start: permission denied; a file that was there before will count as ready"},
		{takes: time.Second, stop: 2 * time.Second, starts: 1, said: "web: cannot look at /f before the start: no answer within 250ms; a file that was there before will count as ready"},
		{takes: time.Second, stop: 200 * time.Millisecond},
	} {
		web := gentle("web")
		web.Ready = service.Probe{Kind: service.FileProbe, Target: "/f", Every: time.Second, Timeout: time.Second}
		var told *service.FileMark
		play(t, func(s *scene) {
			s.config.LookAt = func(context.Context, string) (service.FileMark, error) {
				time.Sleep(c.takes)
				return service.FileMark{}, c.err
			}
			s.config.Check = func(_ context.Context, _ service.Probe, before *service.FileMark) error {
				told = before
				return nil
			}
			s.signal(c.stop, proc.TERM)
		}, func(s *scene) {
			if starts := len(s.Spawned()); starts != c.starts || (told != nil) != c.told || s.status != 0 {
				t.Errorf("%+v: %d starts, the check was told %v, status %d", c, starts, told, s.status)
			}
			s.expectSaid(t, c.said, "cannot look")
			if at := s.when("web: up", 1); c.starts > 0 && at != min(c.takes, lookMost) {
				t.Errorf("%+v: up at %v", c, at)
			}
			time.Sleep(2 * time.Second) // the look comes back
		}, web)
	}
}
