package config

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"sexton/proc"
	"sexton/service"
)

// newSpec is a service with all defaults that do not depend on other keys.
func newSpec(name string) service.Spec {
	return service.Spec{
		Name:    name,
		Backoff: service.Backoff{First: 500 * time.Millisecond, Factor: 2, Max: 30 * time.Second, Jitter: 0.1, Reset: time.Minute},
		GiveUp:  service.GiveUp{Starts: 5, Within: time.Minute},
		OKCodes: []int{0},
		Stop:    []service.Rung{{Signal: proc.TERM}, {Signal: proc.KILL}},
	}
}

// service reads one [service.NAME] table.
func (r *reader) service(v *value, d *draft) {
	if fault := nameFault(v.name); fault != "" {
		r.wrongKey(v, fault, "rename the service")
	}
	if _, isTable := v.data.(map[string]any); !isTable && has(serviceRows(), v.name) {
		at := &value{file: v.file, path: join("service", v.name)}
		r.report(at, v.key, span{}, "this key belongs to a service, and no header above it names one", "write the header [service.NAME]")
		return
	}
	v.expects, v.example = "a table", "[service.web]"
	if !r.table(v) {
		return
	}
	if r.rows == nil {
		r.rows = serviceRows()
	}
	v = d.withDefaults(v)
	takeBackRows(r, v, r.rows)
	switch n := r.replicas(v); {
	case r.tooMany(v, max(n, 1), d):
	case n > 0:
		r.replicate(v, n, d)
	default:
		r.oneService(v, v.name, nil, d)
	}
}

// oneService reads the table of a service, or of one of its replicas, which has a name and variables of its own.
func (r *reader) oneService(v *value, name string, replica map[string]string, d *draft) {
	before := r.mark()
	s := &draftService{spec: newSpec(name), replica: replica != nil}
	own := r.variables(v, replica, &s.spec)
	v = r.expanded(v, own)
	s.table = v
	if off := isDisabled(v); off != nil {
		d.disable(v.name, off)
		defer r.forget(before)
	} else {
		defer func() { d.services = append(d.services, s) }()
	}
	s.fillDefaults()
	s.spec.Log = d.log
	if s.spec.Late = lateKeys(v); len(s.spec.Late)+len(s.spec.Set) > 0 {
		s.spec.Prepare = true
	}
	if once := v.child("oneshot"); once != nil { // its ready is another
		s.spec.OneShot, _ = once.isTrue()
	}
	r.scheduled(v, &s.spec)
	meant := walk(r, v, r.rows, &s.spec)
	if s.spec.External {
		r.external(s)
	} else if v.child("command") == nil && !slices.Contains(meant, "command") {
		r.wrongKey(v, "command is missing", `add, for example, command = ["nginx", "-g", "daemon off;"]`)
	}
	r.ownEnvironment(s)
	if s.spec.OneShot {
		r.oneShot(s)
	}
	r.twoUsers(s)
	r.possible(s)
}

// oneShot sets and checks what differs for a oneshot.
func (r *reader) oneShot(s *draftService) {
	r.oneShotHooks(s)
	restart, once := s.table.child("restart"), s.table.child("oneshot")
	if once == nil {
		once = s.table.child("schedule")
	}
	switch {
	case restart == nil:
		s.spec.Restart = service.Never
	case restart.data == service.Always.String():
		r.wrong(restart, "a oneshot that is always restarted is never done"+once.elsewhere(restart), `write "on-failure" or "never", or remove `+once.name)
	}
}

