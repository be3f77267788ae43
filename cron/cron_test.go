package cron

import (
	"strings"
	"testing"
	"time"
)

func zone(t testing.TB, name string) *time.Location {
	t.Helper()
	z, err := time.LoadLocation(name)
	if err != nil {
		t.Skipf("no time zone data here: %v", err)
	}
	return z
}

func parse(t testing.TB, text string) *Schedule {
	t.Helper()
	s, err := Parse(text)
	if err != nil {
		t.Fatalf("%q: %v", text, err)
	}
	return s
}

// Around the changes of the clock, as Debian's cron does it.
func TestDaylightSavingTime(t *testing.T) {
	const spring, autumn = "2026-03-07 12:00 America/New_York", "2026-10-31 12:00 America/New_York"
	for _, c := range []struct{ schedule, from, want string }{
		// The clock jumps from 02:00 EST to 03:00 EDT on 8 March.
		{"30 2 * * *", spring, "03-08 03:00 EDT, 03-09 02:30 EDT, 03-10 02:30 EDT"},
		{"0,30 2 * * *", spring, "03-08 03:00 EDT, 03-09 02:00 EDT, 03-09 02:30 EDT"},
		{"0 3 * * *", spring, "03-08 03:00 EDT, 03-09 03:00 EDT"},
		{"0 1-3 * * *", spring, "03-08 01:00 EST, 03-08 03:00 EDT, 03-09 01:00 EDT"},
		{"0 * * * *", "2026-03-08 00:30 America/New_York", "03-08 01:00 EST, 03-08 03:00 EDT, 03-08 04:00 EDT"},
		{"*/30 * * * *", "2026-03-08 01:00 America/New_York", "03-08 01:30 EST, 03-08 03:00 EDT, 03-08 03:30 EDT"},
		{"*/30 2 * * *", spring, "03-09 02:00 EDT, 03-09 02:30 EDT"},
		{"30 2 8 3 *", spring, "03-08 03:00 EDT, 2027-03-08 02:30 EST"},
		{"@daily", spring, "03-08 00:00 EST, 03-09 00:00 EDT"},
		// It goes back from 02:00 EDT to 01:00 EST on 1 November.
		{"30 1 * * *", autumn, "11-01 01:30 EDT, 11-02 01:30 EST"},
		{"0 1,2 * * *", autumn, "11-01 01:00 EDT, 11-01 02:00 EST, 11-02 01:00 EST"},
		{"0 * * * *", "2026-11-01 00:30 America/New_York", "11-01 01:00 EDT, 11-01 01:00 EST, 11-01 02:00 EST"},
		{"*/30 1 * * *", autumn, "11-01 01:00 EDT, 11-01 01:30 EDT, 11-01 01:00 EST, 11-01 01:30 EST, 11-02 01:00 EST"},
		// Half an hour (Lord Howe Island), a jump at midnight (Havana), a day that is left out (Apia).
		{"15 2 * * *", "2026-10-03 12:00 Australia/Lord_Howe", "10-04 02:30 +11, 10-05 02:15 +11"},
		{"45 1 * * *", "2026-04-04 12:00 Australia/Lord_Howe", "04-05 01:45 +11, 04-06 01:45 +1030"},
		{"10 0 * * *", "2026-03-07 12:00 America/Havana", "03-08 01:00 CDT, 03-09 00:10 CDT"},
		{"@daily", "2026-10-31 12:00 America/Havana", "11-01 00:00 CDT, 11-02 00:00 CST"},
		{"0 * * * *", "2026-10-31 23:30 America/Havana", "11-01 00:00 CDT, 11-01 00:00 CST, 11-01 01:00 CST"},
		{"0 5 * * *", "2011-12-29 12:00 Pacific/Apia", "12-31 05:00 +14, 2012-01-01 05:00 +14"},
		{"0 5 30 12 *", "2011-12-29 12:00 Pacific/Apia", "2012-12-30 05:00 +14"},
	} {
		at, z := moment(t, c.from)
		year := at.Year()
		s := parse(t, c.schedule)
		for _, want := range strings.Split(c.want, ", ") {
			at = s.Next(at, z)
			got := at.Format("01-02 15:04 MST")
			if at.Year() != year {
				got = at.Format("2006-01-02 15:04 MST")
			}
			if got != want {
				t.Errorf("%q from %s: %s, not %s", c.schedule, c.from, got, want)
			}
		}
	}
}

