package verbs

import (
	"context"
	"errors"
	"testing"

	"sexton/service"
)

// orders is a loop that counts what it is ordered to do.
type orders int

func (o *orders) Look(context.Context, string) (service.Answer, error) {
	return service.Answer{Report: service.Report{Services: []service.Status{{Name: "web", OneShot: true, PID: 7}}}}, nil
}

func (o *orders) Shutdown(context.Context, bool, string) (service.Answer, error) {
	*o++
	return service.Answer{}, errors.New("not yet")
}

func (o *orders) Change(context.Context, service.Order) (service.Answer, error) {
	*o++
	return service.Answer{Report: service.Report{Services: []service.Status{{Name: "web", State: service.Up, OneShot: true, PID: 7, Started: 1}}}}, nil
}

func (o *orders) reload(context.Context, bool, string) (Reload, error) {
	*o++
	return Reload{}, nil
}

// A verb that asks has an answer with a text, and needs a permission; one that only looks orders nothing.
func TestEachVerbNeedsThePermissionForWhatItDoes(t *testing.T) {
	for i := range All {
		v := &All[i]
		if v.Asks() != (v.Permission != None) {
			t.Errorf("%s: it asks: %v, and its permission is %d", v.Name, v.Asks(), v.Permission)
		}
		if !v.Asks() {
			continue
		}
		var loop orders
		request := Request{Verb: v.Name, Signal: "HUP"}
		if v.Accepts(nil) != nil {
			request.Services = []string{"web"}
		}
		if asked, err := request.Asked(); asked != v || err != nil {
			t.Errorf("%s: the request is for %v, %v", v.Name, asked, err)
		}
		if v.Streams() {
			v.checkStream(t, &loop, &request)
			if changed := loop > 0; changed != (v.Permission == Change) {
				t.Errorf("%s: it orders something: %v, and its permission is %d", v.Name, changed, v.Permission)
			}
			continue
		}
		reply, err := v.Answer(t.Context(), &Source{Loop: &loop, Reload: loop.reload}, &request)
		if text, _, ok := (&Page{}).Print(reply); err != nil || !ok || text == "" {
			t.Errorf("%s: %+v, %v, printed as %q", v.Name, reply, err, text)
		}
		if v.Lingers() && v.Then(t.Context(), &Source{Loop: &loop}, &request, "") == nil {
			t.Errorf("%s: the loop's error is lost", v.Name)
		}
		if changed := loop > 0; changed != (v.Permission == Change) {
			t.Errorf("%s: it orders something: %v, and its permission is %d", v.Name, changed, v.Permission)
		}
	}
}

// A reply of a newer sexton, with an answer that we do not know, is not printed as if it were empty.
func TestAnUnknownAnswerIsNotPrinted(t *testing.T) {
	for _, page := range []*Page{{}, {JSON: true}} {
		if text, _, ok := page.Print(Reply{}); ok {
			t.Errorf("printed as %q", text)
		}
	}
}

// Health is an exit status for HEALTHCHECK, with words that -q leaves out.
func TestHealthIsAnExitStatus(t *testing.T) {
	for _, c := range []struct {
		page   Page
		health Health
		want   string
		status int
	}{
		{Page{}, Health{true, "ready"}, "ready\n", 0},
		{Page{}, Health{false, "web: down"}, "not ready: web: down\n", 1},
		{Page{Live: true}, Health{false, "web: down"}, "not live: web: down\n", 1},
		{Page{Quiet: true}, Health{false, "web: down"}, "", 1},
	} {
		if text, status, _ := c.page.Print(Reply{Health: &c.health}); text != c.want || status != c.status {
			t.Errorf("%+v: %q and %d, want %q and %d", c.health, text, status, c.want, c.status)
		}
	}
}

// noFeed ends at once.
type noFeed struct{}

func (noFeed) Next(context.Context) ([]service.Change, int, bool) { return nil, 0, false }
func (noFeed) Close()                                             {}

type noTap struct{ noFeed }

func (noTap) Next(context.Context) ([]service.Piece, int64, int64, bool) { return nil, 0, 0, false }

// checkStream has the verb answer: the first line says that it has begun, the last one that it is done.
func (v *Verb) checkStream(t *testing.T, loop *orders, r *Request) {
	t.Helper()
	source := &Source{
		Loop:   loop,
		Tap:    func([]string) ([]service.Piece, Tap) { return nil, noTap{} },
		Follow: func(context.Context) (Feed, error) { return noFeed{}, nil },
	}
	var all []Reply
	v.Stream(t.Context(), source, r, " by a test", func(r Reply) error {
		all = append(all, r)
		return nil
	})
	if n := len(all); n < 2 || !all[0].Begun || all[n-1].Done == nil {
		t.Errorf("%s: %+v", v.Name, all)
	}
}