// serviceRows are the keys of [service.NAME].
func serviceRows() []row[*service.Spec] {
	rows := []row[*service.Spec]{
		{name: "command", expects: "a list of words or a string for /bin/sh -c", others: "cmd exec entrypoint run program exec_start args",
			example: `command = ["nginx", "-g", "daemon off;"]`,
			read:    func(r *reader, v *value, s *service.Spec) { r.command(v, &s.Command) }},
		{name: "needs", expects: "a list of services", others: "depends_on requires dependencies depends binds_to requisite",
			example: `needs = ["db", "migrate"]`,
			read:    func(r *reader, v *value, s *service.Spec) { r.services(v, &s.Needs) }},
		{name: "wants", expects: "a list of services", example: `wants = ["cache"]`,
			read: func(r *reader, v *value, s *service.Spec) { r.services(v, &s.Wants) }},
		{name: "after", expects: "a list of services", example: `after = ["metrics"]`,
			read: func(r *reader, v *value, s *service.Spec) { r.services(v, &s.After) }},
		{name: "enabled", expects: "true or false", example: `enabled = "${WEB:-true}"`, others: "disabled",
			read: func(r *reader, v *value, _ *service.Spec) { r.boolean(v, new(bool)) }}, // see isDisabled
		{name: "replicas", expects: "an integer", example: `replicas = "${SEXTON_CPUS}"`, others: "scale num_procs",
			read: func(*reader, *value, *service.Spec) {}}, // see replicate
		{name: "external", expects: "true or false", example: "external = true",
			read: func(r *reader, v *value, s *service.Spec) { r.boolean(v, &s.External) }},
		{name: "oneshot", expects: "true or false", example: "oneshot = true", others: "one_shot",
			read: func(r *reader, v *value, s *service.Spec) { r.boolean(v, &s.OneShot) }},
		{name: "ready", expects: "a table", others: "readiness readiness_probe startup_probe ready_check",
			example: `ready = { http = "http://127.0.0.1:8080/healthz" }`,
			read: func(r *reader, v *value, s *service.Spec) {
				if s.OneShot {
					r.oneShotReady(v, &s.Ready)
				} else {
					r.ready(v, &s.Ready)
				}
			}},
		{name: "restart", expects: "a word", example: `restart = "on-failure"`, others: "autorestart restart_policy",
			read: readRestart},
		{name: "backoff", expects: "a table", example: `backoff = { first = "500ms", factor = 2.0, max = "30s" }`,
			read: readBackoff},
		{name: "give_up", expects: "a table", example: `give_up = { starts = 5, within = "60s" }`,
			others: "start_limit start_limit_burst start_limit_interval start_limit_interval_sec start_retries max_restarts max_retries retries", read: readGiveUp},
		{name: "ok_codes", expects: "a list of exit statuses", example: "ok_codes = [0, 3]", others: "exit_codes success_exit_status",
			read: readOKCodes},
		{name: "shutdown_on", expects: "a word", example: `shutdown_on = "failure"`,
			read: func(r *reader, v *value, s *service.Spec) {
				if i, ok := r.word(v, []string{"failure", "exit", "never"}); ok {
					s.ShutdownOn = service.ShutdownOn(i)
				}
			}},
		{name: "max_memory", expects: "a size", example: `max_memory = "512MiB"`, others: "memory_max memory_high memory_limit mem_limit max_memory_restart",
			read: func(r *reader, v *value, s *service.Spec) { s.MaxMemory, _ = r.size(v, 1<<20, 1<<50) }},
		{name: "stop", expects: "a list of steps", example: `stop = ["QUIT 10s", "TERM 5s", "KILL"]`,
			read: func(r *reader, v *value, s *service.Spec) { r.ladder(v, &s.Stop) }},
		{name: "signals", expects: "a list of signals", example: `signals = ["HUP", "USR1"]`, read: readSignals},
		{name: "env", expects: "a table", example: `env = { MODE = "prod" }`, others: "environment", read: func(*reader, *value, *service.Spec) {}}, // see variables
		{name: "tty", expects: `true, false or "pty"`, example: "tty = true", read: readTTY},
		{name: "stdin", expects: `"null", "inherit" or a path`, example: `stdin = "null"`, others: "standard_input", read: readStdin},
		{name: "stdin_from", expects: "the name of a service", example: `stdin_from = "db"`,
			read: func(r *reader, v *value, s *service.Spec) { s.StdinFrom, _ = r.text(v) }},
		{name: "log", expects: "a table", example: `log = { format = "json", stderr = "stdout" }`, others: "logging log_file stdout_logfile stderr_logfile stdout_syslog redirect_stderr stdout standard_output standard_error",
			read: func(r *reader, v *value, s *service.Spec) { r.logOf(v, s) }},
	}
	return slices.Concat(rows, lifeRows(), startRows(), identityRows(), rightsRows(), fileRows(), environmentRows(), hookRows(), laterRows())
}

// laterRows are keys that later versions may have.
func laterRows() []row[*service.Spec] {
	return []row[*service.Spec]{
		{name: "sockets"},
	}
}

// services reads a list of names; duplicates count once. Whether the names exist is
// checked when all services are known.
func (r *reader) services(v *value, into *[]string) {
	if s, ok := v.data.(string); ok {
		r.wrong(v, "expected a list of services but found a string", fmt.Sprintf("write %s = [%q]", v.name, s))
		return
	}
	names, _ := r.texts(v)
	seen := make(map[string]bool, len(names))
	for i, name := range names {
		if _, ok := v.items[i].data.(string); ok && !seen[name] {
			seen[name] = true
			*into = append(*into, name)
		}
	}
}

