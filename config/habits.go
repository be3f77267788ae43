package config

import (
	"fmt"
	"strings"
	"time"

	"sexton/proc"
)

// habit is a key of another program that corresponds to no single key of ours: what
// to write instead depends on its value. (A key with one counterpart is in that
// row's others.)
type habit struct {
	others string // as other programs write it; compared folded
	mend   func(v *value) string
}

// always is the mend that does not depend on the value.
func always(mend string) func(*value) string {
	return func(*value) string { return mend }
}

const (
	belongsToImage   = "this file is about the processes inside one container: it belongs in the Dockerfile or the compose file"
	belongsToRuntime = "this file is about the processes inside one container: it belongs to docker run, the compose file or the pod"
)

// serviceHabits are habits in a [service.NAME] table.
func serviceHabits() []habit {
	return []habit{
		{others: "type", mend: systemdType},
		{others: "stopwaitsecs timeout_stop_sec stop_timeout stop_grace_period kill_delay timeout_kill kill_timeout termination_grace_period", mend: func(v *value) string {
			return fmt.Sprintf(`write stop = ["TERM %s", "KILL"]`, lengthOf(v, "10s"))
		}},
		{others: "stopsignal kill_signal down_signal stop_signal", mend: func(v *value) string {
			if name, ok := v.data.(string); ok {
				if signal, err := proc.ParseSignal(name); err == nil {
					return fmt.Sprintf(`write stop = ["%v", "KILL"]`, signal)
				}
			}
			return `write stop = ["QUIT", "KILL"], with the signal that the program wants`
		}},
		{others: "restart_sec restart_delay backoff_delay", mend: func(v *value) string {
			return fmt.Sprintf(`write backoff = { first = "%s" }`, lengthOf(v, "5s"))
		}},
		{others: "backoff_limit backoff_factor", mend: always(`write backoff = { first = "500ms", factor = 2.0, max = "30s" }`)},
		{others: "healthcheck", mend: always(`write ready = { exec = ["COMMAND", "ARG"] }, or with http or tcp in place of exec; services that need this one wait for it`)},
		{others: "autostart", mend: func(v *value) string {
			if v.data == false {
				return `write start = "manual", or enabled = false`
			}
			return "leave it out: every service of the file is started"
		}},
		{others: "priority", mend: always(`write needs = ["NAME"] in the service that comes later: services start in the order of their needs, and stop in the reverse order`)},
		{others: "startsecs", mend: func(v *value) string {
			return fmt.Sprintf(`leave it out, or write ready = { after = "%s" } if other services should wait that long`, lengthOf(v, "1s"))
		}},
		{others: "terminationGracePeriodSeconds", mend: func(v *value) string {
			return fmt.Sprintf(`the pod has this setting; write grace under [init], two seconds less than the pod's %s`, lengthOf(v, "30s"))
		}},
		{others: "before", mend: func(v *value) string {
			name := "NAME"
			if len(v.items) > 0 {
				if first, ok := v.items[0].data.(string); ok {
					name = first
				}
			}
			return fmt.Sprintf("turn it around: write needs = [%q] (or after, if the service may be missing) under [service.%s]", v.service, name)
		}},
		{others: "on_failure on_success", mend: func(v *value) string {
			switch v.data {
			case "restart":
				return `write restart = "on-failure", or restart = "always"`
			case "ignore":
				return `write restart = "never" and shutdown_on = "never"`
			}
			return `write restart = "never"; shutdown_on = "failure" says that its failure ends the container`
		}},
		{others: "ports expose", mend: always("sexton opens no ports: the program listens by itself, and " + belongsToRuntime)},
		{others: "volumes networks container_name hostname", mend: always(belongsToRuntime)},
		{others: "image build", mend: always(belongsToImage)},
		{others: "summary description override startup", mend: always("leave it out, or make it a comment: # ...")},
	}
}

// tableHabits are tables and top-level keys of other programs' files.
func tableHabits() []habit {
	return []habit{
		{others: "unit install", mend: always("leave it out: there is no unit around a service here; " + fromSystemd)},
		{others: "supervisord supervisorctl unix_http_server rpcinterface", mend: always("leave it out: how the container ends is under [init], and sexton status needs no table; docs/moving.md explains the move from supervisord")},
		{others: "version networks volumes", mend: always(belongsToRuntime)},
		{others: "layers checks", mend: always("write a table [service.NAME] for each service; docs/moving.md explains the move from other programs")},
	}
}

