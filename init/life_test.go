package pid1

import (
	"bytes"
	"context"
	"errors"
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"sexton/internal/simkernel"
	"sexton/machine"
	"sexton/machine/dialogue"
	"sexton/proc"
	"sexton/service"
)

var (
	simSeed  = flag.Uint64("sim.seed", 0, "live this one life, and show it; 0: many")
	simLives = flag.Int("sim.lives", 2000, "how many lives TestLives lives")
)

// life is one invented container, from its plan to its end, by a seed.
type life struct {
	seed       uint64
	dice       *rand.Rand
	plan       service.Plan
	reloads    []planned
	subreaper  bool
	forkFails  float64
	oneCommand bool
	sim        *simkernel.Sim
	pid1       *PID1
	trace      bytes.Buffer
	wrongs     []string
	flushed    bool // the services' output is written
	began      time.Time
	mu         sync.Mutex // for the two below
	asked      bool
	askAt      time.Duration
}

func newLife(seed uint64) *life {
	l := &life{
		seed: seed, dice: rand.New(rand.NewPCG(seed, 77)),
	}
	l.invent()
	return l
}

func (l *life) pick(of ...time.Duration) time.Duration { return of[l.dice.IntN(len(of))] }
func (l *life) chance(p float64) bool                  { return l.dice.Float64() < p }

// live lives it. It must be called in a bubble.
func (l *life) live() {
	l.sim = simkernel.New(l.seed)
	_ = l.sim.Catch()
	l.sim.Subreaper, l.sim.ForkFails, l.sim.Behaves = l.subreaper, l.forkFails, l.behave
	l.sim.Crowd = l.pick(0, 0, 100*time.Millisecond, 10*time.Second)
	l.pid1 = New(Config{
		Plan: l.plan, Owner: &preparing{Fixed: byCommand, life: l}, Kernel: l.sim, Output: l, OpenNotify: l.openNotify, Seed: l.seed, Trace: &l.trace,
		LookAt: func(context.Context, string) (service.FileMark, error) {
			time.Sleep([]time.Duration{0, time.Millisecond, 600 * time.Millisecond}[l.seed%3])
			return service.FileMark{}, []error{nil, errors.New("permission denied")}[l.seed%2]
		},
		Check: func(ctx context.Context, p service.Probe, _ *service.FileMark) error {
			select {
			case <-ctx.Done():
				return errors.New("no answer")
			case <-time.After(10 * time.Millisecond):
				return []error{nil, errors.New("refused")}[l.seed%2]
			}
		},
	})
	send := l.outside() // drawn before the loop draws
	l.reloads = l.inventReloads()
	done := make(chan int)
	over := make(chan struct{})
	l.began = time.Now()
	go func() {
		status := l.pid1.Run()
		close(over)
		done <- status
	}()
	go send(over)
	go l.ask(over)
	go l.reload(over)
	go l.order(over)
	defer time.Sleep(5 * time.Second) // in the bubble: looks that are still on their way come back
	select {
	case status := <-done:
		l.judge(status, time.Since(l.began))
	case <-time.After(time.Hour):
		panic(fmt.Sprintf("seed %d: it never ended:\n%s", l.seed, l.trace.String()))
	}
}

// outside draws what comes from outside: stop signals, and for one command without a grace
// the runtime's KILL.
func (l *life) outside() func(over <-chan struct{}) {
	stopAfter := l.pick(0, time.Millisecond, 700*time.Millisecond, 5*time.Second, 30*time.Second)
	signals := make([]proc.Signal, 1+l.dice.IntN(3))
	pauses := make([]time.Duration, len(signals))
	for i := range signals {
		signals[i] = []proc.Signal{proc.TERM, proc.INT, proc.QUIT}[l.dice.IntN(3)]
		pauses[i] = time.Duration(l.dice.IntN(1000)) * time.Millisecond
	}
	return func(over <-chan struct{}) {
		timer := time.NewTimer(stopAfter)
		for i, sig := range signals {
			select {
			case <-over:
				return
			case <-timer.C:
			}
			l.mu.Lock()
			if !l.asked {
				l.asked, l.askAt = true, time.Since(l.began)
			}
			l.mu.Unlock()
			if !l.sim.Send(proc.Caught{Signal: sig}, over) {
				return
			}
			timer.Reset(pauses[i])
		}
		if l.oneCommand && l.plan.Init.Grace == 0 {
			// Only the runtime kills then: be the runtime.
			select {
			case <-over:
			case <-time.After(10 * time.Second):
				l.sim.SignalAll(proc.KILL)
			}
		}
	}
}

