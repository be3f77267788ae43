package machine_test

import (
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"sexton/internal/golden"
	"sexton/internal/picture"
	"sexton/machine"
	"sexton/machine/dialogue"
	"sexton/service"
)

// player is a machine whose events are lines of a dialogue.
type player struct {
	t       *testing.T
	script  dialogue.Script
	machine *machine.Machine
	now     machine.Instant
	exact   bool
	out     strings.Builder
	seen    map[[2]service.State]map[string]bool // transitions, by the event that made them
}

func (p *player) answer(input []string) string {
	p.out.Reset()
	for _, line := range input {
		if err := p.line(line); err != nil {
			p.t.Fatal(err)
		}
	}
	return p.out.String()
}

func (p *player) line(line string) error {
	if line == "exact" { // a trace: time passes by its own lines alone
		p.exact = true
		return nil
	}
	if until, ok := strings.CutPrefix(line, "until "); ok {
		p.begin()
		at, err := time.ParseDuration(until)
		p.tickUntil(at)
		return err
	}
	if line == "outlook" {
		p.begin()
		p.outlook()
		return nil
	}
	if name, ok := strings.CutPrefix(line, "report "); ok {
		p.begin()
		p.report(name)
		return nil
	}
	at, event, err := p.script.Line(line)
	if err != nil || event == nil {
		return err
	}
	p.begin()
	switch {
	case at >= 0 && p.exact:
		p.now = at
	case at >= 0:
		p.tickUntil(at)
	}
	p.step(event)
	return nil
}

// begin makes the machine, once its plan is read.
func (p *player) begin() {
	if p.machine == nil {
		p.machine = machine.New(p.script.Plan, p.script.Seed)
	}
}

// report writes how the service is, and its last runs.
func (p *player) report(name string) {
	r := p.machine.Report()
	fmt.Fprintf(&p.out, "        container ready=%v draining=%v stopping=%v\n", r.Ready, r.Draining, r.Stopping)
	s := r.Find(name)
	fmt.Fprintf(&p.out, "        %s %v run=%d since=%v restarts=%d ready=%v waits=%q last=%q\n",
		name, s.State, s.Run, s.Since, s.Restarts, s.Ready, s.Waits, s.LastExit)
	if s.Seen != "" {
		fmt.Fprintf(&p.out, "        %s seen=%q\n", name, s.Seen)
	}
	for _, e := range p.machine.Records(name) {
		fmt.Fprintf(&p.out, "        run %d pid=%d %v to %v up=%v status=%d %q asked=%q killed=%v\n",
			e.Run, e.PID, e.Started, e.Ended, e.Up, e.Status, e.Exit, e.Asked, e.Killed)
	}
}

// outlook writes what the loop and clients are told of the container as a whole.
func (p *player) outlook() {
	m := p.machine
	by, bounded := m.LeaveBy()
	fmt.Fprintf(&p.out, "        stage=%d unfinished=%q leave-by=%v,%v %+v over=%v status=%d\n",
		m.Stage(), m.Unfinished(), by, bounded, m.Readiness(), m.Over(), m.ExitStatus())
}

// tickUntil lets time pass, every deadline on its way.
func (p *player) tickUntil(at machine.Instant) {
	for {
		next, ok := p.machine.Next()
		if !ok || next > at {
			break
		}
		p.now = max(p.now, next)
		p.step(machine.Ticked{})
	}
	p.now = max(p.now, at)
}

func (p *player) step(event machine.Event) {
	before := p.machine.Report().Services
	for _, action := range p.machine.Step(p.now, event) {
		p.out.WriteString(dialogue.FormatAction(p.now, action) + "\n")
	}
	if err := p.machine.Check(); err != nil {
		p.t.Fatalf("after %s: %v", dialogue.FormatEvent(p.now, event), err)
	}
	after := p.machine.Report()
	for _, was := range before {
		now := after.Find(was.Name)
		if now == nil {
			continue // it was forgotten
		}
		if from, to := was.State, now.State; to != from && p.seen != nil {
			edge := [2]service.State{from, to}
			if p.seen[edge] == nil {
				p.seen[edge] = make(map[string]bool)
			}
			p.seen[edge][strings.TrimPrefix(fmt.Sprintf("%T", event), "machine.")] = true
		}
	}
}

func newPlayer(t *testing.T) *player {
	return &player{t: t, script: dialogue.Script{Seed: 1, Plan: service.Plan{Init: service.Init{Grace: 10 * time.Second, Linger: 2 * time.Second}}}}
}

func TestDialogues(t *testing.T) {
	golden.Dialogues(t, "../testdata/dialogues/*.txt", func(t *testing.T) func([]string) string {
		return newPlayer(t).answer
	})
}

// TestPictureOfTheStates draws every change of state that the dialogues make, with
// the events behind it.
func TestPictureOfTheStates(t *testing.T) {
	seen := make(map[[2]service.State]map[string]bool)
	files, _ := filepath.Glob("../testdata/dialogues/*.txt")
	for _, file := range files {
		p := newPlayer(t)
		p.seen = seen
		for _, line := range inputLines(t, file) {
			if err := p.line(line); err != nil {
				t.Fatal(err)
			}
		}
	}
	var states []string
	var changes []picture.Change
	for from := range service.StateCount {
		states = append(states, from.String())
		for to := range service.StateCount {
			if events := seen[[2]service.State{from, to}]; len(events) > 0 {
				changes = append(changes, picture.Change{From: from.String(), To: to.String(), Events: slices.Sorted(maps.Keys(events))})
			}
		}
	}
	golden.File(t, "../docs/states.svg", picture.States(states, changes))
}

// inputLines are the lines of a dialogue that are no output and no comment.
func inputLines(t *testing.T, file string) []string {
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	var lines []string
	output := false
	for _, line := range strings.Split(string(text), "\n") {
		switch {
		case line == "":
			output = false
		case line == "----":
			output = true
		case !output && !strings.HasPrefix(line, "#"):
			lines = append(lines, line)
		}
	}
	return lines
}
