package stdio

import (
	"bytes"
	"runtime"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"sexton/stdio/framing"
)

// What a line without an end costs grows with its length, not with its square.
func TestLongLinesTakeLinearTime(t *testing.T) {
	runtime.LockOSThread() // for its time
	defer runtime.UnlockOSThread()
	const maxLine = 4 << 20
	input := bytes.Repeat([]byte("0123456789abcde "), 2*maxLine/16)
	for _, kind := range []struct {
		name string
		make func() framing.Frame
	}{
		{"raw", framing.NewRaw},
		{"prefix", func() framing.Frame { return framing.Prefixed("web", 3, "") }},
		{"json", func() framing.Frame { return framing.NewJSON(framing.Origin{}, false, nil) }},
		{"merge", func() framing.Frame { return framing.NewJSON(framing.Origin{}, true, nil) }},
	} {
		took := func(limit int) time.Duration {
			f := kind.make()
			f.Limit(limit)
			before := threadTime(t)
			if got := feed(f, input); got.Bytes != int64(len(input)) {
				t.Fatalf("%s: %d bytes, want %d", kind.name, got.Bytes, len(input))
			}
			return threadTime(t) - before
		}
		short, long := took(framing.DefaultMaxLine), took(maxLine)
		t.Logf("%s: %v at 16 KiB, %v at 4 MiB", kind.name, short, long)
		if long > 8*short+100*time.Millisecond {
			t.Errorf("%s: %v at 16 KiB, %v at 4 MiB", kind.name, short, long)
		}
	}
}

func threadTime(t *testing.T) time.Duration {
	var used unix.Rusage
	if err := unix.Getrusage(unix.RUSAGE_THREAD, &used); err != nil {
		t.Fatal(err)
	}
	return time.Duration(used.Utime.Nano() + used.Stime.Nano())
}

// feed gives a stream its input as a full pipe would, and returns what came out.
func feed(f framing.Frame, input []byte) Count {
	kept := &keeper{}
	s := &stream{frame: f, account: &account{}}
	b := testBatches.borrow(kept, outBytes, nil)
	defer testBatches.giveBack(b)
	for len(input) > 0 {
		n := copy(s.space(b.in), input)
		s.cut(b, s.withTail(b.in, n))
		input = input[n:]
	}
	s.last(b)
	b.flush()
	return kept.count
}

var testBatches batches

// keeper keeps what a batch has.
type keeper struct {
	lines bytes.Buffer
	count Count
}

func (k *keeper) take(b *batch) {
	k.lines.Write(b.out)
	for _, p := range b.parts {
		k.count.Add(p.Count)
	}
}
