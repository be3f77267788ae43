package stdio

import (
	"strings"
	"testing"

	"sexton/service"
)

// One line may be longer than a whole queue. It is kept: without it nothing of such a
// service would ever be written.
func TestQueueKeepsALineThatIsLongerThanItself(t *testing.T) {
	m := newMux(t, Options{Out: -1, Err: -1})
	q := &queue{account: &account{service: "web", stream: Stdout}, mux: m, limit: 10, chunk: 10}
	long := strings.Repeat("x", 19) + "\n"
	for _, line := range []string{"short\n", long} {
		q.put(nil, []byte(line), Count{Bytes: int64(len(line)), Lines: 1})
	}
	first, dropped, left := q.get()
	if string(first.lines) != long || dropped.Lines != 1 || left != 0 {
		t.Errorf("%q, %v dropped, %d left", first.lines, dropped, left)
	}
}

// What is put into a queue while its stream is being served has the stream served once
// more: the turn may have looked at the queue before.
func TestAStreamWithMoreInItsTurnGetsAnother(t *testing.T) {
	k := &sink{working: true} // so that no goroutine is in our way
	s := &stream{sink: k, queue: &queue{}}
	k.enqueue(s)
	if k.pop(false) != s {
		t.Fatal("it has no turn at all")
	}
	k.enqueue(s)
	k.putBack(s, wait)
	if k.pop(false) != s {
		t.Error("it has no other turn")
	}
	k.putBack(s, wait)
	if k.pop(false) != nil {
		t.Error("it has a third turn")
	}
}

// Raw output stays as the service wrote it, even if lines are missing: sexton reports them among its own lines.
func TestRawOutputGetsNoNotice(t *testing.T) {
	stderr := newReader(t, 0).read()
	m := newMux(t, Options{Out: newReader(t, 0).out, Err: stderr.out})
	log := service.Log{Format: service.Raw}
	m.begin()
	raw := &stream{sink: m.out, account: &account{service: "web"}, frame: m.serviceFrame(&Source{Service: "web", Log: log}, Stdout, m.out)}
	kept := &keeper{}
	b := testBatches.borrow(kept, outBytes, nil)
	defer testBatches.giveBack(b)
	raw.sayDropped(b, Count{Bytes: 80, Lines: 1})
	b.flush()
	wantText(t, "among the lines of the service", kept.lines.String(), "")
	flushed(t, m)
	wantText(t, "stderr", stderr.all(), "sexton | web: 1 line (80 B) dropped for lack of room\n")
}