// logHabits are habits in [log].
func logHabits() []habit {
	return []habit{
		{others: "level", mend: always("leave it out: sexton -v prints more and sexton -q only errors; a service's own configuration decides what it logs")},
	}
}

const fromSystemd = `write [service.NAME] and under it command = ["PROGRAM", "ARG"]; docs/moving.md explains the move from other programs`

// habitual is what to write instead of a key of another program; "" if the key
// is not known.
func habitual(v *value) string {
	if len(v.name) > maxNameBytes {
		return ""
	}
	var habits []habit
	switch {
	case v.service != "" && v.path == v.name:
		habits = serviceHabits()
	case v.service == "" && v.path == v.name:
		habits = tableHabits()
	case v.path == "log."+v.name:
		habits = logHabits()
	case v.name == "https" && v.path == "ready."+v.name:
		return `it is not supported yet by this version: check over http, or with a command: ready = { exec = ["curl", "-fsSk", "https://127.0.0.1:8443/"] }`
	}
	for _, h := range habits {
		for _, name := range strings.Fields(h.others) {
			if folded(name) == folded(v.name) {
				return h.mend(v)
			}
		}
	}
	return ""
}

// systemdType is what the Type= of a systemd unit becomes.
func systemdType(v *value) string {
	switch v.data {
	case "oneshot":
		return "write oneshot = true"
	case "forking":
		return "leave it out, and start the program in the foreground: a service is the process that sexton starts"
	case "notify", "notify-reload":
		return "readiness by notification is not supported yet by this version: write ready = { tcp = \"127.0.0.1:8080\" }, or with http, exec or file"
	}
	return "leave it out: a service is the process that sexton starts"
}

// lengthOf is a length of time as another program's key gives it, in our form:
// bare numbers are seconds there. Anything else becomes the example.
func lengthOf(v *value, example string) string {
	switch data := v.data.(type) {
	case int64:
		if data > 0 && data < int64(maxDuration/time.Second) {
			return brief(time.Duration(data) * time.Second)
		}
	case string:
		if d, err := time.ParseDuration(data); err == nil && d > 0 && d < maxDuration {
			return brief(d)
		}
		if d, err := time.ParseDuration(data + "s"); err == nil && d > 0 && d < maxDuration {
			return brief(d)
		}
	}
	return example
}

// foreign says which other format the text is in, and what to do about it; "" if
// it is only wrong TOML. It looks at the lines up to the first mistake, at offset
// at, and at a few after it.
func foreign(text string, at int) (what, mend string) {
	const more = 2000 // bytes behind the mistake that are looked at
	const from = "docs/moving.md explains the move from other programs"
	line := text[strings.LastIndexByte(text[:at], '\n')+1:]
	switch line = strings.TrimLeft(line, " \t"); {
	case strings.HasPrefix(line, ";"), strings.HasPrefix(line, "//"), strings.HasPrefix(line, "--"):
		what, mend = "", "a comment begins with #"
	}
	for line := range strings.Lines(text[:min(len(text), at+more)]) {
		line = strings.TrimSpace(line)
		switch {
		case line == "[Unit]", line == "[Service]", line == "[Install]":
			return "this is a systemd unit, not TOML", fromSystemd
		case strings.HasPrefix(line, "[program:"), strings.HasPrefix(line, "[eventlistener:"), strings.HasPrefix(line, "[group:"),
			line == "[supervisord]", line == "[unix_http_server]":
			return "this is supervisord's configuration, not TOML", `write [service.NAME] in place of [program:NAME], and under it command = "..."; docs/moving.md explains the move from supervisord`
		}
	}
	if mend != "" {
		return what, mend
	}
	for line := range strings.Lines(text[:min(len(text), at+more)]) {
		switch line = strings.TrimSpace(line); {
		case line == "" || line[0] == '#':
		case line[0] == '{':
			return "this is JSON, not TOML", `write [service.web] and under it command = ["nginx", "-g", "daemon off;"]; ` + from
		case line == "---" || isYAML(line):
			return "this is YAML or a Procfile, not TOML", `write [service.web] and under it command = ["nginx", "-g", "daemon off;"]; ` + from
		default:
			return "", ""
		}
	}
	return "", ""
}

// isYAML tells whether a line is "key:" or "key: value", which is never TOML.
func isYAML(line string) bool {
	key, rest, ok := strings.Cut(line, ":")
	return ok && key != "" && strings.Trim(key, letters+"_-.") == "" && (rest == "" || rest[0] == ' ')
}
