package framing

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"
	"unicode/utf8"
)

// FuzzCutJSON compares with the naive cutter, and reads back what came out.
func FuzzCutJSON(f *testing.F) {
	f.Add([]byte("one\n two\n\x00\xff\xe2\x82\nthree"), []byte{1, 2, 3}, uint8(4), uint8(0), false, true)
	f.Add([]byte("{\"a\":[1,2.5e3,\"x\\u00e9\"]}\n{\"time\":1}\n{}\n {\n"), []byte{200}, uint8(100), uint8(1), true, true)
	f.Add([]byte("{\"a\":[\"\",\"\",\"\",\"\"]}\n {\"b\":2}\n{\"a\":[\"\",\"\",\"\",\"\"]"), []byte{5}, uint8(20), uint8(1), true, true)
	f.Add([]byte("0123456789\u00e9\u20ac\n\xff\xfe\n"), []byte{1}, uint8(1), uint8(9), true, false)
	f.Add([]byte("{\"a\":1}\r\n\t{\"b\":[]} \n   {\"time\":1}\r\n \n    {}"), []byte{1}, uint8(60), uint8(9), true, true)
	f.Add([]byte("{\"a\":1,\n\n \"b\":[\n 2]}\n{}\n"), []byte{1}, uint8(60), uint8(9), true, true)
	f.Add([]byte("{\"a\":1,\n \"b\":[\n 2]}\n{}\n"), []byte{2}, uint8(60), uint8(90), true, true)
	f.Fuzz(checkCutJSON)
}

func checkCutJSON(t *testing.T, stream, chunks []byte, room, batch uint8, merge, join bool) {
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
	if measured := frame.Measure([]byte(got), len(got)).Bytes; measured != count.Bytes && measured != count.Bytes+1 {
		t.Errorf("measured %d bytes, want %d", measured, count.Bytes)
	}
	other := NewJSON(Origin{"web", "stdout", "error", 12345, 1}, merge, nil) // another run may ask
	if again := other.Measure([]byte(got), len(got)); again != frame.Measure([]byte(got), len(got)) {
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

// FuzzCut compares the cutter with a naive one. What comes out must not depend
// on how the stream was split into chunks, nor on how much fits into a batch.
func FuzzCut(f *testing.F) {
	f.Add([]byte("one\ntwo\nthree"), []byte{1, 2, 3}, uint8(4), uint8(0), false)
	f.Add([]byte("\n\n\n0123456789\n"), []byte{200}, uint8(10), uint8(1), false)
	f.Add([]byte("0123456789\u00e9\u20ac\n\xff\xfe\n"), []byte{1}, uint8(1), uint8(9), false)
	f.Add([]byte("raw\r\n\x00 bytes, and a long line without an end"), []byte{5, 1}, uint8(7), uint8(3), true)
	f.Fuzz(checkCut)
}

func checkCut(t *testing.T, stream, chunks []byte, room, batch uint8, raw bool) {
	frame := testFrame(raw, int(room)%40+1)
	at := 0
	chunk := func() int {
		if len(chunks) == 0 {
			return len(stream)
		}
		at++
		return int(chunks[at%len(chunks)])
	}
	want, lines := cutSlowly(frame, stream)
	got, count := cutInChunks(frame, stream, chunk, int(batch))
	if got != want {
		t.Errorf("room %d:\n got %q\nwant %q", frame.room, got, want)
	}
	if count.Bytes != int64(len(stream)) || count.Lines != int64(lines) {
		t.Errorf("counted %+v, want %d bytes and %d lines", count, len(stream), lines)
	}
}
