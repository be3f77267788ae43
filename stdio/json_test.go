package stdio

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"os"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"golang.org/x/sys/unix"

	"sexton/pattern"
	"sexton/service"
)

// jsonSlowly is frame.cutJSON in its simplest form, over a whole stream.
func jsonSlowly(f frame, input string, joins func(string) bool) (framed string, lines int) {
	var out strings.Builder
	put := func(text, end string) {
		out.Write(f.line)
		out.WriteString(slowEscape(text))
		out.WriteString(end + "\n")
		lines++
	}
	inside := false
	for input != "" {
		line, rest, _ := strings.Cut(input, "\n")
		isObject := f.json.merge && !inside && strings.HasPrefix(strings.TrimLeft(line, " \t\r\n"), "{") && utf8.ValidString(line) && json.Valid([]byte(line)) && slowDepth(line) <= maxObjectDepth
		if isObject && len(line) <= f.room && len(slowEscape(line)) > f.room {
			out.WriteString(slowMerge(f, line))
			lines++
			input = rest
			continue
		}
		if len(slowEscape(line)) > f.room {
			n := 0
			for {
				_, size := utf8.DecodeRuneInString(line[n:])
				if len(slowEscape(line[:n+size])) > f.room {
					break
				}
				n += size
			}
			put(line[:n], `","more":true}`)
			input, inside = input[n:], true
			continue
		}
		for joins != nil && rest != "" {
			next, behind, _ := strings.Cut(rest, "\n")
			if !joins(next) || len(slowEscape(line+"\n"+next)) > f.room {
				break
			}
			line, rest = line+"\n"+next, behind
		}
		if f.json.merge && !inside && strings.HasPrefix(strings.TrimLeft(line, " \t\r\n"), "{") && utf8.ValidString(line) && json.Valid([]byte(line)) && slowDepth(line) <= maxObjectDepth {
			out.WriteString(slowMerge(f, line))
			lines++
		} else {
			put(line, `"}`)
		}
		input, inside = rest, false
	}
	return out.String(), lines
}

