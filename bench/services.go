package main

import (
	"errors"
	"fmt"
	"math"
	"os"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

const (
	serviceBound = time.Minute     // for the boot, a respawn or the stop
	settle       = 2 * time.Second // after the boot: Supervisor calls a service running after one
	victims      = 3               // services that are killed in each life
)

// tally is what the lives of one supervisor with one number of services gave.
type tally struct {
	boot, cpu, pss, respawn, stop sample
	processes                     int    // the supervisor's own
	status                        string // its exit status after the stop
	failed                        string // why it is measured no more
}

// measureServices boots each supervisor with more and more services.
func measureServices(b *bench, d *document) error {
	b.describeServices(d)
	counts := []int{10, 100, 1000}
	if b.quick {
		counts = counts[:2]
	}
	for _, n := range counts {
		var unit sample
		all := map[string]*tally{}
		for range b.bootsOf(n) {
			if err := b.timeSpawn(&unit); err != nil {
				return err
			}
			for _, s := range b.supervisors() {
				if all[s.name] == nil {
					all[s.name] = &tally{}
				}
				t := all[s.name]
				if t.failed != "" {
					continue
				}
				progress("%s with %d services", s.name, n)
				if err := b.oneLife(s, n, t); err != nil {
					t.failed = b.clean(err.Error())
					progress("%s: %s", s.name, t.failed)
				}
			}
		}
		b.writeServices(d, n, all, unit.median())
	}
	return nil
}

// bootsOf takes fewer lives of many services, which vary less.
func (b *bench) bootsOf(n int) int {
	if n >= 1000 {
		return max(1, b.boots()*3/5)
	}
	return b.boots()
}

func (b *bench) describeServices(d *document) {
	d.say("Each service reports its start, idles, and ends at TERM at once. Boot: from the exec of the supervisor to the last report.\n"+
		"PSS and CPU: all processes in the box that are not services, %v after the boot. Respawn: from `kill -9` of a service that\n"+
		"has run that long to the report of its successor. Stop: from the signal to the end of PID 1. Medians, all in one run, one after the other.", settle)
	d.say("No supervisor uses a shell to execute the commands. s6-svscan gets `-c` for more than 500 services; HUP\n" +
		"stops runsvdir, which then ends without waiting for its services; sexton has `backoff = { first = \"10ms\" }`\n" +
		"instead of 500ms, dinit has `restart-delay = 0` instead of 0.2 s, s6 waits its fixed second between two starts. dinit and\n" +
		"nitro do not carry the output of services; \"sexton, inherit\" does not either. The bench measures those that are in PATH.")
}

// timeSpawn adds fork+exec+exit+wait of true(1), which shows how fast and how busy the
// machine was.
func (b *bench) timeSpawn(unit *sample) error {
	text, err := b.output([]string{b.worker, "spawn", "60", trueProgram()})
	for _, line := range strings.Fields(text) {
		ns, err := strconv.ParseFloat(line, 64)
		if err != nil {
			return fmt.Errorf("worker spawn: %w", err)
		}
		unit.add(ns)
	}
	return err
}

// oneLife boots s with n services, looks, kills some, stops it.
func (b *bench) oneLife(s supervisor, n int, t *tally) error {
	dir, err := os.MkdirTemp(b.dir, "services-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	argv, err := s.configure(b, dir, n)
	if err != nil {
		return err
	}
	l, err := b.start(spec{argv: argv, reports: true, bound: 4 * serviceBound})
	if err != nil {
		return err
	}
	defer l.destroy()
	entered, err := l.enteredAt()
	if err != nil {
		return err
	}
	reports, err := l.ask("start", n, serviceBound)
	if err != nil {
		return err
	}
	last, services := int64(0), map[int]bool{}
	for _, r := range reports {
		last = max(last, r.at)
		services[r.pid] = true
	}
	t.boot.addSince(entered, last)
	time.Sleep(settle)
	hosts, err := t.look(l, services)
	if err != nil {
		return err
	}
	for v := range victims {
		if err := t.killed(l, hosts[reports[v*(n-1)/(victims-1)].pid]); err != nil {
			return err
		}
	}
	return t.stopped(l, s.stop)
}

// killed kills a service, by its PID as we see it, and awaits its successor.
func (t *tally) killed(l *life, victim int) error {
	if victim <= 0 {
		return errors.New("a service had ended by itself")
	}
	at := now()
	if err := unix.Kill(victim, unix.SIGKILL); err != nil {
		return fmt.Errorf("a service had ended by itself: %w", err)
	}
	next, err := l.ask("start", 1, serviceBound)
	if err != nil {
		return fmt.Errorf("respawn: %w", err)
	}
	t.respawn.addSince(at, next[0].at)
	return nil
}

// stopped stops the supervisor and awaits the end of PID 1.
func (t *tally) stopped(l *life, sig unix.Signal) error {
	at := now()
	l.signal(sig)
	if !l.wait(serviceBound) {
		return fmt.Errorf("not gone %v after its stop signal; %s", serviceBound, l.lastWords())
	}
	t.stop.addSince(at, l.ended)
	t.status = strconv.Itoa(l.state.ExitCode())
	if l.state.ExitCode() < 0 {
		t.status = l.state.String()
	}
	return nil
}

// look notes the memory of the supervisor's own processes. It returns the PID,
// as we see it, of each service.
func (t *tally) look(l *life, services map[int]bool) (map[int]int, error) {
	members, err := l.members()
	if err != nil {
		return nil, err
	}
	hosts := map[int]int{}
	var own []int
	for _, m := range members {
		if services[m.inside] {
			hosts[m.inside] = m.pid
		} else {
			own = append(own, m.pid)
		}
	}
	t.processes = len(own)
	spent := 0.0
	for _, pid := range own {
		cpu, err := cpuOf(pid)
		if err != nil {
			return nil, err
		}
		spent += cpu
	}
	t.cpu.add(spent)
	mem, err := memoryOf(own...)
	t.pss.add(mem.pss)
	return hosts, err
}

func (b *bench) writeServices(d *document, n int, all map[string]*tally, unit float64) {
	d.say("### %d services", n)
	d.say("Lives: %d. Meanwhile, a fork+exec of `true` took %s ms.", b.bootsOf(n), ms(unit))
	t := table{head: []string{"", "boot ms", "least", "CPU ms", "PSS KB", "most", "processes", "respawn ms", "stop ms", "least", "status"}}
	var failures []string
	for _, s := range b.supervisors() {
		f := all[s.name]
		if f.failed != "" {
			failures = append(failures, fmt.Sprintf("%s with %d services: %s.", s.name, n, f.failed))
		}
		t.add(s.name, ms(f.boot.median()), ms(f.boot.least()), ms(f.cpu.median()), kb(f.pss.median()), kb(f.pss.most()),
			strconv.Itoa(f.processes), ms(f.respawn.median()), ms(f.stop.median()), ms(f.stop.least()), f.status)
	}
	d.table(t)
	for _, f := range failures {
		d.say("%s", f)
	}
	b.serviceRatios(d, n, all)
	us, dinit := all[ourName], all["dinit"]
	if us == nil || n < 100 {
		return
	}
	boot, stop := math.NaN(), math.NaN()
	if dinit != nil {
		boot, stop = us.boot.median()/dinit.boot.median(), us.stop.median()/dinit.stop.median()
	}
	d.target(fmt.Sprintf("%d services: boot at most dinit's", n), times(boot), boot <= 1)
	d.target(fmt.Sprintf("%d services: stop at most dinit's", n), times(stop), stop <= 1)
	most := map[int]float64{100: 3.5, 1000: 8}[n] * (1 << 20)
	d.target(fmt.Sprintf("%d services: PSS at most %s KB in every life", n, kb(most)), kb(us.pss.most())+" KB", us.pss.most() <= most)
}

// serviceRatios adds what the others take for each unit that sexton takes.
func (b *bench) serviceRatios(d *document, n int, all map[string]*tally) {
	us := all[ourName]
	if us == nil || len(us.stop) == 0 {
		return
	}
	t := table{head: []string{"times sexton's", "boot", "PSS", "respawn", "stop"}}
	for _, s := range b.supervisors() {
		if f := all[s.name]; f != us {
			t.add(s.name, times(f.boot.median()/us.boot.median()), times(f.pss.median()/us.pss.median()),
				times(f.respawn.median()/us.respawn.median()), times(f.stop.median()/us.stop.median()))
		}
	}
	d.table(t)
}