// ask asks the loop again and again, and compares its answers with each other.
func (l *life) ask(over <-chan struct{}) {
	var last service.Answer
	for n := 0; ; n++ {
		select {
		case <-over:
			return
		case <-time.After(time.Duration(l.seed%7+1) * 113 * time.Millisecond):
		}
		ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
		name := l.plan.Services[n%len(l.plan.Services)].Name
		now, err := l.pid1.Look(ctx, name)
		cancel()
		if errors.Is(err, errLeaving) {
			return
		}
		l.mu.Lock()
		switch {
		case err != nil:
			l.wrong("no answer at %v: %v", last.At, err)
		case now.At < last.At || last.Stopping && !now.Stopping || now.Ready && now.Stopping && !(now.Draining && l.plan.Init.Drain.StaysReady):
			l.wrong("%+v came after %+v", now.Report, last.Report)
		case now.Counts.Reaped > now.Counts.Starts:
			l.wrong("more were reaped than started: %+v", now.Counts)
		case !l.oneCommand && now.Find(name) != nil && now.Find(name).Restarts > 0 && !now.Find(name).External && len(now.Records) == 0:
			l.wrong("%s was restarted, and no run of it has ended", name)
		}
		for i, r := range now.Records {
			if r.Exit == "" || r.Ended < r.Started || i > 0 && r.Run <= now.Records[i-1].Run {
				l.wrong("the records of %s: %+v", name, now.Records)
			}
		}
		l.mu.Unlock()
		last = now
	}
}

func (l *life) wrong(format string, args ...any) {
	l.wrongs = append(l.wrongs, fmt.Sprintf(format, args...))
}

// judge compares the end with what is promised.
func (l *life) judge(status int, took time.Duration) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.wrongs = append(l.wrongs, l.sim.Wrongs()...)
	grace := l.plan.Init.Grace
	if by := l.pid1.machine; grace > 0 {
		if at, ok := by.LeaveBy(); ok && took > at {
			l.wrong("it ended %v too late", took-at)
		}
		if l.asked && !l.oneCommand && took > l.askAt+grace+grace/lookShareRunning*time.Duration(1+len(l.reloads)) { // we may have been looking when we were asked, at each reload anew
			l.wrong("asked at %v, it ended at %v: more than the grace of %v", l.askAt, took, grace)
		}
	}
	if l.oneCommand {
		return
	}
	l.wrongs = append(l.wrongs, l.sim.Again()...) // one stop is one signal: no ladder here has one twice
	_, asked, ok := strings.Cut(l.trace.String(), "say info stopping: SIG")
	if !ok || strings.Contains(asked, ", and with it the container") { // that was in the drain: its status counts
		return
	}
	// A service that is killed in the drain is started again: the stop has not begun.
	for _, drained := range []string{"say info drained", "; skipping the rest of the drain", "say info every service has ended"} {
		if _, behind, ok := strings.Cut(asked, drained); ok {
			asked = behind
		}
	}
	// What we said and the status that we leave with must agree.
	want := 0
	lines := strings.SplitAfter(asked, "\n")
	for _, line := range strings.Split(asked, "\n") { // a process that had ended when KILL came was not killed
		if said, ended := strings.CutSuffix(line, ", before SIGKILL reached it"); ended {
			_, said, _ = strings.Cut(said, "say info ")
			name, _, _ := strings.Cut(said, ":")
			lines = slices.DeleteFunc(lines, func(line string) bool {
				return strings.Contains(line, "say warn "+name+": ") && !strings.Contains(line, " is still there; ") && !strings.Contains(line, ": after_stop: ")
			})
		}
	}
	asked = strings.Join(lines, "")
	for _, said := range []string{"; killing it\n", "did not die of SIGKILL in time", "s survived\n"} {
		if said == "s survived\n" { // of what got KILL, not of what got TERM
			_, asked, _ = strings.Cut(asked, " sweep KILL\n")
		}
		if strings.Contains(asked, said) {
			want = 137
		}
	}
	if status != want {
		l.wrong("asked to stop, status %d, not %d", status, want)
	}
}

