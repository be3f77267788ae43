package pid1

import (
	"time"

	"sexton/cron"
	"sexton/machine"
	"sexton/service"
)

// The machine has no clock that shows the time of day, so the loop knows when scheduled
// services are due, and tells the machine.

// lateMost is how late a run may begin that was not made in its time: as in Debian's cron, a
// greater difference is a correction of the clock, or a container that was paused for long.
const lateMost = 3 * time.Hour

// countMost is how many missed runs are counted.
const countMost = 1000

// timetable is when services with a schedule are due.
type timetable struct {
	lines    map[*handle]*line
	next     time.Time // the earliest of all; zero: there is none
	looked   time.Time // when the clock was read last
	watching func()    // ends the watch for a clock that is set; nil: there is none
}

// line is one service's.
type line struct {
	text     string
	schedule *cron.Schedule
	zone     *time.Location
	at       time.Time // when it is due; zero: never
}

// clockSet: the clock was set, or the machine was asleep.
type clockSet struct{}

func (clockSet) arrive(p *PID1) {
	p.timetable.set(time.Now())
}

// setOut puts the services of the plan into the timetable. A service whose schedule stays
// the same keeps its time.
func (p *PID1) setOut() {
	t := &p.timetable
	now := time.Now()
	was := t.lines
	t.lines = nil
	for i := range p.Plan.Services {
		spec := &p.Plan.Services[i]
		if !spec.Scheduled() {
			continue
		}
		h := p.handles[spec.Name]
		if t.lines == nil {
			t.lines = make(map[*handle]*line)
		}
		text := spec.Schedule.Cron + " " + spec.Schedule.Zone
		if t.lines[h] = was[h]; was[h] == nil || was[h].text != text {
			t.lines[h] = p.newLine(h, text, now)
		}
	}
	t.findNext(now)
	p.watchClock(t.lines != nil)
}

func (p *PID1) newLine(h *handle, text string, now time.Time) *line {
	spec := h.spec
	l := &line{text: text, zone: time.UTC}
	var err error
	if l.schedule, err = cron.Parse(spec.Schedule.Cron); err == nil && p.Zone != nil {
		l.zone, err = p.Zone(spec.Schedule.Zone)
	}
	if err != nil { // the file was checked; the zone's data may have gone since
		p.Output.Say(machine.Error, spec.Name, "it will not run by its schedule: "+err.Error())
		return l
	}
	l.at = l.after(now)
	return l
}

// after is the first time behind t at which the line is due. For an interval t is the last time
// or the start.
func (l *line) after(t time.Time) time.Time {
	if every := l.schedule.Every(); every > 0 {
		return t.Add(every)
	}
	return l.schedule.Next(t, l.zone)
}

// findNext finds the earliest time.
func (t *timetable) findNext(now time.Time) {
	t.looked, t.next = now, time.Time{}
	for _, l := range t.lines {
		if !l.at.IsZero() && (t.next.IsZero() || l.at.Before(t.next)) {
			t.next = l.at
		}
	}
}

// wait is how long it takes until the next service is due; ok is false if none is.
func (t *timetable) wait() (d time.Duration, ok bool) {
	if t.next.IsZero() {
		return 0, false
	}
	return time.Until(t.next), true
}

// set deals with a clock that shows another time than expected: what follows the clock, and
// everything after a correction, goes by the new time.
func (t *timetable) set(now time.Time) {
	t.setBy(now, now.Round(0).Sub(t.looked.Round(0))-now.Sub(t.looked))
}

func (t *timetable) setBy(now time.Time, moved time.Duration) {
	for _, l := range t.lines {
		if !l.at.IsZero() && l.schedule.Every() == 0 && (l.schedule.FollowsClock() || moved.Abs() > lateMost) {
			l.at = l.after(now)
		}
	}
	t.findNext(now)
}

// tellDue tells the machine which services are due.
func (p *PID1) tellDue() {
	t := &p.timetable
	if wait, ok := t.wait(); !ok || wait > 0 {
		return
	}
	now := time.Now()
	for i := range p.Plan.Services { // in the order of the file
		h := p.handles[p.Plan.Services[i].Name]
		if l := t.lines[h]; l != nil && !l.at.IsZero() && !l.at.After(now) {
			at, missed := l.missed(now)
			p.hear(machine.Due{Service: h.name(), At: l.words(at), Missed: missed, Late: now.Sub(at) > lateMost})
		}
	}
	t.findNext(now)
}

// missed moves the line to its next time after now. It returns the last one up to now, and how
// many there were before.
func (l *line) missed(now time.Time) (at time.Time, missed int) {
	at = l.at
	for l.at = l.after(at); !l.at.IsZero() && !l.at.After(now); l.at = l.after(l.at) {
		at = l.at
		if missed++; missed == countMost {
			l.at = l.after(now)
			break
		}
	}
	return at, missed
}

// words are a time for people.
func (l *line) words(at time.Time) string {
	if l.schedule.Every() > 0 {
		return at.Round(0).UTC().Format("15:04:05 MST")
	}
	return at.In(l.zone).Format("2006-01-02 15:04 MST")
}

// watchClock has us told when the clock is set, while there are schedules.
func (p *PID1) watchClock(on bool) {
	t := &p.timetable
	switch {
	case on && t.watching == nil && p.ClockSet != nil:
		t.watching = p.ClockSet(func() { p.post(clockSet{}) })
	case !on && t.watching != nil:
		t.watching()
		t.watching = nil
	}
}

// reportDue says in a report when services are due next.
func (p *PID1) reportDue(r *service.Report) {
	for i := range r.Services {
		if h := p.handles[r.Services[i].Name]; h != nil && p.timetable.lines[h] != nil {
			r.Services[i].Next = p.timetable.lines[h].at
		}
	}
}
