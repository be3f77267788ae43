package machine

import (
	"time"

	"sexton/service"
)

// probe is the asking whether a starting unit is ready. The machine keeps its
// schedule; whoever drives it makes one attempt at a time.
type probe struct {
	seq     uint64 // of the last attempt
	asking  bool   // an attempt is on its way
	at      Instant
	timeout Instant
	pause   time.Duration
	words   string // what the last attempt saw
}

// probeFirst is the pause after the first failed attempt. It doubles up to
// Every: most services are ready within milliseconds of their start, and what
// waits for them need not wait for a second.
const probeFirst = 10 * time.Millisecond

func (p *probe) forget() { p.asking, p.at, p.timeout, p.words = false, never, never, "" }

// next is the earlier of the two deadlines.
func (p *probe) next() Instant { return min(p.at, p.timeout) }

// begin makes the first attempt.
func (p *probe) begin(m *Machine, u *unit) {
	p.forget()
	p.pause = min(probeFirst, u.spec.Ready.Every)
	p.ask(m, u)
}

func (p *probe) ask(m *Machine, u *unit) {
	p.seq++
	p.asking, p.at, p.timeout = true, never, m.now+u.spec.Ready.Timeout
	m.do(Probe{Run: u.run, Service: u.spec.Name, Seq: p.seq})
}

// answered tells whether e is the answer to the attempt on its way.
func (p *probe) answered(e Probed) bool {
	if !p.asking || e.Seq != p.seq {
		return false
	}
	p.asking, p.timeout, p.words = false, never, e.Err
	return true
}

// again plans the next attempt.
func (p *probe) again(m *Machine, u *unit) {
	p.at = m.now + p.pause
	p.pause = min(2*p.pause, u.spec.Ready.Every)
}

// end stops asking.
func (p *probe) end(m *Machine, u *unit) {
	if p.asking {
		m.do(StopProbe{Run: u.run, Service: u.spec.Name})
	}
	p.forget()
}

// lastWords is what the last attempt saw.
func (p *probe) lastWords() string {
	if p.words == "" {
		return "no answer"
	}
	return p.words
}

// tickProbe fires what is due: an attempt, or the end of one that takes too long.
func (u *unit) tickProbe(m *Machine) {
	p := &u.probe
	switch {
	case p.timeout <= m.now:
		m.do(StopProbe{Run: u.run, Service: u.spec.Name})
		p.asking, p.timeout = false, never
		p.words = "no answer within " + span(u.spec.Ready.Timeout)
		u.take(m, kindNotReady, Probed{Run: u.run, Seq: p.seq, Err: p.words})
	case p.at <= m.now:
		p.ask(m, u)
	}
}

// waitsFor says what a probe asks for.
func waitsFor(r *service.Probe) string {
	switch r.Kind {
	case service.AfterTime:
		return "waiting for " + span(r.Delay)
	case service.ExecProbe:
		return "waiting for exec " + r.Command[0]
	default:
		return "waiting for " + r.Kind.String() + " " + r.Target
	}
}