func slowEscape(text string) string {
	var b strings.Builder
	for text != "" {
		r, n := utf8.DecodeRuneInString(text)
		switch {
		case r == utf8.RuneError && n == 1:
			b.WriteString(`\ufffd`)
		case r == '"' || r == '\\':
			b.WriteString(`\` + text[:1])
		case r == '\n':
			b.WriteString(`\n`)
		case r == '\r':
			b.WriteString(`\r`)
		case r == '\t':
			b.WriteString(`\t`)
		case r < 0x20:
			fmt.Fprintf(&b, `\u%04x`, r)
		default:
			b.WriteString(text[:n])
		}
		text = text[n:]
	}
	return b.String()
}

// slowMerge puts our members before those of an object that has none of them.
func slowMerge(f frame, line string) string {
	var ours []string
	var has map[string]json.RawMessage
	_ = json.Unmarshal([]byte(line), &has)
	for i, name := range jsonNames {
		if _, there := has[name]; !there {
			ours = append(ours, string(f.line[f.json.members[i].begin:f.json.members[i].end]))
		}
	}
	comma := ","
	if len(has) == 0 || len(ours) == 0 {
		comma = ""
	}
	before, inner, _ := strings.Cut(line, "{")
	return "{" + strings.Join(ours, ",") + comma + " " + strings.ReplaceAll(before+inner, "\n", " ") + "\n"
}

func slowDepth(line string) (most int) {
	depth, text := 0, false
	for i := 0; i < len(line); i++ {
		switch c := line[i]; {
		case text && c == '\\':
			i++
		case c == '"':
			text = !text
		case text:
		case c == '{' || c == '[':
			depth++
			most = max(most, depth)
		case c == '}' || c == ']':
			depth--
		}
	}
	return most
}

var testJoin = func() *pattern.Pattern { p, _ := pattern.Compile(`^\s`); return p }()

func joinsSlowly(line string) bool { return line != "" && strings.IndexByte(" \t\n\f\r", line[0]) >= 0 }

var testOrigin = origin{"web", Stdout, Normal, 1, 7}

func testJSONFrame(room int, merge, join bool) frame {
	p := testJoin
	if !join {
		p = nil
	}
	f := newJSON(testOrigin, merge, p)
	s := stamp(time.Date(2026, 1, 2, 3, 4, 5, 6, time.UTC))
	f.setTime(&s)
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
	if whole := f.measure([]byte(framed), len(framed)); whole != count || whole.Bytes != int64(len(stream)) {
		t.Errorf("all: %+v, cut %+v, written %d", whole, count, len(stream))
	}
	sum := Count{}
	for object := range strings.Lines(framed) {
		sum.add(f.measure([]byte(object), len(object)))
	}
	if sum != count {
		t.Errorf("one by one %+v, want %+v", sum, count)
	}
}

// FuzzCutJSON compares with the naive cutter, and reads back what came out.
func FuzzCutJSON(f *testing.F) {
	f.Add([]byte("one\n two\n\x00\xff\xe2\x82\nthree"), []byte{1, 2, 3}, uint8(4), uint8(0), false, true)
	f.Add([]byte("{\"a\":[1,2.5e3,\"x\\u00e9\"]}\n{\"time\":1}\n{}\n {\n"), []byte{200}, uint8(100), uint8(1), true, true)
	f.Add([]byte("{\"a\":[\"\",\"\",\"\",\"\"]}\n {\"b\":2}\n{\"a\":[\"\",\"\",\"\",\"\"]"), []byte{5}, uint8(20), uint8(1), true, true)
	f.Add([]byte("0123456789\u00e9\u20ac\n\xff\xfe\n"), []byte{1}, uint8(1), uint8(9), true, false)
	f.Add([]byte("{\"a\":1}\r\n\t{\"b\":[]} \n   {\"time\":1}\r\n \n    {}"), []byte{1}, uint8(60), uint8(9), true, true)
	f.Add([]byte("{\"a\":1,\n\n \"b\":[\n 2]}\n{}\n"), []byte{1}, uint8(60), uint8(9), true, true)
	f.Add([]byte("{\"a\":1,\n \"b\":[\n 2]}\n{}\n"), []byte{2}, uint8(60), uint8(90), true, true)
	f.Fuzz(func(t *testing.T, stream, chunks []byte, room, batch uint8, merge, join bool) {
		frame := testJSONFrame(int(room)+escapeMost, merge, join)
		at := 0
		chunk := func() int {
			if len(chunks) == 0 {
				return len(stream)
			}
			at++
			return int(chunks[at%len(chunks)])
		}
		joins := joinsSlowly
		if !join {
			joins = nil
		}
		want, lines := jsonSlowly(frame, string(stream), joins)
		got, count := cutInChunks(frame, stream, chunk, int(batch))
		if got != want {
			t.Errorf("room %d:\n got %q\nwant %q", frame.room, got, want)
		}
		if count.Bytes != int64(len(stream)) || count.Lines != int64(lines) {
			t.Errorf("counted %+v, want %d bytes and %d lines", count, len(stream), lines)
		}
		if measured := frame.measure([]byte(got), len(got)).Bytes; measured != count.Bytes && measured != count.Bytes+1 {
			t.Errorf("measured %d bytes, want %d", measured, count.Bytes)
		}
		other := newJSON(origin{"web", Stdout, Errors, 12345, 1}, merge, nil) // another run may ask
		if again := other.measure([]byte(got), len(got)); again != frame.measure([]byte(got), len(got)) {
			t.Errorf("measured %+v by another run", again)
		}
		for object := range strings.Lines(got) {
			if len(object) > frame.most() {
				t.Errorf("an object of %d bytes, most is %d", len(object), frame.most())
			}
			if !json.Valid([]byte(object)) {
				t.Errorf("no JSON: %q", object)
			}
		}
	})
}

func FuzzObject(f *testing.F) {
	f.Add([]byte(`{"a":[1,-0.5e+3,"x\u00e9\n",true,false,null,{}]}`))
	f.Add([]byte(`{"a":01}`))
	f.Add([]byte("\t {\"a\":1} \r"))
	f.Add([]byte("{\"a\":1}\x0b"))
	f.Fuzz(func(t *testing.T, line []byte) {
		_, got := object(line, nil)
		want := bytes.HasPrefix(bytes.TrimLeft(line, " \t\r\n"), []byte("{")) && utf8.Valid(line) && json.Valid(line)
		if got != want && !(want && slowDepth(string(line)) > maxObjectDepth) {
			t.Errorf("%q: %v, want %v", line, got, want)
		}
	})
}

func FuzzEscape(f *testing.F) {
	f.Add([]byte("0123456\"8\\\x01\x80\xff\xe2\x82\xacé\n\r\t 0123456789"), uint8(9))
	f.Fuzz(func(t *testing.T, text []byte, room uint8) {
		got := appendEscaped(nil, text)
		if want := slowEscape(string(text)); string(got) != want {
			t.Errorf("%q: %q, want %q", text, got, want)
		}
		if n := unescaped(got); n != len(text) {
			t.Errorf("%q: unescaped %d, want %d", text, n, len(text))
		}
		taken, size, _ := escaped(text, int(room), true)
		if part := appendEscaped(nil, text[:taken]); len(part) != size || size > int(room) {
			t.Errorf("%q: %d bytes taken make %d, not %d; room %d", text, taken, len(part), size, room)
		}
	})
}

// A record is not kept back for ever: after a while without a line it goes out.
func TestRecordGoesOutWhenNothingFollows(t *testing.T) {
	out := newReader(t, 0).read()
	m := newMux(t, Options{Out: out.out, Err: out.out, JSON: true, Clock: time.Now})
	for _, overflow := range []service.Overflow{service.Block, service.Drop} {
		web := spawn(t, m, Source{Service: "web", Run: 7, Log: service.Log{Format: service.JSON, Join: `^\s`, Overflow: overflow}})
		web.say("panic\n at one\n")
		web.say(" at ")
		eventually(t, "the record", func() bool { return strings.Contains(out.String(), `"run":7,"pid":4711,"line":"panic\n at one"}`) })
		web.say("two\n at three\n")
		web.exit()
		flushed(t, m)
		if got := out.all(); !strings.HasSuffix(got, `"line":" at two\n at three"}`+"\n") {
			t.Errorf("got %s", got)
		}
		out.clear()
	}
	m.Say(Normal, "web", "started")
	flushed(t, m)
	if got := out.all(); !strings.HasSuffix(got, fmt.Sprintf(`"level":"info","service":"sexton","stream":"stderr","run":0,"pid":%d,"line":"web: started"}`+"\n", os.Getpid())) {
		t.Errorf("got %s", got)
	}
}

// A sink that is busy serves a stream late, when the time of a record is over and
// more of it has come since: then it has all of its time again.
func TestRecordThatWasServedLateIsNotTorn(t *testing.T) {
	join, err := pattern.Compile(`^\s`)
	if err != nil {
		t.Fatal(err)
	}
	var ends [2]int
	if err := unix.Pipe2(ends[:], unix.O_CLOEXEC|unix.O_NONBLOCK); err != nil {
		t.Fatal(err)
	}
	defer closeBoth(ends)
	m := New(Options{})
	s := &stream{sink: &sink{mux: m}, account: &account{}, fd: ends[0], frame: newJSON(testOrigin, false, join)}
	s.frame.limit(0)
	b := m.batches.borrow(s.sink, outBytes, nil)
	for i, line := range []string{"trace\n", "\tat one\n"} {
		if _, err := unix.Write(ends[1], []byte(line)); err != nil {
			t.Fatal(err)
		}
		s.fill(b)
		if i == 1 && s.fill(b) != wait {
			t.Error("there is more")
		}
		s.overdue.Store(true)
	}
	if s.waiting == nil || !s.waiting.Stop() {
		t.Error("the record does not wait")
	}
	if len(b.out) > 0 {
		t.Errorf("it went out at once: %s", b.out)
	}
}

func TestStamp(t *testing.T) {
	for range 1000 {
		now := time.Unix(rand.Int64N(4e9), rand.Int64N(1e9))
		got := stamp(now)
		if want := now.UTC().Format("2006-01-02T15:04:05.000000000Z"); string(got[:]) != want {
			t.Errorf("got %s, want %s", got, want)
		}
	}
}

func TestTimestamps(t *testing.T) {
	out := newReader(t, 0).read()
	clock := func() time.Time { return time.Date(2026, 1, 2, 3, 4, 5, 678_900_000, time.UTC) }
	m := newMux(t, Options{Out: out.out, Err: out.out, Timestamps: true, Clock: clock, Self: "sexton", Prefixed: true, Level: Verbose})
	web := spawn(t, m, Source{Service: "web", Log: service.Log{Timestamps: true, MaxLine: 256}})
	long := strings.Repeat("x", 300)
	web.say("one\n" + long + "\n")
	web.exit()
	flushed(t, m)
	m.Say(Normal, "", "two")
	flushed(t, m)
	at := "2026-01-02T03:04:05.678Z "
	room := 256 - len(at+"web    | \n")
	wantText(t, "stdout", out.all(), at+"web    | one\n"+at+"web    | "+long[:room]+"\n"+at+"web    |+"+long[room:]+"\n"+
		at+"sexton | two\n")
	f := m.serviceFrame(&Source{Service: "web", Log: service.Log{Timestamps: true, MaxLine: 256}}, Stdout, m.out)
	now := stamp(clock())
	f.setTime(&now)
	framed, _, _, _ := f.cut(make([]byte, 0, 1000), []byte(long+"\n"))
	later := bytes.Replace(framed, []byte("05.678Z web    |+"), []byte("06.678Z web    |+"), 1)
	if got := f.measure(later, len(later)); got != (Count{301, 2}) {
		t.Errorf("measured %+v", got)
	}
}
