package framing

import (
	"encoding/json"
	"math/rand/v2"
	"strings"
	"testing"
	"unicode/utf8"
)

// fragments are what random streams are made of.
var fragments = []string{
	"\n", "\n", "\n\n", " ", "x", "0123456789", "\u00e9", "\u20ac", "\U0001F600", "\xff", "\xe2\x82", "\x80", "\x00", "\r\n", "\t", "\"", "\\", "\ufffd",
	"{", "}", "{}", " {}", "{\"a\":1}", "{\"time\":\"\"}", "{\"level\":[\"\",\"\",\"\"]}", "\n at ", "{\"a\":\"\",\n \"b\":2}\n",
}

func randomStream(random *rand.Rand) (stream, chunks []byte) {
	for range random.IntN(12) {
		stream = append(stream, fragments[random.IntN(len(fragments))]...)
	}
	for range random.IntN(4) {
		chunks = append(chunks, byte(1+random.IntN(20)))
	}
	return stream, chunks
}

// Random streams, cut in random chunks into random rooms, come out as the naive cutters
// make them. The fuzzers search further; this is what every run checks.
func TestRandomStreams(t *testing.T) {
	checkCutJSON(t, []byte(strings.Repeat("\x01", 100)), []byte{1}, 34, 50, false, false)
	random := rand.New(rand.NewPCG(7, 8))
	for range 3000 {
		stream, chunks := randomStream(random)
		room, batch := uint8(random.IntN(40)), uint8(random.IntN(120))
		checkCut(t, stream, chunks, room, batch, random.IntN(2) == 0)
		checkCutJSON(t, stream, chunks, room+uint8(random.IntN(60)), batch, random.IntN(2) == 0, random.IntN(2) == 0)
		if t.Failed() {
			t.Fatalf("stream %q, chunks %v", stream, chunks)
		}
	}
}

// An object with one byte replaced, added or taken away is an object for us exactly when it is
// one for encoding/json.
func TestDamagedObjects(t *testing.T) {
	objects := []string{
		`{"a":[1,-0.5e+30,"x\u00e9\n\\\"",true,false,null,{},[]],"time":-9,"b":{"c":[[0],{"d":1E-9}]}}`,
		` { "a" : 0.10e1 , "\u0074ime" : [ ] } `,
	}
	const bytes = "\"\\/{}[]:,.eE+-019tfnulars \n\t\x00\x1f\x7f\u00e9g"
	for _, object := range objects {
		for at := range len(object) {
			for i := range len(bytes) {
				checkObject(t, object[:at]+bytes[i:i+1]+object[at+1:])
				checkObject(t, object[:at]+bytes[i:i+1]+object[at:])
			}
			checkObject(t, object[:at]+object[at+1:])
			checkObject(t, object[:at])
		}
	}
	deep := func(n int) string { return `{"a":` + strings.Repeat("[", n) + strings.Repeat("]", n) + `}` }
	nested := func(n int) string { return strings.Repeat(`{"a":`, n) + "1" + strings.Repeat("}", n) }
	for text, want := range map[string]bool{
		deep(maxObjectDepth - 1): true, deep(maxObjectDepth): false, nested(maxObjectDepth): true, nested(maxObjectDepth + 1): false,
	} {
		if got := isObject([]byte(text)); got != want {
			t.Errorf("%v: %.100s", got, text)
		}
	}
}

func checkObject(t *testing.T, text string) {
	t.Helper()
	line := []byte(text)
	has, got := object(line, jsonNames[:])
	want := strings.HasPrefix(strings.TrimLeft(text, " \t\r\n"), "{") && utf8.Valid(line) && json.Valid(line)
	if got != want {
		t.Errorf("%q: %v, want %v", text, got, want)
	}
	if !want {
		return
	}
	var members map[string]json.RawMessage
	if err := json.Unmarshal(line, &members); err != nil {
		t.Fatal(err)
	}
	for i, name := range jsonNames {
		if _, there := members[name]; there != (has&(1<<i) != 0) {
			t.Errorf("%q: %s: %v", text, name, there)
		}
	}
}
