package config

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/BurntSushi/toml"
)

// What the TOML reader says of places is why there is a scanner of our own. If
// this fails, the reader has learnt more, and the scanner may be too much.
func TestTOMLReaderGivesOnePlaceForAllItemsOfAList(t *testing.T) {
	var into struct {
		A []refusing
	}
	_, err := toml.Decode("A = [1,\n2]", &into)
	parse, ok := err.(toml.ParseError)
	if !ok || parse.Position.Line != 1 { // the item stands in line 2
		t.Errorf("got %#v", err)
	}
}

type refusing struct{}

func (*refusing) UnmarshalTOML(data any) error {
	if data == int64(2) {
		return os.ErrInvalid
	}
	return nil
}

// places are texts, and for some keys and values in them, by their path, what stands at their places.
var places = []struct{ text, path, key, at string }{
	{"a = 1", "a", "a", "1"},
	{"a=1#c", "a", "a", "1"},
	{"\ta\t=\t1 \t# c\r\n", "a", "a", "1"},
	{"a.b . c = 1", "a b c", "c", "1"},
	{"a.b . c = 1", "a b", "b", "b"},
	{`"a.b" = 1`, "a.b", `"a.b"`, "1"},
	{`'a"b'."c\u0064\t" = 1`, "a\"b cd\t", `"c\u0064\t"`, "1"},
	{`"" = 1`, "", `""`, "1"},
	{`'' = "x"`, "", `''`, `"x"`},
	{"[a.b]\nc = 1", "a b", "b", "a.b"},
	{"[ a . 'b' ] # c\nc = 1", "a b", "'b'", "a . 'b'"},
	{"[a.b]\nc = 1", "a", "a", "a"},
	{"[a.b.c]\n[a]\nd = 1", "a", "a", "a"},
	{"[a.b.c]\n[a]\nd = 1", "a d", "d", "1"},
	{"[[a]]\nb = 1\n[[a]]\nb = 2\n[a.c]\nd = 3", "a 1 b", "b", "2"},
	{"[[a]]\nb = 1\n[[a]]\nb = 2\n[a.c]\nd = 3", "a 1 c d", "d", "3"},
	{"[[a.b]]\nc = 1", "a b 0", "b", "a.b"},
	{"a = [1, [ 'x' , \"y]\" ], # ]\n 3,\n]\nb = 2", "a 1 1", `"y]"`, `"y]"`},
	{"a = [1, [ 'x' , \"y]\" ], # ]\n 3,\n]\nb = 2", "a 2", "3", "3"},
	{"a = [1, [ 'x' , \"y]\" ], # ]\n 3,\n]\nb = 2", "b", "b", "2"},
	{"a = { b = 1, c.d = { e = [ 2 ] } }\nf = 3", "a c d e 0", "2", "2"},
	{"a = { b = 1, c.d = { e = [ 2 ] } }\nf = 3", "a", "a", "{ b = 1, c.d = { e = [ 2 ] } }"},
	{"a = { b = 1, # }\n c = 2, }\nf = 3", "f", "f", "3"},
	{"a = { b = 1, # }\n c = 2, }\nf = 3", "a c", "c", "2"},
	{`a = "\"]" # "`, "a", "a", `"\"]"`},
	{`a = "\\" # "`, "a", "a", `"\\"`},
	{`a = '\' # '`, "a", "a", `'\'`},
	{"a = \"\"\"\nx\"\"\\\"\"\"\"\nb = 1", "b", "b", "1"},
	{"a = \"\"\"x\"\"\"\"\"\nb = 1", "a", "a", "\"\"\"x\"\"\"\"\""},
	{"a = \"\"\"\"\"\"\nb = 1", "b", "b", "1"},
	{"a = '''\\'''\nb = 1", "b", "b", "1"},
	{"a = '''x''''\nb = 1", "b", "b", "1"},
	{"a = 1979-05-27 07:32:00 # x\nb = 1", "a", "a", "1979-05-27 07:32:00"},
	{"a = [1979-05-27 07:32:00 , 07:32:00]", "a 0", "1979-05-27 07:32:00", "1979-05-27 07:32:00"},
	{"a = -inf\nb = +1_0.5e-3", "b", "b", "+1_0.5e-3"},
	{"-1_ = true", "-1_", "-1_", "true"},
	{"a = ''\r\nb = [\r\n1,\r\n]\r\n", "b 0", "1", "1"},
	{"'é' = '漢'\nb = 1", "b", "b", "1"},
}

