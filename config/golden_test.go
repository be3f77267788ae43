package config

import (
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/BurntSushi/toml"
	"github.com/hashicorp/go-multierror"

	"sexton/service"
)

var rewrite = flag.Bool("rewrite", false, "write what is seen into the golden files")

const testdata = "../testdata/config"

// golden compares text with a file, or writes it there.
func golden(t *testing.T, path, text string) {
	t.Helper()
	if *rewrite {
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatalf("%v; go test ./config -rewrite writes it", err)
	}
	if text != string(want) {
		t.Errorf("%s differs\n--- seen\n%s--- wanted\n%s", path, text, want)
	}
}

// ambient is what the tests' containers are started with.
var ambient = []string{"PATH=/usr/bin:/bin", "HOME=/root"}

// directives are what a file's comments say of its surroundings: "#! environ
// NAME=VALUE" adds to the environment, "#! command WORDS" gives a command, "#! run" and "#! run on a
// terminal" start the services, "#! 4 CPUs and 64 MiB" limits them, "#! nobody is known" knows no users, "#! no zones" knows UTC
// alone, "#! we are NUMBER" is
// sexton's own user, and "#! without NAMES" lists programs that the image
// does not have.
func directives(text string) (environ []string, options Options) {
	environ = append(environ, ambient...)
	for line := range strings.Lines(text) {
		line = strings.TrimSpace(line)
		if entry, ok := strings.CutPrefix(line, "#! environ "); ok {
			environ = append(environ, entry)
		}
		if line == "#! run" || line == "#! run on a terminal" {
			options.Running, options.Terminal = true, line != "#! run"
		}
		if line == "#! 4 CPUs and 64 MiB" {
			options.Limits = func() (int, int64) { return 4, 64 << 20 }
		}
		if line == "#! nobody is known" {
			options.User = func(name string) error { return fmt.Errorf("user %q is not in /etc/passwd; add it", name) }
			options.Group = func(name string) error { return fmt.Errorf("group %q is not in /etc/group; add it", name) }
		}
		if line == "#! no zones" {
			options.Zone = onlyUTC
		}
		if us, ok := strings.CutPrefix(line, "#! we are "); ok {
			options.Identity = func(s *service.Spec) (key, fault string) {
				switch {
				case s.User != "" && s.User != us:
					return "user", "it is to run as " + s.User + ", but we are " + us + "; take it out"
				case s.Group != "" && s.Group != us:
					return "group", "it is to run with group " + s.Group + ", but we are " + us + "; take it out"
				case s.Groups != nil:
					return "groups", "we cannot leave our groups; take it out"
				}
				return "", ""
			}
		}
		if words, ok := strings.CutPrefix(line, "#! command "); ok {
			options.Command = strings.Fields(words)
		}
		if text, ok := strings.CutPrefix(line, "#! every template is "); ok {
			options.Template = func(path string) (string, error) {
				if strings.Contains(path, "missing") {
					return "", errors.New("no such file or directory")
				}
				return strings.ReplaceAll(text, "\\n", "\n"), nil
			}
		}
		if words, ok := strings.CutPrefix(line, "#! without "); ok {
			missing := strings.Fields(words)
			options.Program = func(name string, _ *service.Spec) error {
				if slices.Contains(missing, name) {
					return fmt.Errorf("exec %s: no such file or directory", name)
				}
				return nil
			}
		}
	}
	return environ, options
}

func files(t *testing.T, dir string) []string {
	t.Helper()
	paths, err := filepath.Glob(filepath.Join(testdata, dir, "*.toml"))
	if err != nil || len(paths) == 0 {
		t.Fatalf("no files in %s: %v", dir, err)
	}
	return paths
}

func parseFile(t *testing.T, path string) (service.Plan, []string, error) {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	environ, options := directives(string(text))
	return Parse("service.toml", text, environ, options)
}

func TestGoodFilesGiveTheirPlans(t *testing.T) {
	for _, path := range files(t, "good") {
		t.Run(filepath.Base(path), func(t *testing.T) {
			plan, notes, err := parseFile(t, path)
			if err != nil {
				t.Fatalf("refused:\n%s", Render(err, false))
			}
			golden(t, strings.TrimSuffix(path, ".toml")+".golden", dump(plan, notes))
		})
	}
}

func TestBadFilesShowEveryMistake(t *testing.T) {
	for _, path := range files(t, "bad") {
		t.Run(filepath.Base(path), func(t *testing.T) {
			plan, _, err := parseFile(t, path)
			if err == nil {
				t.Fatalf("accepted:\n%s", dump(plan, nil))
			}
			if len(plan.Services) != 0 {
				t.Error("a plan came with the error")
			}
			golden(t, strings.TrimSuffix(path, ".toml")+".golden", Render(err, false))
		})
	}
}

