package stdio

import (
	"os"
	"slices"
	"strings"
	"unicode/utf8"

	"golang.org/x/sys/unix"

	"sexton/service"
)

// Color tells whether what goes to the descriptor is to be coloured. setting is
// "always", "never", or anything else for "auto": yes for a terminal, unless
// NO_COLOR is set to something (no-color.org) or TERM is "dumb"; getenv tells.
func Color(fd int, setting string, getenv func(string) string) bool {
	switch setting {
	case "always":
		return true
	case "never":
		return false
	}
	if _, err := unix.IoctlGetTermios(fd, unix.TCGETS); err != nil {
		return false
	}
	return getenv("NO_COLOR") == "" && getenv("TERM") != "dumb"
}

// palette is what the names of services are coloured with, one after the
// other: colours that can be read on a dark and on a light ground, and neither
// red nor white, which look like a mistake and like us.
var palette = [...]string{
	"\x1b[36m", "\x1b[33m", "\x1b[32m", "\x1b[35m", "\x1b[34m",
	"\x1b[96m", "\x1b[93m", "\x1b[92m", "\x1b[95m", "\x1b[94m",
}

const (
	ownColor = "\x1b[1m"
	redColor = "\x1b[31m"
	noColor  = "\x1b[0m"
)

// colorOf is the colour of a service: by its place in Options.Names, so that
// it keeps its colour when it is started again.
func (m *Mux) colorOf(service string) string {
	i := slices.Index(m.options.Names, service)
	if i < 0 {
		i = len(service)
	}
	return palette[i%len(palette)]
}

// serviceFrame is how lines of a service look in a sink.
func (m *Mux) serviceFrame(o *Source, which string, k *sink) frame {
	var f frame
	switch log := &o.Log; {
	case k.syslog != nil:
		f = k.syslog.frame(o.Service, which, o.pid, log.RFC5424)
	case log.Format == service.JSON:
		f = newJSON(origin{o.Service, which, levelOf(which), o.Run, o.pid}, log.Merge, o.join)
	case log.Format == service.Raw:
		f.raw = true
	default:
		ink := ""
		if k.color {
			ink = m.colorOf(o.Service)
		}
		f.line, f.more = prefixes(o.Service, m.width, ink)
		if log.Timestamps {
			f.stampFirst()
		}
	}
	if k.syslog != nil {
		f.limit(min(max(o.Log.MaxLine, minMaxLine), syslogMaxLine))
	} else {
		f.limit(o.Log.MaxLine)
	}
	return f
}

// levelOf is the level of what a service writes, which it alone knows: that of its
// stream, as in syslog. Many programs write all of their log to stderr, so it is no error.
func levelOf(which string) Level {
	if which == Stderr {
		return Warnings
	}
	return Normal
}

// ownFrame is how lines of ours look: as [log] says, or like those among which
// they stand.
func (m *Mux) ownFrame(color, json, timestamps bool, level Level) frame {
	ink := ""
	if color {
		ink = ownColor
	}
	var f frame
	switch {
	case json:
		f = newJSON(origin{m.options.Self, Stderr, level, 0, os.Getpid()}, false, nil)
	case m.options.Prefixed:
		f.line, f.more = prefixes(m.options.Self, m.width, ink)
	case m.options.Self == "":
		f.more = []byte("+")
	default:
		end := noColor
		if !color {
			end = ""
		}
		f.line = []byte(ink + m.options.Self + ":" + end + " ")
		f.more = []byte(ink + m.options.Self + ":+" + end)
	}
	if timestamps && !json {
		f.stampFirst()
	}
	f.limit(0)
	return f
}

// stampFirst puts the time before a prefix.
func (f *frame) stampFirst() {
	room := strings.Repeat(" ", stampMillis+1)
	f.line, f.more = []byte(room+string(f.line)), []byte(room+string(f.more))
	f.time = span{0, stampMillis}
}

// prefixes makes what stands before a line of name, and before its further
// pieces.
func prefixes(name string, width int, ink string) (line, more []byte) {
	padded := name + strings.Repeat(" ", max(0, width-utf8.RuneCountInString(name)))
	end := ""
	if ink != "" {
		end = noColor
	}
	return []byte(ink + padded + " |" + end + " "), []byte(ink + padded + " |+" + end)
}
