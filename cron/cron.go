// Package cron knows when a scheduled service is due: the five fields of crontab(5), by the
// rules of Debian's cron where programs differ, and the names that begin with @. It has no
// clock: Next is a pure function.
package cron

import (
	"fmt"
	"strings"
	"time"
)

// Schedule is one line of a crontab without its command. Parse makes it.
type Schedule struct {
	text   string
	reboot bool
	every  time.Duration // of @every; 0: the fields hold

	minute, hour, day, month, weekday uint64 // bit N: N matches; weekday 0 is Sunday

	anyDay, anyWeekday bool // the field begins with * (crontab(5), "day of month"): it restricts nothing by itself
	floats             bool // the minute or the hour begins with *: the job follows the clock when that is changed
}

// everyLeast is the shortest interval of @every.
const everyLeast = time.Second

// named are the names of crontab(5) that stand for five fields.
var named = map[string]string{
	"@yearly": "0 0 1 1 *", "@annually": "0 0 1 1 *", "@monthly": "0 0 1 * *", "@weekly": "0 0 * * 0",
	"@daily": "0 0 * * *", "@midnight": "0 0 * * *", "@hourly": "0 * * * *",
}

// Parse reads a schedule: five fields, or @reboot, @every INTERVAL, @hourly, @daily, @midnight,
// @weekly, @monthly, @yearly, @annually. An error says what is wrong and what to write instead.
func Parse(text string) (*Schedule, error) {
	if len(text) > textMost {
		return nil, fmt.Errorf("a schedule is at most %d bytes long", textMost)
	}
	words := strings.Fields(text)
	if len(words) == 0 {
		return nil, fmt.Errorf(`it is empty: write five fields, such as "*/5 * * * *", or "@hourly"`)
	}
	s := &Schedule{text: strings.Join(words, " ")}
	name := strings.ToLower(words[0])
	switch fields, ok := named[name]; {
	case ok && len(words) == 1:
		words = strings.Fields(fields)
	case name == "@reboot" && len(words) == 1:
		s.reboot = true
		return s, nil
	case name == "@every":
		return s, s.parseEvery(words[1:])
	case strings.HasPrefix(name, "@"):
		return nil, fmt.Errorf("%q is not known: write @reboot, @hourly, @daily, @weekly, @monthly, @yearly or \"@every 30s\"", text)
	}
	if len(words) != len(fields) {
		return nil, fmt.Errorf("%q has %d fields, but a schedule has five: minute, hour, day of month, month, day of week%s", text, len(words), hint(words))
	}
	return s, s.parseFields(words)
}

// textMost bounds the length of a schedule.
const textMost = 1024

// hint explains the likely reason for a wrong number of fields.
func hint(words []string) string {
	switch {
	case strings.HasPrefix(words[0], "TZ=") || strings.HasPrefix(words[0], "CRON_TZ="):
		return " (for a time zone use the key zone)"
	case len(words) == 6:
		return " (seconds and years are not known: use \"@every 30s\" for less than a minute)"
	}
	return ""
}

func (s *Schedule) parseEvery(words []string) error {
	if len(words) == 1 {
		if d, err := time.ParseDuration(words[0]); err == nil && d >= everyLeast {
			s.every = d
			return nil
		}
	}
	return fmt.Errorf("%q: write an interval of at least %v, such as \"@every 30s\" or \"@every 1h30m\"", s.text, everyLeast)
}

func (s *Schedule) parseFields(words []string) error {
	into := []*uint64{&s.minute, &s.hour, &s.day, &s.month, &s.weekday}
	for i, word := range words {
		bits, err := fields[i].parse(word)
		if err != nil {
			return fmt.Errorf("%s %q: %w", fields[i].name, word, err)
		}
		*into[i] = bits
	}
	if s.weekday&(1<<7) != 0 { // 7 is Sunday too
		s.weekday = s.weekday&^(1<<7) | 1
	}
	star := func(word string) bool { return word[0] == '*' || word[0] == '?' }
	s.floats = star(words[0]) || star(words[1])
	s.anyDay, s.anyWeekday = star(words[2]), star(words[4])
	if s.Next(someDay, time.UTC).IsZero() {
		return fmt.Errorf("%q never comes: no such day is in such a month", s.text)
	}
	return nil
}

// someDay is a moment from which every schedule that ever comes does so within lookAhead.
var someDay = time.Date(2024, 1, 1, 0, 0, 0, 0, time.UTC)

// String is the schedule as it was written, with single blanks.
func (s *Schedule) String() string { return s.text }

// Reboot tells whether the schedule is @reboot: due once, when sexton starts. Next is zero then.
func (s *Schedule) Reboot() bool { return s.reboot }

// Every is the interval of @every, and 0 for all others.
func (s *Schedule) Every() time.Duration { return s.every }

// FollowsClock tells whether the schedule runs whenever the clock shows its time, also after the
// clock was set: its minute or its hour begins with *.
func (s *Schedule) FollowsClock() bool { return s.floats }

// TwoReadings tells whether other programs read the days of the schedule in another way. Both
// day fields are restricted, and one of them begins with *: Debian's cron (and we) demands
// both then, others take either.
func (s *Schedule) TwoReadings() bool {
	restricted := s.day != fields[2].all() && s.weekday != fields[4].span(0, 6, 1)
	return restricted && (s.anyDay || s.anyWeekday)
}

// onDay tells whether the schedule is due on a day.
func (s *Schedule) onDay(month time.Month, day int, weekday time.Weekday) bool {
	if s.month&(1<<month) == 0 {
		return false
	}
	onDay, onWeekday := s.day&(1<<day) != 0, s.weekday&(1<<weekday) != 0
	if s.anyDay || s.anyWeekday {
		return onDay && onWeekday
	}
	return onDay || onWeekday
}