// What cannot well be kept in a file.
func TestBadTextsShowEveryMistake(t *testing.T) {
	parse := func(text string) error {
		_, _, err := Parse("service.toml", []byte(text), ambient, Options{})
		return err
	}
	broken := &reader{file: &file{name: "service.toml"}}
	_, err := decode("", func(string, any) (toml.MetaData, error) { panic("no states to pop") })
	broken.syntaxError(err)

	long := append([]string{"LONG=" + strings.Repeat("x", service.MostText)}, ambient...)
	_, _, filled := Parse("service.toml", []byte("[service.web]\ncommand = ['w'"+strings.Repeat(", '${LONG}'", mostFilled/service.MostText+2)+"]\n"), long, Options{})
	letter := 'a'
	r := &reader{file: &file{name: "service.toml"}, environment: newEnvironment(ambient), options: Options{Running: true}}
	late := []byte("[service.web]\ncommand = ['w']\nsecrets = { TOKEN = '/x' }\numask = '0${TOKEN}'\n")
	r.draft(r.layers([]Source{{"service.toml", late}}))
	r.mistakes = slices.DeleteFunc(r.mistakes, func(m *Mistake) bool { return m.Key == "secrets" })
	for name, err := range map[string]error{
		"text-variables-late":    r.err(),
		"text-variables-long":    filled,
		"text-too-many-services": parse("[service.a]\ncommand = ['a']\n" + replaceEach(strings.Repeat("[service.N]\nreplicas = 1000\ncommand = ['b']\n", 20), "N", func() string { letter++; return string(letter) })),
		"text-too-many-links":    parse(many(1500, "[group.gN]\nservices = ['gNEXT', 'aN']\n[service.aN]\ncommand = ['a']\n") + "[group.g01500]\nservices = ['a00000']\n"),
		"text-too-large":         parse(strings.Repeat("#", MaxBytes+1)),
		"text-utf16":             parse("\xff\xfe[\x00s\x00"),
		"text-binary":            parse("\x7fELF\x02\x01\x01\x00"),
		"text-nul-first":         parse("\x00[service.web]\n"),
		"text-old-mac":           parse("[service.web]\rcommand = \"web\"\r"),
		"text-latin1":            parse("[service.web]\ncommand = \"\ufffd M\xfcller\"\n"),
		"text-too-deep":          parse("[service.web]\ncommand = " + strings.Repeat("[", 1_000_000)),
		"text-too-many-dots":     parse("[service.web]\n" + strings.Repeat("a.", 500_000) + "a = 1"),
		"text-bom-and-crlf":      parse("\ufeff[service.web]\r\ncommand = [\"a\",\r\n  5]\r\nneeds = [\"\"]\r\n\r\n"),
		"text-too-many-mistakes": parse("[service.web]\n" + numbered(maxMistakes+5)),
		"text-reader-broke":      broken.err(),
	} {
		t.Run(name, func(t *testing.T) {
			if err == nil {
				t.Fatal("accepted")
			}
			text := Render(err, false)
			if strings.Count(text, "\n") > 100 {
				all := err.(*multierror.Error).Errors
				text = fmt.Sprintf("%v\n%d in all, the last:\n%v\n", all[0], len(all), all[len(all)-1])
			}
			golden(t, filepath.Join(testdata, "bad", name+".golden"), text)
		})
	}
}

func numbered(n int) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, "qqqqq%d = 1\n", i)
	}
	return b.String()
}

func TestMistakesComeInTheOrderOfTheirLines(t *testing.T) {
	_, _, err := parseFile(t, filepath.Join(testdata, "bad", "many.toml"))
	all := err.(*multierror.Error).Errors
	if len(all) < 14 {
		t.Errorf("only %d mistakes", len(all))
	}
	before := 0
	for _, err := range all {
		var m *Mistake
		if !errors.As(err, &m) {
			t.Fatalf("%v is no Mistake", err)
		}
		if m.Line < before {
			t.Errorf("line %d behind line %d", m.Line, before)
		}
		before = m.Line
	}
}

// dumpFiles is the part of dump for what is on disk.
func dumpFiles(s *service.Spec, put func(name, format string, args ...any)) {
	if len(s.Dirs)+len(s.Render) > 0 {
		put("files", "%+v %+v prepare %v", s.Dirs, s.Render, s.Prepare)
	}
	if s.Reload != 0 {
		put("reload", "%v", s.Reload)
	}
	if s.Watch.Paths != nil {
		put("watch", "%+v", s.Watch)
	}
}

