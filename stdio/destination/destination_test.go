package destination

import (
	"bytes"
	"errors"
	"io"
	"math/rand/v2"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// fake is a destination that does what a test wants.
type fake func(p []byte) (int, error)

func (f fake) Write(p []byte) (int, error) { return f(p) }
func (f fake) FD() int                     { return 7 }

// Short writes, EINTR, EAGAIN and a disk that is full for a moment lose nothing.
func TestTroubleThatPassesLosesNothing(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	trouble := []error{unix.EINTR, unix.EAGAIN, unix.ENOSPC, unix.EINTR, unix.ENOBUFS, unix.ENOMEM, unix.EDQUOT}
	next, waits := 0, 0
	var got bytes.Buffer
	to := fake(func(p []byte) (int, error) {
		if next++; next%3 == 0 {
			return 0, trouble[next/3%len(trouble)]
		}
		return got.Write(p[:1+random.IntN(min(len(p), 50))])
	})
	want := numbered(0, 10)
	n, err := Write(to, []byte(want), func(fd int) {
		if waits++; fd != 7 {
			t.Errorf("waited for descriptor %d", fd)
		}
	})
	if n != len(want) || err != nil || got.String() != want || waits == 0 {
		t.Errorf("wrote %d of %d bytes, %v; waited %d times", n, len(want), err, waits)
	}
}

// What does not pass is an error, with what was written before it. A disk that stays full
// is tried five times, with a pause that doubles.
func TestTroubleThatStaysIsAnError(t *testing.T) {
	for _, trouble := range []error{unix.EIO, unix.EPIPE, unix.ENOSPC, nil} {
		want, tries := trouble, 1
		switch trouble {
		case nil: // a destination that takes nothing, and says nothing
			want = io.ErrShortWrite
		case unix.ENOSPC:
			tries = fullTries
		}
		calls := 0
		began := time.Now()
		n, err := Write(fake(func(p []byte) (int, error) {
			if calls++; calls == 1 {
				return 4, nil
			}
			return 0, trouble
		}), []byte("one\ntwo\n"), nil)
		if n != 4 || !errors.Is(err, want) || calls != 1+tries {
			t.Errorf("%v: wrote %d bytes with %d calls: %v", trouble, n, calls, err)
		}
		if took := time.Since(began); trouble == unix.ENOSPC && took < 15*fullPause {
			t.Errorf("it gave up after %v", took)
		}
	}
}

// A destination that can be written to, as the kernel says, and takes nothing all the
// same is not asked again without a pause.
func TestFalseReadinessIsNotBusy(t *testing.T) {
	calls, waits := 0, 0
	began := time.Now()
	_, err := Write(fake(func(p []byte) (int, error) {
		if calls++; calls <= 4 {
			return 0, unix.EAGAIN
		}
		return len(p), nil
	}), []byte("one\n"), func(int) { waits++ })
	if took := time.Since(began); err != nil || waits != 2 || took < 2*BusyPause {
		t.Errorf("%v: waited %d times in %v", err, waits, took)
	}
}
