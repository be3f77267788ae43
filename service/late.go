package service

import (
	"fmt"
	"slices"
	"strings"

	"sexton/expand"
)

// MostText bounds a value with its variables: the kernel takes no longer word or variable.
const MostText = 128<<10 - 1

// late gives the texts of a key in which variables may wait for a start, and whether the key is an absolute path. The
// spec must have lists of its own. A key that is not here is complete when the file has been read.
func (s *Spec) late(key string) (texts []*string, path bool) {
	switch key {
	case "command":
		return each(s.Command), false
	case "dir":
		return []*string{&s.Dir}, true
	case "user":
		return []*string{&s.User}, false
	case "user_if_root":
		return []*string{&s.UserIfRoot}, false
	case "chroot":
		return []*string{&s.Chroot}, true
	case "group":
		return []*string{&s.Group}, false
	case "groups":
		return each(s.Groups), false
	case "stdin":
		return []*string{&s.Stdin}, true
	case "ready.exec":
		return each(s.Ready.Command), false
	case "ready.http", "ready.tcp":
		return []*string{&s.Ready.Target}, false
	case "healthy.exec":
		return each(s.Healthy.Command), false
	case "healthy.http", "healthy.tcp":
		return []*string{&s.Healthy.Target}, false
	case "ready.file":
		return []*string{&s.Ready.Target}, true
	}
	return nil, false
}

// MayBeLate tells whether a key of a service can wait for the variables of a start.
func MayBeLate(key string) bool {
	if stage, part, _ := strings.Cut(key, "."); part == "" || part == "command" {
		for s := BeforeStart; s < StageCount; s++ {
			if s.String() == stage {
				return true
			}
		}
	}
	texts, _ := (&Spec{Command: []string{""}, Groups: []string{""}, Ready: Probe{Command: []string{""}}, Healthy: Healthy{Probe: Probe{Command: []string{""}}}}).late(key)
	return len(texts) > 0
}

func each(list []string) []*string {
	texts := make([]*string, len(list))
	for i := range list {
		texts[i] = &list[i]
	}
	return texts
}

// Filled is the spec for one start: its environment is below, with the variables of Set over it, and the templates of Late
// are filled in from both. below is Env, or what takes its place for this start. secret has variables that lie above all
// and are not part of the result's Env; nil: there are none.
func (s *Spec) Filled(below []string, secret expand.Lookup) (*Spec, error) {
	filled := *s
	filled.Set, filled.Late = nil, nil
	if len(s.Set)+len(s.Late) == 0 {
		filled.Env = slices.Clone(below)
		return &filled, nil
	}
	known, err := filled.environment(below, s.Set)
	if err != nil {
		return nil, err
	}
	lookup := func(name string) (string, bool) {
		if secret != nil {
			if value, set := secret(name); set {
				return value, true
			}
		}
		if value, set := known[name]; set {
			return value, true
		}
		return Variable(s.Below, name)
	}
	filled.Command, filled.Groups, filled.Ready.Command = slices.Clone(s.Command), slices.Clone(s.Groups), slices.Clone(s.Ready.Command)
	filled.Healthy.Command = slices.Clone(s.Healthy.Command)
	for _, key := range s.Late {
		texts, path := filled.late(key)
		for _, text := range texts {
			value, err := fill(key, *text, expand.Value, lookup)
			if err != nil {
				return nil, err
			}
			if *text = value; path && !strings.HasPrefix(value, "/") && (key != "stdin" || value != "null") {
				return nil, fmt.Errorf("%s: with its variables it is no absolute path; set them so that it begins with a slash", key)
			}
		}
	}
	for stage := range filled.Hooks {
		filled.Hooks[stage] = slices.Clone(s.Hooks[stage])
		for i := range filled.Hooks[stage] {
			if err := filled.Hooks[stage][i].fill(Stage(stage), lookup); err != nil {
				return nil, err
			}
		}
	}
	return &filled, nil
}

// fill fills the variables of a start into the words of a hook.
func (h *Hook) fill(stage Stage, lookup expand.Lookup) (err error) {
	if !h.Late {
		return nil
	}
	h.Late, h.Command = false, slices.Clone(h.Command)
	for i, word := range h.Command {
		if h.Command[i], err = fill(stage.String(), word, expand.Value, lookup); err != nil {
			return err
		}
	}
	return nil
}

// environment puts the variables of set, filled in from below, over those below, and gives all by their names.
func (s *Spec) environment(below, set []string) (known map[string]string, err error) {
	known, at := make(map[string]string, len(below)+len(set)), make(map[string]int, len(below))
	for i, entry := range slices.Backward(below) { // the first of a name counts
		name, value, _ := strings.Cut(entry, "=")
		known[name], at[name] = value, i
	}
	s.Env = slices.Clone(below)
	lookup := func(name string) (string, bool) {
		if value, set := known[name]; set {
			return value, true
		}
		return Variable(s.Below, name)
	}
	values := make([]string, len(set))
	for i, entry := range set { // none sees another
		name, text, _ := strings.Cut(entry, "=")
		if values[i], err = fill("env."+name, text, expand.Env, lookup); err != nil {
			return nil, err
		}
	}
	for i, entry := range set {
		name, _, _ := strings.Cut(entry, "=")
		known[name] = values[i]
		if old, ok := at[name]; ok {
			s.Env[old] = name + "=" + values[i]
		} else {
			s.Env = append(s.Env, name+"="+values[i])
		}
	}
	return known, nil
}

// fill fills in one text. Its error does not show any value: it may be a secret.
func fill(key, text string, forms expand.Forms, lookup expand.Lookup) (string, error) {
	template, faults := expand.Parse(text, forms)
	if len(faults) == 0 {
		var out string
		out, faults = template.Fill(lookup, MostText)
		if len(faults) == 0 {
			return out, nil
		}
	}
	return "", fmt.Errorf("%s: %w", key, faults[0])
}

// Variable is a variable of an environment, NAME=VALUE each; the first of a name counts.
func Variable(env []string, name string) (value string, set bool) {
	for _, entry := range env {
		if rest, ok := strings.CutPrefix(entry, name); ok && strings.HasPrefix(rest, "=") {
			return rest[1:], true
		}
	}
	return "", false
}

// KeepsSecrets tells whether other commands than the service's own need its environment while it runs.
func (s *Spec) KeepsSecrets() bool {
	return s.Ready.Kind == ExecProbe || s.Healthy.Kind == ExecProbe || s.Hooks.Any()
}
