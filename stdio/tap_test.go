package stdio

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"sexton/internal/await"
	"sexton/service"
)

// A client that follows gets what memory keeps, with the output that each piece came from, and
// then everything that comes, with nothing twice and nothing missing.
func TestTap(t *testing.T) {
	out := newReader(t, 0).read()
	m := newMux(t, Options{Out: out.out, Err: out.out})
	web := spawn(t, m, Source{Service: "web", Log: service.Log{Recent: 4096}})
	other := spawn(t, m, Source{Service: "worker", Log: service.Log{Recent: 4096}})
	web.say("one\n")
	await.Until(t, "one", func() bool { return strings.Contains(out.String(), "one") })
	_, _ = web.err.WriteString("two\n")
	await.Until(t, "two", func() bool { return strings.Contains(out.String(), "two") })
	before := time.Now()
	tap := m.Tap([]string{"web", "later"})
	defer tap.Close()
	var got []string
	for _, p := range tap.Backlog {
		if p.At.After(before) || before.Sub(p.At) > time.Minute {
			t.Errorf("at %v, and it is %v", p.At, before)
		}
		got = append(got, fmt.Sprintf("%s %s %q", p.Service, p.Stream, p.Text))
	}
	wantText(t, "backlog", strings.Join(got, ", "), `web stdout "one\n", web stderr "two\n"`)
	other.say("not wanted\n")
	later := spawn(t, m, Source{Service: "later"})
	later.say("three\n")
	ctx, cancel := context.WithTimeout(context.Background(), await.Patience)
	defer cancel()
	pieces, lines, bytes, ok := tap.Next(ctx)
	if !ok || lines+bytes != 0 || len(pieces) != 1 || string(pieces[0].Text) != "three\n" || pieces[0].Service != "later" {
		t.Errorf("%+v, %d lines, %d bytes, %v", pieces, lines, bytes, ok)
	}
	web.exit()
	other.exit()
	later.exit()
	flushed(t, m)
}

// A client that does not read loses its own lines, which are counted; nobody waits for it.
func TestTapThatIsSlow(t *testing.T) {
	out := newReader(t, 0).read()
	m := newMux(t, Options{Out: out.out, Err: out.out})
	web := spawn(t, m, Source{Service: "web", Log: service.Log{Recent: 4096}})
	tap := m.Tap(nil)
	text := numbered(10_000)
	within(t, "writing", func() { web.say(text) })
	web.exit()
	flushed(t, m)
	pieces, lines, bytes, _ := tap.Next(context.Background())
	var size, newlines int64
	for _, p := range pieces {
		size, newlines = size+int64(len(p.Text)), newlines+int64(strings.Count(string(p.Text), "\n"))
	}
	if size+bytes != int64(len(text)) || newlines+lines != 10_000 || size > tapBytes || size == 0 || lines == 0 {
		t.Errorf("%d bytes and %d lines came, %d and %d were dropped", size, newlines, bytes, lines)
	}
	tap.Close()
	if len(m.taps) != 0 || m.rings["web"].taps != nil {
		t.Error("it is still known")
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if _, _, _, ok := tap.Next(ctx); ok {
		t.Error("there is more after the end")
	}
}

// The marks of a ring have a bound, and what they say of each byte is true.
func TestMarksOfARing(t *testing.T) {
	for limit := range 200 {
		r := &ring{limit: limit}
		streams := []*stream{{account: &account{stream: Stdout}}, {account: &account{stream: Stderr}}}
		for i := range 1000 {
			which := i / 3 % 2
			r.add(streams[which], []byte(fmt.Sprintf("%d %s\n", i, streams[which].which())))
		}
		if len(r.data) > limit || len(r.marks) > 2*(limit/markBytes+markBytes) {
			t.Fatalf("limit %d: %d bytes, %d marks", limit, len(r.data), len(r.marks))
		}
		for _, p := range r.pieces("web") {
			for line := range strings.Lines(string(p.Text)) {
				if !strings.HasSuffix(line, " "+p.Stream+"\n") {
					t.Fatalf("limit %d: %q is of %s", limit, line, p.Stream)
				}
			}
		}
	}
}
