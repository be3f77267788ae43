package stdio

import (
	"encoding/json"
	"fmt"
	"os"
	"strings"
	"testing"

	"sexton/internal/await"
	"sexton/service"
	"sexton/stdio/framing"
)

// Each line of ours has its level and our PID, and its text in one and the same member:
// also text that is an object by chance, and the object that says how all ended.
func TestOwnObjects(t *testing.T) {
	r := newReader(t, 0).read()
	m := newMux(t, Options{Out: r.out, Err: r.out, Self: "sexton", JSON: true, Level: Verbose, Clock: testClock()})
	said := []struct{ level, text string }{{"error", "it is lost"}, {"warn", "beware"}, {"info", `{"a":1}`}, {"debug", "more"}}
	for i, line := range said {
		m.Say(Level(i), "", line.text)
	}
	m.SayObject(Normal, `{"line":"summary","event":"end"}`)
	said = append(said, struct{ level, text string }{"info", "summary"})
	flushed(t, m)
	got := r.all()
	lines := strings.Split(strings.TrimSpace(got), "\n")
	if len(lines) != len(said) {
		t.Fatalf("got %s", got)
	}
	for i, line := range lines {
		var o struct {
			Level, Line, Service, Event string
			PID                         int
		}
		if err := json.Unmarshal([]byte(line), &o); err != nil {
			t.Fatalf("%s: %v", line, err)
		}
		if o.Level != said[i].level || o.Line != said[i].text || o.PID != os.Getpid() || o.Service != "sexton" || (o.Event == "end") != (i == 4) {
			t.Errorf("got %s", line)
		}
	}
	if s := m.own.account.now(); s.In != s.Out {
		t.Errorf("account %+v", s)
	}
	own := m.own.frame
	if c := own.Measure([]byte(got), len(got)); c != m.own.account.now().In {
		t.Errorf("measured %+v, said %+v", c, m.own.account.now().In)
	}
}

// A failure is red where colours are on, all pieces of it, and nothing else is.
func TestFailuresAreRed(t *testing.T) {
	const red, off, bold = "\x1b[31m", "\x1b[0m", "\x1b[1m"
	long := strings.Repeat("0123456789", 4000)
	for _, prefixed := range []bool{true, false} {
		line, more := bold+"sexton |"+off+" ", bold+"sexton |+"+off
		if !prefixed {
			line, more = bold+"sexton:"+off+" ", bold+"sexton:+"+off
		}
		r := newReader(t, 0).read()
		m := newMux(t, Options{Out: -1, Err: r.out, Self: "sexton", Prefixed: prefixed, Names: []string{"web"}, ColorErr: true, Level: Verbose})
		m.Say(Errors, "web", "it \x1b[32mcrashed")
		m.Say(Warnings, "web", "it may")
		m.Say(Errors, "", long)
		m.Say(Normal, "web", "it goes on")
		flushed(t, m)
		got := r.all()
		want := line + red + `web: it \x1b[32mcrashed` + off + "\n" + line + "web: it may\n"
		if !strings.HasPrefix(got, want) || !strings.HasSuffix(got, off+"\n"+line+"web: it goes on\n") {
			t.Errorf("got %s", clip(fmt.Sprintf("%q", got)))
		}
		pieces := strings.Split(strings.TrimSuffix(strings.TrimPrefix(got, want), line+"web: it goes on\n"), "\n")
		joined := ""
		for i, piece := range pieces[:len(pieces)-1] {
			begin := more
			if i == 0 {
				begin = line
			}
			if len(piece) >= framing.DefaultMaxLine || !strings.HasPrefix(piece, begin+red) || !strings.HasSuffix(piece, off) {
				t.Errorf("piece %d of %d bytes: %s", i, len(piece), clip(fmt.Sprintf("%q", piece)))
			}
			joined += strings.TrimSuffix(strings.TrimPrefix(piece, begin+red), off)
		}
		if joined != long || len(pieces) != 4 {
			t.Errorf("%d pieces have %d bytes together", len(pieces)-1, len(joined))
		}
		own := m.own.account.now()
		if c := m.own.frame.Measure([]byte(got), len(got)); own.In != own.Out || own.In.Lines != 6 || c != own.In {
			t.Errorf("account %+v, measured %+v", own, c)
		}
	}
	r := newReader(t, 0).read()
	m := newMux(t, Options{Out: -1, Err: r.out, Level: Verbose, Self: "sexton", Prefixed: true})
	m.Say(Errors, "web", "it crashed")
	flushed(t, m)
	wantText(t, "without colours", r.all(), "sexton | web: it crashed\n")
}

// A line that bears the PID of its run is not read before that is known, also where
// the run shares the pipe of earlier ones.
func TestLinesWaitForTheirPID(t *testing.T) {
	r := newReader(t, 0).read()
	m := newMux(t, Options{Out: r.out, Err: r.out, Clock: testClock()})
	var want, holders = "", []*child{}
	for run := 1; run <= mostPipes+3; run++ {
		p, err := m.Open(Source{Service: "web", Run: service.Run(run), Log: service.Log{Format: service.JSON, OneStream: true}})
		if err != nil {
			t.Fatal(err)
		}
		c := &child{out: holdEnd(t, p.Out), err: holdEnd(t, p.Err)}
		t.Cleanup(c.exit)
		holders = append(holders, c) // a process that the run leaves behind
		c.say("early\n")
		for _, s := range m.streams() {
			s.wake() // as Flush does
		}
		m.Died("web")
		m.Say(Errors, "", "mark")
		if !m.FlushOwn(await.Patience) {
			t.Fatal("our own line is held up")
		}
		if in := accountOfTest(t, m, "web", Stdout).In.Lines; in != int64(2*run-2) {
			t.Errorf("run %d: %d lines were read before its PID was known", run, in)
		}
		p.Started(1000 + run)
		p.Close()
		c.say("late\n")
		await.Until(t, "its lines", func() bool { return accountOfTest(t, m, "web", Stdout).Out.Lines == int64(2*run) })
		for _, text := range []string{"early", "late"} {
			want += fmt.Sprintf(`"run":%d,"pid":%d,"line":"%s"}`, run, 1000+run, text) + "\n"
		}
	}
	for _, c := range holders {
		c.exit()
	}
	flushed(t, m)
	got := ""
	for line := range strings.Lines(r.all()) {
		if at := strings.Index(line, `"run":`); at > 0 {
			got += line[at:]
		}
	}
	wantText(t, "stdout", got, want)
}

// A start that comes to nothing leaves no stream behind.
func TestAStreamWithoutARunEnds(t *testing.T) {
	r := newReader(t, 0).read()
	m := newMux(t, Options{Out: r.out, Err: r.out})
	for _, log := range []service.Log{{Format: service.JSON}, {Syslog: "unix:/nowhere"}, {Format: service.JSON, Overflow: service.Drop}} {
		p, err := m.Open(Source{Service: "web", Log: log})
		if err != nil {
			t.Fatal(err)
		}
		p.Close()
		await.Until(t, "all have ended", func() bool { return len(m.streams()) == 0 })
	}
}
