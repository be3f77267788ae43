package stdio

import (
	"bytes"
	"runtime"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// What a line without an end costs grows with its length, not with its square.
func TestLongLinesTakeLinearTime(t *testing.T) {
	runtime.LockOSThread() // for its time
	defer runtime.UnlockOSThread()
	const maxLine = 16 << 20
	input := bytes.Repeat([]byte("0123456789abcde "), 2*maxLine/16)
	for _, kind := range []struct {
		name string
		make func() frame
	}{
		{"raw", func() frame { return frame{raw: true} }},
		{"prefix", func() frame { return frame{line: []byte("web | "), more: []byte("web |+")} }},
		{"json", func() frame { return newJSON(testOrigin, false, nil) }},
		{"merge", func() frame { return newJSON(testOrigin, true, nil) }},
	} {
		took := func(limit int) time.Duration {
			f := kind.make()
			f.limit(limit)
			before := threadTime(t)
			_, count := cutInChunks(f, input, func() int { return readBytes }, outBytes)
			if count.Bytes != int64(len(input)) {
				t.Fatalf("%s: %d bytes, want %d", kind.name, count.Bytes, len(input))
			}
			return threadTime(t) - before
		}
		short, long := took(DefaultMaxLine), took(maxLine)
		t.Logf("%s: %v at 16 KiB, %v at 16 MiB", kind.name, short, long)
		if long > 8*short+100*time.Millisecond {
			t.Errorf("%s: %v at 16 KiB, %v at 16 MiB", kind.name, short, long)
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
