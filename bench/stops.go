package main

import (
	"bytes"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"golang.org/x/sys/unix"
)

// The end of the container: how much we add to what the services take, and
// whether grace is kept whatever they do.

const (
	stopServices = 100
	stopSlowest  = 200 * time.Millisecond // of one service's own end
	stopsMost    = 50 * time.Millisecond  // that we may add
)

// measureStops stops 100 services of which each takes a little, in three levels.
func measureStops(b *bench, d *document) error {
	if b.sexton == "" {
		return errors.New("sexton is needed")
	}
	d.say("%d services in three levels that stop one after the other. Each service needs up to %v to end; the slowest path takes %v.\n"+
		"Over: how much longer the stop took. The second table has random lives, each with a random plan, programs and load,\n"+
		"stopped at a random moment: how many ended after their grace, and how many with status 137 although nothing was killed.", stopServices, stopSlowest, 3*stopSlowest)
	var over sample
	for range b.boots() {
		took, err := b.stopMany()
		if err != nil {
			return err
		}
		over.add(float64(took - 3*stopSlowest))
	}
	t := table{head: []string{"", "median", "worst"}}
	t.add(fmt.Sprintf("%d services, over the slowest path, ms", stopServices), ms(over.median()), ms(over.quantile(1)))
	d.table(t)
	d.target(fmt.Sprintf("stopping %d services: the slowest path and at most %v", stopServices, stopsMost), ms(over.median())+" ms", over.median() <= float64(stopsMost))
	return b.measureGrace(d)
}

// stopMany boots the services, stops them, and returns how long that took.
func (b *bench) stopMany() (time.Duration, error) {
	dir, err := os.MkdirTemp(b.dir, "stops-")
	if err != nil {
		return 0, err
	}
	defer os.RemoveAll(dir)
	var file strings.Builder
	file.WriteString("[init]\ngrace = \"20s\"\n")
	third := stopServices / 3
	for i := range stopServices {
		pause := stopSlowest * time.Duration(i%third+1) / time.Duration(third)
		fmt.Fprintf(&file, "[service.s%d]\ncommand = [%q, \"ending\", \"%d\"]\n", i, b.worker, pause.Milliseconds())
		if i >= third {
			fmt.Fprintf(&file, "after = [\"s%d\"]\n", i-third)
		}
	}
	l, err := b.startFile(dir, file.String())
	if err != nil {
		return 0, err
	}
	defer l.destroy()
	if _, err := l.ask("start", stopServices, serviceBound); err != nil {
		return 0, err
	}
	time.Sleep(200 * time.Millisecond)
	at := now()
	l.signal(unix.SIGTERM)
	if !l.wait(serviceBound) {
		return 0, fmt.Errorf("not gone; %s", l.lastWords())
	}
	if status := l.state.ExitCode(); status != 0 {
		return 0, fmt.Errorf("ended with status %d; %s", status, l.lastWords())
	}
	return time.Duration(l.ended - at), nil
}

func (b *bench) startFile(dir, text string) (*life, error) {
	path := filepath.Join(dir, "sexton.toml")
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		return nil, err
	}
	return b.start(spec{argv: []string{b.sexton, "-c", path}, reports: true, bound: serviceBound})
}

// graceLives is how many stops there are: five for each run of one command.
func (b *bench) graceLives() int { return 5 * b.runs }

// measureGrace stops containers whose programs do their worst.
func (b *bench) measureGrace(d *document) error {
	const graces = 3
	late, stalled, wrong, killed := 0, 0, 0, 0
	var spare sample
	dice := rand.New(rand.NewPCG(4711, 1))
	for i := range b.graceLives() {
		if i%100 == 0 {
			progress("stop %d of %d", i, b.graceLives())
		}
		grace := []time.Duration{500 * time.Millisecond, time.Second, 2 * time.Second}[dice.IntN(graces)]
		s, err := b.oneStop(dice, grace)
		if err != nil {
			return err
		}
		spare.add(float64(grace - s.took))
		if s.took > grace {
			late++
			if s.took <= grace+s.stalled {
				stalled++
			}
			progress("stop %d: %v with a grace of %v, while we ourselves were kept from running for %v; %s", i, s.took, grace, s.stalled, s.words)
		}
		if s.status == 137 {
			killed++
		}
		if (s.status == 137) != s.killed {
			wrong++
			progress("stop %d: status %d; %s", i, s.status, s.words)
		}
	}
	t := table{head: []string{"stops", "after their grace", "of these, while this machine stood still", "137 for no reason, or for a reason another status", "something killed", "least time to spare, ms"}}
	t.add(fmt.Sprint(b.graceLives()), fmt.Sprint(late), fmt.Sprint(stalled), fmt.Sprint(wrong), fmt.Sprint(killed), ms(spare.quantile(0)))
	d.table(t)
	d.target(fmt.Sprintf("%d stops under random load: none after its grace", b.graceLives()), fmt.Sprint(late), late == stalled)
	d.target("status 137 where, and only where, something was killed", fmt.Sprint(wrong), wrong == 0)
	return nil
}

