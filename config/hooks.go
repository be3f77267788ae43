package config

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"sexton/service"
)

// Hooks: the commands that run before and after a start and a stop.

// mostHooks bounds the commands of one stage.
const mostHooks = 100

func hookRows() []row[*service.Spec] {
	rows := []row[*service.Spec]{
		{name: service.BeforeStart.String(), example: `before_start = ["mkdir", "-p", "/run/web"]`, others: "pre_start exec_start_pre exec_condition"},
		{name: service.AfterStart.String(), example: `after_start = "./announce up"`, others: "post_start exec_start_post"},
		{name: service.BeforeStop.String(), example: `before_stop = ["./leave-cluster"]`, others: "pre_stop"},
		{name: service.StopCommand.String(), example: `stop_command = ["nginx", "-s", "quit"]`, others: "exec_stop"},
		{name: service.AfterStop.String(), example: `after_stop = "rm -f /run/web.pid"`, others: "post_stop exec_stop_post finish"},
	}
	for i := range rows {
		rows[i].expects = "a command or a list of commands"
		rows[i].read = func(r *reader, v *value, s *service.Spec) { r.hooks(v, s, service.BeforeStart+service.Stage(i)) }
	}
	return append(rows, row[*service.Spec]{name: "kill_mode", expects: "a word", example: `kill_mode = "process"`, others: "stopasgroup killasgroup",
		read: func(r *reader, v *value, s *service.Spec) {
			if i, ok := r.word(v, []string{"group", "process"}); ok {
				s.KillMode = service.KillMode(i)
			}
		}})
}

// stageOf is the stage whose commands a key has; NoStage for any other key.
func stageOf(key string) service.Stage {
	for stage := service.BeforeStart; stage < service.StageCount; stage++ {
		if stage.String() == key {
			return stage
		}
	}
	return service.NoStage
}

// isOneCommand tells whether the value of a hook is one command: a string, a table, or a list of
// words.
func (v *value) isOneCommand() bool {
	switch v.data.(type) {
	case []any:
	case []map[string]any:
		return false
	default:
		return true
	}
	return len(v.items) > 0 && !slices.ContainsFunc(v.items, func(item *value) bool {
		_, isText := item.data.(string)
		return !isText
	})
}

// hooks reads the commands of one stage: one command, or a list of them.
func (r *reader) hooks(v *value, s *service.Spec, stage service.Stage) {
	if v.isOneCommand() {
		if word := firstWord(v); strings.ContainsAny(word, " \t\n") {
			r.wrong(v, fmt.Sprintf("a list of strings is one command with its words, and no program is called %q", word),
				"write several commands as a list of lists, or of tables: [{ command = \"...\" }]")
			return
		}
		s.Hooks[stage] = r.hook(v, s, nil)
		return
	}
	switch {
	case len(v.items) == 0:
		r.wrong(v, "the list is empty", "write, for example, "+v.example)
		return
	case len(v.items) > mostHooks:
		r.wrong(v, fmt.Sprintf("the list has %d commands, more than %d", len(v.items), mostHooks), "put them into one script")
		return
	case stage == service.StopCommand && len(v.items) > 1:
		r.wrong(v.items[1], "a service has one stop_command", "put the others into before_stop")
		return
	}
	var hooks []service.Hook
	for _, item := range v.items {
		item.expects, item.example = "a command", v.example
		hooks = r.hook(item, s, hooks)
	}
	s.Hooks[stage] = hooks
}

// firstWord is the first of several words.
func firstWord(v *value) string {
	if len(v.items) < 2 {
		return ""
	}
	word, _ := v.items[0].data.(string)
	return word
}

// hook reads one command and adds it to the others.
func (r *reader) hook(v *value, s *service.Spec, hooks []service.Hook) []service.Hook {
	var h service.Hook
	command := v
	if _, isTable := v.data.(map[string]any); isTable {
		if command = v.child("command"); command == nil {
			r.wrong(v, "command is missing", `write, for example, { command = ["mkdir", "-p", "/run/web"], user = "root" }`)
		}
		walk(r, v, hookTableRows(), &h)
		if user := v.child("user"); user != nil && h.User != "" && r.options.Identity != nil {
			if _, fault := r.options.Identity(s.ForHook(&h)); fault != "" {
				what, mend, _ := strings.Cut(fault, "; ")
				r.wrong(user, what, mend)
			}
		}
	} else if !r.command(v, &h.Command) {
		return hooks
	}
	if len(h.Command) == 0 {
		return hooks
	}
	if h.Late = slices.ContainsFunc(command.items, func(item *value) bool { return item.late }); h.Late {
		s.Prepare = true
		if !slices.Contains(s.Late, v.name) {
			s.Late = append(s.Late, v.name)
		}
	}
	return append(hooks, h)
}

func hookTableRows() []row[*service.Hook] {
	return []row[*service.Hook]{
		{name: "command", expects: "a list of words or a string for /bin/sh -c", example: `command = ["mkdir", "-p", "/run/web"]`, others: "cmd exec run",
			read: func(r *reader, v *value, h *service.Hook) { r.command(v, &h.Command) }},
		{name: "user", expects: "a name or a number", example: `user = "root"`, others: "uid",
			read: func(r *reader, v *value, h *service.Hook) { h.User, _ = r.identity(v, r.options.User) }},
		{name: "timeout", expects: "a duration", example: `timeout = "30s"`,
			read: func(r *reader, v *value, h *service.Hook) {
				r.duration(v, 10*time.Millisecond, maxDuration, &h.Timeout)
			}},
	}
}

// oneShotHooks reports the hooks that a oneshot never runs: it is never up.
func (r *reader) oneShotHooks(s *draftService) {
	for _, stage := range []service.Stage{service.AfterStart, service.BeforeStop, service.StopCommand} {
		v := s.table.child(stage.String())
		if v != nil && !v.byDefault {
			r.wrongKey(v, "a oneshot is never up, so this never runs", "use before_start or after_stop, or remove oneshot")
		}
		s.spec.Hooks[stage] = nil
	}
}

// stopKey is the value that says how long a stop takes, for messages: of stop, or of a hook.
func (s *draftService) stopKey() *value {
	if stop := s.table.child("stop"); stop != nil && service.NeedOf(s.spec.Stop).Fixed > 0 {
		return stop
	}
	for _, stage := range []service.Stage{service.BeforeStop, service.StopCommand, service.AfterStop} {
		if v := s.table.child(stage.String()); v != nil && slices.ContainsFunc(s.spec.Hooks[stage], func(h service.Hook) bool { return h.Timeout > 0 }) {
			return v
		}
	}
	return s.table.child("stop")
}

// ladderWords is what takes time when the service stops.
func (s *draftService) ladderWords() string {
	if hooks := &s.spec.Hooks; len(hooks[service.BeforeStop])+len(hooks[service.StopCommand])+len(hooks[service.AfterStop]) > 0 {
		return "its ladder and hooks take"
	}
	return "the ladder takes"
}
