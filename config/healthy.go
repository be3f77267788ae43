package config

import (
	"fmt"
	"slices"
	"time"

	"sexton/service"
)

// healthy reads how a service that is ready is asked again and again; of a schedule, how many runs may fail.
func (r *reader) healthy(v *value, s *service.Spec) {
	if !r.table(v) {
		return
	}
	h := service.Healthy{Failures: 3}
	h.Every, h.Timeout = 10*time.Second, time.Second
	meant := walk(r, v, healthyRows(), &h)
	ways := slices.DeleteFunc(slices.Clone(v.entries), func(entry *value) bool { return !slices.Contains(healthyWays(), entry.name) })
	switch {
	case s.Scheduled():
		for _, entry := range v.entries {
			if entry.name != "failures" && has(healthyRows(), entry.name) {
				r.wrong(entry, "a service with a schedule is as healthy as its last runs, so nothing is asked", "write healthy = { failures = 3 }")
			}
		}
		h = service.Healthy{Failures: h.Failures}
	case s.OneShot:
		r.wrong(v, "a oneshot runs to its end, so nobody asks whether it is healthy", "remove it; to limit its time, write ready = { within = \"5m\" }")
		return
	case len(ways) > 1:
		r.wrong(ways[1], fmt.Sprintf("a service is asked in one way, and %s is set already", ways[0].name), "remove one of the two")
		return
	case len(ways) == 0 && h.Watchdog == 0 && !later(v, meant):
		r.wrong(v, "it does not say how to check", "add one of http, tcp, unix, exec, file, watchdog")
		return
	}
	s.Healthy = h
}

// checkWatchdogs reports a watchdog without the socket that it needs.
func (r *reader) checkWatchdogs(d *draft) {
	for _, s := range d.services {
		if s.spec.Healthy.Watchdog > 0 && s.spec.Ready.Kind == service.NotifyFD {
			r.wrong(s.table.child("healthy"), "the watchdog needs NOTIFY_SOCKET, and ready has a descriptor", `write ready = { notify = "socket" }, or remove watchdog`)
		}
	}
}

func healthyWays() []string {
	return slices.DeleteFunc(ways(), func(way string) bool { return way == "after" || way == "notify" })
}

// healthyRows are the keys of healthy = { ... }. Those of ready are read as there.
func healthyRows() []row[*service.Healthy] {
	var rows []row[*service.Healthy]
	for _, of := range readyRows() {
		if of.read == nil || of.name == "after" || of.name == "notify" || of.name == "within" {
			continue
		}
		rows = append(rows, row[*service.Healthy]{name: of.name, expects: of.expects, example: of.example, others: of.others,
			read: func(r *reader, v *value, h *service.Healthy) { of.read(r, v, &h.Probe) }})
	}
	return append(rows,
		row[*service.Healthy]{name: "watchdog", expects: "a duration", example: `watchdog = "30s"`, others: "watchdog_sec",
			read: func(r *reader, v *value, h *service.Healthy) {
				r.duration(v, 10*time.Millisecond, maxDuration, &h.Watchdog)
			}},
		row[*service.Healthy]{name: "failures", expects: "an integer", example: "failures = 3", others: "retries failure_threshold",
			read: func(r *reader, v *value, h *service.Healthy) { r.whole(v, 1, 1000, &h.Failures) }},
		row[*service.Healthy]{name: "start_period", expects: "a duration", example: `start_period = "30s"`, others: "initial_delay initial_delay_seconds",
			read: func(r *reader, v *value, h *service.Healthy) { r.duration(v, 0, maxDuration, &h.StartPeriod) }},
	)
}

// lifeRows are the keys that say when a service runs, and whether it is well.
func lifeRows() []row[*service.Spec] {
	return []row[*service.Spec]{
		{name: "schedule", expects: "five fields in a string or a table", example: `schedule = "*/5 * * * *"`, others: "cron on_calendar timer",
			read: func(r *reader, v *value, s *service.Spec) { r.schedule(v, s) }},
		{name: "healthy", expects: "a table", others: "health liveness liveness_probe healthcheck",
			example: `healthy = { tcp = "127.0.0.1:8080", every = "10s", failures = 3 }`,
			read:    func(r *reader, v *value, s *service.Spec) { r.healthy(v, s) }},
	}
}
