package cron

import (
	"math/bits"
	"time"
)

// When the clock is changed for daylight saving time, Debian's cron does this, and so do we:
//
//   - A job with a fixed hour and minute that falls into the hour that is left out runs once,
//     right after the jump. In the hour that comes twice it runs the first time only.
//   - A job with * in its hour or minute follows the new clock: it runs when the clock shows
//     its time, so perhaps twice or not at all.
//   - A jump of more than three hours is a correction of the clock: nothing is made up for.
//
// (cron(8) of Debian, "Daylight Saving Time and other time changes".)

const (
	// jumpMost is the longest jump of a clock that jobs are made up for.
	jumpMost = 3 * time.Hour
	// lookAhead is how far ahead Next looks: there may be eight years from one 29 February
	// to the next (1896 to 1904), and its weekday repeats within 40.
	lookAhead = 41 * 366
)

// Next is the first moment after t at which the schedule is due, in the time zone given; the
// zero time if it never is, or if it has no fields (Reboot, Every).
func (s *Schedule) Next(t time.Time, zone *time.Location) time.Time {
	if s.reboot || s.every > 0 {
		return time.Time{}
	}
	local := t.In(zone)
	year, month, day := local.Date()
	if !s.floats { // of the day before: its last job may fall into a jump at midnight
		day--
	}
	for range lookAhead {
		date := time.Date(year, month, day, 12, 0, 0, 0, time.UTC) // names the day, in any zone
		year, month, day = date.Date()
		if s.month&(1<<month) == 0 {
			day, month = 1, month+1
			continue
		}
		if s.onDay(month, day, date.Weekday()) {
			if at := s.onDate(year, month, day, t, zone); !at.IsZero() {
				return at
			}
		}
		day++
	}
	return time.Time{}
}

// onDate is the first moment after t on one day; zero for none.
func (s *Schedule) onDate(year int, month time.Month, day int, t time.Time, zone *time.Location) (first time.Time) {
	noon := time.Date(year, month, day, 12, 0, 0, 0, zone)
	periods := periodsAround(noon)
	if len(periods) == 1 {
		return s.onPlainDate(noon.Add(-12*time.Hour), t)
	}
	for hour := range 24 {
		for minute := range 60 {
			if s.hour&(1<<hour) == 0 || s.minute&(1<<minute) == 0 {
				continue
			}
			for _, at := range s.moments(time.Date(year, month, day, hour, minute, 0, 0, time.UTC), periods) {
				if at.After(t) && (first.IsZero() || at.Before(first)) {
					first = at.In(zone)
				}
			}
		}
	}
	return first
}

// period is a time in which a zone has one offset from UTC.
type period struct {
	offset   time.Duration
	from, to time.Time // to is not part of it
}

// periodsAround are the periods of the day around a noon, and of the hours near it.
func periodsAround(noon time.Time) (all []period) {
	first, last := noon.Add(-12*time.Hour-jumpMost), noon.Add(12*time.Hour+jumpMost)
	for at := first; at.Before(last); {
		_, end := at.ZoneBounds()
		if end.IsZero() || end.After(last) || !end.After(at) {
			end = last
		}
		_, offset := at.Zone()
		all = append(all, period{time.Duration(offset) * time.Second, at, end})
		at = end
	}
	return all
}

// onPlainDate is onDate on a day on which the clock does not change.
func (s *Schedule) onPlainDate(midnight, t time.Time) time.Time {
	from := 0 // the first minute of the day that is after t
	if t.After(midnight) || t.Equal(midnight) {
		from = int(min(t.Sub(midnight)/time.Minute+1, 24*60))
	}
	for hour := from / 60; hour < 24; hour++ {
		if s.hour&(1<<hour) == 0 {
			continue
		}
		minutes := s.minute
		if hour == from/60 {
			minutes = minutes >> (from % 60) << (from % 60)
		}
		if minutes != 0 {
			return midnight.Add(time.Duration(hour*60+bits.TrailingZeros64(minutes)) * time.Minute)
		}
	}
	return time.Time{}
}

// moments are when the job of a local time runs, which wall shows as if it were UTC: usually once.
func (s *Schedule) moments(wall time.Time, periods []period) (at []time.Time) {
	for i, p := range periods {
		moment := wall.Add(-p.offset)
		switch {
		case moment.Before(p.from): // it would have been in the period before: the clock has jumped over it
			jump := p.offset
			if i > 0 {
				jump -= periods[i-1].offset
			}
			if len(at) == 0 && i > 0 && !s.floats && jump <= jumpMost && !wall.Add(-periods[i-1].offset).Before(p.from) {
				return []time.Time{p.from}
			}
		case !moment.Before(p.to):
		case len(at) > 0 && !s.floats && moment.Sub(at[0]) <= jumpMost: // it comes again
		default:
			at = append(at, moment)
		}
	}
	return at
}
