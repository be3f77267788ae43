package stdio

import (
	"os"
	"slices"
	"strings"
	"unicode/utf8"

	"golang.org/x/sys/unix"
)

// Color tells whether what goes to the descriptor is to be coloured. setting is
// "always", "never", or anything else for "auto": yes for a terminal, unless
// NO_COLOR is set to something (no-color.org) or TERM is "dumb".
func Color(fd int, setting string) bool {
	switch setting {
	case "always":
		return true
	case "never":
		return false
	}
	if _, err := unix.IoctlGetTermios(fd, unix.TCGETS); err != nil {
		return false
	}
	return os.Getenv("NO_COLOR") == "" && os.Getenv("TERM") != "dumb"
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

// serviceFrame is how lines of a service look.
func (m *Mux) serviceFrame(o *Output, color bool) frame {
	f := frame{raw: o.Format == Raw}
	if !f.raw {
		ink := ""
		if color {
			ink = m.colorOf(o.Service)
		}
		f.line, f.more = prefixes(o.Service, m.width, ink)
	}
	f.limit(o.MaxLine)
	return f
}

// ownFrame is how lines of ours look.
func (m *Mux) ownFrame(color bool) frame {
	ink := ""
	if color {
		ink = ownColor
	}
	var f frame
	if m.options.Prefixed {
		f.line, f.more = prefixes(m.options.Self, m.width, ink)
	} else {
		end := noColor
		if !color {
			end = ""
		}
		f.line = []byte(ink + m.options.Self + ":" + end + " ")
		f.more = []byte(ink + m.options.Self + ":+" + end)
	}
	f.limit(0)
	return f
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
