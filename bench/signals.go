package main

import (
	"fmt"
	"math/rand/v2"
	"runtime"
	"time"

	"golang.org/x/sys/unix"
)

// measureSignals sends USR1 to each init from outside, and has the child say
// when it came: on whatever CPUs the kernel chooses, and all on one, where no
// time goes into waking another CPU and only the inits' own work is left.
func measureSignals(b *bench, d *document) error {
	anywhere, err := b.signals()
	if err != nil {
		return err
	}
	unpin, err := pin(runtime.NumCPU() - 1)
	if err != nil {
		return err
	}
	onOne, err := b.signals()
	unpin()
	if err != nil {
		return err
	}

	inits := b.initers()
	d.say("From just before kill(2), outside, until the child gets the signal from sigwaitinfo(2); %d signals each, %d in a row,\n"+
		"50 to 350 us apart. The first row is a child that is PID 1 itself; \"added\" is the median minus that of the first row.\n"+
		"On any CPU; and with sender, init and child on one CPU (a Go program then runs with GOMAXPROCS=1). Microseconds.",
		len(onOne[0].latency)+onOne[0].lost, volleySize)
	t := table{head: []string{"", "any CPU: median", "99 %", "added", "to tini's", "one CPU: median", "99 %", "added", "median to tini's", "lost"}}
	var tini [2]float64
	for i, init := range inits {
		cells := []string{init.name}
		for k, s := range [2]signalFigures{anywhere[i], onOne[i]} {
			floor := [2]signalFigures{anywhere[0], onOne[0]}[k].latency.median()
			median := s.latency.median()
			if init.name == "tini" {
				tini[k] = median
			}
			ratio := none
			if tini[k] > 0 {
				ratio = times(median / tini[k])
			}
			cells = append(cells, us(median), us(s.latency.quantile(0.99)), us(median-floor), ratio)
			if init.name == ourName {
				d.target("signal latency, "+[2]string{"any CPU", "one CPU"}[k]+": at most 3x tini's median (ideally 1.5x)",
					ratio, median <= 3*tini[k])
			}
		}
		t.add(append(cells, fmt.Sprint(anywhere[i].lost+onOne[i].lost))...)
	}
	d.table(t)
	return nil
}

// volleySize is how many signals an init gets in its turn: enough that most find
// it in the caches, whoever was there before.
const volleySize = 50

// signalFigures are one init's.
type signalFigures struct {
	latency sample
	lost    int
}

// signals has all inits live at the same time and sends each, in turns, ten
// times as many signals as there are runs.
func (b *bench) signals() ([]signalFigures, error) {
	inits := b.initers()
	figures := make([]signalFigures, len(inits))
	var lives []*life
	err := b.together(inits, []string{"stamp"}, func(_ string, l *life) error {
		if lives = append(lives, l); len(lives) < len(inits) {
			return nil
		}
		for range max(1, 10*b.runs/volleySize) {
			for i, l := range lives {
				for range volleySize {
					l.signalOnce(&figures[i])
				}
			}
		}
		return nil
	})
	return figures, err
}

// signalOnce sends one signal after a while.
func (l *life) signalOnce(f *signalFigures) {
	time.Sleep(50*time.Microsecond + rand.N(300*time.Microsecond))
	sent := now()
	if unix.Kill(l.pid, unix.SIGUSR1) != nil {
		f.lost++
		return
	}
	got, ok := l.receipt(sent)
	if !ok {
		f.lost++
		return
	}
	f.latency.addSince(sent, got)
}

// receipt waits at most a second for the report of a signal that was sent at
// that moment. Reports of earlier ones, given up for lost, are dropped.
func (l *life) receipt(sent int64) (at int64, ok bool) {
	for time.Duration(now()-sent) < time.Second {
		l.reports.poll()
		got, others := l.reports.of("got", 1)
		if l.reports.kept = others; len(got) > 0 && got[0].at >= sent {
			return got[0].at, true
		}
		if len(got) == 0 {
			time.Sleep(50 * time.Microsecond)
		}
	}
	return 0, false
}

// pin keeps this thread, and the processes that it starts, on one CPU.
func pin(cpu int) (unpin func(), err error) {
	var before, one unix.CPUSet
	if err := unix.SchedGetaffinity(0, &before); err != nil {
		return nil, err
	}
	for cpu >= 0 && !before.IsSet(cpu) {
		cpu-- // in a container with some of the machine's CPUs
	}
	one.Set(max(cpu, 0))
	err = unix.SchedSetaffinity(0, &one)
	return func() { unix.SchedSetaffinity(0, &before) }, err
}
