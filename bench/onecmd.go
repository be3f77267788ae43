package main

import (
	"fmt"
	"slices"
	"time"
)

// measureStart takes the time from just before the init's exec to its end, the
// command being true(1), and subtracts what true alone takes in the same box.
func measureStart(b *bench, d *document) error {
	inits := b.initers()
	if floor := b.floor(); floor != "" {
		inits = slices.Insert(inits, len(inits)-b.ours(), initer{"(Go: fork, exec, wait)", []string{floor}})
	}
	boxed, plain := make([]sample, len(inits)), make([]sample, len(inits))
	for range b.runs {
		for i, init := range inits {
			if b.noBox == nil {
				if err := b.oneCommand(init, false, &boxed[i]); err != nil {
					return err
				}
			}
			if err := b.oneCommand(init, true, &plain[i]); err != nil {
				return err
			}
		}
	}
	d.say("`INIT -- true`, from just before the exec of the init to its end. The overhead is the median minus that of\n"+
		"`true` itself in the same place. As PID 1 and as an ordinary child. Medians of %d runs, in milliseconds. The row\n"+
		"in Go is the smallest possible init in Go, which catches no signal: no init in Go can be faster.", b.runs)
	t := table{head: []string{"", "as PID 1", "overhead", "to tini's", "as a child", "overhead", "to tini's"}}
	var tini, tiniPlain float64
	for i, init := range inits {
		over, overPlain := boxed[i].median()-boxed[0].median(), plain[i].median()-plain[0].median()
		if init.name == "tini" {
			tini, tiniPlain = over, overPlain
		}
		if i == 0 {
			t.add(init.name, ms(boxed[i].median()), none, none, ms(plain[i].median()), none, none)
			continue
		}
		t.add(init.name, ms(boxed[i].median()), ms(over), times(over/tini),
			ms(plain[i].median()), ms(overPlain), times(overPlain/tiniPlain))
		if init.name == ourName && b.noBox == nil {
			d.target("start-up overhead of one command at most 2.5x tini's (first: 3x)", times(over/tini), over <= 2.5*tini)
		}
	}
	d.table(t)
	return nil
}

func (b *bench) oneCommand(init initer, plain bool, times *sample) error {
	l, err := b.start(spec{argv: init.argv(trueProgram()), plain: plain, quiet: true, bound: 10 * time.Second})
	if err != nil {
		return err
	}
	defer l.destroy()
	<-l.over
	entered, err := l.enteredAt()
	if err != nil {
		return fmt.Errorf("%s: %w", init.name, err)
	}
	if !l.state.Success() {
		return fmt.Errorf("%s -- true: %v", init.name, l.state)
	}
	times.addSince(entered, l.ended)
	return nil
}

// measureMemory reads the memory of each init a second after its child began.
func measureMemory(b *bench, d *document) error {
	d.say("One idle child, a second after its start; medians of %d starts. PSS counts a page that several processes\n"+
		"map by their share: the libc of a dynamic program costs little while other programs use it.", b.boots())
	t := table{head: []string{"", "RSS KB", "PSS KB", "anonymous KB", "threads"}}
	type figures struct{ rss, pss, anonymous, threads sample }
	all := map[string]*figures{}
	for range b.boots() {
		err := b.together(b.inits(), []string{"service"}, func(name string, l *life) error {
			m, err := memoryOf(l.pid)
			if err != nil {
				return err
			}
			_, threads, err := switches(l.pid)
			if all[name] == nil {
				all[name] = &figures{}
			}
			f := all[name]
			f.rss.add(m.rss)
			f.pss.add(m.pss)
			f.anonymous.add(m.anonymous)
			f.threads.add(float64(threads))
			return err
		})
		if err != nil {
			return err
		}
	}
	for _, init := range b.inits() {
		f := all[init.name]
		t.add(init.name, kb(f.rss.median()), kb(f.pss.median()), kb(f.anonymous.median()), figure(f.threads.median(), 0))
		if init.name == ourName {
			d.target("RSS with one command at most 3 MB (first: 4 MB)", kb(f.rss.median())+" KB", f.rss.median() <= 3<<20)
		}
	}
	d.table(t)
	return nil
}

// together starts the worker's verb under all inits, waits until all of them
// have been idle for a second, and calls look for each.
func (b *bench) together(inits []initer, verb []string, look func(name string, l *life) error) error {
	lives := make([]*life, 0, len(inits))
	for _, init := range inits {
		argv := init.argv(append([]string{b.worker}, verb...)...)
		l, err := b.start(spec{argv: argv, reports: true, bound: 10 * time.Minute})
		if err != nil {
			return err
		}
		defer l.destroy()
		if _, err := l.ask("start", 1, 10*time.Second); err != nil {
			return fmt.Errorf("%s: %w", init.name, err)
		}
		lives = append(lives, l)
	}
	time.Sleep(time.Second)
	for i, init := range inits {
		if err := look(init.name, lives[i]); err != nil {
			return fmt.Errorf("%s: %w", init.name, err)
		}
	}
	return nil
}
