package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

// idleLook is one init while nothing happens.
type idleLook struct {
	life     *life
	switches int
	cpu      float64 // nanoseconds
	trace    *life   // strace; nil without
	traced   string  // its file
	calls    string  // how many, or a dash
}

// measureIdle counts what each init does in a time in which nothing happens:
// first how often it was put on a CPU, then its system calls under strace.
func measureIdle(b *bench, d *document) error {
	span := 10 * time.Second
	if b.quick {
		span = 3 * time.Second
	}
	inits := b.inits()
	var looks []*idleLook
	err := b.together(inits, []string{"service"}, func(_ string, l *life) error {
		looks = append(looks, &idleLook{life: l, calls: none})
		if len(looks) < len(inits) {
			return nil
		}
		if err := watchSwitches(looks, span); err != nil {
			return err
		}
		return b.watchCalls(looks, span)
	})
	if err != nil {
		return err
	}
	d.say("One idle child, for %v: context switches and CPU time of the init's threads; then, for another %v\n"+
		"under strace -f, its system calls.", span, span)
	t := table{head: []string{"", "switches", "CPU us", "system calls"}}
	for i, init := range inits {
		k := looks[i]
		t.add(init.name, strconv.Itoa(k.switches), us(k.cpu), k.calls)
		if init.name == ourName {
			got := k.calls
			if got == none {
				got = strconv.Itoa(k.switches) + " (switches: no strace)"
			}
			d.target(fmt.Sprintf("no system call in %v of idleness", span), got, strings.HasPrefix(got, "0"))
		}
	}
	d.table(t)
	return nil
}

func watchSwitches(looks []*idleLook, span time.Duration) error {
	for _, turn := range []int{-1, +1} {
		for _, k := range looks {
			n, _, err := switches(k.life.pid)
			if err != nil {
				return err
			}
			cpu, err := cpuOf(k.life.pid)
			if err != nil {
				return err
			}
			k.switches += turn * n
			k.cpu += float64(turn) * cpu
		}
		if turn < 0 {
			time.Sleep(span)
		}
	}
	return nil
}

// watchCalls counts the lines of each strace between two moments that lie within
// its life: attaching interrupts a call, whose restart is not the init's doing.
func (b *bench) watchCalls(looks []*idleLook, span time.Duration) error {
	strace := find("strace")
	if strace == "" {
		return nil
	}
	for i, k := range looks {
		k.traced = filepath.Join(b.fast, fmt.Sprintf("trace-%d", i))
		argv := []string{strace, "-f", "-ttt", "-o", k.traced, "-p", strconv.Itoa(k.life.pid)}
		l, err := b.start(spec{argv: argv, plain: true, bound: span + time.Minute})
		if err != nil {
			return err
		}
		defer l.destroy()
		k.trace = l
	}
	time.Sleep(time.Second)
	from := time.Now()
	time.Sleep(span)
	to := time.Now()
	for _, k := range looks {
		if k.trace.wait(0) {
			continue // it could not attach
		}
		k.trace.signal(unix.SIGINT) // it detaches
		if !k.trace.wait(10 * time.Second) {
			return fmt.Errorf("strace does not end")
		}
		text, err := os.ReadFile(k.traced)
		if err != nil {
			return err
		}
		k.calls = strconv.Itoa(callsBetween(string(text), from, to))
	}
	return nil
}

// callsBetween counts the lines "PID SECONDS.MICROS call(...)" of a trace. Of a
// call that is written in two halves the second, "resumed", counts.
func callsBetween(trace string, from, to time.Time) int {
	n := 0
	for line := range strings.Lines(trace) {
		word := strings.Fields(line)
		if len(word) < 3 {
			continue
		}
		at, err := strconv.ParseFloat(word[1], 64)
		if err != nil {
			continue
		}
		moment := time.UnixMicro(int64(at * 1e6))
		if moment.After(from) && moment.Before(to) && !strings.HasPrefix(word[2], "---") && !strings.Contains(line, "<unfinished") {
			n++
		}
	}
	return n
}
