package expand

import (
	"fmt"
	"strings"
	"testing"
	"time"
)

func lookup(name string) (string, bool) {
	value, set := map[string]string{"A": "a", "EMPTY": "", "PORT": "8000", "N": "-3", "MAX": "9223372036854775807", "MIN": "-9223372036854775808",
		"LOOP": "${LOOP}", "BLANK": " 7\n"}[name]
	return value, set
}

// Each text with its result, or with the first words of its first fault after "! ".
func TestFill(t *testing.T) {
	for _, test := range []struct {
		forms      Forms
		text, want string
	}{
		{0, "", ""}, {0, "a b", "a b"}, {0, "${A}", "a"}, {0, "x${A}y${A}", "xaya"}, {0, "${LOOP}", "${LOOP}"},
		{0, "$A $$ $ a$", "$A $$ $ a$"}, {0, "$${A}", "${A}"}, {0, "$$${A}", "$${A}"}, {0, "$${", "${"}, {0, "$((1+1))", "$((1+1))"}, {0, "$$((", "$$(("},
		{0, "${EMPTY:-d}${EMPTY-d}${NO:-d}${NO-d}", "ddd"}, {0, "${A:-d}${A-d}", "aa"}, {0, "${NO:-}", ""}, {0, "${NO:-${A}${NO:-$A}}", "a$A"},
		{0, "${A:+o}${EMPTY:+o}${NO:+o}", "o"}, {0, "${A+o}${EMPTY+o}${NO+o}", "oo"}, {0, "${A:+${A}}", "a"}, {0, "${A:-${NO}}", "a"},
		{0, "${A:?m}${EMPTY?m}", "a"}, {0, "${EMPTY:?give ${A}}", "! the variable EMPTY is empty: give ${A}; set it"}, {0, "${NO?}", "! the variable NO is not set; set it"},
		{0, "${NO:?no home}", "! the variable NO is not set: no home; set it"}, {0, "${EMPTY}", ""},
		{0, "${NO}", "! the variable NO is not set; set it, or give a default: ${NO:-default}"}, {0, "${A:-x", "! a ${ without its }; close it, or write $${"},
		{0, "${", "! a ${ without"}, {0, "${}", "! ${} is not understood; write ${NAME} or ${NAME:-default}, or $${ for a literal ${"},
		{0, "${9}", "! ${9} is"}, {0, "${A B}", "! ${A B} is"}, {0, "${A:=b}", "! ${A:=b} is"}, {0, "${_x9-é}", "é"}, {0, "${é}", "! ${é} is"},

		{Env, "$A ${A} $$A $$$A", "a a $A $a"}, {Env, "$$((1+1))", "$((1+1))"}, {Env, "a$", "! no variable follows this dollar sign; write $$ for a dollar sign"},
		{Env, "$9", "! no variable"}, {Env, "$NO", "! the variable NO is not set; set it, or give a default: ${NO:-default}; for a dollar sign write $$"},
		{Env, "${NO:-$A$$}", "a$"}, {Bare, "a$ $9 $A", "a$ $9 a"},

		{Value, "$((PORT+1))", "8001"}, {Value, "$((PORT-1))", "7999"}, {Value, "$(( PORT + N - 1 ))!", "7996!"}, {Value, "$((7))", "7"}, {Value, "$((010+1))", "11"},
		{Value, "$((${NO:-80}+$((1))))", "! a sum that is not understood"}, {Value, "$((${NO:-80}+1))", "81"}, {Value, "$((BLANK+1))", "8"}, {Value, "$$((1+1))", "$((1+1))"},
		{Value, "${NO:-$((PORT+1))}", "8001"}, {Value, "$((PORT+NO))", "! the variable NO is not set"}, {Value, "$((A+1))", "! the variable A is not an integer"},
		{Value, "$((EMPTY+1))", "! the variable EMPTY is not an integer"}, {Value, "$((1*2))", "! a sum that is not"}, {Value, "$((1+))", "! a sum"}, {Value, "$(())", "! a sum"},
		{Value, "$((1+2)", "! a sum"}, {Value, "$((", "! a sum"}, {Value, "$((MAX+1))", "! the sum is larger"}, {Value, "$((0-MIN))", "! the sum is larger"},
		{Value, "$((MIN+0))", "-9223372036854775808"}, {Value, "$((99999999999999999999+0))", "! a term of the sum is not an integer"}, {Value, "$(date)", "$(date)"},
		{Value, "$(($A+1))", "! a sum that is not understood; write $((A+B)) or $((A-B)), with integers and names of variables, or $$(( for a literal $(("},
		{Env, "$(($PORT+1))", "8001"}, {Value, strings.Repeat("${NO:-", 60) + strings.Repeat("}", 60), "! variables are nested more than 50 deep"},
		{Value, strings.Repeat("${NO:-", 50) + "x" + strings.Repeat("}", 50), "x"},
	} {
		got := filled(test.text, test.forms)
		if want, fails := strings.CutPrefix(test.want, "! "); fails && (!strings.HasPrefix(got, test.want) || want == "") || !fails && got != test.want {
			t.Errorf("%q: %q, want %q", test.text, got, test.want)
		}
	}
}

