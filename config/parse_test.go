package config

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/hashicorp/go-multierror"

	"sexton/proc"
	"sexton/service"
)

// parse reads a file of one test with nothing around it.
func parse(text string) (service.Plan, []string, error) {
	return Parse("service.toml", []byte(text), ambient, Options{})
}

func TestTypoInNeedsNamesTheNearestService(t *testing.T) {
	_, _, err := parse("[service.web]\ncommand=['w']\nneeds=['cahce']\n[service.cache]\ncommand=['c']\n")
	if err == nil || !strings.Contains(err.Error(), `did you mean "cache"?`) {
		t.Errorf("got %v", err)
	}
}

func TestEveryMistakeCanBeTakenFromTheError(t *testing.T) {
	_, _, err := parse("[service.web]\ncommand=5\nstop=[]\n")
	var first *Mistake
	if !errors.As(err, &first) {
		t.Fatalf("%v has no Mistake", err)
	}
	want := Mistake{File: "service.toml", Line: 2, Column: 9, Length: 1, Service: "web", Key: "command", Value: "5",
		Text: first.Text, Mend: first.Mend, Source: "command=5"}
	if *first != want {
		t.Errorf("got %+v", *first)
	}
	if n := len(err.(*multierror.Error).Errors); n != 2 {
		t.Errorf("%d mistakes", n)
	}
}

func TestPlanSharesNothingWithItsArguments(t *testing.T) {
	text := []byte("[service.web]\ncommand=['w']\nenv={A='1'}\n")
	environ, argv := []string{"A=0", "B=0"}, []string{"sh"}
	plan, _, err := Parse("f", text, environ, Options{Command: argv})
	if err != nil {
		t.Fatal(err)
	}
	for i := range text {
		text[i] = 'x'
	}
	environ[1], argv[0] = "B=1", "x"
	web, main := plan.Services[0], plan.Services[1]
	web.Env[0] = "A=2"
	if web.Command[0] != "w" || web.Env[1] != "B=0" || main.Command[0] != "sh" || main.Env[0] != "A=0" {
		t.Errorf("got %+v", plan.Services)
	}
}

func TestFileOfTheLargestSizeIsRead(t *testing.T) {
	text := "[service.web]\ncommand='w'\n#"
	text += strings.Repeat("x", MaxBytes-len(text))
	if _, _, err := parse(text); err != nil {
		t.Errorf("%v", err)
	}
}

// Nothing in a file may make us slow: it may be read by PID 1 on a reload. Each
// of these takes a second or less; a step that is quadratic in the size runs
// into the bound that go test has.
func TestLargeFilesAreReadInGoodTime(t *testing.T) {
	pattern := func(text string) string { return strings.Repeat(text, (1<<20-100)/len(text)) }
	for name, text := range map[string]string{
		"one line of unknown keys":   "[service.web]\ncommand='w'\nready={" + numberedKeys(60000) + "file='/x'}",
		"one name of a megabyte":     "[service.web]\ncommand='w'\nneeds=['" + pattern("x") + "']",
		"one key of a megabyte":      "[service.web]\ncommand='w'\n" + pattern("x") + "=1",
		"names of nobody":            "[service.web]\ncommand='w'\nneeds=[" + pattern("'x',") + "]",
		"defaults inside each other": "[service.web]\ncommand='w'\nenv.A='" + pattern("${A:-") + "'",
		"variables":                  "[service.web]\ncommand='w'\nenv.A='" + pattern("$A") + "$'",
		"quotes":                     pattern(`"`),
		"brackets":                   pattern("[]"),
		"open tables":                pattern("{"),
		"services":                   manyServices(pattern),
		"blanks and a byte":          pattern(" ") + "x",
	} {
		t.Run(name, func(t *testing.T) {
			_, _, err := parse(text)
			if err == nil {
				t.Fatal("accepted")
			}
			Render(err, false)
		})
	}
}

// manyServices all need a name that nobody has.
func manyServices(pattern func(string) string) string {
	n := 0
	return replaceEach(pattern("[service.NNNNN]\ncommand='x'\nneeds=['y']\n"), "NNNNN", func() string {
		n++
		return fmt.Sprintf("%05d", n)
	})
}

func replaceEach(text, old string, with func() string) string {
	var b strings.Builder
	for i, part := range strings.Split(text, old) {
		if i > 0 {
			b.WriteString(with())
		}
		b.WriteString(part)
	}
	return b.String()
}

func numberedKeys(n int) string { return strings.ReplaceAll(numbered(n), "\n", ",") }

