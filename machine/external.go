package machine

import (
	"time"

	"sexton/service"
)

// A service that is not ours (service.Spec.External): nothing is started, stopped or signalled.
// Its unit goes through the same states. Starting: its probe has not succeeded yet. Up: it has, and
// is repeated at a calm pace. If it then fails several times in a row, the service is lost: Starting
// again, until it answers. Services that need it run on: only they know whether they can.
//
// Its run is the time in which we ask. No process belongs to it.

const (
	// externalEvery is the pause between two looks at an external service that is up.
	externalEvery = 10 * time.Second

	// externalMisses is how many looks in a row have to fail until it is lost: one may fail by accident.
	externalMisses = 3
)

// watch begins to ask whether an external service is there.
func (u *unit) watch(m *Machine) {
	u.spawning = false
	if within := u.spec.Ready.Within; within > 0 {
		u.deadline = m.now + within
	}
	u.probe.begin(m, u)
	m.sayf(Info, u, "external, not ready yet: %s", waitsFor(&u.spec.Ready, true))
}

// found: an external service has answered.
func (u *unit) found(m *Machine, _ Event) {
	words := "up after " + span(m.now-u.started)
	if u.gone {
		words = "back after " + span(m.now-u.since)
	}
	u.probe.end(m, u)
	u.gone = false
	u.becomeUp(m)
	m.say(Info, u, words)
}

// vanish: an external service that was up does not answer any more.
func (u *unit) vanish(m *Machine) {
	m.sayf(Warn, u, "lost: %s: %s; the services that need it run on", asked(u.question()), u.probe.words)
	u.gone, u.upAt, u.probe.misses = true, 0, 0
	u.become(m, service.Starting)
	u.probe.pause = u.spec.Ready.Every
	u.probe.again(m, u)
}

// notFound: the time of `ready` has passed without an answer. It is not asked any more: what needs it
// cannot start.
func (u *unit) notFound(m *Machine) {
	u.ended, u.lastStatus = u.notReady(), 1
	u.record(m, service.Record{Exit: u.ended, Status: 1})
	u.endRun(m)
	m.say(Error, u, u.ended)
	u.becomeFailed(m)
}

// letGo: an external service is not asked any more. It takes no time.
func (u *unit) letGo(m *Machine) {
	failing, lost := u.failing, u.lost
	u.record(m, service.Record{Exit: "not watched any more", Asked: u.whyStopped(m)})
	u.failing, u.lost = "", false
	u.endRun(m)
	switch {
	case lost && u.wanted:
		u.ended, u.lastStatus = "not watched any more: "+failing, 1
		u.becomeFailed(m)
	case u.wanted && m.keeping() && u.cannotRestart(m, "not watched any more"):
	case u.wanted && m.keeping():
		u.become(m, service.Waiting)
	default:
		u.become(m, service.Down)
	}
}

// stopWords says how a unit is stopped.
func stopWords(u *unit) string {
	if u.spec.External {
		return "not watched any more"
	}
	return "stopping with " + ladderWords(u.spec)
}