func TestPlacesOfKeysAndValues(t *testing.T) {
	for _, c := range places {
		var data map[string]any
		if _, err := toml.Decode(c.text, &data); err != nil {
			t.Fatalf("%q: %v", c.text, err)
		}
		f := &file{}
		f.fill(c.text)
		v := f.tree(data, scan(c.text))
		for _, name := range strings.Split(c.path, " ") {
			next := v.child(name)
			if next == nil && len(name) == 1 && int(name[0]-'0') < len(v.items) {
				next = v.items[name[0]-'0']
			}
			if next == nil {
				t.Fatalf("%q has no %q", c.text, c.path)
			}
			v = next
		}
		if key := c.text[v.key.start:v.key.end]; key != c.key {
			t.Errorf("%q: %q has the key %q, not %q", c.text, c.path, key, c.key)
		}
		if at := c.text[v.at.start:v.at.end]; at != c.at {
			t.Errorf("%q: %q has the value %q, not %q", c.text, c.path, at, c.at)
		}
	}
}

// checkPlaces proves for any valid TOML that what stands at each place, read by
// itself, is the key and the value that the whole text has there.
func checkPlaces(t *testing.T, text string) {
	if len(text) > MaxBytes || invalidUTF8(text) >= 0 || tooDeep(text) >= 0 || strings.HasPrefix(text, "\ufeff") {
		return
	}
	data, err := decode(text, toml.Decode)
	found := scan(text) // also of invalid text: it must end
	if err != nil {
		return
	}
	f := &file{}
	f.fill(text)
	checkPlace(t, f, f.tree(data, found), found)
}

func checkPlace(t *testing.T, f *file, v *value, n *node) {
	t.Helper()
	// The reader lets a key extend an inline table, which TOML forbids: so a list
	// may have names, and of tables only what is inside is compared.
	_, table := v.data.(map[string]any)
	if table && len(v.entries) != len(n.names) || len(v.items) != len(n.items) {
		t.Errorf("in %q: %v: %d keys and %d items, places for %d and %d", f.text, v.data, len(v.entries), len(v.items), len(n.names), len(n.items))
		return
	}
	for i, entry := range v.entries {
		written := f.text[entry.key.start:entry.key.end]
		if name := reread(written+" = 1", func(m map[string]any) any {
			for name := range m {
				return name
			}
			return nil
		}); name != any(entry.name) {
			t.Errorf("in %q: the key %q stands where %q is", f.text, entry.name, written)
		}
		checkPlace(t, f, entry, n.kids[n.names[i]])
	}
	for i, item := range v.items {
		checkPlace(t, f, item, n.items[i])
	}
	switch v.data.(type) {
	case map[string]any, []any, []map[string]any:
		return
	}
	written := f.text[v.at.start:v.at.end]
	if data := reread("k = "+written, func(m map[string]any) any { return m["k"] }); !same(data, v.data) {
		t.Errorf("in %q: the value %v stands where %q is", f.text, v.data, written)
	}
}

// Should the TOML reader ever see a key where the scanner sees none, the mistake
// is reported at the table around it.
func TestValueWithoutAPlaceHasTheOneAroundIt(t *testing.T) {
	f := &file{}
	f.fill("[a]\n")
	found := scan(f.text)
	v := f.tree(map[string]any{"a": map[string]any{"c": []any{int64(1)}, "b": "x"}}, found).child("a")
	if len(v.entries) != 2 || v.entries[0].name != "b" || v.entries[0].at != v.at || v.entries[1].items[0].at != v.at {
		t.Errorf("got %+v", v)
	}
}

func reread(text string, pick func(map[string]any) any) any {
	var m map[string]any
	if _, err := toml.Decode(text, &m); err != nil {
		return err
	}
	return pick(m)
}

// same compares values; a NaN is the same as itself.
func same(a, b any) bool {
	if x, ok := a.(float64); ok {
		y, ok := b.(float64)
		return ok && (x == y || x != x && y != y)
	}
	if x, ok := a.(time.Time); ok {
		y, ok := b.(time.Time)
		return ok && x.Equal(y)
	}
	return a == b
}

func seeds(f testing.TB) (texts []string) {
	paths, err := filepath.Glob(filepath.Join(testdata, "*", "*.toml"))
	if err != nil || len(paths) == 0 {
		f.Fatal("no seeds")
	}
	for _, path := range paths {
		text, err := os.ReadFile(path)
		if err != nil {
			f.Fatal(err)
		}
		texts = append(texts, string(text))
	}
	return append(texts, "[a.b]\n'c' = [1, {d.\"e\\u0066\" = '''x''''}, \"\"\"\\\"\"\"\"\"]\n[[x.y]]\nz=1979-05-27 07:32:00\n[[x.y]]\n[x.y.w]\n",
		"a = { b = [ # }\n ], c.d = -inf }\r\n[\"e\" . f] # g\nh = 0x1_F\ni=+1.0e+3", "[a.b]\n[a]\nc.d = 1\n[a.e]\n", "[a]\n}=[}")
}

func FuzzPlaces(f *testing.F) {
	for _, text := range seeds(f) {
		f.Add(text)
	}
	f.Fuzz(checkPlaces)
}
