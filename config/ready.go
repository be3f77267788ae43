package config

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"sexton/service"
)

// ready reads how to know that a service is ready: one way, and the times.
func (r *reader) ready(v *value, into *service.Probe) {
	if !r.table(v) {
		return
	}
	p := service.Probe{Every: time.Second, Timeout: time.Second, Within: time.Minute}
	meant := walk(r, v, readyRows(), &p)
	ways := slices.DeleteFunc(slices.Clone(v.entries), func(entry *value) bool { return !slices.Contains(ways(), entry.name) })
	switch {
	case len(ways) > 1:
		for _, way := range ways[1:] {
			r.wrong(way, fmt.Sprintf("a service has one way to be ready, and %s is set already", ways[0].name), "remove one of the two")
		}
		return
	case len(ways) == 1 && ways[0].name == "after":
		for _, entry := range v.entries {
			switch entry.name {
			case "every", "timeout", "within":
				r.wrong(entry, "after only waits, so there is nothing to repeat", "remove "+entry.name)
			}
		}
		p.Every, p.Timeout, p.Within = 0, 0, 0
	case len(ways) == 0 && !later(v, meant):
		r.wrong(v, "it does not say how to check", "add one of http, tcp, unix, exec, file, notify, after")
	}
	*into = p
}

// oneShotReady reads the only setting that a oneshot can have here: by when it must be
// done.
func (r *reader) oneShotReady(v *value, into *service.Probe) {
	const limit = `ready = { within = "5m" }`
	if !r.table(v) {
		return
	}
	var p service.Probe
	meant := walk(r, v, readyRows(), &p)
	for _, entry := range v.entries {
		switch {
		case slices.Contains(ways(), entry.name):
			r.wrong(entry, "a oneshot is ready when it has ended with success", fmt.Sprintf("remove %s, or remove oneshot; to limit its time, write %s", entry.name, limit))
		case entry.name == "every" || entry.name == "timeout":
			r.wrong(entry, "a oneshot is not checked, so there is nothing to repeat", fmt.Sprintf("remove %s; to limit its time, write %s", entry.name, limit))
		}
	}
	if len(v.entries) == 0 && !later(v, meant) {
		r.wrong(v, "the table is empty", "remove it, or limit the time of the oneshot: "+limit)
	}
	into.Within = p.Within
}

func ways() []string { return []string{"http", "tcp", "unix", "exec", "file", "notify", "after"} }

// later tells that a table has a way of a later version, or a misspelt one; both
// have been reported already.
func later(v *value, meant []string) bool {
	for _, way := range append(ways(), "https", "log") {
		if v.child(way) != nil || slices.Contains(meant, way) {
			return true
		}
	}
	return false
}

func readyRows() []row[*service.Probe] {
	return []row[*service.Probe]{
		{name: "http", expects: "a URL", example: `http = "http://127.0.0.1:8080/healthz"`, others: "url http_get",
			read: readHTTP},
		{name: "tcp", expects: "host:port", example: `tcp = "127.0.0.1:8080"`, others: "port tcp_socket",
			read: readTCP},
		{name: "exec", expects: "a list of words or a string for /bin/sh -c", example: `exec = ["pg_isready", "-q"]`,
			others: "command test cmd",
			read: func(r *reader, v *value, p *service.Probe) {
				if r.command(v, &p.Command) {
					p.Kind = service.ExecProbe
				}
			}},
		{name: "file", expects: "an absolute path", example: `file = "/run/web.ready"`, others: "path",
			read: func(r *reader, v *value, p *service.Probe) {
				if r.path(v, &p.Target) {
					p.Kind = service.FileProbe
				}
			}},
		{name: "after", expects: "a duration", example: `after = "2s"`, others: "delay",
			read: func(r *reader, v *value, p *service.Probe) {
				if r.duration(v, 0, maxDuration, &p.Delay) {
					p.Kind = service.AfterTime
				}
			}},
		{name: "every", expects: "a duration", example: `every = "1s"`, others: "interval period",
			read: func(r *reader, v *value, p *service.Probe) {
				r.duration(v, 10*time.Millisecond, maxDuration, &p.Every)
			}},
		{name: "timeout", expects: "a duration", example: `timeout = "1s"`,
			read: func(r *reader, v *value, p *service.Probe) {
				r.duration(v, 10*time.Millisecond, maxDuration, &p.Timeout)
			}},
		{name: "within", expects: "a duration", example: `within = "60s"`, others: "start_period",
			read: func(r *reader, v *value, p *service.Probe) { r.duration(v, 0, maxDuration, &p.Within) }},
		{name: "unix", expects: "an absolute path", example: `unix = "/run/app.sock"`, others: "socket",
			read: func(r *reader, v *value, p *service.Probe) {
				if r.path(v, &p.Target) {
					p.Kind = service.UnixProbe
				}
			}},
		{name: "notify", expects: `"socket" or "fd:N"`, example: `notify = "socket"`, others: "sd_notify", read: readNotify},
		{name: "log"},
	}
}

// readNotify reads by what a service says that it is ready: NOTIFY_SOCKET, or a descriptor.
func readNotify(r *reader, v *value, p *service.Probe) {
	text, ok := r.text(v)
	if !ok {
		return
	}
	number, isFD := strings.CutPrefix(text, "fd:")
	n, err := strconv.Atoi(number)
	switch {
	case text == "socket":
		p.Kind = service.NotifySocket
	case isFD && err == nil && n >= 3 && n <= 1023:
		p.Kind, p.Target = service.NotifyFD, strconv.Itoa(n)
	default:
		r.wrong(v, fmt.Sprintf("%q is not a valid value for notify", text), `write "socket" for NOTIFY_SOCKET, or "fd:3" for a newline on descriptor 3 (3 to 1023)`)
	}
}