// stopped is how one of these lives ended.
type stopped struct {
	took   time.Duration
	status int
	killed bool // by what was said
	words  string

	stalled time.Duration // the longest time for which this program did not get to run meanwhile
}

// oneStop lives one such life.
func (b *bench) oneStop(dice *rand.Rand, grace time.Duration) (s stopped, err error) {
	dir, err := os.MkdirTemp(b.dir, "stop-")
	if err != nil {
		return s, err
	}
	defer os.RemoveAll(dir)
	var file strings.Builder
	fmt.Fprintf(&file, "[init]\ngrace = %q\n", grace)
	if dice.IntN(3) == 0 {
		fmt.Fprintf(&file, "drain = %q\n", grace/3)
	}
	n := 1 + dice.IntN(5)
	for i := range n {
		fmt.Fprintf(&file, "[service.s%d]\ncommand = %q\nbackoff = { first = \"20ms\" }\ngive_up = { starts = 0 }\n", i, programs[dice.IntN(len(programs))])
		if i > 0 && dice.IntN(2) == 0 {
			fmt.Fprintf(&file, "after = [\"s%d\"]\n", dice.IntN(i))
		}
	}
	l, err := b.startFile(dir, file.String())
	if err != nil {
		return s, err
	}
	defer l.destroy()
	if _, err := l.enteredAt(); err != nil {
		return s, err
	}
	time.Sleep(20*time.Millisecond + time.Duration(dice.IntN(300))*time.Millisecond)
	stalled := watchStalls()
	at := now()
	l.signal(unix.SIGTERM)
	defer stalled()
	if !l.wait(serviceBound) {
		return s, fmt.Errorf("not gone; %s", l.lastWords())
	}
	s.stalled = stalled()
	said, _ := os.ReadFile(l.log)
	s.took, s.status, s.words = time.Duration(l.ended-at), l.state.ExitCode(), l.lastWords()
	s.killed = bytes.Contains(said, []byte("summary: had to be killed: "))
	return s, nil
}

// programs are what random lives are made of: polite ones, slow ones, deaf ones,
// crashing ones, and some that keep the machine busy or leave others behind.
var programs = []string{
	"exec sleep 100",
	"exec sleep 100",
	"trap 'sleep 0.1; exit 0' TERM; while :; do sleep 0.05; done",
	"trap 'exit 3' TERM; while :; do sleep 0.02; done",
	"trap '' TERM; while :; do sleep 0.05; done",
	"sleep 0.03; exit 1",
	"while :; do :; done",
	"while :; do echo a line of output that somebody has to carry; done",
	"setsid sleep 50 & sleep 50 & exec sleep 100",
	"for i in 1 2 3 4 5 6 7 8; do (sleep 0.0$i) & done; exec sleep 100",
	"kill -STOP $$; exec sleep 100",
}

// watchStalls looks how long a program that wants to run every millisecond has to
// wait for a processor: what we are kept waiting, so is whom we measure. What
// it returns ends it and tells the longest wait.
func watchStalls() func() time.Duration {
	stop, longest := make(chan struct{}), make(chan time.Duration, 1)
	go func() {
		worst, last := time.Duration(0), time.Now()
		for {
			select {
			case <-stop:
				longest <- worst
				return
			default:
			}
			time.Sleep(time.Millisecond)
			worst = max(worst, time.Since(last)-time.Millisecond)
			last = time.Now()
		}
	}()
	var once sync.Once
	var result time.Duration
	return func() time.Duration {
		once.Do(func() {
			close(stop)
			result = <-longest
		})
		return result
	}
}
