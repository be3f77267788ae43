package procfs

import (
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"sexton/proc"
)

// What descends from a process is found by the kernel's lists of children, and by a look at
// everybody where it has none; both say the same.
func TestBelowFindsWhatDescends(t *testing.T) {
	leader, member := family(t)
	k := &View{}
	pids := func(others []proc.Other) (pids []proc.PID) {
		for _, o := range others {
			pids = append(pids, o.PID)
		}
		return pids
	}
	below := pids(k.Below([]proc.PID{leader}, time.Minute))
	if !slices.Contains(below, member.PID) || slices.Contains(below, leader) {
		t.Errorf("below %d: %v; want %d among them", leader, below, member.PID)
	}
	if all, ok := childrenIn(scan(time.Now().Add(time.Minute)))(leader); !ok || !slices.Equal(all, []proc.PID{member.PID}) {
		t.Errorf("the children of %d by a look at everybody: %v, %v", leader, all, ok)
	}
	if ours, ok := k.childrenOf(proc.PID(os.Getpid())); !ok || !slices.Contains(ours, leader) || slices.Contains(ours, member.PID) {
		t.Errorf("our children: %v, %v; want %d among them", ours, ok, leader)
	}
	if ours, ok := k.Children(); !ok || slices.Contains(ours, member.PID) {
		t.Errorf("our main thread's children: %v, %v", ours, ok)
	}
	if o, alive := k.Look(member.PID); !alive || o != member.Other {
		t.Errorf("a look at %d: %+v, %v; want %+v", member.PID, o, alive, member.Other)
	}
	if self, alive := k.Look(0); !alive || self.PID != proc.PID(os.Getpid()) {
		t.Errorf("a look at ourselves: %+v, %v", self, alive)
	}
	if uid := k.UserOf(member.PID); uid != os.Getuid() || k.UserOf(0) != uid {
		t.Errorf("the user of %d: %d, and we are %d", member.PID, uid, k.UserOf(0))
	}
	if k.Below([]proc.PID{leader}, 0) != nil {
		t.Error("it looks although there is no time")
	}
}

// A child belongs to the thread that made it. Those of every thread are found.
func TestChildrenOfEveryThreadAreFound(t *testing.T) {
	started := make(chan *exec.Cmd)
	done := make(chan struct{})
	defer close(done)
	for range 2 { // one of them is not the main thread
		go func() {
			runtime.LockOSThread()
			defer runtime.UnlockOSThread()
			sleep := exec.Command("sleep", "100")
			if err := sleep.Start(); err != nil {
				t.Error(err)
			}
			started <- sleep
			<-done
		}()
	}
	var want []proc.PID
	for range 2 {
		sleep := <-started
		defer func() { _ = sleep.Process.Kill(); _ = sleep.Wait() }()
		want = append(want, proc.PID(sleep.Process.Pid))
	}
	ours, ok := new(View).childrenOf(proc.PID(os.Getpid()))
	if !ok || !slices.Contains(ours, want[0]) || !slices.Contains(ours, want[1]) {
		t.Errorf("our children: %v, %v; want %v among them", ours, ok, want)
	}
	if singleThreaded(proc.PID(os.Getpid())) {
		t.Error("we have many threads, and are said to have one")
	}
	if !singleThreaded(want[0]) || !singleThreaded(1<<30) {
		t.Error("a process with one thread, or one that is gone, may have more")
	}
}

// A process that listens is told from one that does not, at TCP and at a unix socket.
func TestListening(t *testing.T) {
	self := proc.PID(os.Getpid())
	for network, address := range map[string]string{"tcp4": "127.0.0.1:0", "tcp6": "[::1]:0", "unix": filepath.Join(t.TempDir(), "s")} {
		if (&View{}).Listening([]proc.PID{self}, time.Minute)[self] {
			t.Fatal("something listens before we do")
		}
		listener, err := net.Listen(network, address)
		if err != nil {
			t.Logf("%s: %v", network, err)
			continue
		}
		if !(&View{}).Listening([]proc.PID{1 << 30, self}, time.Minute)[self] {
			t.Errorf("%s: it is not seen that we listen", network)
		}
		if (&View{}).Listening([]proc.PID{self}, 0)[self] {
			t.Errorf("%s: it looks although there is no time", network)
		}
		listener.Close()
	}
}

// Any process can open a hundred thousand sockets. However many there are, the look for those that listen
// takes no memory for them, and no more time than it is given.
func TestListeningAmongManySockets(t *testing.T) {
	for i := range 5000 {
		fd, err := unix.Socket(unix.AF_UNIX, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
		if err != nil {
			t.Skipf("cannot open so many sockets: %v", err)
		}
		defer unix.Close(fd)
		if err := unix.Bind(fd, &unix.SockaddrUnix{Name: fmt.Sprintf("@%s-%d-%d", strings.Repeat("x", 80), os.Getpid(), i)}); err != nil {
			t.Fatal(err)
		}
	}
	text, err := os.ReadFile("/proc/net/unix")
	if err != nil {
		t.Skip(err)
	}
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	(&View{}).Listening([]proc.PID{proc.PID(os.Getpid())}, time.Minute)
	runtime.ReadMemStats(&after)
	if grown := after.TotalAlloc - before.TotalAlloc; grown > uint64(len(text)) {
		t.Errorf("%d bytes were allocated for a table of %d", grown, len(text))
	}
}

// PID 1 looks at its thousand children many times in the minute after a boot. The looks must leave next to
// no garbage, or the collector runs, and brings back the memory that was given back after the boot.
func TestLooksAtChildrenLeaveNoGarbage(t *testing.T) {
	var list []byte
	for pid := 10; pid < 1010; pid++ {
		list = fmt.Appendf(list, "%d ", pid)
	}
	if pids := pidsOf(list); len(pids) != 1000 || pids[0] != 10 || pids[999] != 1009 {
		t.Errorf("the list was read as %v", pids)
	}
	if n := testing.AllocsPerRun(10, func() { pidsOf(list) }); n > 1 {
		t.Errorf("reading the list allocates %v times", n)
	}
	if n := testing.AllocsPerRun(10, func() { pidsOf(nil) }); n > 0 {
		t.Errorf("a process without children: %v allocations", n)
	}
}
