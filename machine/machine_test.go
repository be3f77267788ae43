package machine

import (
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"runtime"
	"strings"
	"testing"
	"time"

	"sexton/internal/golden"
	"sexton/service"
)

func TestEveryCellIsWritten(t *testing.T) {
	for s := range service.StateCount {
		for e := range kindCount {
			if table[s][e] == nil {
				t.Errorf("%v/%v: write a step, ignore, or broken", s, e)
			}
		}
	}
}

// stepName is the name of the function in a cell.
func stepName(s step) string {
	name := runtime.FuncForPC(reflect.ValueOf(s).Pointer()).Name()
	name = strings.TrimSuffix(name[strings.LastIndex(name, ".")+1:], "-fm")
	if name == "broken" {
		return "-"
	}
	return name
}

func TestTableIsAsTheGoldenFileShowsIt(t *testing.T) {
	var b strings.Builder
	fmt.Fprintf(&b, "%-12s", "")
	for e := range kindCount {
		fmt.Fprintf(&b, " %-16s", e)
	}
	b.WriteString("\n")
	for s := range service.StateCount {
		fmt.Fprintf(&b, "%-12s", s)
		for e := range kindCount {
			fmt.Fprintf(&b, " %-16s", stepName(table[s][e]))
		}
		b.WriteString("\n")
	}
	text := ""
	for _, line := range strings.SplitAfter(b.String(), "\n") {
		text += strings.TrimRight(line, " \n") + "\n"
	}
	golden.File(t, "../testdata/table.golden", strings.TrimRight(text, "\n")+"\n")
}

// player is a machine that is spoken to in lines.
type player struct {
	t       *testing.T
	plan    service.Plan
	seed    uint64
	machine *Machine
	now     Instant
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
	if p.machine == nil {
		if ok, err := ParsePlanLine(line, &p.plan, &p.seed); ok || err != nil {
			return err
		}
		p.machine = New(p.plan, p.seed)
	}
	if until, ok := strings.CutPrefix(line, "until "); ok {
		at, err := time.ParseDuration(until)
		p.tickUntil(at)
		return err
	}
	if name, ok := strings.CutPrefix(line, "report "); ok {
		p.report(name)
		return nil
	}
	at, event, err := ParseEvent(line)
	if err != nil {
		return err
	}
	switch {
	case at >= 0 && p.exact:
		p.now = at
	case at >= 0:
		p.tickUntil(at)
	}
	p.step(event)
	return nil
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

// tickUntil lets time pass, every deadline on its way.
func (p *player) tickUntil(at Instant) {
	for {
		next, ok := p.machine.Next()
		if !ok || next > at {
			break
		}
		p.now = max(p.now, next)
		p.step(Ticked{})
	}
	p.now = max(p.now, at)
}

func (p *player) step(event Event) {
	before := make([]service.State, len(p.machine.units))
	for i := range p.machine.units {
		before[i] = p.machine.units[i].state
	}
	for _, action := range p.machine.Step(p.now, event) {
		p.out.WriteString(FormatAction(p.now, action) + "\n")
	}
	if err := p.machine.Check(); err != nil {
		p.t.Fatalf("after %s: %v", FormatEvent(p.now, event), err)
	}
	for i, from := range before {
		if to := p.machine.units[i].state; to != from && p.seen != nil {
			edge := [2]service.State{from, to}
			if p.seen[edge] == nil {
				p.seen[edge] = make(map[string]bool)
			}
			p.seen[edge][strings.TrimPrefix(fmt.Sprintf("%T", event), "machine.")] = true
		}
	}
}

func newPlayer(t *testing.T) *player {
	return &player{t: t, seed: 1, plan: service.Plan{Init: service.Init{Grace: 10 * time.Second, Linger: 2 * time.Second}}}
}

func TestDialogues(t *testing.T) {
	golden.Dialogues(t, "../testdata/dialogues/*.txt", func(t *testing.T) func([]string) string {
		return newPlayer(t).answer
	})
}

// TestStateDiagramIsWhatDialoguesDo draws every change of state that the
// dialogues make, with the event behind it, so the picture cannot go stale.
func TestStateDiagramIsWhatDialoguesDo(t *testing.T) {
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
	var b strings.Builder
	b.WriteString("// Every change of state that testdata/dialogues makes. Written by go test ./machine -rewrite.\ndigraph states {\n")
	for from := range service.StateCount {
		for to := range service.StateCount {
			events := seen[[2]service.State{from, to}]
			if len(events) == 0 {
				continue
			}
			var names []string
			for _, name := range []string{"Booted", "Started", "StartFailed", "Exited", "Emptied", "Probed", "Signalled", "Asked", "Ticked"} {
				if events[name] {
					names = append(names, name)
				}
			}
			fmt.Fprintf(&b, "\t%q -> %q [label=%q];\n", from, to, strings.Join(names, "\\n"))
		}
	}
	b.WriteString("}\n")
	golden.File(t, "../docs/states.dot", strings.ReplaceAll(b.String(), `\\n`, `\n`))
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