func readStdin(r *reader, v *value, s *service.Spec) {
	text, ok := r.text(v)
	switch {
	case !ok:
	case text == "null" || text == "inherit":
		s.Stdin = text
	case !strings.HasPrefix(text, "/") && !v.late:
		r.wrong(v, fmt.Sprintf("%q is not a valid value for stdin", text), `write "null", "inherit" or an absolute path`)
	default:
		s.Stdin = text
	}
}

func readRestart(r *reader, v *value, s *service.Spec) {
	mend := ""
	switch v.data { // words of Docker, systemd and supervisord
	case "unless-stopped":
		mend = `write "always": a service that was stopped on request stays down anyway`
	case "no", false:
		mend = `write "never"`
	case "yes", true:
		mend = `write "always"`
	case "unexpected", "on-abnormal", "on-abort":
		mend = `write "on-failure"`
	}
	if mend != "" {
		r.wrong(v, fmt.Sprintf("%v is not a valid value for restart", v.file.excerpt(v.at)), mend)
		return
	}
	if i, ok := r.word(v, []string{"always", "on-failure", "never"}); ok {
		s.Restart = service.Restart(i)
	}
}

func readBackoff(r *reader, v *value, s *service.Spec) {
	const least = 10 * time.Millisecond
	b := &s.Backoff
	if !r.table(v) {
		return
	}
	walk(r, v, []row[*service.Backoff]{
		{name: "first", expects: "a duration", example: `first = "500ms"`,
			read: func(r *reader, v *value, b *service.Backoff) { r.duration(v, least, maxDuration, &b.First) }},
		{name: "factor", expects: "a number", example: "factor = 2.0",
			read: func(r *reader, v *value, b *service.Backoff) { r.number(v, 1, 1000, &b.Factor) }},
		{name: "max", expects: "a duration", example: `max = "30s"`,
			read: func(r *reader, v *value, b *service.Backoff) { r.duration(v, least, maxDuration, &b.Max) }},
		{name: "jitter", expects: "a number", example: "jitter = 0.1",
			read: func(r *reader, v *value, b *service.Backoff) { r.number(v, 0, 1, &b.Jitter) }},
		{name: "reset", expects: "a duration", example: `reset = "60s"`,
			read: func(r *reader, v *value, b *service.Backoff) { r.duration(v, least, maxDuration, &b.Reset) }},
	}, b)
	switch most := v.child("max"); {
	case b.Max >= b.First:
	case most != nil:
		r.wrong(most, fmt.Sprintf("max is shorter than first, which is %s", brief(b.First))+v.child("first").elsewhere(most), "raise max, or lower first")
	default:
		r.wrong(v.child("first"), fmt.Sprintf("first is longer than max, which is %s by default", brief(b.Max)), "set max too")
	}
}

func readGiveUp(r *reader, v *value, s *service.Spec) {
	if v.data == false || v.data == "never" {
		r.wrong(v, "expected a table", "to never give up, write give_up = { starts = 0 }")
		return
	}
	if !r.table(v) {
		return
	}
	walk(r, v, []row[*service.GiveUp]{
		{name: "starts", expects: "an integer", example: "starts = 5",
			read: func(r *reader, v *value, g *service.GiveUp) { r.whole(v, 0, 1_000_000, &g.Starts) }},
		{name: "within", expects: "a duration", example: `within = "60s"`,
			read: func(r *reader, v *value, g *service.GiveUp) {
				r.duration(v, time.Millisecond, maxDuration, &g.Within)
			}},
	}, &s.GiveUp)
}

func readOKCodes(r *reader, v *value, s *service.Spec) {
	if n, ok := v.data.(int64); ok {
		r.wrong(v, "expected a list of exit statuses but found an integer", fmt.Sprintf("write ok_codes = [%d]", n))
		return
	}
	if _, ok := v.data.([]any); !ok {
		r.wrongType(v)
		return
	}
	if len(v.items) == 0 {
		r.wrong(v, "without any status, every end would be a failure", "name at least one, or remove ok_codes")
		return
	}
	var codes []int
	for _, item := range v.items {
		item.expects, item.example = "an exit status", v.example
		var code int
		if r.whole(item, 0, 255, &code) && !slices.Contains(codes, code) {
			codes = append(codes, code)
		}
	}
	s.OKCodes = codes
}
