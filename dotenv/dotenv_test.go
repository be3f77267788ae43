package dotenv

import (
	"fmt"
	"strings"
	"testing"
	"time"
	"unicode/utf8"
)

func lookup(name string) (string, bool) {
	value, set := map[string]string{"H": "home", "INH": "inherited", "EMPTY": ""}[name]
	return value, set
}

// shown is a result for people: the variables, and then the faults.
func shown(variables []Variable, faults []Fault) string {
	var all []string
	for _, v := range variables {
		all = append(all, fmt.Sprintf("%s=%q", v.Name, v.Value))
	}
	for _, f := range faults {
		all = append(all, "! "+f.Error())
	}
	return strings.Join(all, ", ")
}

// Each text with what the two formats make of it; after "! " with the first words of the fault. The text A=$H for
// docker run and Compose were measured with these programs.
func TestBothFormats(t *testing.T) {
	for _, test := range []struct{ text, raw, compose string }{
		{"A= 1 ", `A=" 1 "`, `A="1"`},
		{"A =1", "! line 1: the name of a variable contains white space", `A="1"`},
		{`A="x y"`, `A="\"x y\""`, `A="x y"`},
		{`A='x y'`, `A="'x y'"`, `A="x y"`},
		{"A=x # c", `A="x # c"`, `A="x"`},
		{"A=x#c", `A="x#c"`, `A="x#c"`},
		{`A="x" # c`, `A="\"x\" # c"`, `A="x"`},
		{`A="a\nb"`, `A="\"a\\nb\""`, `A="a\nb"`},
		{`A=a\nb`, `A="a\\nb"`, `A="a\\nb"`},
		{"A=$H", `A="$H"`, `A="home"`},
		{`A="${H}"`, `A="\"${H}\""`, `A="home"`},
		{`A='${H}'`, `A="'${H}'"`, `A="${H}"`},
		{"export A=1", "! line 1: the name of a variable contains", `A="1"`},
		{"INH", `INH="inherited"`, `INH="inherited"`},
		{"INH\nNO\nEMPTY\n", `INH="inherited", EMPTY=""`, `INH="inherited", EMPTY=""`},
		{"A=\"l1\nl2\"", `A="\"l1"`, `A="l1\nl2"`},
		{"A=x\\\ny", `A="x\\"`, `A="x\\"`},
		{"; c", "! line 1: the name of a variable contains white", "! line 1: expected NAME=VALUE"},
		{"A: 1", "! line 1: the name of a variable contains", `A="1"`},
		{`A="un`, `A="\"un"`, "! line 1: the quote after A is not closed"},
		{`A="a"b`, `A="\"a\"b"`, "! line 1: there is text after the closing quote of A"},
		{"\ufeffA=1", `A="1"`, `A="1"`},
		{"A=1\r\nB=2\r\n", `A="1", B="2"`, `A="1", B="2"`},
		{"A=1\nB=2\nA=3", `A="3", B="2"`, `A="3", B="2"`},

		{"", "", ""}, {"\n\n # c\n#\n\t\n", "", ""}, {"A=", `A=""`, `A=""`}, {"A=\nB=x", `A="", B="x"`, `A="", B="x"`}, {"=1", "! line 1: there is no name", "! line 1: expected"},
		{"A=1\n\n9=x", `A="1", 9="x"`, `A="1", ! line 3: expected`}, {"A-b.c=1", `A-b.c="1"`, `A-b.c="1"`}, {"é=1", `é="1"`, "! line 1: expected"}, {"A=é", `A="é"`, `A="é"`},
		{"A=\xff", "! line 1: the line is not UTF-8", `A="\xff"`}, {"A=\x00", "! line 1: the value of A contains a NUL", "! line 1: the value of A contains a NUL"},
		{"A\x00=", "! line 1: the line contains a NUL", "! line 1: a name is not followed by ="}, {"  A=1", `A="1"`, `A="1"`},
		{"A B=1", "! line 1: the name", "! line 1: a name is not followed by ="}, {"export=1", `export="1"`, `export="1"`}, {"exportA=1", `exportA="1"`, `exportA="1"`},
		{"A==b=", `A="=b="`, `A="=b="`}, {"A=#fff", `A="#fff"`, `A="#fff"`}, {"A= # c", `A=" # c"`, "! line 1: it is not clear whether A has a value or a comment; write NAME="},
	} {
		for format, read := range formats {
			want := test.raw
			if format == "compose" {
				want = test.compose
			}
			if got := shown(read(test.text, lookup)); got != want && !(strings.Contains(want, "! ") && strings.HasPrefix(got, want)) {
				t.Errorf("%q, %s: %s, want %s", test.text, format, got, want)
			}
		}
	}
}

var formats = map[string]func(string, func(string) (string, bool)) ([]Variable, []Fault){
	"raw":     func(text string, f func(string) (string, bool)) ([]Variable, []Fault) { return Raw(text, f) },
	"compose": func(text string, f func(string) (string, bool)) ([]Variable, []Fault) { return Compose(text, f) },
}

