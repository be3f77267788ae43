package main

import (
	"fmt"
	"math"
	"strconv"
	"time"
)

const stormAtATime = 50

// stormFigures are one init's, with orphans that died before or after their parent.
type stormFigures struct {
	cpu, wall map[string]*sample
	zombies   int // most that were left
}

// measureStorm has a child make orphans and looks what their burial costs.
func measureStorm(b *bench, d *document) error {
	total := 20000
	if b.quick {
		total /= 10
	}
	inits, storms := b.inits(), min(b.boots(), 3)
	all := map[string]*stormFigures{}
	for range storms {
		for _, init := range inits {
			if all[init.name] == nil {
				all[init.name] = &stormFigures{
					cpu:  map[string]*sample{"before": {}, "after": {}},
					wall: map[string]*sample{"before": {}, "after": {}},
				}
			}
			f := all[init.name]
			for when := range f.cpu {
				cpu, wall, zombies, err := b.storm(init, total, when)
				if err != nil {
					return fmt.Errorf("%s: %w", init.name, err)
				}
				f.cpu[when].add(cpu)
				f.wall[when].add(wall)
				f.zombies = max(f.zombies, zombies)
			}
		}
	}
	d.say("%d orphans, %d at a time: the CPU time of the init itself, and the zombies that were left a second after the last death.\n"+
		"Together: they die before their parent, and the init inherits %d zombies at once. One by one: they become orphans first\n"+
		"and then die, so each death wakes the init. Medians of %d storms.", total, stormAtATime, stormAtATime, storms)
	t := table{head: []string{"", "together, CPU ms", "to tini's", "wall s", "one by one, CPU ms", "to tini's", "wall s", "zombies left"}}
	for _, init := range inits {
		f, cells := all[init.name], []string{init.name}
		for _, when := range []string{"before", "after"} {
			cpu := f.cpu[when].median()
			cells = append(cells, ms(cpu), times(cpu/toTini(all, when)), seconds(f.wall[when].median()))
		}
		t.add(append(cells, strconv.Itoa(f.zombies))...)
		if init.name == ourName {
			ratio := f.cpu["before"].median() / toTini(all, "before")
			d.target(fmt.Sprintf("%d orphans: at most 2.5x tini's CPU", total), times(ratio), ratio <= 2.5)
			d.target(fmt.Sprintf("%d orphans: no zombie left", total), strconv.Itoa(f.zombies), f.zombies == 0)
		}
	}
	d.table(t)
	return nil
}

// toTini is what tini took, NaN where it is not installed.
func toTini(all map[string]*stormFigures, when string) float64 {
	if f := all["tini"]; f != nil {
		return f.cpu[when].median()
	}
	return math.NaN()
}

func (b *bench) storm(init initer, total int, when string) (cpu, wall float64, zombies int, err error) {
	argv := init.argv(b.worker, "storm", strconv.Itoa(total), strconv.Itoa(stormAtATime), when)
	l, err := b.start(spec{argv: argv, reports: true, bound: 3 * time.Minute})
	if err != nil {
		return 0, 0, 0, err
	}
	defer l.destroy()
	if _, err = l.ask("start", 1, 10*time.Second); err != nil {
		return 0, 0, 0, err
	}
	before, err := cpuOf(l.pid) // the worker waits meanwhile
	if err != nil {
		return 0, 0, 0, err
	}
	began, err := l.ask("go", 1, 10*time.Second)
	if err != nil {
		return 0, 0, 0, err
	}
	done, err := l.ask("done", 1, 2*time.Minute)
	if err != nil {
		return 0, 0, 0, err
	}
	time.Sleep(time.Second)
	after, err := cpuOf(l.pid)
	if err != nil {
		return 0, 0, 0, err
	}
	members, err := l.members()
	for _, m := range members {
		if m.zombie {
			zombies++
		}
	}
	return after - before, float64(done[0].at - began[0].at), zombies, err
}