// dump writes a plan for the golden files.
func dump(plan service.Plan, notes []string) string {
	var b strings.Builder
	put := func(name, format string, args ...any) {
		fmt.Fprintf(&b, "  %-11s "+format+"\n", append([]any{name}, args...)...)
	}
	b.WriteString("init\n")
	dumpInit(plan, put)
	for _, s := range plan.Services {
		fmt.Fprintf(&b, "service %q\n", s.Name)
		put("command", "%q", s.Command)
		put("order", "needs %q wants %q after %q", s.Needs, s.Wants, s.After)
		if s.Start != service.AtBoot || s.RestartWith != nil {
			put("start", "%v, restarted with %q", s.Start, s.RestartWith)
		}
		put("oneshot", "%v%s", s.OneShot, map[bool]string{true: ", external"}[s.External])
		put("ready", "%v %q %q delay %v, every %v, timeout %v, within %v",
			s.Ready.Kind, s.Ready.Target, s.Ready.Command, s.Ready.Delay, s.Ready.Every, s.Ready.Timeout, s.Ready.Within)
		if s.Healthy.Failures > 0 {
			put("healthy", "%v %q %q every %v timeout %v failures %d after %v", s.Healthy.Kind, s.Healthy.Target, s.Healthy.Command, s.Healthy.Every, s.Healthy.Timeout, s.Healthy.Failures, s.Healthy.StartPeriod)
		}
		put("restart", "%v, shutdown on %v, ok codes %v", s.Restart, s.ShutdownOn, s.OKCodes)
		put("backoff", "%+v", s.Backoff)
		put("give up", "%+v", s.GiveUp)
		put("stop", "%v", s.Stop)
		if s.MaxMemory != 0 {
			put("max memory", "%d", s.MaxMemory)
		}
		put("identity", "user %q group %q groups %q (nil %v)", s.User, s.Group, s.Groups, s.Groups == nil)
		if s.Signals != nil {
			put("signals", "%v", s.Signals)
		}
		for setting, value := range reflect.ValueOf(s.Settings).Fields() {
			if !value.IsZero() { // as we have it
				put(strings.ToLower(setting.Name), "%v", reflect.Indirect(value))
			}
		}
		dumpHooks(put, &s.Hooks)
		put("terminal", "ours %v, of its own %v", s.TTY, s.PTY)
		if dumpLog(s.Log) != dumpLog(defaultLog()) {
			put("log", "%s", dumpLog(s.Log))
		}
		dumpFiles(&s, put)
		if s.Stdin+s.StdinFrom != "" {
			put("stdin", "%q from %q", s.Stdin, s.StdinFrom)
		}
		dumpEnvironment(&s, put)
	}
	for _, g := range plan.Groups {
		fmt.Fprintf(&b, "group %q %q\n", g.Name, g.Services)
	}
	for _, note := range notes {
		fmt.Fprintf(&b, "note %s\n", note)
	}
	return b.String()
}

// dumpInit writes what concerns the container as a whole.
func dumpInit(plan service.Plan, put func(name, format string, args ...any)) {
	put("main", "%q", plan.Init.Main)
	put("grace", "%v, linger %v, one command %v", plan.Init.Grace, plan.Init.Linger, plan.Init.Policies != service.Policies{})
	if init := plan.Init; init.Drain != (service.Drain{}) || init.ExitCodeFrom != "" {
		put("end", "drain %+v, exit code from %q, termination log %q", init.Drain, init.ExitCodeFrom, init.TerminationLog)
	}
	put("rules", "%v", plan.Init.Rules)
	if c := plan.Control; c.Socket != "" || c.Off || c.Mode != defaultMode {
		put("control", "%q off %v mode %#o uids %v readers %v", c.Socket, c.Off, c.Mode, c.AllowUIDs, c.ReadUIDs)
	}
	if plan.Health.Listen != "" {
		put("health", "%q", plan.Health.Listen)
	}
	if dumpLog(plan.Log) != dumpLog(defaultLog()) || plan.Color != "auto" {
		put("log", "%s color %q", dumpLog(plan.Log), plan.Color)
	}
}

// dumpLog is a log table without what it has not.
func dumpLog(l service.Log) string {
	own := [2]*service.Destination{l.Stdout, l.Stderr}
	l.Stdout, l.Stderr = nil, nil
	text := fmt.Sprintf("%+v", l)
	for _, nothing := range []string{" Stdout:<nil>", " Stderr:<nil>", " Tee:false", " Tail:[]"} {
		text = strings.Replace(text, nothing, "", 1)
	}
	for i, to := range own {
		if to != nil {
			text += fmt.Sprintf(" %s:%+v", [...]string{"stdout", "stderr"}[i], *to)
		}
	}
	return text
}

func onlyUTC(zone string) error {
	if zone == "" || zone == "UTC" {
		return nil
	}
	return fmt.Errorf("the time zone %q is not known here", zone)
}

func dumpHooks(put func(name, format string, values ...any), hooks *service.Hooks) {
	for stage := range hooks {
		for _, h := range hooks[stage] {
			put("hook", "%v %q user %q timeout %v, late %v", service.Stage(stage), h.Command, h.User, h.Timeout, h.Late)
		}
	}
}
