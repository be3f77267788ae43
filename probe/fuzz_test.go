package probe

import (
	"strings"
	"testing"
	"testing/iotest"
)

// FuzzReadStatus compares the reader of answers with a naive one over the whole text,
// and what comes at once with what comes byte by byte.
func FuzzReadStatus(f *testing.F) {
	for _, text := range []string{
		"", "\n", "HTTP/1.1 200 OK\r\n\r\n", "HTTP/1.1 200", "HTTP/1.1 100 \r\n\r\nHTTP/1.1 404 \r\n",
		"HTTP/1.1 103 \nA: b\n\nHTTP/1.1 103 \n\nHTTP/1.1 101 \n", "HTTP/1.1 100 \r\nA: " + strings.Repeat("x", statusBytes) + "\r\n\r\nHTTP/1.1 204 \r\n",
		"HTTP/1.1 100 \r\n\r", "HTTP/1.1 100 " + strings.Repeat("x", statusBytes-13) + "\r\nA: b\r\n\r\nHTTP/1.1 204 \r\n", "HTTP/1.1 199 \n\n\n", "SSH-2.0-x\r\n",
	} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		if len(text) > answerBytes-2 {
			return
		}
		line, interim, err := readStatus(strings.NewReader(text))
		slow, slowInterim, slowErr := readStatus(iotest.OneByteReader(strings.NewReader(text)))
		if line != slow || interim != slowInterim || (err == nil) != (slowErr == nil) {
			t.Errorf("%q %d %v at once, %q %d %v byte by byte", line, interim, err, slow, slowInterim, slowErr)
		}
		if want, ok := naiveStatus(text); want != line || ok != (err == nil) {
			t.Errorf("%q, %v; want %q, %v", line, err, want, ok)
		}
	})
}

// naiveStatus is the first line of the final answer in text; ok is false when there is
// none.
func naiveStatus(text string) (line string, ok bool) {
	for {
		line, rest, found := strings.Cut(text, "\n")
		if line == "" && !found {
			return "", false
		}
		if len(line) >= statusBytes {
			line = line[:statusBytes]
		} else if found {
			line = strings.TrimSuffix(line, "\r")
		}
		if status, err := parseStatus(line); err != nil || status < 100 || status > 199 || status == 101 {
			return line, true
		}
		for found {
			var header string
			header, rest, found = strings.Cut(rest, "\n")
			if header == "" || header == "\r" {
				break
			}
		}
		if !found {
			return "", false
		}
		text = rest
	}
}
