package stdio

import (
	"fmt"
	"strconv"
	"strings"
	"testing"

	"sexton/internal/await"
	"sexton/service"
)

// A service that is restarted again and again while nobody reads our stdout takes
// a bounded number of descriptors, and afterwards each line is there, with the
// number of its run, the last ones of runs that ended without a newline too.
func TestRestartsAtAStalledStdoutShareAPipe(t *testing.T) {
	const runs = 100
	stdout, stderr := newReader(t, 0), newReader(t, 0).read()
	m := newMux(t, Options{Out: stdout.out, Err: stderr.out, Clock: testClock()})
	loud := spawn(t, m, Source{Service: "loud"})
	go loud.say(strings.Repeat("it stalls\n", 40_000))
	await.Until(t, "stdout is stalled", stdout.stalled)
	before := descriptors(t)
	most := before
	for run := range runs {
		web := spawn(t, m, Source{Service: "web", Run: service.Run(run + 1), Log: service.Log{Format: service.JSON}})
		web.say(fmt.Sprintf("a of %d\nb of %d", run+1, run+1))
		web.exit()
		most = max(most, descriptors(t))
	}
	if most > before+4*mostPipes {
		t.Errorf("%d descriptors, %d before", most, before)
	}
	stdout.read()
	await.Until(t, "all is read", func() bool { return accountOfTest(t, m, "web", Stdout).Out.Bytes > 0 })
	loud.exit()
	flushed(t, m)
	text := stdout.all()
	for run := 1; run <= runs; run++ {
		for _, which := range []string{"a", "b"} {
			want := fmt.Sprintf(`"run":%d,"pid":%d,"line":"%s of %d"}`, run, pidOf(service.Run(run)), which, run)
			if n := strings.Count(text, want); n != 1 {
				t.Errorf("%q: %d times", want, n)
			}
		}
	}
	if n := strings.Count(text, `"service":"web"`); n != 2*runs {
		t.Errorf("%d lines, want %d", n, 2*runs)
	}
	if n := len(m.streams()); n != 0 {
		t.Errorf("%d streams are open", n)
	}
}

// When the old pipes have come to their ends, a run has one of its own again.
func TestARunHasAPipeOfItsOwnAgain(t *testing.T) {
	r := newReader(t, 0).read()
	m := newMux(t, Options{Out: r.out, Err: r.out})
	var holders []*child
	for i := range mostPipes + 3 { // each leaves a process that has its pipe
		web := spawn(t, m, Source{Service: "web"})
		web.say(strconv.Itoa(i) + "\n")
		holders = append(holders, web)
	}
	if n := len(m.streams()); n != 2*mostPipes {
		t.Fatalf("%d streams, want %d", n, 2*mostPipes)
	}
	for _, h := range holders {
		h.exit()
	}
	await.Until(t, "all but the last have ended", func() bool { return len(m.streams()) == 2 })
	spawn(t, m, Source{Service: "web"}).exit()
	await.Until(t, "all have ended", func() bool { return len(m.streams()) == 0 })
	if text := r.all(); strings.Count(text, "\n") != mostPipes+3 {
		t.Errorf("%q", text)
	}
}

// What a service wrote before its end stands before what we say of it, whatever
// the overflow, also where another process still has its pipe.
func TestLastWordsComeBeforeTheVerdict(t *testing.T) {
	for _, overflow := range []service.Overflow{service.Block, service.Drop} {
		r := newReader(t, 0).read()
		m := newMux(t, Options{Out: r.out, Err: r.out})
		for run := range 200 {
			web := spawn(t, m, Source{Service: "web", Log: service.Log{Overflow: overflow}})
			web.say(fmt.Sprintf("boom %d", run))
			if run%2 == 0 {
				web.say("\n") // and somebody keeps the pipe
			} else {
				web.exit()
			}
			m.Died("web")
			m.Say(Normal, "web", fmt.Sprintf("verdict %d", run))
			web.exit()
			await.Until(t, "it is written", func() bool { return accountOfTest(t, m, "web", Stdout).Pending() == Count{} && m.FlushOwn(0) })
		}
		flushed(t, m)
		lines := strings.Split(strings.TrimSpace(r.all()), "\n")
		if len(lines) != 400 {
			t.Fatalf("%d lines", len(lines))
		}
		wrong := 0
		for i := 0; i < len(lines); i += 2 {
			if !strings.Contains(lines[i], "boom") || !strings.Contains(lines[i+1], "verdict") {
				wrong++
			}
		}
		if wrong > 0 {
			t.Errorf("overflow %v: %d of 200 in the wrong order: %q", overflow, wrong, lines[:6])
		}
	}
}
