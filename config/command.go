package config

import (
	"fmt"
	"path"
	"slices"
	"strconv"
	"strings"
	"time"

	"sexton/proc"
	"sexton/service"
)

// OneCommand is the plan of `sexton -- COMMAND`: one service with the base name of the
// command, which gets the terminal and is never restarted, and whose group sexton does not kill. It
// costs almost nothing, because the smallest use passes through here. argv is at
// least one word; the plan keeps both slices.
func OneCommand(argv, environ []string) service.Plan {
	name := path.Base(argv[0])
	return service.Plan{
		Init: service.Init{
			Policies: service.Policies{
				StopSignals: service.ForwardToMain, GraceMeans: service.KillAfter, StopReach: service.ReachGroup, Lines: service.FaultsOnly,
				Heir: true, Lean: true, ContinueIfStopped: true,
			},
			Main: name, ExitCodeFrom: name, Linger: defaultLinger,
		},
		Services: []service.Spec{{
			Name:       name,
			Command:    argv,
			Env:        environ,
			Restart:    service.Never,
			Backoff:    newSpec("").Backoff,
			GiveUp:     newSpec("").GiveUp, // of starts that are refused for now
			ShutdownOn: service.AnyExit,
			OKCodes:    []int{0},
			Stop:       []service.Rung{{Signal: proc.TERM}, {Signal: proc.KILL}},
			TTY:        true,
		}},
	}
}

// Pause is the plan of `sexton pause`: it runs nothing, ends only on request, and then sends
// TERM and KILL to what other programs have left behind.
func Pause() service.Plan {
	return service.Plan{Init: service.Init{Policies: service.Policies{Lean: true, StaysIdle: true}, Linger: defaultLinger}}
}

// GraceOfEnvironment reads SEXTON_GRACE for one command and for pause, which read no
// file. If it is unset or empty, *into stays as it is.
func GraceOfEnvironment(environ []string, into *time.Duration) error {
	const prefix = graceVariable + "="
	i := slices.IndexFunc(environ, func(entry string) bool { return strings.HasPrefix(entry, prefix) })
	if i < 0 || environ[i] == prefix {
		return nil
	}
	text := environ[i][len(prefix):]
	grace, fault, mend := parseDuration(text, leastGrace, mostGrace)
	if fault != "" {
		return &Mistake{Key: graceVariable, Value: fmt.Sprintf("%q", text), Text: fault, Mend: mend}
	}
	*into = grace
	return nil
}

// addCommand adds the COMMAND of the command line as the main service.
func (r *reader) addCommand(d *draft, argv []string) {
	name := "main"
	taken := func() bool { return d.find(name) != nil || d.groups[name] != nil }
	if taken() {
		name = "command"
	}
	for i := 2; taken(); i++ {
		name = "command-" + strconv.Itoa(i)
	}
	s := &draftService{spec: newSpec(name)}
	s.spec.Log = d.log
	s.spec.Command = append([]string(nil), argv...)
	s.spec.Env = r.environment.with(nil)
	d.services = append(d.services, s)
	d.init.Main = name
}
