package story

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"testing"
)

func TestMain(m *testing.M) { Main(m, "internal/story") }

// The stories in testdata are about the runner. They run under the plainest of
// inits, so that only the runner can be wrong.
func TestRunnerDoesWhatItsVerbsSay(t *testing.T) {
	paths, err := filepath.Glob("testdata/*.txtar")
	if err != nil || len(paths) == 0 {
		t.Fatal("no stories", err)
	}
	for _, path := range paths {
		s, err := Read(path)
		if err != nil {
			t.Fatal(err)
		}
		t.Run(s.Name, func(t *testing.T) { s.Test(t, "plain-init") })
	}
}

// A story that claims what is not so must fail, at its line, and show what was
// seen instead.
func TestRunnerRefutesWhatIsNotSo(t *testing.T) {
	if _, err := Helpers(); err != nil {
		t.Fatal(err)
	}
	if w, why := theWay(); w == ordinary {
		t.Skip(noNamespaces(why))
	}
	for _, test := range []struct {
		name, script, want string
	}{
		{"status", "start sexton -- exit-with 7\nexit 8", `:3: the init's end: 7, not 8`},
		{"signal is no status", "start sexton -- worker w\nuntil stdout up\nabandon\nexit 137", `:5: .*killed by signal 9`},
		{"text", "start sexton -- exit-with 0\nuntil stdout hello", `:3: stdout holds 0 of 1 matches, and nothing more will come`},
		{"bound", "start sexton -- worker w\nuntil stdout up\nuntil stdout hello within 50ms",
			`:4: .*still after \d+ms\n(.*\n)*\tw up\n(.*\n)*processes:\n(.*\n)*.*worker w`},
		{"never", "start sexton -- worker w\nnever stdout up\nuntil stdout up\nsignal TERM\nexit 0", `:3: stdout holds "up"`},
		{"too early", "start sexton -- exit-with 0\nexit 0 after 5s", `:3: .*not 5s at least`},
		{"too late", "start sexton -- worker w\nexit 0 within 50ms", `:3: the init runs, still after`},
		{"no end", "start sexton -- worker w\nuntil stdout up", `the init still runs`},
		{"left", "start as child sexton -- sh -c 'double-fork 1 d session; exit 3'\nexit 3", `1 processes are left behind`},
		{"stray", "start as child sexton -- sh -c 'orphans 1; exit 3'\nexit 3\nstrays 1\nstrays 0", `:5: 1 orphans came to the keeper`},
		{"harm", "start as child sexton -- sh -c 'trap : TERM; kill-pid TERM -1; exit 0'\nexit 0", `none of the init's has ended: killed by signal 15`},
		{"order", "start sexton -- print-env cwd uid\nexit 0\norder stdout uid cwd", `:4: "cwd" does not come at its place`},
		{"numbers", "start sexton -- fill-pipe 9\nexit 0\nnumbered stdout 'line (\\d+)' 10", `the last number is 9, not 10`},
		{"command", "start sexton -- worker w\ninside exit-with 4", `:3: .*exit status 4, not 0`},
		{"variable", "start sexton $NOTHING", `:2: no variable is called NOTHING`},
		{"verb", "begin", `:2: no such verb: "begin"`},
	} {
		t.Run(test.name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "claim.txtar")
			if err := os.WriteFile(path, []byte("# A claim to be refuted.\n"+test.script+"\n"), 0o666); err != nil {
				t.Fatal(err)
			}
			s, err := Read(path)
			if err != nil {
				t.Fatal(err)
			}
			err = s.Run("plain-init")
			if err == nil || !regexp.MustCompile(test.want).MatchString(err.Error()) {
				t.Errorf("want %s\ngot %v", test.want, err)
			}
		})
	}
}

func TestWordsAreCutAsWritten(t *testing.T) {
	variables := func(name string) (string, bool) { return "<" + name + ">", name != "NO" }
	for _, test := range []struct {
		line string
		want []string
	}{
		{"until  stdout\t'a $B c'", []string{"until", "stdout", "a $B c"}},
		{`exec $A/b "x ${C} y" 'p'q`, []string{"exec", "<A>/b", "x <C> y", "pq"}},
		{`''`, []string{""}},
	} {
		if got, err := split(test.line, variables); err != nil || !slices.Equal(got, test.want) {
			t.Errorf("%s: got %q, %v; want %q", test.line, got, err, test.want)
		}
	}
	for _, line := range []string{"'open", "$NO"} {
		if got, err := split(line, variables); err == nil {
			t.Errorf("%s: got %q and no error", line, got)
		}
	}
}
