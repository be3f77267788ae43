package signals

import (
	"encoding/binary"
	"os/exec"
	"slices"
	"testing"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"

	"sexton/internal/scene"
	"sexton/proc"
)

func TestMain(m *testing.M) {
	scene.Main(m, map[string]scene.Scene{"catch": catchAll, "wake": waitAndWake, "flood": flood, "beside": catchBesideTheMainThread})
}

// queue sends a signal to ourselves as sigqueue(3) does, from a number that is not ours: what we send is no news.
func queue(s *scene.T, sig proc.Signal, value uint64) error {
	const stranger = 4242
	code := int32(proc.CodeQueue)
	var info [128]byte
	binary.NativeEndian.PutUint32(info[0:], uint32(sig))
	binary.NativeEndian.PutUint32(info[8:], uint32(code))
	binary.NativeEndian.PutUint32(info[16:], stranger)
	binary.NativeEndian.PutUint32(info[20:], 77)
	binary.NativeEndian.PutUint64(info[24:], value)
	_, _, errno := unix.RawSyscall(unix.SYS_RT_SIGQUEUEINFO, uintptr(unix.Getpid()), uintptr(sig), uintptr(unsafe.Pointer(&info)))
	if errno != 0 {
		return errno
	}
	return nil
}

// next waits until there is news, for so long at most.
func next(s *scene.T, c *Catcher, done func(proc.News) bool) (all []proc.Caught, childDied bool) {
	for by := time.Now().Add(20 * time.Second); time.Now().Before(by); {
		news := c.Wait(time.Second)
		all, childDied = append(all, news.Signals...), childDied || news.ChildDied
		if done(proc.News{Signals: all, ChildDied: childDied}) {
			return all, childDied
		}
	}
	s.Fatalf("nothing came within 20s but %+v", all)
	return nil, false
}

func sortByValue(all []proc.Caught) {
	slices.SortFunc(all, func(a, b proc.Caught) int { return int(a.Value) - int(b.Value) })
}

func have(n int) func(proc.News) bool {
	return func(news proc.News) bool { return len(news.Signals) >= n }
}

// Every signal that can be caught is returned, with its sender and its value, and each real-time signal by itself. (Their order
// is tested with the entry, by the stories: without it several threads of the runtime take signals.)
func TestEverySignalIsCaught(t *testing.T) { scene.Run(t, "catch", nil) }

func catchAll(s *scene.T) {
	var c Catcher
	if called, _ := Caught(); called {
		s.Errorf("Catch is said to be called")
	}
	deaf, err := c.Catch()
	if err != nil || len(deaf) > 0 {
		s.Fatalf("%v, %v", deaf, err)
	}
	if called, not := Caught(); !called || not != 0 {
		s.Errorf("Catch was called: %v; not caught: %x", called, not)
	}
	for sig := proc.Signal(1); sig <= proc.LastSignal; sig++ {
		if sig == proc.KILL || sig == proc.STOP || sig == proc.CHLD {
			continue
		}
		if err := queue(s, sig, uint64(sig)<<40); err != nil {
			s.Fatalf("%v: %v", sig, err)
		}
		got, _ := next(s, &c, have(1))
		want := proc.Caught{Signal: sig, Code: proc.CodeQueue, PID: 4242, UID: 77, Value: uint64(sig) << 40}
		if !slices.Equal(got, []proc.Caught{want}) {
			s.Errorf("got %+v, want %+v", got, want)
		}
	}
	for value := range uint64(20) {
		if err := queue(s, proc.RTMin+1, value); err != nil {
			s.Fatalf("%v", err)
		}
	}
	got, _ := next(s, &c, have(20))
	sortByValue(got)
	for i, caught := range got {
		if caught.Value != uint64(i) || caught.Signal != proc.RTMin+1 {
			s.Errorf("number %d is %+v", i, caught)
		}
	}
	child := exec.Command("true")
	if err := child.Start(); err != nil {
		s.Fatalf("%v", err)
	}
	if _, died := next(s, &c, func(n proc.News) bool { return n.ChildDied }); !died {
		s.Errorf("the death of a child is no news")
	}
}

// Wait returns in time, and at once when it is woken.
func TestWaitEndsInTimeAndByWake(t *testing.T) { scene.Run(t, "wake", nil) }

func waitAndWake(s *scene.T) {
	var c Catcher
	if _, err := c.Catch(); err != nil {
		s.Fatalf("%v", err)
	}
	c.Wait(0) // what Catch has sent us
	began := time.Now()
	if news := c.Wait(30 * time.Millisecond); len(news.Signals) > 0 || news.ChildDied || time.Since(began) < 30*time.Millisecond {
		s.Errorf("waited for %v, and got %+v", time.Since(began), news)
	}
	for range 5000 { // more than the pipe takes: it does not wait
		c.Wake()
	}
	began = time.Now()
	for range 3 {
		if news := c.Wait(-1); len(news.Signals) > 0 || news.ChildDied {
			s.Errorf("woken, and got %+v", news)
		}
	}
	if spent := time.Since(began); spent > 10*time.Second {
		s.Errorf("it took %v to be woken", spent)
	}
	c.Wait(0)
}

// A flood loses nothing where the loop has the main thread, and a standard signal overtakes it.
func TestFloodLosesNothing(t *testing.T) { scene.Run(t, "flood", nil) }

func flood(s *scene.T) {
	if unix.Gettid() != unix.Getpid() {
		s.Fatalf("the scene is not on the main thread")
	}
	var c Catcher
	if _, err := c.Catch(); err != nil {
		s.Fatalf("%v", err)
	}
	const many = 1000
	sent := 0
	for sent < many && queue(s, proc.RTMax, uint64(sent)) == nil {
		sent++
	}
	if sent < 3*turnMax {
		s.Fatalf("only %d can be queued", sent)
	}
	if err := queue(s, proc.TERM, 1); err != nil {
		s.Fatalf("%v", err)
	}
	got, _ := next(s, &c, have(sent+1))
	at := slices.IndexFunc(got, func(c proc.Caught) bool { return c.Signal == proc.TERM })
	if at < 0 || at > 3*turnMax {
		s.Fatalf("TERM is number %d of %d", at, len(got))
	}
	got = slices.Delete(got, at, at+1)
	sortByValue(got)
	for i, caught := range got {
		if caught.Lost > 0 || caught.Value != uint64(i) {
			s.Fatalf("number %d of %d is %+v", i, len(got), caught)
		}
	}
}

// Beside the main thread nothing is kept back: what finds no room is counted.
func TestOutputWithoutRoomIsCounted(t *testing.T) { scene.Run(t, "beside", nil) }

func catchBesideTheMainThread(s *scene.T) {
	done := make(chan struct{})
	go func() { // the main thread is the scene's
		defer close(done)
		var c Catcher
		if _, err := c.Catch(); err != nil {
			s.Fatalf("%v", err)
		}
		const many = 3000 // the pipe takes 2048
		for value := range uint64(many) {
			if err := queue(s, proc.RTMin+2, value); err != nil {
				s.Fatalf("%v", err)
			}
		}
		caught, lost := 0, 0
		next(s, &c, func(n proc.News) bool {
			caught, lost = 0, 0
			for _, c := range n.Signals {
				if lost += c.Lost; c.Signal != 0 {
					caught++
				}
			}
			return caught+lost >= many
		})
		if lost == 0 || caught+lost != many {
			s.Errorf("%d caught and %d lost of %d", caught, lost, many)
		}
	}()
	<-done
}
