package config

import (
	"fmt"
	"os"
	"path"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
)

// A set of files as text: "-- NAME --" and what is in it.
type fileSet struct {
	given []string // as -c gives them: the first file, or what "#! files" names
	names []string // in the order of the text
	texts map[string]string

	explain []string // keys
}

func newFileSet(text string) *fileSet {
	s := &fileSet{texts: make(map[string]string)}
	name := ""
	for line := range strings.Lines(text) {
		if given, ok := strings.CutPrefix(line, "#! files "); ok {
			s.given = strings.Fields(given)
		}
		if key, ok := strings.CutPrefix(line, "#! explain "); ok {
			s.explain = append(s.explain, strings.TrimSpace(key))
		}
		if header, ok := strings.CutPrefix(line, "-- "); ok && strings.HasSuffix(line, " --\n") {
			name = strings.TrimSuffix(header, " --\n")
			s.names, s.texts[name] = append(s.names, name), ""
			continue
		}
		s.texts[name] += line
	}
	if s.given == nil && len(s.names) > 0 {
		s.given = s.names[:1]
	}
	return s
}

// sources are files by name.
func (s *fileSet) sources(names []string) (out []Source) {
	for _, name := range names {
		out = append(out, Source{Name: name, Text: []byte(s.texts[name])})
	}
	return out
}

// include is Options.Include.
func (s *fileSet) include(from, pattern string) ([]Source, error) {
	full := path.Join(path.Dir(from), pattern)
	names := slices.DeleteFunc(slices.Sorted(slices.Values(s.names)), func(name string) bool {
		matches, _ := path.Match(full, name)
		return !matches
	})
	if len(names) == 0 && !strings.Contains(pattern, "*") {
		return nil, fmt.Errorf("%s: no such file or directory", full)
	}
	return s.sources(names), nil
}

func (s *fileSet) read() (Reading, error) {
	environ, options := directives(s.texts[""])
	options.Include = s.include
	return Read(s.sources(s.given), environ, options)
}

// Every file of testdata/config/layers is several files and what they give together.
func TestLayersGiveTheirPlans(t *testing.T) {
	paths, _ := filepath.Glob(filepath.Join(testdata, "layers", "*.txtar"))
	if len(paths) == 0 {
		t.Fatal("there are none")
	}
	for _, path := range paths {
		t.Run(filepath.Base(path), func(t *testing.T) {
			text, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			files := newFileSet(string(text))
			reading, err := files.read()
			seen := Render(err, false)
			if err == nil {
				seen = dump(reading.Plan, nil)
			} else if len(reading.Plan.Services) > 0 {
				t.Error("a plan came with the error")
			}
			for _, note := range reading.Notes {
				seen += "note " + note + "\n"
			}
			seen += "files " + strings.Join(reading.Files, " ") + "\n"
			for _, line := range reading.Replaced() {
				seen += line + "\n"
			}
			for _, key := range files.explain {
				text, err := reading.Explain(key)
				seen += fmt.Sprintf("explain %s\n%s", key, text)
				if err != nil {
					seen += err.Error() + "\n"
				}
			}
			golden(t, strings.TrimSuffix(path, ".txtar")+".golden", seen)
		})
	}
}

// What cannot well be kept in a file.
func TestTooManyFilesAreRefused(t *testing.T) {
	for name, sources := range map[string][]Source{
		"too-many":  make([]Source, MaxFiles+2),
		"too-large": make([]Source, MaxTotal/MaxBytes+2),
	} {
		t.Run(name, func(t *testing.T) {
			for i := range sources {
				sources[i].Name = fmt.Sprintf("conf.d/%05d.toml", i)
				if name == "too-large" {
					sources[i].Text = []byte(strings.Repeat("#", MaxBytes))
				}
			}
			_, err := Read([]Source{{"sexton.toml", []byte(`include = ["conf.d/*.toml"]`)}}, nil, Options{
				Include: func(string, string) ([]Source, error) { return sources, nil }})
			golden(t, filepath.Join(testdata, "layers", name+".golden"), Render(err, false))
		})
	}
	_, notes, err := Parse("sexton.toml", []byte("include = [\"a.toml\"]\nservice.x.command = [\"x\"]"), nil, Options{})
	golden(t, filepath.Join(testdata, "layers", "alone.golden"), fmt.Sprintf("%v\n%v\n", notes, err))
}

// manyFiles are n files, each with a service of its own and a variable of a shared one.
func manyFiles(n int) *fileSet {
	s := &fileSet{given: []string{"sexton.toml"}, texts: map[string]string{
		"sexton.toml": "include = ['conf.d/*.toml']\n[service.web]\ncommand = ['web']\n",
	}}
	for i := range n {
		name := fmt.Sprintf("conf.d/%05d.toml", i)
		s.names = append(s.names, name)
		s.texts[name] = fmt.Sprintf("[service.s%d]\ncommand = ['sleep', '%d']\nenv = { A = '${HOME}' }\n[service.web.env]\nV%d = 'x'\n", i, i, i)
	}
	return s
}

// One more file costs the same, however many there are.
func TestTheCostOfAFileDoesNotGrow(t *testing.T) {
	few, many := bytesToRead(t, manyFiles(200)), bytesToRead(t, manyFiles(2000))
	if many > 15*few {
		t.Errorf("200 files take %d bytes, 2000 files %d", few, many)
	}
}

// bytesToRead is how much is allocated to read files.
func bytesToRead(t *testing.T, files *fileSet) uint64 {
	t.Helper()
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	if _, err := files.read(); err != nil {
		t.Fatal(err)
	}
	runtime.ReadMemStats(&after)
	return after.TotalAlloc - before.TotalAlloc
}

func BenchmarkReadThousandFiles(b *testing.B) {
	files := manyFiles(1000)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := files.read(); err != nil {
			b.Fatal(err)
		}
	}
}
