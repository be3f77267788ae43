package kernel

import (
	"net"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"sexton/proc"
)

// What descends from a process is found by the kernel's lists of children, and by a look at
// everybody where it has none; both say the same.
func TestBelowFindsWhatDescends(t *testing.T) {
	leader, member := memberOf(t)
	defer func() {
		_ = unix.Kill(int(member.PID), unix.SIGTERM)
		wait(t, leader)
	}()
	k := &Linux{}
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

// A process that listens is told from one that does not, at TCP and at a unix socket.
func TestListening(t *testing.T) {
	self := proc.PID(os.Getpid())
	for network, address := range map[string]string{"tcp4": "127.0.0.1:0", "tcp6": "[::1]:0", "unix": filepath.Join(t.TempDir(), "s")} {
		if (&Linux{}).Listening([]proc.PID{self})[self] {
			t.Fatal("something listens before we do")
		}
		listener, err := net.Listen(network, address)
		if err != nil {
			t.Logf("%s: %v", network, err)
			continue
		}
		if !(&Linux{}).Listening([]proc.PID{1 << 30, self})[self] {
			t.Errorf("%s: it is not seen that we listen", network)
		}
		listener.Close()
	}
}
