package container

import (
	"cmp"
	"reflect"
	"slices"
	"strings"

	"sexton/service"
	"sexton/verbs"
)

// difference compares a plan that was just read with the newest one that was applied.
func (c *Container) difference(next *service.Plan) (r verbs.Reload) {
	c.editions.mu.Lock()
	defer c.editions.mu.Unlock()
	now := cmp.Or(c.editions.newest, &c.Plan)
	before, after := editionsOf(now), editionsOf(next)
	for i := range next.Services {
		name := next.Services[i].Name
		was, known := before[name]
		is := after[name]
		switch keys := changedKeys(&was, &is); {
		case !known:
			r.Added = append(r.Added, name)
		case len(keys) == 0:
			r.Kept = append(r.Kept, name)
		default:
			r.Changed = append(r.Changed, verbs.Changed{Service: name, Keys: keys, Restarts: is.needsNewRun(&was)})
		}
	}
	for i := range now.Services {
		if _, stays := after[now.Services[i].Name]; !stays {
			r.Removed = append(r.Removed, now.Services[i].Name)
		}
	}
	r.Settings = changedSettings(now, next)
	r.Fixed = changedFields(&c.Plan, next, fixed)
	return r
}

// keyOf names the keys of the file that fields of a spec come from, where the name of the field does not say
// it. "": the field is a part of others, or the reader's own.
var keyOf = map[string]string{
	"Edition": "", "Name": "", "Prepare": "", "Below": "", "Late": "", "Set": "env", "OurGroup": "", "Single": "", "ParentDeath": "",
	"OneShot": "oneshot", "OKCodes": "ok_codes", "TTY": "tty", "Session": "tty", "PTY": "tty", "UserIfRoot": "user_if_root", "StdinFrom": "stdin_from",
	"IONice": "ionice", "OOMScoreAdj": "oom_score_adj",
}

// changedKeys names the keys of a service with another value, never a value: it may be a secret.
func changedKeys(was, is *edition) (keys []string) {
	if was.main != is.main {
		keys = append(keys, "init.main")
	}
	if was.read != is.read {
		keys = append(keys, "who reads its stdout")
	}
	add := func(key string) {
		if key != "" && !slices.Contains(keys, key) {
			keys = append(keys, key)
		}
	}
	var compare func(a, b reflect.Value)
	compare = func(a, b reflect.Value) {
		for i := range a.NumField() {
			field := a.Type().Field(i)
			switch {
			case reflect.DeepEqual(a.Field(i).Interface(), b.Field(i).Interface()):
			case field.Anonymous:
				compare(a.Field(i), b.Field(i))
			case field.Name == "Env":
				for _, name := range changedVariables(was.spec.Env, is.spec.Env) {
					add("env." + name)
				}
			case field.Name == "Hooks":
				for stage := range was.spec.Hooks {
					if !reflect.DeepEqual(was.spec.Hooks[stage], is.spec.Hooks[stage]) {
						add(service.Stage(stage).String())
					}
				}
			default:
				key, special := keyOf[field.Name]
				if !special {
					key = snake(field.Name)
				}
				add(key)
			}
		}
	}
	compare(reflect.ValueOf(was.spec), reflect.ValueOf(is.spec))
	if len(keys) == 0 && !reflect.DeepEqual(ofRun(was.spec), ofRun(is.spec)) {
		keys = append(keys, "settings that follow from others")
	}
	return keys
}

// changedVariables names variables that differ; of none, that their order does.
func changedVariables(was, is []string) (names []string) {
	values := func(env []string) map[string]string {
		all := make(map[string]string, len(env))
		for _, entry := range env {
			name, value, _ := strings.Cut(entry, "=")
			all[name] = value
		}
		return all
	}
	before, after := values(was), values(is)
	for name, value := range after {
		if old, there := before[name]; !there || old != value {
			names = append(names, name)
		}
	}
	for name := range before {
		if _, stays := after[name]; !stays {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	if len(names) == 0 {
		return []string{"(its order)"}
	}
	return names
}

// snake is the name of a field as keys of the file are written: no_new_privileges.
func snake(field string) string {
	var b strings.Builder
	for i, c := range field {
		if i > 0 && c >= 'A' && c <= 'Z' {
			b.WriteByte('_')
		}
		b.WriteRune(c)
	}
	return strings.ToLower(b.String())
}

// setting is a key outside of services.
type setting struct {
	key string
	get func(p *service.Plan) any
}

// settings count at once when a reload changes them.
var settings = []setting{
	{"init.main", func(p *service.Plan) any { return p.Init.Main }},
	{"init.grace", func(p *service.Plan) any { return p.Init.Grace }},
	{"init.drain", func(p *service.Plan) any { return p.Init.Drain }},
	{"init.exit_code_from", func(p *service.Plan) any { return p.Init.ExitCodeFrom }},
	{"signals", func(p *service.Plan) any { return p.Init.Rules }},
	{"groups", func(p *service.Plan) any { return p.Groups }},
	{"control.allow_uids", func(p *service.Plan) any { return p.Control.AllowUIDs }},
	{"control.read_uids", func(p *service.Plan) any { return p.Control.ReadUIDs }},
}

// fixed stay as they were when the container was started.
var fixed = []setting{
	{"init.termination_log", func(p *service.Plan) any { return p.Init.TerminationLog }},
	{"control.socket", func(p *service.Plan) any { return [2]any{p.Control.Socket, p.Control.Off} }},
	{"control.mode", func(p *service.Plan) any { return p.Control.Mode }},
	{"health.listen", func(p *service.Plan) any { return p.Health.Listen }},
	{"log.color", func(p *service.Plan) any { return p.Color }},
	{"log.format of sexton's own lines", func(p *service.Plan) any { return p.Log.Format == service.JSON }},
	{"log.timestamps of sexton's own lines", func(p *service.Plan) any { return p.Log.Timestamps }},
}

func changedSettings(was, is *service.Plan) []string { return changedFields(was, is, settings) }

func changedFields(was, is *service.Plan, of []setting) (keys []string) {
	for _, s := range of {
		if !reflect.DeepEqual(s.get(was), s.get(is)) {
			keys = append(keys, s.key)
		}
	}
	return keys
}