func moment(t testing.TB, text string) (time.Time, *time.Location) {
	t.Helper()
	words := strings.Fields(text)
	z := zone(t, words[2])
	at, err := time.ParseInLocation("2006-01-02 15:04", words[0]+" "+words[1], z)
	if err != nil {
		t.Fatal(err)
	}
	return at, z
}

func TestDays(t *testing.T) {
	for _, c := range []struct{ schedule, want string }{
		{"* * * * *", "2026-01-01 00:01"},
		{"*/5 * * * *", "2026-01-01 00:05"},
		{"5/15 * * * *", "2026-01-01 00:05"},
		{"59 23 31 12 *", "2026-12-31 23:59"},
		{"0 12 * * 7", "2026-01-04 12:00"},
		{"0 12 * * 0", "2026-01-04 12:00"},
		{"0 12 * * fri-sun", "2026-01-02 12:00"},
		{"0 12 * FEB mon", "2026-02-02 12:00"},
		{"0 12 29 2 *", "2028-02-29 12:00"},
		{"0 12 13 * 5", "2026-01-02 12:00"},     // either: a Friday, or a 13th
		{"0 12 */2 * 1", "2026-01-05 12:00"},    // both: the field begins with *
		{"0 12 1-31/2 * 1", "2026-01-01 12:00"}, // either
		{"0 12 ? * 1", "2026-01-05 12:00"},
		{"@hourly", "2026-01-01 01:00"}, {"@daily", "2026-01-02 00:00"}, {"@midnight", "2026-01-02 00:00"},
		{"@weekly", "2026-01-04 00:00"}, {"@monthly", "2026-02-01 00:00"}, {"@yearly", "2027-01-01 00:00"}, {"@annually", "2027-01-01 00:00"},
	} {
		if got := parse(t, c.schedule).Next(time.Date(2026, 1, 1, 0, 0, 30, 0, time.UTC), time.UTC).Format("2006-01-02 15:04"); got != c.want {
			t.Errorf("%q: %s, not %s", c.schedule, got, c.want)
		}
	}
	if s := parse(t, "@reboot"); !s.Reboot() || !s.Next(someDay, time.UTC).IsZero() {
		t.Error("@reboot")
	}
	if s := parse(t, "@every 1m30s"); s.Every() != 90*time.Second {
		t.Errorf("@every is %v", s.Every())
	}
	for text, want := range map[string]bool{"0 0 */2 * 1": true, "0 0 1 * */2": true, "0 0 1 * 1": false, "0 0 */2 * *": false, "0 0 * * 1": false} {
		if got := parse(t, text).TwoReadings(); got != want {
			t.Errorf("%q: two readings %v", text, got)
		}
	}
}

func TestMistakes(t *testing.T) {
	for text, want := range map[string]string{
		"":                        "empty",
		"* * * *":                 "has 4 fields",
		"0 * * * * *":             "@every 30s",
		"TZ=UTC 0 * * * *":        "the key zone",
		"60 * * * *":              `minute "60": "60" is not a number from 0 to 59`,
		"* 24 * * *":              "from 0 to 23",
		"* * 0 * *":               "from 1 to 31",
		"* * * 13 *":              "a name such as feb",
		"* * * * 8":               "from 0 to 7",
		"22-2 * * * *":            "runs backwards: write 22-59,0-2",
		"*/0 * * * *":             "the step",
		"*/61 * * * *":            "the step",
		"1- * * * *":              "a number is missing",
		"1,,2 * * * *":            "a number is missing",
		"+1 * * * *":              "not a number",
		"0 0 31 2 *":              "never comes",
		"0 0 30 feb *":            "never comes",
		"@sometimes":              "not known",
		"@daily x":                "not known",
		"@every":                  "@every 30s",
		"@every 10ms":             "at least 1s",
		"@every -5s":              "at least 1s",
		strings.Repeat("1", 2000): "at most",
	} {
		if s, err := Parse(text); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%.40q: %v %v, not %q", text, s, err, want)
		}
	}
}

