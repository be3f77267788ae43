package framing

import (
	"bytes"
	"strings"
	"unicode/utf8"
)

// Colours of what stands before a line: none, Bold for our own lines, and Color for services.
const (
	NoColor = ""
	Bold    = "\x1b[1m"

	red      = "\x1b[31m"
	colorEnd = "\x1b[0m"
)

// palette has the colours of the services: they can be read on a dark and on a light
// background, and are neither red nor white, which look like a mistake and like us.
var palette = [...]string{
	"\x1b[36m", "\x1b[33m", "\x1b[32m", "\x1b[35m", "\x1b[34m",
	"\x1b[96m", "\x1b[93m", "\x1b[92m", "\x1b[95m", "\x1b[94m",
}

// Color is one of the colours for services, the same for the same i.
func Color(i int) string { return palette[i%len(palette)] }

// Prefixed returns a frame that puts a name and a bar before each line. The name is
// filled up with spaces to width characters; a longer one sticks out.
func Prefixed(name string, width int, color string) Frame {
	padded := color + name + strings.Repeat(" ", max(0, width-utf8.RuneCountInString(name)))
	end := endOf(color)
	return newPrefix(padded+" |"+end+" ", padded+" |+"+end)
}

// Titled returns a frame that puts a name and a colon before each line; with name "" it
// marks the further pieces of long lines only.
func Titled(name, color string) Frame {
	if name == "" {
		return newPrefix("", "+")
	}
	end := endOf(color)
	return newPrefix(color+name+":"+end+" ", color+name+":+"+end)
}

func newPrefix(line, more string) Frame {
	f := Frame{line: []byte(line), more: []byte(more)}
	f.Limit(0)
	return f
}

// endOf ends a colour.
func endOf(color string) string {
	if color == NoColor {
		return ""
	}
	return colorEnd
}

// AddTime puts the time before the prefix. Limit comes after it.
func (f *Frame) AddTime() {
	room := strings.Repeat(" ", stampMillis+1)
	f.line, f.more = []byte(room+string(f.line)), []byte(room+string(f.more))
	f.time = span{0, stampMillis}
}

// RedLines is Lines with the text in red. The colour counts as text of the stream.
func (f *Frame) RedLines(text []byte) (lines []byte) {
	f.line, f.more = append(f.line, red...), append(f.more, red...)
	f.room -= len(red) + len(colorEnd)
	lines, _ = f.Lines(text)
	return bytes.ReplaceAll(lines, newline, []byte(colorEnd+"\n"))
}
