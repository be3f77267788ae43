package framing

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"sexton/pattern"
)

var testJoin = func() *pattern.Pattern { p, _ := pattern.Compile(`^\s`); return p }()

func joinsSlowly(line string) bool { return line != "" && strings.IndexByte(" \t\n\f\r", line[0]) >= 0 }

var testOrigin = Origin{"web", "stdout", "info", 1, 7}

func testJSONFrame(room int, merge, join bool) Frame {
	p := testJoin
	if !join {
		p = nil
	}
	f := NewJSON(testOrigin, merge, p)
	f.SetTime(time.Date(2026, 1, 2, 3, 4, 5, 6, time.UTC))
	f.room = room
	return f
}

func TestLinesBecomeObjects(t *testing.T) {
	head := `{"time":"2026-01-02T03:04:05.000000006Z","level":"info","service":"web","stream":"stdout","run":1,"pid":7,"line":"`
	tests := []struct{ in, want string }{
		{"", ""},
		{"\n", head + "\"}\n"},
		{"one\ntwo", head + "one\"}\n" + head + "two\"}\n"},
		{"a \"b\" \\ \t\r\x00\x7f\n", head + `a \"b\" \\ \t\r\u0000` + "\x7f\"}\n"},
		{"é\xff\u20ac\xe2\x82\n", head + "é\\ufffd\u20ac\\ufffd\\ufffd\"}\n"},
		{"\ufffd\n", head + "\ufffd\"}\n"},
		{strings.Repeat("x", 45) + "\n", head + strings.Repeat("x", 40) + jsonMore + "\n" + head + "xxxxx\"}\n"},
		{strings.Repeat("x", 38) + "\x01y\n", head + strings.Repeat("x", 38) + jsonMore + "\n" + head + "\\u0001y\"}\n"},
		{"{\"a\":1}\n", head + `{\"a\":1}` + "\"}\n"},
	}
	for _, test := range tests {
		got, _ := cutInChunks(testJSONFrame(40, false, false), []byte(test.in), func() int { return 3 }, 64)
		wantText(t, test.in, got, test.want)
	}
}

func TestObjectsPassAsObjects(t *testing.T) {
	const level = `"level":"info",`
	const stamped = `"time":"2026-01-02T03:04:05.000000006Z",` + level
	const ours = `"service":"web","stream":"stdout","run":1,"pid":7`
	tests := []struct{ in, want string }{
		{`{"level":"error","msg":"a b"}`, `{"time":"2026-01-02T03:04:05.000000006Z",` + ours + `, "level":"error","msg":"a b"}`},
		{`{"msg":"a b","pid":"x"}`, `{` + stamped + strings.TrimSuffix(ours, `,"pid":7`) + `, "msg":"a b","pid":"x"}`},
		{`{}`, `{` + stamped + ours + ` }`},
		{`{ "time" : 5 }`, `{` + level + ours + `,  "time" : 5 }`},
		{`{"time":1,"level":0,"service":2,"stream":3,"run":4,"pid":5}`, `{ "time":1,"level":0,"service":2,"stream":3,"run":4,"pid":5}`},
		{`{"a":01}`, `{` + stamped + ours + `,"line":"{\"a\":01}"}`},
		{`{"\u0074im\u0065":1,"Time":2,"\u0174ime":3,"ru\u006":4}`, `{` + stamped + ours + `,"line":"{\"\\u0074im\\u0065\":1,\"Time\":2,\"\\u0174ime\":3,\"ru\\u006\":4}"}`},
		{`{"\u0074im\u0065":1,"Time":2,"\u0174ime":3,"ru\n":4}`, `{` + level + ours + `, "\u0074im\u0065":1,"Time":2,"\u0174ime":3,"ru\n":4}`},
		{`{"a":[` + strings.Repeat(`"",`, 120) + `1]}`, `{` + stamped + ours + `, "a":[` + strings.Repeat(`"",`, 120) + `1]}`},
		{` {"a":1}`, `{` + stamped + ours + `,  "a":1}`},
		{"{\"a\":1}\r", `{` + stamped + ours + `, "a":1}` + "\r"},
		{"\t{\"a\":1} \t", `{` + stamped + ours + `, ` + "\t\"a\":1} \t"},
		{" \t { } ", `{` + stamped + ours + "  \t  } "},
		{"\v{\"a\":1}", `{` + stamped + ours + `,"line":"\u000b{\"a\":1}"}`},
		{`{"a":1} x`, `{` + stamped + ours + `,"line":"{\"a\":1} x"}`},
	}
	for _, test := range tests {
		got, _ := cutInChunks(testJSONFrame(400, true, false), []byte(test.in+"\n"), func() int { return 3 }, 64)
		wantText(t, test.in, got, test.want+"\n")
		if !json.Valid([]byte(got)) {
			t.Errorf("no JSON: %s", got)
		}
	}
}

