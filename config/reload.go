package config

import (
	"slices"
	"strings"

	"sexton/proc"
	"sexton/service"
)

// readReload reads how a service takes a new configuration.
func readReload(r *reader, v *value, s *service.Spec) {
	text, isText := v.data.(string)
	_, isList := v.data.([]any)
	switch {
	case isList || isText && strings.ContainsAny(strings.TrimSpace(text), " \t\r\n/"):
		r.wrong(v, "a command is not supported yet by this version", "write the signal that the program reloads with, or leave it out for a restart")
		return
	case !isText:
		r.wrongType(v)
		return
	case text == "restart":
		r.wrong(v, `"restart" is not the name of a signal`, "leave reload out: then a service is restarted")
		return
	}
	signal, ok := r.signalNamed(text, func(text, mend string) { r.wrong(v, text, mend) })
	switch {
	case !ok:
	case slices.Contains([]proc.Signal{proc.KILL, proc.STOP, proc.CONT, proc.CHLD}, signal):
		r.wrong(v, "no program reloads with "+signal.String(), "write, for example, "+v.example)
	default:
		s.Reload = signal
	}
}
