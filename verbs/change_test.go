package verbs

import (
	"context"
	"slices"
	"strings"
	"testing"
	"time"

	"sexton/service"
)

func someReport() *service.Report {
	return &service.Report{
		Services: []service.Status{
			{Name: "db", State: service.Up, PID: 5, Started: 1}, {Name: "web@1", State: service.Up, PID: 6, Started: 2}, {Name: "web@2", State: service.Down},
			{Name: "job", State: service.Done, OneShot: true, Started: 3}, {Name: "far", External: true, State: service.Up},
		},
		Groups: []service.Group{{Name: "back", Services: []string{"job", "db"}}},
	}
}

// Words mean services: each once, in the order of the report.
func TestTargets(t *testing.T) {
	for words, want := range map[string]string{
		"":           "",
		"db":         "db",
		"web@*":      "web@1 web@2",
		"job db job": "db job",
		"back web@2": "db web@2 job",
		"all":        "db web@1 web@2 job",
		"all far":    "db web@1 web@2 job far",
		"web":        `no service is called "web"; there are: db, web@1, web@2, job, far`,
		"db x@*":     `no service is called "x@*"; there are: db, web@1, web@2, job, far`,
		"db@*":       `no service is called "db@*"; there are: db, web@1, web@2, job, far`,
	} {
		names, err := Targets(someReport(), strings.Fields(words))
		got := strings.Join(names, " ")
		if err != nil {
			got = err.Error()
		}
		if got != want {
			t.Errorf("%q: %q, want %q", words, got, want)
		}
	}
}

// moving is a loop whose services change after an order, step by step.
type moving struct {
	orders
	now   service.Report
	steps []service.Status // of db, one for each look
	given []service.Order
}

func (m *moving) Look(context.Context, string) (service.Answer, error) {
	if len(m.given) > 0 && len(m.steps) > 0 {
		m.now.Services[0], m.steps = m.steps[0], m.steps[1:]
	}
	return service.Answer{Report: m.now}, nil
}

func (m *moving) Change(_ context.Context, o service.Order) (service.Answer, error) {
	m.given = append(m.given, o)
	return service.Answer{Report: m.now}, nil
}

// news has always something new.
type news struct{ noFeed }

func (news) Next(context.Context) ([]service.Change, int, bool) {
	return []service.Change{{Service: "db", To: service.Stopping}}, 0, true
}

// A verb that changes something is done when its effect is there, and fails when that cannot come.
func TestChangesWaitForTheirEffect(t *testing.T) {
	db := func(s service.State, started time.Duration, exit string) service.Status {
		return service.Status{Name: "db", State: s, Started: started, LastExit: exit}
	}
	for _, c := range []struct {
		verb, about string
		steps       []service.Status
		want        string // "": it succeeds
	}{
		{"stop", "db", []service.Status{db(service.Stopping, 1, ""), db(service.Killing, 1, ""), db(service.Down, 1, "")}, ""},
		{"restart", "db", []service.Status{db(service.Up, 1, ""), db(service.Stopping, 1, ""), db(service.Waiting, 1, ""), db(service.Starting, 9, ""), db(service.Up, 9, "")}, ""},
		{"restart", "db", []service.Status{db(service.Starting, 9, ""), db(service.BackingOff, 9, "exited with status 1")}, "db: exited with status 1; sexton starts it again"},
		{"restart", "db", []service.Status{db(service.Waiting, 1, ""), db(service.Failed, 9, "gave up")}, "db: gave up"},
		{"start", "web@2", []service.Status{db(service.Up, 1, "")}, "web@2: it was stopped meanwhile"},
		{"start", "db", nil, ""}, // it is up
		{"run", "job", nil, ""},
		{"run", "db", nil, "db: only a oneshot or a scheduled service can be run; use start or restart"},
		{"stop", "nobody", nil, `no service is called "nobody"; there are: db, web@1, web@2, job, far`},
	} {
		loop := &moving{now: *someReport(), steps: c.steps}
		if c.verb == "run" && c.about == "job" {
			loop.now.Services = slices.Clone(loop.now.Services)
			loop.now.Services[0] = service.Status{Name: "job", OneShot: true, State: service.Down}
			loop.now.Services[3].Name = "other"
			loop.steps = []service.Status{{Name: "job", OneShot: true, State: service.Starting, Started: 9}, {Name: "job", OneShot: true, State: service.Done, Started: 9}}
		}
		source := &Source{Loop: loop, Follow: func(context.Context) (Feed, error) { return news{}, nil }}
		var done *Done
		Named(c.verb).Stream(t.Context(), source, &Request{Verb: c.verb, Services: []string{c.about}}, " by a test", func(r Reply) error {
			done = r.Done
			return nil
		})
		if done == nil || done.Words != c.want || done.Failed != (c.want != "") {
			t.Errorf("%s %s: %+v, want %q", c.verb, c.about, done, c.want)
		}
		if done != nil && !done.Failed && (len(loop.given) != 1 || len(loop.steps) != 0) {
			t.Errorf("%s %s: ordered %+v, and %d steps are left", c.verb, c.about, loop.given, len(loop.steps))
		}
	}
}

// Lines are put together from pieces, whatever comes between; -n and --since choose among them.
func TestLinesOfPieces(t *testing.T) {
	at := func(age time.Duration) time.Time { return time.Now().Add(-age) }
	l := &liner{open: make(map[string]*written)}
	l.add(service.Piece{Service: "a", Stream: "stdout", At: at(time.Hour), Text: []byte("old\nbeg")})
	l.add(service.Piece{Service: "b", Stream: "stdout", At: at(time.Minute), Text: []byte("x\xff\ny\n")})
	l.add(service.Piece{Service: "a", Stream: "stderr", At: at(time.Minute), Text: []byte("err\n")})
	l.add(service.Piece{Service: "a", Stream: "stdout", At: at(time.Second), Text: []byte("in\nend")})
	l.add(service.Piece{Service: "a", Stream: "stderr", At: at(time.Second), Text: []byte(strings.Repeat("z", 2*logLineBytes))})
	all := l.take(true)
	text := func(all []written) string {
		var b strings.Builder
		for _, w := range all {
			for _, line := range w.lines {
				b.WriteString(w.service + w.stream[3:] + ":" + line[:min(len(line), 6)] + " ")
			}
		}
		return b.String()
	}
	one := 1
	for _, c := range []struct {
		request Request
		want    string
	}{
		{Request{}, "aout:old bout:x\ufffd bout:y aerr:err aout:begin aerr:zzzzzz aout:end "},
		{Request{Lines: &one}, "bout:y aout:end "},
		{Request{Since: 90}, "bout:x\ufffd bout:y aerr:err aerr:zzzzzz aout:end "},
	} {
		if got := text(recent(slices.Clone(all), &c.request)); got != c.want {
			t.Errorf("%+v: %q, want %q", c.request, got, c.want)
		}
	}
	if long := all[len(all)-2].lines[0]; len(long) > logLineBytes+10 {
		t.Errorf("a line of %d bytes", len(long))
	}
}
