package stdio

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"sexton/internal/await"
	"sexton/service"
)

func TestRecentLines(t *testing.T) {
	out := newReader(t, 0).read()
	m := newMux(t, Options{Out: out.out, Err: out.out})
	web := spawn(t, m, Source{Service: "web", Log: service.Log{Recent: 64}})
	if m.Recent("web", -1) != nil || m.Recent("nobody", 5) != nil {
		t.Error("lines of nobody")
	}
	for i := range 100 {
		web.say(fmt.Sprintf("line %d\n", i))
	}
	await.Until(t, "all lines", func() bool { return strings.Contains(out.String(), "line 99\n") })
	if got := fmt.Sprintf("%s", m.Recent("web", 2)); got != "[line 98 line 99]" {
		t.Errorf("the last two: %s", got)
	}
	if got := fmt.Sprintf("%s", m.Recent("web", -1)); got != "[line 93 line 94 line 95 line 96 line 97 line 98 line 99]" {
		t.Errorf("all: %s", got)
	}
	web.exit()
	flushed(t, m)
}

func TestRingIsWhatWasWrittenLast(t *testing.T) {
	random := rand.New(rand.NewPCG(3, 4))
	for limit := 1; limit < 40; limit++ {
		r, all := &ring{limit: limit}, ""
		s := &stream{}
		for range 100 {
			text := strings.Repeat("abcdefg\n", 10)[:random.IntN(60)]
			r.add(s, []byte(text))
			all += text
			kept := string(r.data[r.first:]) + string(r.data[:r.first])
			if want := all[max(0, len(all)-limit):]; kept != want {
				t.Fatalf("limit %d: kept %q, want %q", limit, kept, want)
			}
		}
	}
	r := &ring{limit: 100}
	r.add(&stream{}, []byte("no end"))
	r.add(&stream{}, []byte("another\n"))
	if got := fmt.Sprintf("%q", r.lines(-1)); got != `["no end" "another"]` {
		t.Errorf("two streams: %s", got)
	}
}

// A service that comes under the name of one that is gone for good has no lines of that one, and
// no pipe. Another set of names gives what is opened from then on another width.
func TestForgottenServicesLeaveNothing(t *testing.T) {
	out := newReader(t, 0).read()
	m := newMux(t, Options{Out: out.out, Err: out.out, Self: "sexton", Prefixed: true, Names: []string{"web"}})
	web := spawn(t, m, Source{Service: "web", Log: service.Log{Recent: 64}})
	web.say("before\n")
	await.Until(t, "the line", func() bool { return strings.Contains(out.String(), "web    | before\n") })
	web.exit()
	write, err := m.PipelineOut("web")
	if err != nil {
		t.Fatal(err)
	}
	open := func() bool { _, err := unix.FcntlInt(uintptr(write), unix.F_GETFD, 0); return err == nil }
	before := open()
	m.Forget("nobody")
	kept := open()
	m.Forget("web")
	if m.Recent("web", -1) != nil || !before || !kept || open() {
		t.Errorf("left: %q, pipe open: %v, before %v and %v", m.Recent("web", -1), open(), before, kept)
	}
	m.SetNames([]string{"a-longer-name", "web"}, true)
	web = spawn(t, m, Source{Service: "web"})
	web.say("after\n")
	m.Say(Errors, "", "said")
	await.Until(t, "the lines", func() bool {
		return strings.Contains(out.String(), "web           | after\n") && strings.Contains(out.String(), "sexton        | said\n")
	})
	web.exit()
	flushed(t, m)
}

// The last lines of a service are those of all of its runs: why it has ended is asked when the next one is there.
func TestRecentLinesAreKeptFromRunToRun(t *testing.T) {
	out := newReader(t, 0).read()
	m := newMux(t, Options{Out: out.out, Err: out.out})
	for _, line := range []string{"first", "second"} {
		web := spawn(t, m, Source{Service: "web", Log: service.Log{Recent: 64}})
		web.say(line + "\n")
		await.Until(t, "the line", func() bool { return strings.Contains(out.String(), line+"\n") })
		web.exit()
	}
	flushed(t, m)
	if got := fmt.Sprintf("%s", m.Recent("web", -1)); got != "[first second]" {
		t.Errorf("recent: %s", got)
	}
}