// Open, Say and Flush make a life its own Output.
func (l *life) Open(spec *service.Spec, _ service.Run, files [3]int) ([3]int, func(proc.PID), error) {
	if l.dice.Float64() < 0.01 {
		return files, nil, syscall.EMFILE
	}
	report := l.pid1.machine.Report()
	needs := spec.Needs
	if spec.Prepare || len(spec.Hooks[service.BeforeStart]) > 0 || spec.Ready.Kind == service.FileProbe { // its start was ordered before its preparation, its before_start, or the look at the file
		needs = nil
	}
	for _, need := range needs {
		if s := report.Find(need).State; !slices.Contains([]service.State{service.Up, service.Done}, s) && !report.Stopping {
			l.wrong("%s starts while %s, which it needs, is %v", spec.Name, need, s)
		}
	}
	if err := l.pid1.machine.Check(); err != nil {
		l.wrong("%v", err)
	}
	return files, func(proc.PID) {}, nil
}

// OpenHook is a part of Output. The last line of a hook may take its time.
func (l *life) OpenHook(*service.Spec, service.Run) (HookOutput, error) {
	if l.dice.Float64() < 0.01 {
		return HookOutput{}, syscall.EMFILE
	}
	wait := l.pick(0, time.Millisecond, 100*time.Millisecond)
	return HookOutput{[3]int{-1, -1, -1}, func(proc.PID) {}, func() string { time.Sleep(wait); return "no" }, l.chance(0.3)}, nil
}

func (l *life) Lack(int) {}

func (l *life) Died(string) {}

func (l *life) Reopen() {}

func (l *life) Resize() {}

func (l *life) Ended(service.Run) {}

func (l *life) Break(string) {}

func (l *life) ClosePipeline(string) {}

// Sum is a part of Output.
func (l *life) Sum(service.Summary) {}

func (l *life) Say(_ machine.Level, _, text string) {
	if strings.HasPrefix(text, "internal error") {
		l.wrong("%s", text)
	}
	if strings.HasPrefix(text, "leaving with status ") && !l.flushed {
		l.wrong("our last words are said before the services' output is written")
	}
	if err := l.pid1.machine.Check(); err != nil {
		l.wrong("%v", err)
	}
}

func (l *life) Flush(_, _ time.Duration, last func()) {
	l.flushed = true
	last()
	if n := l.sim.Zombies(); n > 0 && !l.sim.Subreaper && l.plan.Init.Linger > 0 && l.sim.Alive() == 0 && !strings.Contains(l.trace.String(), "did not die of SIGKILL") { // such a process may die in this very moment
		l.wrong("%d zombies are left at the end", n)
	}
}

// TestLives lives thousands of invented containers, each by its seed, and
// checks after every step and at every end that what is promised holds.
func TestLives(t *testing.T) {
	if *simSeed != 0 {
		l := oneLife(t, *simSeed)
		t.Logf("the life of seed %d:\n%s", *simSeed, l.trace.String())
		return
	}
	start := uint64(1)
	if text := os.Getenv("SIM_START"); text != "" {
		fmt.Sscan(text, &start)
	}
	const parts = 4
	for part := range uint64(parts) {
		t.Run(fmt.Sprint(part), func(t *testing.T) {
			t.Parallel()
			for seed := start + part; seed < start+uint64(*simLives); seed += parts {
				if oneLife(t, seed); t.Failed() {
					return
				}
			}
		})
	}
}

func oneLife(t *testing.T, seed uint64) *life {
	var l *life
	synctest.Test(t, func(t *testing.T) {
		l = newLife(seed)
		l.live()
	})
	if err := replay(l.trace.String()); err != nil && seed%16 == 0 {
		l.wrong("its trace does not replay: %v", err)
	}
	if len(l.wrongs) > 0 {
		t.Errorf("seed %d: %s\nlive it again: go test ./init -run TestLives -sim.seed=%d -v", seed, strings.Join(slices.Compact(l.wrongs), "\n\t"), seed)
	}
	return l
}

// replay feeds a trace to a fresh machine and compares what it orders.
func replay(trace string) error {
	var script dialogue.Script
	var m *machine.Machine
	var want, got []string
	output := false
	for number, line := range strings.Split(trace, "\n") {
		switch {
		case strings.HasPrefix(line, "#") || line == "exact":
		case line == "----":
			output, want = true, nil
		case line == "":
			if output && !slices.Equal(want, got) {
				return fmt.Errorf("line %d: ordered %q instead of %q", number, got, want)
			}
			output = false
		case output:
			if line != "(nothing)" {
				want = append(want, line)
			}
		default:
			at, event, err := script.Line(line)
			if err != nil {
				return err
			}
			if event == nil {
				continue
			}
			if m == nil {
				m = machine.New(script.Plan, script.Seed)
			}
			got = nil
			for _, action := range m.Step(at, event) {
				got = append(got, dialogue.FormatAction(at, action))
			}
		}
	}
	return nil
}