func TestLinesAreJoinedToRecords(t *testing.T) {
	f := testJSONFrame(60, false, true)
	in := "panic: no\n  at one\n\tat two\nnext\n" + strings.Repeat("y", 50) + "\n  does not fit\n fits\n"
	got, count := cutInChunks(f, []byte(in), func() int { return 5 }, 64)
	var lines []string
	for object := range strings.Lines(got) {
		var o struct{ Line string }
		if err := json.Unmarshal([]byte(object), &o); err != nil {
			t.Fatalf("%s: %v", object, err)
		}
		lines = append(lines, o.Line)
	}
	want := []string{"panic: no\n  at one\n\tat two", "next", strings.Repeat("y", 50), "  does not fit\n fits"}
	if fmt.Sprintf("%q", lines) != fmt.Sprintf("%q", want) {
		t.Errorf("got %q, want %q", lines, want)
	}
	if count != (Count{int64(len(in)), 4}) {
		t.Errorf("counted %+v", count)
	}
}

// Whatever part of a batch was written when a write failed, the bytes that are
// counted as written are those of whole objects.
func TestMeasureCountsObjects(t *testing.T) {
	stream := "one\n\n\"th\\ree\"\x01\xff\n" + strings.Repeat("0123456789", 12) + "\n{\"a\":\"b c\"}\n{}\n{\"time\":1}\n at\n at\n"
	f := testJSONFrame(100, true, true)
	framed, count := cutInChunks(f, []byte(stream), func() int { return 7 }, 1024)
	if whole := f.Measure([]byte(framed), len(framed)); whole != count || whole.Bytes != int64(len(stream)) {
		t.Errorf("all: %+v, cut %+v, written %d", whole, count, len(stream))
	}
	sum := Count{}
	for object := range strings.Lines(framed) {
		sum.Add(f.Measure([]byte(object), len(object)))
	}
	if sum != count {
		t.Errorf("one by one %+v, want %+v", sum, count)
	}
}

// A record is held back until a line shows that it has ended, unless HoldBack says not to
// wait; the beginning of a line is no record.
func TestRecordsAreHeldBack(t *testing.T) {
	f := testJSONFrame(1000, false, true)
	out, rest, _, _ := f.Cut(make([]byte, 0, 1000), []byte("panic\n at one\n at"))
	if len(out) > 0 || string(rest) != "panic\n at one\n at" || !f.Holds(rest) {
		t.Errorf("%q went out, %q is held: %v", out, rest, f.Holds(rest))
	}
	f.HoldBack(false)
	out, rest, lines, _ := f.Cut(make([]byte, 0, 1000), rest)
	if !strings.HasSuffix(string(out), `"line":"panic\n at one"}`+"\n") || string(rest) != " at" || lines != 1 || f.Holds(rest) {
		t.Errorf("%q went out, %q is left", out, rest)
	}
	f.HoldBack(true)
	if out, rest, _, _ := f.Cut(make([]byte, 0, 1000), []byte(" at two\n")); len(out) > 0 || !f.Holds(rest) {
		t.Errorf("%q went out", out)
	}
	plain, raw := testJSONFrame(1000, false, false), NewRaw()
	raw.HoldBack(false)
	if plain.Holds([]byte("panic\n at")) || raw.Holds([]byte("panic\n at")) {
		t.Error("a stream without records holds one")
	}
}

// An object passes as an object up to the limit, though it would be longer as text; one byte
// more, and it comes in pieces. Without merge it is text.
func TestObjectOfTheLimit(t *testing.T) {
	object := `{"a":["","","",""]}`
	for _, c := range []struct {
		room  int
		merge bool
		want  int
	}{{len(object), true, 1}, {len(object) - 1, true, 2}, {len(object), false, 2}} {
		f := testJSONFrame(c.room, c.merge, false)
		got, n := f.Lines([]byte(object + "\n"))
		if n != c.want || strings.Contains(string(got), ", \"a\":[") != (c.want == 1) {
			t.Errorf("room %d, merge %v: %d lines:\n%s", c.room, c.merge, n, got)
		}
	}
}

// The beginning of what may become an object is kept until it is longer than one may be.
func TestObjectIsWaitedFor(t *testing.T) {
	object := `{"a":["","","",""]}`
	for _, c := range []struct{ room, left int }{{len(object), len(object)}, {len(object) - 1, 0}} {
		f := testJSONFrame(c.room, true, false)
		_, rest, lines, _ := f.Cut(make([]byte, 0, 1000), []byte(object))
		if len(rest) == len(object) != (lines == 0) || c.left > 0 != (lines == 0) {
			t.Errorf("room %d: %d lines, %q is left", c.room, lines, rest)
		}
	}
}

// Lines has room for every text, in every format.
func TestLinesHasRoom(t *testing.T) {
	text := []byte(strings.Repeat("\x00", 5000) + "\n\n" + strings.Repeat("\n", 100) + strings.Repeat("\u20ac", 2000) + "\n")
	prefixed, raw := Prefixed("web", 3, NoColor), NewRaw()
	for _, f := range []Frame{prefixed, raw, testJSONFrame(300, false, false), testJSONFrame(escapeMost, true, true), NewSyslog(RFC3164, true, "h", "web", 1)} {
		lines, n := f.Lines(text)
		if c := f.Measure(lines, len(lines)); c != (Count{int64(len(text)), int64(n)}) {
			t.Errorf("format %d: %+v of %d bytes", f.format, c, len(text))
		}
	}
}
