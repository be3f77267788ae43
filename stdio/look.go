package stdio

import (
	"os"
	"slices"

	"golang.org/x/sys/unix"

	"sexton/service"
	"sexton/stdio/framing"
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

// colorOf is the colour of a service: by its place in Options.Names, so that
// it keeps its colour when it is started again.
func (m *Mux) colorOf(service string) string {
	i := slices.Index(m.names.Load().names, service)
	if i < 0 {
		i = len(service)
	}
	return framing.Color(i)
}

// serviceFrame is how lines of a service look in a sink.
func (m *Mux) serviceFrame(o *Source, which string, k *sink) framing.Frame {
	log := &o.Log
	var f framing.Frame
	switch {
	case k.syslog:
		format := framing.RFC3164
		if log.To(which == Stderr).RFC5424 {
			format = framing.RFC5424
		}
		f = framing.NewSyslog(format, which == Stderr, hostname(), o.Service, o.pid)
		if log.MaxLine > 0 {
			f.Limit(min(log.MaxLine, framing.SyslogMaxLine))
		}
		return f
	case log.Format == service.JSON:
		from := framing.Origin{Name: o.Service, Stream: which, Level: levelOf(which).String(), Run: uint64(o.Run), PID: o.pid}
		f = framing.NewJSON(from, log.Merge, o.join)
	case log.Format == service.Raw:
		f = framing.NewRaw()
	default:
		color := framing.NoColor
		if k.color {
			color = m.colorOf(o.Service)
		}
		f = framing.Prefixed(o.Service, m.names.Load().width, color)
		if log.Timestamps {
			f.AddTime()
		}
	}
	f.Limit(log.MaxLine)
	return f
}

// hostname is our host's name for syslog; "-" if it has none (RFC 5424, NILVALUE).
func hostname() string {
	if name, err := os.Hostname(); err == nil && name != "" {
		return name
	}
	return "-"
}

// levelOf is the level of what a service writes: that of its stream, as in syslog, because
// only the service knows more. Many programs write all of their log to stderr, so it is no error.
func levelOf(which string) Level {
	if which == Stderr {
		return Warnings
	}
	return Normal
}

// ownFrame is how lines of ours look in a sink, as text.
func (m *Mux) ownFrame(k *sink, timestamps bool) framing.Frame {
	color := framing.NoColor
	if k.color {
		color = framing.Bold
	}
	f := framing.Titled(m.options.Self, color)
	if names := m.names.Load(); names.prefixed {
		f = framing.Prefixed(m.options.Self, names.width, color)
	}
	if timestamps {
		f.AddTime()
		f.Limit(0)
	}
	return f
}

// ownObjects is how lines of ours look as JSON. With merge a line is an object itself.
func (m *Mux) ownObjects(level Level, merge bool) framing.Frame {
	return framing.NewJSON(framing.Origin{Name: m.options.Self, Stream: Stderr, Level: level.String(), PID: os.Getpid()}, merge, nil)
}

// noticeFrame is how a line of ours looks that stands among the lines of a stream.
func (m *Mux) noticeFrame(s *stream) framing.Frame {
	like := s.look()
	switch format := like.Format(); format {
	case framing.RFC3164, framing.RFC5424:
		return framing.NewSyslog(format, true, hostname(), m.options.Self, os.Getpid())
	case framing.JSON:
		return m.ownObjects(Warnings, false)
	default:
		return m.ownFrame(s.sink, like.Timed())
	}
}