func filled(text string, forms Forms) string {
	template, faults := Parse(text, forms)
	if len(faults) == 0 {
		var out string
		if out, faults = template.Fill(lookup, 1<<20); len(faults) == 0 {
			return out
		}
	}
	return "! " + faults[0].Error()
}

func TestFaultsHavePlacesAndNames(t *testing.T) {
	const text = "a ${B} $((A+C))"
	template, faults := Parse(text, Value)
	_, more := template.Fill(lookup, 100)
	var got []string
	for _, f := range append(faults, more...) {
		got = append(got, fmt.Sprint(text[f.Start:f.End], " ", f.Name, " ", f.Missing))
	}
	if want := "[${B} B true A A false C C true]"; fmt.Sprint(got) != want {
		t.Errorf("%v, want %v", got, want)
	}
	var all []string
	template, _ = Parse("${A:-${B}}${C:?${D}}$((E+${F:-G}))", Value)
	template.Names(func(name string) { all = append(all, name) })
	if want := "[A B C E F]"; fmt.Sprint(all) != want {
		t.Errorf("%v, want %v", all, want)
	}
}

func TestTheResultIsBounded(t *testing.T) {
	template, _ := Parse(strings.Repeat("${BIG}", 1000), Value)
	big := strings.Repeat("x", 1000)
	longest := 0
	faults := template.Write(func(string) (string, bool) { return big, true }, 4500, func(piece string) { longest += len(piece) })
	if longest > 4500 || len(faults) != 1 || !strings.Contains(faults[0].Text, "longer than 4500 bytes") {
		t.Errorf("%d bytes, %v", longest, faults)
	}
}

func TestNames(t *testing.T) {
	for name, want := range map[string]bool{"A": true, "_": true, "a9": true, "": false, "9": false, "a-b": false, "é": false} {
		if IsName(name) != want {
			t.Errorf("%q: %v", name, !want)
		}
	}
}

// TestTimeIsLinear reads texts of a megabyte that would take minutes in quadratic time.
func TestTimeIsLinear(t *testing.T) {
	for _, piece := range []string{"$", "${", "$${", "${A", "${A:-", "${A:-x}", "${NO}", "$((", "$((1+", "$((A+1))", "}", "$A", "x", "${A:?", "$(("} {
		for _, forms := range []Forms{0, Value, Env, Bare} {
			text := strings.Repeat(piece, 1<<20/len(piece))
			begin := time.Now()
			template, _ := Parse(text, forms)
			template.Fill(lookup, 1<<20)
			if took := time.Since(begin); took > 5*time.Second {
				t.Errorf("%q: %v", piece, took)
			}
		}
	}
}

func FuzzFill(f *testing.F) {
	for _, text := range []string{"${A}$A$$$${", "${NO:-${A:?x}}", "$((PORT+1))$(( A - ${N:-1}))", "${A:+${EMPTY-$}}"} {
		f.Add(text, uint8(Env))
		f.Add(text, uint8(Value))
	}
	f.Fuzz(func(t *testing.T, text string, bits uint8) {
		forms := Forms(bits) & Env
		template, faults := Parse(text, forms)
		const most = 1 << 12
		out, more := template.Fill(lookup, most)
		for _, fault := range append(faults, more...) {
			if fault.Start < 0 || fault.End < fault.Start || fault.End > len(text) || fault.Text == "" {
				t.Errorf("%q: %+v", text, fault)
			}
		}
		if len(out) > most || !Has(text, forms) && (len(faults) > 0 || out != text && len(text) <= most) {
			t.Errorf("%q became %q, %v", text, out, faults)
		}
		template.Names(func(name string) {
			if !IsName(name) {
				t.Errorf("%q has the name %q", text, name)
			}
		})
		// Escaped, any text stands for itself.
		for escaped, forms := range map[string]Forms{EscapeEnv(text): Env, escape(text): Value} {
			if got, faults := fillOnce(escaped, forms); len(text) <= most && (got != text || len(faults) > 0) {
				t.Errorf("%q escaped became %q, %v", text, got, faults)
			}
		}
	})
}

func fillOnce(text string, forms Forms) (string, []Fault) {
	template, faults := Parse(text, forms)
	out, more := template.Fill(lookup, 1<<12)
	return out, append(faults, more...)
}

// escape is a text that stands for itself in a value (Value): the forms in it are escaped.
func escape(text string) string {
	return strings.NewReplacer("${", "$${", "$((", "$$((").Replace(text)
}
