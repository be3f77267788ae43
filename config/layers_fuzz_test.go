package config

import (
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/BurntSushi/toml"
	"github.com/hashicorp/go-multierror"
)

// Several files: the merged tree is what a simple merge of maps gives, every mistake has its place in a
// file that was read, and every key can be explained.
func FuzzLayers(f *testing.F) {
	paths, _ := filepath.Glob(filepath.Join(testdata, "layers", "*.txtar"))
	for _, path := range paths {
		text, err := os.ReadFile(path)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(string(text))
	}
	f.Fuzz(func(t *testing.T, text string) {
		files := newFileSet(text)
		odd := func(name string) bool { return name == "" || clean(name) != name }
		if len(files.names) > 50 || len(files.given) == 0 || slices.ContainsFunc(files.names, odd) || slices.ContainsFunc(files.given, func(name string) bool { return !slices.Contains(files.names, name) }) {
			return
		}
		reading, err := files.read()
		checkLayerMistakes(t, files, err)
		if err == nil {
			checkPlan(t, reading.Plan)
			explainAll(t, &reading, reading.root)
		}
		_ = reading.Replaced()
		_ = TerminationLog(files.sources(files.given), files.include, ambient)

		r := &reader{file: &file{}}
		var model map[string]any
		var root *value
		for _, name := range files.names {
			r.file = &file{name: name, order: len(r.files)}
			r.files = append(r.files, r.file)
			layer := r.syntax([]byte(files.texts[name]))
			if layer == nil {
				return
			}
			data, _ := decode(r.file.text, toml.Decode)
			if root == nil {
				root, model = layer, data
				continue
			}
			root.merge(layer)
			model = mergedMaps("", model, data)
		}
		if root != nil && !reflect.DeepEqual(plain(root), plainData(model)) {
			t.Errorf("merged to\n%v, not\n%v", plain(root), plainData(model))
		}
	})
}

// mergedMaps is the rule, without places.
func mergedMaps(path string, a, b map[string]any) map[string]any {
	out := make(map[string]any)
	for key, value := range a {
		out[key] = value
	}
	for key, value := range b {
		inside := path + "/" + key
		under, isTable := out[key].(map[string]any)
		over, overIsTable := value.(map[string]any)
		parts := strings.Split(inside, "/")[1:]
		isKey := len(parts) == 3 && parts[0] == "service" || len(parts) == 2 && parts[0] == "defaults"
		whole := isKey && isWhole(parts[len(parts)-1]) || len(parts) == 2 && parts[0] == "signals"
		if isTable && overIsTable && !whole {
			out[key] = mergedMaps(strings.Join([]string{path, strings.ReplaceAll(key, "/", "\x00")}, "/"), under, over)
		} else {
			out[key] = value
		}
	}
	return out
}

// plain is a tree as maps and lists.
func plain(v *value) any {
	switch v.data.(type) {
	case map[string]any:
		out := make(map[string]any)
		for _, entry := range v.entries {
			out[entry.name] = plain(entry)
		}
		return out
	case []any, []map[string]any:
		out := []any{}
		for _, item := range v.items {
			out = append(out, plain(item))
		}
		return out
	}
	return comparable(v.data)
}

// comparable makes a value equal to itself: not a number is not.
func comparable(data any) any {
	if number, ok := data.(float64); ok {
		return fmt.Sprint(number)
	}
	return data
}

func plainData(data any) any {
	switch data := data.(type) {
	case map[string]any:
		out := make(map[string]any)
		for key, value := range data {
			out[key] = plainData(value)
		}
		return out
	case []any:
		out := []any{}
		for _, item := range data {
			out = append(out, plainData(item))
		}
		return out
	case []map[string]any:
		out := []any{}
		for _, item := range data {
			out = append(out, plainData(item))
		}
		return out
	}
	return comparable(data)
}

func checkLayerMistakes(t *testing.T, files *fileSet, err error) {
	t.Helper()
	if err == nil {
		return
	}
	if text := Render(err, false); strings.TrimSpace(text) == "" || strings.ContainsAny(text, "\x1b\r\t\x00") {
		t.Errorf("rendered %q", text)
	}
	for _, err := range err.(*multierror.Error).Errors {
		m := err.(*Mistake)
		text, known := files.texts[m.File]
		if m.File != "" && !known || m.Line > strings.Count(text, "\n")+1 || strings.Contains(m.Error(), "\n") {
			t.Errorf("no such place: %+v", m)
		}
	}
}

// explainAll explains every key of a tree.
func explainAll(t *testing.T, r *Reading, v *value) {
	for _, entry := range v.entries {
		if _, err := r.Explain(entry.fullPath()); err != nil && entry.byDefault {
			t.Errorf("%s: %v", entry.fullPath(), err)
		}
		explainAll(t, r, entry)
	}
}