// due is what a simple cron does: it looks at the clock in each minute, and in a jump forward
// makes up for jobs with a fixed time. It is the model for Next.
func due(s *Schedule, from, to time.Time, z *time.Location) (all []time.Time) {
	matches := func(wall time.Time) bool {
		return s.minute&(1<<wall.Minute()) != 0 && s.hour&(1<<wall.Hour()) != 0 && s.onDay(wall.Month(), wall.Day(), wall.Weekday())
	}
	wallOf := func(at time.Time) time.Time {
		_, offset := at.In(z).Zone()
		return at.UTC().Add(time.Duration(offset) * time.Second)
	}
	high := wallOf(from) // the latest time that the clock has shown
	for at := from.Add(time.Minute); !at.After(to); at = at.Add(time.Minute) {
		wall := wallOf(at)
		hit := matches(wall) && (s.floats || wall.After(high) || high.Sub(wall) > jumpMost)
		if gap := wall.Sub(high); !s.floats && gap > time.Minute && gap <= jumpMost+time.Minute {
			for skipped := high.Add(time.Minute); skipped.Before(wall); skipped = skipped.Add(time.Minute) {
				hit = hit || matches(skipped)
			}
		}
		if hit {
			all = append(all, at)
		}
		if wall.After(high) || high.Sub(wall) > jumpMost {
			high = wall
		}
	}
	return all
}

func TestNextAgreesWithASimpleCron(t *testing.T) {
	schedules := []string{
		"*/7 * * * *", "30 2 * * *", "0,30 0-3 * * *", "5 * * * 0", "*/20 1 * * *", "59 23 * * *", "0 0 * * *", "17 1,2,3 1-8 3,4,10,11 *",
	}
	for _, c := range []string{
		"2026-03-07 00:00 America/New_York", "2026-10-31 00:00 America/New_York", "2026-10-03 00:00 Australia/Lord_Howe",
		"2026-04-04 00:00 Australia/Lord_Howe", "2026-03-07 00:00 America/Havana", "2026-10-31 00:00 America/Havana",
		"2026-03-28 00:00 Europe/Berlin", "2026-10-24 00:00 Europe/Berlin", "2026-06-01 00:00 Asia/Kolkata", "2011-12-28 00:00 Pacific/Apia",
	} {
		from, z := moment(t, c)
		to := from.Add(2 * 24 * time.Hour)
		for _, text := range schedules {
			s := parse(t, text)
			at := from
			for _, want := range due(s, from, to, z) {
				if at = s.Next(at, z); !at.Equal(want) {
					t.Errorf("%q in %s: %v, not %v", text, c, at, want)
					break
				}
			}
		}
	}
}

func FuzzParse(f *testing.F) {
	for _, text := range []string{"*/5 * * * *", "0 12 13 * 5", "@daily", "@every 30s", "0 0 29 2 *", "? ? ? jan-dec sun-sat"} {
		f.Add(text, int64(1_790_000_000))
	}
	z := zone(f, "America/New_York")
	f.Fuzz(func(t *testing.T, text string, unix int64) {
		s, err := Parse(text)
		if err != nil {
			return
		}
		if again, err := Parse(s.String()); err != nil || *again != *s {
			t.Errorf("%q is not read back: %v", s, err)
		}
		if s.Reboot() || s.Every() > 0 {
			return
		}
		at := time.Unix(unix%4e9, 0)
		for range 3 { // time goes on, and on the minute
			next := s.Next(at, z)
			if !next.After(at) || next.Second() != 0 {
				t.Fatalf("%q: %v after %v", text, next, at)
			}
			at = next
		}
	})
}

func BenchmarkNext(b *testing.B) {
	z := zone(b, "Europe/Berlin")
	for _, text := range []string{"* * * * *", "30 2 * * *", "0 0 1 1 *", "0 0 29 2 1"} {
		s := parse(b, text)
		b.Run(text, func(b *testing.B) {
			at := someDay
			for b.Loop() {
				if at = s.Next(at, z); at.Year() > 2100 {
					at = someDay
				}
			}
		})
	}
}
