package config

import (
	"slices"
	"strings"

	"sexton/proc"
	"sexton/service"
)

// fill gives values to keys that are missing, where they depend on other keys. Nothing after it changes the
// draft: checks only read.
func (r *reader) fill(d *draft) {
	d.fillGroups()
	d.fillMain()
	for _, s := range d.services {
		s.fillLog()
		if s.spec.PTY {
			s.fillTerminal()
		}
	}
	d.fillPipelines()
	d.fillRules()
	if main := d.find(d.init.Main); main != nil && r.options.Running && r.options.Terminal {
		main.fillStdin()
	}
}

// named puts the name of a service into the path of a log, and the number of its replica, which is not a part of the
// name then.
func (s *draftService) named(path string) string {
	name := s.spec.Name
	if strings.Contains(path, "{replica}") {
		number := "1"
		if i := strings.LastIndexByte(name, '@'); s.replica {
			name, number = name[:i], name[i+1:]
		}
		path = strings.ReplaceAll(path, "{replica}", number)
	}
	return strings.ReplaceAll(path, "{service}", name)
}

// fillMain gives the main service the defaults that differ from the others'.
func (d *draft) fillMain() {
	main := d.find(d.init.Main)
	if main == nil {
		return
	}
	if main.table.child("restart") == nil {
		main.spec.Restart = service.Never
	}
	if main.table.child("shutdown_on") == nil {
		main.spec.ShutdownOn = service.AnyExit
	}
	if main.table.child("tty") == nil {
		main.spec.TTY = true
		for _, s := range d.services {
			if s != main && s.spec.TTY {
				main.spec.TTY = false
			}
		}
	}
}

// fillStdin keeps the main service from our stdin, which is a terminal that another service has, or that
// no service is to have.
func (s *draftService) fillStdin() {
	if !s.spec.TTY && !s.spec.PTY && s.spec.Stdin+s.spec.StdinFrom == "" {
		s.spec.Stdin = "null"
	}
}

// fillTerminal completes a service that has a terminal of its own.
func (s *draftService) fillTerminal() {
	s.spec.Session, s.spec.Log.OneStream = true, true
	if !slices.ContainsFunc(s.spec.Env, func(entry string) bool { return strings.HasPrefix(entry, "TERM=") }) {
		s.spec.Env = append(s.spec.Env, "TERM=xterm") // as Docker does for its terminals
	}
}

// fillPipelines lets each writer start after its reader, and stop before it.
func (d *draft) fillPipelines() {
	for _, p := range d.pipelines() {
		if p.fault != "" {
			continue
		}
		reader, writer := &p.reader.spec, &p.writer.spec
		if p.reader.table.child("stop") == nil {
			// The reader sees the end of its input when the writer is down. CONT does nothing
			// to it, but gives it the time to come to that end.
			reader.Stop = append([]service.Rung{{Signal: proc.CONT}}, reader.Stop...)
		}
		if !slices.Contains(writer.After, reader.Name) {
			writer.After = append(writer.After, reader.Name)
		}
	}
}

// fillRules puts the rules of [signals] into the plan.
func (d *draft) fillRules() {
	for _, rule := range d.rules {
		if rule.wrong {
			continue
		}
		if d.init.Rules == nil {
			d.init.Rules = make(map[proc.Signal]service.Rule)
		}
		d.init.Rules[rule.signal] = rule.rule
	}
}
