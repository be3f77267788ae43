package machine

import (
	"strings"
	"time"

	"sexton/service"
)

// What is asked of a unit that is up: whether it is healthy. One that is not is stopped, and that
// is a failure like any other.

// question is the probe that the unit is asked by now.
func (u *unit) question() *service.Probe {
	if u.state == service.Up && u.spec.Healthy.Kind != service.NoProbe {
		return &u.spec.Healthy.Probe
	}
	return &u.spec.Ready
}

// health is how often a unit that is up is asked, and how many failures in a row are too
// many; ok is false if it is not asked.
func (u *unit) health() (every time.Duration, failures int, ok bool) {
	switch h := &u.spec.Healthy; {
	case h.Kind != service.NoProbe:
		return h.Every, h.Failures, true
	case u.spec.External:
		return externalEvery, externalMisses, true
	}
	return 0, 0, false
}

// stillUp: a unit that is up has answered.
func (u *unit) stillUp(m *Machine, event Event) {
	every, _, ok := u.health()
	if !ok {
		broken(u, m, event)
	}
	if u.probe.misses > 0 && !u.spec.External {
		m.say(Info, u, "healthy again")
	}
	u.proved = true
	u.probe.misses, u.probe.words = 0, ""
	u.probe.at = m.now + every
}

// missed: a unit that is up has not answered.
func (u *unit) missed(m *Machine, event Event) {
	every, failures, ok := u.health()
	if !ok {
		broken(u, m, event)
	}
	counts := u.proved || m.now >= u.started+u.spec.Healthy.StartPeriod
	if counts {
		u.probe.misses++
	}
	if !counts || u.probe.misses < failures {
		level := Warn
		if u.spec.External || u.probe.misses != 1 {
			level = Debug
		}
		m.sayf(level, u, "not healthy (%d of %d): %s: %s", u.probe.misses, failures, asked(u.question()), u.probe.words)
		if u.spec.External {
			every = min(every, u.spec.Ready.Every)
		}
		u.probe.at = m.now + every
		return
	}
	if u.spec.External {
		u.vanish(m)
		return
	}
	u.failing = "not healthy: " + asked(u.question()) + ": " + u.probe.words
	m.sayf(Warn, u, "%s, %s in a row; %s", u.failing, service.Counted(failures, "failure"), stopWords(u))
	u.beginStop(m)
}

// asked names a probe: "tcp 127.0.0.1:80".
func asked(p *service.Probe) string { return strings.TrimPrefix(waitsFor(p, true), "waiting for ") }

// healthWords is how a unit that is up does, for people; "": nobody asks, or it does well.
func (u *unit) healthWords() string {
	if u.state != service.Up || u.probe.misses == 0 {
		return ""
	}
	return "not healthy: " + asked(u.question()) + ": " + u.probe.words
}
