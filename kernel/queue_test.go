package kernel

import (
	"bufio"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"sexton/internal/scene"
	"sexton/proc"
)

// listen says of each signal that it hears what it is, until TERM.
func listen(s *scene.T) {
	k := &Linux{}
	if _, err := k.Catch(); err != nil {
		s.Fatalf("%v", err)
	}
	fmt.Println("listening")
	for by := time.Now().Add(20 * time.Second); time.Now().Before(by); {
		for _, c := range k.Wait(time.Second).Signals {
			if c.Signal == proc.TERM {
				return
			}
			fmt.Println(c.Signal, c.Value, c.Queued(), c.PID == proc.PID(os.Getppid()))
		}
	}
	s.Errorf("no TERM")
}

// listener is a process that runs listen, in group, or in one of its own where that is 0.
type listener struct {
	*testing.T
	pid  proc.PID
	says *bufio.Reader
}

func newListener(t *testing.T, group proc.PID) listener {
	t.Helper()
	command := scene.Command("listen")
	command.Stderr = os.Stderr
	command.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Pgid: int(group)}
	out, err := command.StdoutPipe()
	if err == nil {
		err = command.Start()
	}
	if err != nil {
		t.Fatal(err)
	}
	l := listener{t, proc.PID(command.Process.Pid), bufio.NewReader(out)}
	t.Cleanup(func() {
		_ = command.Process.Signal(unix.SIGTERM)
		if err := command.Wait(); err != nil {
			t.Error(err)
		}
	})
	l.hears("listening")
	return l
}

func (l listener) hears(want string) {
	l.Helper()
	if line, err := l.says.ReadString('\n'); err != nil || line != want+"\n" {
		l.Errorf("%d heard %q, %v; not %q", l.pid, line, err, want)
	}
}

// A signal with a value arrives with it, at one process or at a whole group.
func TestQueueCarriesAValue(t *testing.T) {
	k := &Linux{}
	leader := newListener(t, 0)
	member := newListener(t, leader.pid)
	queue := func(scope proc.Scope, value uint64) {
		t.Helper()
		if err := k.Queue(leader.pid, scope, proc.RTMin+3, value); err != nil {
			t.Fatal(err)
		}
		leader.hears(fmt.Sprintf("RTMIN+3 %d true true", value))
	}
	queue(proc.Single, 1<<63+5)
	queue(proc.Group, 7)
	member.hears("RTMIN+3 7 true true")
	if err := k.Queue(member.pid, proc.Group, proc.USR1, 9); err != nil { // it leads no group: it alone is meant
		t.Fatal(err)
	}
	member.hears("USR1 9 true true")
	if err := k.Signal(leader.pid, proc.Group, proc.USR2); err != nil {
		t.Fatal(err)
	}
	leader.hears("USR2 0 false true")
	member.hears("USR2 0 false true")
	if err := k.Signal(leader.pid, proc.Single, proc.HUP); err != nil {
		t.Fatal(err)
	}
	leader.hears("HUP 0 false true")
	if err := k.Signal(member.pid, proc.Group, proc.WINCH); err != nil {
		t.Fatal(err)
	}
	member.hears("WINCH 0 false true")
}