func TestChainOfManyServicesIsRead(t *testing.T) {
	var b strings.Builder
	name := func(i int) string {
		return "s" + strings.Repeat("0", i%3) + string(rune('a'+i%26)) + strings.Repeat("1", i/26)
	}
	for i := range 300 {
		b.WriteString("[service." + name(i) + "]\ncommand='x'\n")
		if i > 0 {
			b.WriteString("needs=['" + name(i-1) + "']\n")
		}
	}
	plan, _, err := parse(b.String())
	if err != nil || len(plan.Services) != 300 {
		t.Fatalf("%d services, %v", len(plan.Services), err)
	}
}

func TestCyclesApartFromEachOtherAreAllReported(t *testing.T) {
	_, _, err := parse(`
		[service]
		a = { command = "x", needs = ["b"] }
		b = { command = "x", needs = ["a"] }
		c = { command = "x", wants = ["d"] }
		d = { command = "x", after = ["e"] }
		e = { command = "x", needs = ["c"] }
		f = { command = "x", needs = ["a"] }
	`)
	for _, path := range []string{"a -> b -> a", "c -> d -> e -> c"} {
		if err == nil || !strings.Contains(err.Error(), path) {
			t.Errorf("no %s in %v", path, err)
		}
	}
	if n := len(err.(*multierror.Error).Errors); n != 2 {
		t.Errorf("%d mistakes", n)
	}
}

// The example of each key is a promise to whoever copies it.
func TestEveryExampleIsItselfRight(t *testing.T) {
	others := "\n[service]\n" + `db.command="x"` + "\n" + `migrate.command="x"` + "\n" + `cache.command="x"` + "\n"
	try := func(table string, rows []string) {
		for _, example := range rows {
			text := table + example + others
			if table == "[service.web]\n" && !strings.HasPrefix(example, "command") {
				text = "[service.web]\ncommand = 'x'\n" + example + others
			}
			if strings.HasPrefix(example, "external") {
				text = table + example + "\nready = { tcp = 'db:5432' }" + others
			}
			if _, _, err := parse("init.grace='1m'\n" + text); err != nil {
				t.Errorf("%s: %v", example, err)
			}
		}
	}
	var examples []string
	for _, row := range serviceRows() {
		if row.read != nil {
			examples = append(examples, row.example)
		}
	}
	try("[service.web]\n", examples)
	for _, row := range readyRows() {
		example := row.example
		if row.read == nil {
			continue
		}
		if row.name == "every" || row.name == "timeout" || row.name == "within" {
			example += "\nfile = '/x'"
		}
		try("[service.web]\ncommand='x'\n[service.web.ready]\n", []string{example})
	}
	for _, row := range initRows() {
		if row.read == nil {
			continue
		}
		if _, _, err := parse("[init]\n" + row.example + "\n[service.web]\ncommand='x'"); err != nil {
			t.Errorf("%s: %v", row.example, err)
		}
	}
}

func TestEachKeyHasOneRowAndNoOtherKeysAlias(t *testing.T) {
	var names, others []string
	for _, row := range serviceRows() {
		names = append(names, row.name)
		others = append(others, strings.Fields(row.others)...)
		if row.read != nil && (row.expects == "" || row.example == "") {
			t.Errorf("%s does not say what it expects", row.name)
		}
	}
	all := append(slices.Clone(names), others...)
	slices.Sort(all)
	if n := len(slices.Compact(slices.Clone(all))); n != len(all) {
		t.Errorf("a name stands twice in %q", all)
	}
}

func TestGraceThatALadderNeedsIsEnough(t *testing.T) {
	for _, total := range []time.Duration{time.Millisecond, 90 * time.Millisecond, 449 * time.Millisecond, 450 * time.Millisecond, 451 * time.Millisecond,
		time.Second, 1349 * time.Millisecond, 1350 * time.Millisecond, 1351 * time.Millisecond, 2 * time.Second, 5 * time.Second, 8999 * time.Millisecond,
		9 * time.Second, 9001 * time.Millisecond, 9999 * time.Millisecond, 10 * time.Second, time.Hour} {
		d := &draft{}
		_, quoted, _ := strings.Cut(d.longer(total), `grace = "`)
		text, _, _ := strings.Cut(quoted, `"`)
		grace, err := time.ParseDuration(text)
		if err != nil || grace-service.Reserve(grace) < total {
			t.Errorf("%v for a ladder of %v: %v", grace, total, err)
		}
		if less := grace - leastGrace; less-service.Reserve(less) >= total {
			t.Errorf("%v would do for a ladder of %v, not only %v", less, total, grace)
		}
	}
}

