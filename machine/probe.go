package machine

import (
	"strings"
	"time"

	"sexton/service"
)

// probe asks whether a starting unit is ready. The machine keeps the schedule; the loop makes
// one attempt at a time.
type probe struct {
	seq     uint64      // of the last attempt
	asking  bool        // the unit waits for its answer
	busy    bool        // it has not ended: no other begins before that, even if its answer is not needed any more
	due     bool        // the next one begins as soon as that one has ended
	run     service.Run // the run that the attempt asks
	at      Instant
	timeout Instant
	hangsAt Instant // when to say that it does not end
	hangs   bool    // that has been said
	pause   time.Duration
	misses  int    // how many attempts in a row have failed while its unit is up
	words   string // what the last attempt saw
}

// probeFirst is the pause after the first failed attempt. It doubles up to
// Every: most services are ready within milliseconds of their start, and the services that
// need them do not have to wait for a second.
const probeFirst = 10 * time.Millisecond

// probeSlack is how much longer than Timeout an attempt may take if it keeps to Timeout by
// itself: its own error says better what it was waiting for.
const probeSlack = 100 * time.Millisecond

// forget is for a unit that is not asked any more. If an attempt has not ended, the next
// run's first attempt waits for that.
func (p *probe) forget() {
	p.asking, p.due, p.misses, p.words = false, false, 0, ""
	p.at, p.timeout, p.hangsAt = never, never, never
}

// next is the earliest of the deadlines.
func (p *probe) next() Instant { return min(p.at, p.timeout, p.hangsAt) }

// begin makes the first attempt.
func (p *probe) begin(m *Machine, u *unit) {
	p.forget()
	p.pause = min(probeFirst, u.spec.Ready.Every)
	p.ask(m, u)
}

// ask makes an attempt, at once or when the last one has ended.
func (p *probe) ask(m *Machine, u *unit) {
	if p.due, p.at = p.busy, never; p.busy {
		return
	}
	p.seq++
	p.asking, p.busy, p.run = true, true, u.run
	about := u.question()
	p.timeout = m.now + about.Timeout
	if about.Kind != service.ExecProbe {
		p.timeout += probeSlack
	}
	m.do(Probe{Run: u.run, Service: u.spec.Name, Seq: p.seq, Health: about != &u.spec.Ready})
}

// probed: an attempt has ended. Perhaps its answer is not needed any more, or its run has
// ended.
func (m *Machine) probed(e Probed) {
	u := m.asker(e)
	if u == nil {
		return
	}
	p := &u.probe
	wanted := p.asking
	p.busy, p.asking, p.hangs, p.hangsAt = false, false, false, never
	switch {
	case wanted && e.Err == "":
		p.timeout = never
		u.take(m, kindReady, e)
	case wanted:
		p.timeout, p.words = never, withOutput(e.Err, e.Output)
		u.take(m, kindNotReady, e)
	case p.due:
		p.ask(m, u)
	case p.words != "" && p.run == u.run:
		p.words = withOutput(p.words, e.Output)
	}
}

// asker is the unit whose present attempt e is the end of, or nil.
func (m *Machine) asker(e Probed) *unit {
	if u := m.runs[e.Run]; u != nil && u.probe.isOf(e) {
		return u
	}
	for i := range m.units { // it may have another run by now
		if m.units[i].probe.isOf(e) {
			return m.units[i]
		}
	}
	return nil
}

func (p *probe) isOf(e Probed) bool { return p.busy && p.seq == e.Seq && p.run == e.Run }

// withOutput adds the last line that a probe wrote to its result.
func withOutput(words, output string) string {
	if output == "" {
		return words
	}
	return words + `: "` + output + `"`
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
	words := p.words
	if words == "" {
		words = "no answer"
	}
	if p.hangs {
		words += ", and the last attempt has not ended since: it hangs in the kernel"
	}
	return words
}

// tickProbe does what is due: an attempt, or the end of one that takes too long.
func (u *unit) tickProbe(m *Machine) {
	p := &u.probe
	switch {
	case p.timeout <= m.now:
		m.do(StopProbe{Run: u.run, Service: u.spec.Name})
		p.asking, p.timeout, p.hangsAt = false, never, m.now+killPatience
		p.words = "no answer within " + span(u.question().Timeout)
		u.take(m, kindNotReady, Probed{Run: u.run, Seq: p.seq, Err: p.words})
	case p.at <= m.now:
		p.ask(m, u)
	case p.hangsAt <= m.now:
		p.hangs, p.hangsAt = true, never
		m.sayf(Warn, u, "the probe still runs %s after it was told to end: it hangs in the kernel (state D), perhaps on a disk or network that does not answer; the next one waits until it has ended", span(killPatience))
	}
}

// notReady says why a start failed: what the probe asked, and what the last attempt saw.
func (u *unit) notReady() string {
	if u.spec.Ready.Kind.Says() {
		return "not ready within " + span(u.spec.Ready.Within) + ": still " + waitsFor(&u.spec.Ready, true)
	}
	text := "not ready within " + span(u.spec.Ready.Within) + ": "
	if u.spec.Ready.Kind == service.ExecProbe {
		text += "exec " + service.CommandText(u.spec.Ready.Command) + ": "
	}
	return text + u.probe.lastWords()
}

// probeSeen is what a starting unit waits for, and what the last attempt saw; "": it waits
// for nothing.
func (u *unit) probeSeen() string {
	if u.state != service.Starting || u.hook.stage != service.NoStage || u.spec.OneShot || u.spec.Ready.Kind == service.NoProbe {
		return ""
	}
	words := waitsFor(&u.spec.Ready, true)
	if u.probe.words != "" || u.probe.hangs {
		words += ": " + u.probe.lastWords()
	}
	return words
}

// waitsFor says what a probe asks for: the first word of a command, or all of it.
func waitsFor(r *service.Probe, all bool) string {
	switch {
	case r.Kind == service.AfterTime:
		return "waiting for " + span(r.Delay)
	case r.Kind == service.ExecProbe && all:
		return "waiting for exec " + service.CommandText(r.Command)
	case r.Kind == service.ExecProbe:
		name, _, _ := strings.Cut(service.CommandLine(r.Command), " ")
		return "waiting for exec " + service.Printable(name, len(name))
	case r.Kind == service.NotifySocket:
		return "waiting for READY=1 on NOTIFY_SOCKET"
	case r.Kind == service.NotifyFD:
		return "waiting for a newline on descriptor " + r.Target
	default:
		return "waiting for " + r.Kind.String() + " " + r.Target
	}
}