// A queue that is full, and a process that is gone, are told apart.
func TestQueueTellsThatItIsFull(t *testing.T) {
	k := &Linux{}
	pid, err := k.Spawn(&proc.Command{
		Argv: []string{"/bin/sleep", "1000"}, Mask: proc.RTMax.Bit(), Files: [3]int{-1, 1, 2}, Foreground: -1,
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := k.Queue(pid, proc.Single, proc.RTMax, 1); err != nil {
		t.Errorf("the queue is empty: %v", err)
	}
	if err := unix.Prlimit(int(pid), unix.RLIMIT_SIGPENDING, &unix.Rlimit{Cur: 1, Max: 1}, nil); err != nil {
		t.Fatal(err)
	}
	if err := k.Queue(pid, proc.Single, proc.RTMax, 1); !errors.Is(err, proc.ErrQueueFull) {
		t.Errorf("a process whose queue is full: %v", err)
	}
	if err := k.Queue(pid, proc.Group, proc.RTMax, 1); !errors.Is(err, proc.ErrQueueFull) {
		t.Errorf("a group whose queue is full: %v", err)
	}
	_ = k.Signal(pid, proc.Single, proc.KILL)
	wait(t, pid)
	for _, err := range []error{
		k.Queue(pid, proc.Single, proc.RTMax, 1), k.Queue(pid, proc.Group, proc.RTMax, 1), k.Signal(pid, proc.Single, proc.TERM), k.Signal(pid, proc.Group, proc.TERM),
	} {
		if !errors.Is(err, unix.ESRCH) {
			t.Errorf("it is gone: %v", err)
		}
	}
}

// As the first process of a namespace everybody is reached, whether or not it descends from us.
func TestSignalAllAsTheFirstProcess(t *testing.T) {
	scene.Run(t, "first", &syscall.SysProcAttr{
		Cloneflags: unix.CLONE_NEWPID | unix.CLONE_NEWUSER, UidMappings: []syscall.SysProcIDMap{{ContainerID: 0, HostID: os.Getuid(), Size: 1}},
	})
}

func firstProcess(s *scene.T) {
	k := &Linux{}
	if !k.First() {
		s.Fatalf("we are not the first process, but %d", os.Getpid())
	}
	if k.SignalAll(0) || k.SignalAll(proc.TERM) {
		s.Errorf("nobody is left, and somebody is said to be")
	}
	child := sleeper(s)
	if !k.SignalAll(0) || !k.SignalAll(proc.TERM) {
		s.Errorf("a child is left, and nobody is said to be")
	}
	if exit := waitFor(s, child); exit.Signal != proc.TERM {
		s.Errorf("the child: %v", exit)
	}
	// /proc shows another namespace's numbers, which are not asked about.
	if _, ok := k.Children(); ok || len(k.Others(time.Minute)) > 0 || k.NameOf(1) != "" || k.UserOf(1) != -1 || k.ServiceOf(1) != "" {
		s.Errorf("somebody is seen in a /proc that is not ours")
	}
	if _, ok := k.Look(1); ok || k.Below([]proc.PID{1}, time.Minute) != nil || len(k.Listening([]proc.PID{1}, time.Minute)) > 0 {
		s.Errorf("somebody is looked at in a /proc that is not ours")
	}
}

// An orphan comes to us when we have asked for it, and a parent's death is told as asked for.
func TestOrphansComeToUs(t *testing.T) { scene.Run(t, "orphans", nil) }

func orphans(s *scene.T) {
	k := &Linux{}
	if k.AdoptsOrphans() {
		s.Errorf("orphans are said to come to us, and nobody has asked for them")
	}
	if err := k.AdoptOrphans(); err != nil || !k.AdoptsOrphans() {
		s.Errorf("%v; orphans come to us: %v", err, k.AdoptsOrphans())
	}
	if err := exec.Command("/bin/sh", "-c", "sleep 1000 & exit 0").Run(); err != nil {
		s.Fatalf("%v", err)
	}
	if !k.SignalAll(proc.TERM) {
		s.Errorf("the orphan is not seen")
	}
	var status unix.WaitStatus
	if _, err := unix.Wait4(-1, &status, 0, nil); err != nil || status.Signal() != unix.SIGTERM {
		s.Errorf("the orphan: %v, %v", status, err)
	}
	if k.SignalAll(0) {
		s.Errorf("somebody is said to be left")
	}
	// The shell ends, and its child with it.
	death := scene.Command("dies with its parent")
	r, w, err := os.Pipe()
	if err != nil {
		s.Fatalf("%v", err)
	}
	death.Stdout, death.Stderr = w, os.Stderr
	if err := death.Start(); err != nil {
		s.Fatalf("%v", err)
	}
	w.Close()
	line, _ := bufio.NewReader(r).ReadString('\n')
	if !strings.HasPrefix(line, "USR1") {
		s.Errorf("the death of the parent was told as %q", line)
	}
	_ = death.Wait()
}

// diesWithItsParent is a parent that dies as soon as its child listens; the child says what it hears.
func diesWithItsParent(s *scene.T) {
	if os.Args[len(os.Args)-1] != "child" {
		r, w, err := os.Pipe()
		if err != nil {
			s.Fatalf("%v", err)
		}
		child := scene.Command("dies with its parent", "child")
		child.Stdout, child.Stderr, child.ExtraFiles = os.Stdout, os.Stderr, []*os.File{w}
		if err := child.Start(); err != nil {
			s.Fatalf("%v", err)
		}
		w.Close()
		_, _ = r.Read(make([]byte, 1))
		return
	}
	k := &Linux{}
	if _, err := k.Catch(); err != nil {
		s.Fatalf("%v", err)
	}
	if err := SetParentDeath(proc.USR1); err != nil {
		s.Fatalf("%v", err)
	}
	unix.Close(3)
	for by := time.Now().Add(20 * time.Second); time.Now().Before(by); {
		if news := k.Wait(time.Second); len(news.Signals) > 0 {
			fmt.Println(news.Signals[0].Signal)
			return
		}
	}
	s.Errorf("nothing was heard")
}
