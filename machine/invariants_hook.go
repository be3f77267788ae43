package machine

import "sexton/service"

// hookRules are what is true of each field of a hook after every step.
var hookRules = []struct {
	field string
	holds func(m *Machine, u *unit, h *hook) bool
}{
	{"stage", func(m *Machine, u *unit, h *hook) bool {
		switch h.stage {
		case service.BeforeStart:
			return u.spawning && !u.preparing
		case service.AfterStart:
			return u.state == service.Starting && !u.spawning || u.state == service.Stopping || u.state == service.Killing
		case service.BeforeStop, service.StopCommand:
			return u.state == service.Stopping || u.state == service.Killing && h.busy
		}
		return true
	}},
	{"index", func(m *Machine, u *unit, h *hook) bool {
		return h.index == 0 || h.index > 0 && h.index < len(u.hooks[h.stage])
	}},
	{"seq", func(m *Machine, u *unit, h *hook) bool { return h.seq > 0 || !h.busy }},
	{"busy", func(m *Machine, u *unit, h *hook) bool { // the effect of a stop_command is waited for
		return h.busy == (h.stage != service.NoStage) || h.stage == service.StopCommand
	}},
	{"began", func(m *Machine, u *unit, h *hook) bool { return h.began <= m.now }},
	{"killed", func(m *Machine, u *unit, h *hook) bool { return !h.killed || h.stage != service.NoStage }},
	{"took", func(m *Machine, u *unit, h *hook) bool {
		return h.took >= 0 && (h.took == 0 || h.began+h.took <= m.now)
	}},
	{"gone", func(m *Machine, u *unit, h *hook) bool {
		return !h.gone || h.busy && u.leaderGone && (u.state == service.Stopping || u.state == service.Killing)
	}},
	{"then", func(m *Machine, u *unit, h *hook) bool { return h.then == over{} || u.state == service.Cleaning }},
}