func TestCompose(t *testing.T) {
	for text, want := range map[string]string{
		"A=1\nB=$A${A}":              `A="1", B="11"`,
		"B=$A\nA=1":                  "A=\"1\", ! line 1: in the value of B, the variable after a dollar sign is not set; write $$ for a dollar sign, or",
		"A=${NO:-d}${NO-d}${H:+x}":   `A="ddx"`,
		"A=${NO:?give it}":           "! line 1: in the value of A, the variable NO is not set: give it",
		"A=a$$b":                     `A="a$b"`,
		"A=a$":                       "! line 1: in the value of A, no variable follows this dollar sign; write $$ for a dollar sign, or put",
		`A="\$H $$H \\$H"`:           `A="$H $H \\home"`,
		`A="\"\t\r\a\b\f\v\\\x\q"`:   `A="\"\t\r\a\b\f\v\\\\x\\q"`,
		`A='it\'s \\ \n $H "'`:       `A="it's \\\\ \\n $H \""`,
		`A='\'`:                      "! line 1: the quote after A is not closed",
		`A="\`:                       "! line 1: the quote after A is not closed",
		"A='1\n\n2' # c\nB":          `A="1\n\n2"`,
		"A=\"1\n2\"x\nB=":            "B=\"\", ! line 2: there is text after",
		"\n\nA='1\n2\nB=1":           "! line 3: the quote",
		"A='1\r\n2'\r\n":             `A="1\n2"`,
		"A=\"x\"#c\nB=''":            `A="x", B=""`,
		"export INH\n export\tB = 1": `INH="inherited", B="1"`,
		"export":                     "",
		"A=1 2 3":                    `A="1 2 3"`,
		"A=x\t#y":                    `A="x\t#y"`,
		"A=x 'y'":                    `A="x 'y'"`,
		"A=${H":                      "! line 1: in the value of A, a ${ without its }",
	} {
		if got := shown(Compose(text, lookup)); got != want && !(strings.Contains(want, "! ") && strings.HasPrefix(got, want)) {
			t.Errorf("%q: %s, want %s", text, got, want)
		}
	}
}

// A private key without quotes must not end up in our messages.
func TestFaultsDoNotRepeatTheFile(t *testing.T) {
	for format, read := range formats {
		text := "KEY=-----BEGIN KEY-----\nsec ret/1==\nsec/ret2\n" + strings.Repeat("B=$sec\nB=${sec!}\nB=$!sec\nN=\x00sec\nsec-+\n", 3) + "A='sec"
		_, faults := read(text, lookup)
		for _, f := range faults {
			if strings.Contains(f.Error(), "sec") {
				t.Errorf("%s: %v", format, f)
			}
		}
		if len(faults) == 0 || len(faults) > maxFaults {
			t.Errorf("%s: %d faults", format, len(faults))
		}
	}
}

func TestBounds(t *testing.T) {
	long := strings.Repeat("x", mostEntry-1)
	if got, faults := Raw("A="+long[1:], lookup); len(got) != 1 || faults != nil {
		t.Error(len(got), faults)
	}
	for format, read := range formats {
		if got, faults := read("A="+long, lookup); len(got) != 0 || len(faults) != 1 || !strings.Contains(faults[0].Text, "too long") {
			t.Errorf("%s: %d, %v", format, len(got), faults)
		}
	}
	began := time.Now()
	_, faults := Compose("A=x\n"+strings.Repeat("A=$A$A\n", MaxBytes/7), lookup)
	if len(faults) == 0 || time.Since(began) > 2*time.Second {
		t.Errorf("%v after %v", faults, time.Since(began))
	}
	_, faults = Compose("A="+long[:60000]+"\n"+strings.Repeat("A=$A\n", MaxBytes/6), lookup)
	if len(faults) == 0 || !strings.Contains(faults[0].Text, "too long together") {
		t.Errorf("%v", faults)
	}
}

// TestTimeIsLinear reads texts of a megabyte that would take minutes in quadratic time.
func TestTimeIsLinear(t *testing.T) {
	for _, piece := range []string{"A=1\n", "A\n", "#", "\n", " ", "A='", "A=\"", "\\", "A='\\", "A='\\'", "A=$", "A=${", "A=$A\n", "export ", "=", "A=x #", "\r\n", "\"\n", "A=\"\\\"", "A='1\n'\n"} {
		for format, read := range formats {
			for _, begin := range []string{"", "A='", "A=\""} {
				began := time.Now()
				read(begin+strings.Repeat(piece, MaxBytes/len(piece)), lookup)
				if took := time.Since(began); took > 3*time.Second {
					t.Errorf("%s, %q: %v", format, piece, took)
				}
			}
		}
	}
}

func FuzzRead(f *testing.F) {
	for _, text := range []string{"A=1\nexport B = 'x' # c\n", "A=\"a\\n$B\"\r\nINH\n", "\ufeffA: ${H:-x}\n; c", "A='\\'\n'"} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		lines := 1 + strings.Count(text, "\n")
		for format, read := range formats {
			variables, faults := read(text, lookup)
			names := make(map[string]bool)
			for _, v := range variables {
				if v.Name == "" || strings.ContainsAny(v.Name, "=\x00 \n") || strings.IndexByte(v.Value, 0) >= 0 || names[v.Name] || v.Line < 1 || v.Line > lines {
					t.Errorf("%s, %q: %+v", format, text, v)
				}
				names[v.Name] = true
			}
			for _, fault := range faults {
				if fault.Line < 1 || fault.Line > lines || fault.Text == "" {
					t.Errorf("%s, %q: %+v", format, text, fault)
				}
			}
		}
		// In single quotes, and with its quotes escaped, any text stands for itself.
		if !strings.ContainsAny(text, "\\\r\x00") && utf8.ValidString(text) && len(text) < 1000 {
			got, faults := Compose("A='"+strings.ReplaceAll(text, "'", `\'`)+"'", lookup)
			if len(faults) > 0 || len(got) != 1 || got[0].Value != text {
				t.Errorf("%q: %v, %v", text, got, faults)
			}
		}
	})
}