func TestCaretsStandUnderWhatTheyMean(t *testing.T) {
	for _, c := range []struct {
		source         string
		column, length int
		shown          string
		pad, carets    int
	}{
		{"abc", 2, 1, "abc", 1, 1},
		{"abc", 4, 1, "abc", 3, 1},
		{"\tabc", 2, 3, "    abc", 4, 3},
		{"a\tbc", 3, 2, "a   bc", 4, 2},
		{"a\tb\tc", 3, 3, "a   b   c", 4, 5},
		{"漢字 x", 4, 1, "漢字 x", 5, 1},
		{"漢字 x", 1, 2, "漢字 x", 0, 4},
		{"漢字 x", 2, 1, "漢字 x", 2, 2},
		{"e\u0301x", 3, 1, "e\u0301x", 1, 1},
		{"\x1b[31mx", 6, 1, "\ufffd[31mx", 5, 1},
		{"\xffx", 2, 1, "\ufffdx", 1, 1},
		{"", 1, 1, "", 0, 1},
		{strings.Repeat("x", 120), 120, 1, strings.Repeat("x", 120), 119, 1},
		{strings.Repeat("x", 121), 1, 121, strings.Repeat("x", 120) + "...", 0, 120},
		{strings.Repeat("x", 200), 200, 1, "..." + strings.Repeat("x", 41), 43, 1},
		{strings.Repeat("x", 1000), 500, 10, "..." + strings.Repeat("x", 120) + "...", 43, 10},
	} {
		m := &Mistake{Line: 1, Column: c.column, Length: c.length, Source: c.source}
		if shown, pad, carets := m.picture(); shown != c.shown || pad != c.pad || carets != c.carets {
			t.Errorf("%q %d+%d: got %q, %d, %d", c.source, c.column, c.length, shown, pad, carets)
		}
	}
}

func TestRenderOfOtherErrorsIsTheirText(t *testing.T) {
	if got := Render(errors.New("open x: no such file"), true); got != "open x: no such file\n" {
		t.Errorf("got %q", got)
	}
	if got := Render(nil, true); got != "" {
		t.Errorf("got %q", got)
	}
}

func TestColourChangesNoWord(t *testing.T) {
	_, _, err := parse("[service.web]\ncommand=5\n")
	coloured := Render(err, true)
	if !strings.Contains(coloured, "\x1b[") {
		t.Error("no colour")
	}
	for _, code := range []string{bold, red, "\x1b[0m"} {
		coloured = strings.ReplaceAll(coloured, code, "")
	}
	if coloured != Render(err, false) {
		t.Errorf("got %q", coloured)
	}
}

func TestDurationsAreWrittenWithoutIdleUnits(t *testing.T) {
	for d, want := range map[time.Duration]string{
		0: "0s", time.Minute: "1m", time.Hour: "1h", 90 * time.Minute: "1h30m", 100 * time.Second: "1m40s",
		10 * time.Second: "10s", time.Hour + time.Second: "1h0m1s", 20 * time.Minute: "20m", 10 * time.Hour: "10h",
	} {
		if got := brief(d); got != want {
			t.Errorf("%v is written %s", d, got)
		}
	}
}

func TestOneCommandIsNeverRestartedAndNeverKilled(t *testing.T) {
	argv, environ := []string{"sleep", "5"}, []string{"A=1", "odd"}
	plan := OneCommand(argv, environ)
	if in := plan.Init; in.Main != "sleep" || in.ExitCodeFrom != "sleep" || !in.Heir || !in.Lean || in.Grace != 0 || in.Linger != 2*time.Second || in.Rules != nil {
		t.Errorf("init %+v", in)
	}
	s := plan.Services[0]
	if len(plan.Services) != 1 || s.Name != "sleep" || &s.Command[0] != &argv[0] || &s.Env[0] != &environ[0] || !s.TTY ||
		s.Restart != service.Never || s.ShutdownOn != service.AnyExit || !reflect.DeepEqual(s.Settings, proc.Settings{}) || !slices.Equal(s.OKCodes, []int{0}) ||
		!slices.Equal(s.Stop, []service.Rung{{Signal: proc.TERM}, {Signal: proc.KILL}}) {
		t.Errorf("got %+v", s)
	}
}

func TestOneCommandAllocatesNoMoreThanItsPlan(t *testing.T) {
	argv := []string{"true"}
	var plan service.Plan
	if n := testing.AllocsPerRun(100, func() { plan = OneCommand(argv, nil) }); n > 3 {
		t.Errorf("%v allocations for %v", n, plan.Init.Main)
	}
}

// A probe connects to what stands in the file: an address with a zone, or without brackets, is not one.
func TestIPv6AddressesAreKnown(t *testing.T) {
	for s, want := range map[string]bool{"::1": true, "::ffff:1.2.3.4": true, "fe80::A:b": true, "": false, "1.2.3.4": false, "fe80::1%eth0": false, "::1.2.3": false} {
		if isIPv6(s) != want {
			t.Errorf("%q: %v", s, !want)
		}
	}
}

func BenchmarkParse(b *testing.B) {
	text, err := os.ReadFile(filepath.Join(testdata, "good", "product.toml"))
	if err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		if _, _, err := Parse("f", text, append(ambient, "HOST=x"), Options{}); err != nil {
			b.Fatal(err)
		}
	}
}
