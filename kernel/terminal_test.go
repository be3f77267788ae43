package kernel

import (
	"fmt"
	"os"
	"os/signal"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"

	"sexton/internal/scene"
	"sexton/proc"
)

func TestMain(m *testing.M) {
	scene.Main(m, map[string]scene.Scene{
		"leads": leaderOfTheTerminal, "lends": leaderLendsTheTerminal, "is lent": memberOfTheTerminal, "behind": behindTheTerminal,
		"gets": childInFront, "many files": fewDescriptors,
		"listen": listen, "first": firstProcess, "orphans": orphans, "dies with its parent": diesWithItsParent,
	})
}

// onTerminal runs a scene as the leader of a session on a terminal of its own; where names the descriptors
// that are that terminal.
func onTerminal(t *testing.T, name string, where ...int) {
	t.Helper()
	master, err := os.OpenFile("/dev/ptmx", os.O_RDWR|unix.O_NOCTTY, 0)
	if err != nil {
		t.Skip(err)
	}
	defer master.Close()
	number, err := unix.IoctlGetInt(int(master.Fd()), unix.TIOCGPTN)
	if err == nil {
		err = unix.IoctlSetPointerInt(int(master.Fd()), unix.TIOCSPTLCK, 0)
	}
	if err != nil {
		t.Fatal(err)
	}
	terminal, err := os.OpenFile("/dev/pts/"+strconv.Itoa(number), os.O_RDWR|unix.O_NOCTTY, 0)
	if err != nil {
		t.Skip(err)
	}
	defer terminal.Close()
	var said strings.Builder
	command := scene.Command(name)
	command.Stdin, command.Stderr = terminal, &said
	command.SysProcAttr = &syscall.SysProcAttr{Setsid: true, Setctty: true}
	if len(where) == 0 { // Setctty needs it in the child: as descriptor 3
		command.Stdin, command.ExtraFiles = nil, []*os.File{terminal}
		command.SysProcAttr.Ctty = 3
	}
	if err := command.Run(); err != nil {
		t.Errorf("%v: %s", err, said.String())
	}
}

// The first process of a terminal's session finds the terminal, lends it to a child, takes it back with its modes,
// and can give it up.
func TestTerminalOfTheLeader(t *testing.T) { onTerminal(t, "leads", 0) }

func leaderOfTheTerminal(s *scene.T) {
	k := &Linux{}
	t, ok := k.FindTerminal()
	if !ok || t.FD != 0 || t.Group != unix.Getpgrp() || !k.OnTerminal() || !IsOurTerminal(0) || !IsTerminal(0) {
		s.Fatalf("the terminal: %+v, %v; on one: %v, ours: %v", t, ok, k.OnTerminal(), IsOurTerminal(0))
	}
	if IsOurTerminal(2) || IsTerminal(2) || IsOurTerminal(99) {
		s.Errorf("a pipe is said to be a terminal")
	}
	child := sleeper(s)
	if !k.GiveTerminal(t, child) || front(t) != int(child) {
		s.Errorf("the terminal was not given to %d, but to %d", child, front(t))
	}
	if k.GiveTerminal(t, child) {
		s.Errorf("we are not in front, and gave the terminal away")
	}
	modes, _ := unix.IoctlGetTermios(0, unix.TCGETS)
	raw := *modes
	raw.Lflag &^= unix.ECHO | unix.ICANON
	block(proc.TTOU)
	if err := unix.IoctlSetTermios(0, unix.TCSETS, &raw); err != nil {
		s.Fatalf("%v", err)
	}
	if !k.HoldsTerminal(t, child) || !k.HoldsTerminal(t, 1<<20) {
		s.Errorf("the session's leader is said to have lost its terminal")
	}
	k.TakeBack(t, child)
	if now, _ := unix.IoctlGetTermios(0, unix.TCGETS); front(t) != t.Group || now.Lflag != modes.Lflag {
		s.Errorf("in front is %d, the modes are %x, not %x", front(t), now.Lflag, modes.Lflag)
	}
	_ = unix.Kill(int(child), unix.SIGKILL)
	ignoreHangup()
	if !k.GiveUpTerminal(t) || k.OnTerminal() || IsOurTerminal(0) {
		s.Errorf("the leader could not give up its terminal")
	}
	if _, ok := k.FindTerminal(); ok {
		s.Errorf("a terminal is found that was given up")
	}
}

// Where descriptors 0, 1 and 2 go elsewhere, the terminal is found by its name. A start in the background takes nothing.
func TestTerminalBehindTheDescriptors(t *testing.T) { onTerminal(t, "behind") }

func behindTheTerminal(s *scene.T) {
	unix.Close(3)
	k := &Linux{}
	t, ok := k.FindTerminal()
	if !ok || t.FD <= 2 || t.Group != unix.Getpgrp() || !k.OnTerminal() {
		s.Fatalf("the terminal behind /dev/tty: %+v, %v; on one: %v", t, ok, k.OnTerminal())
	}
	child := sleeper(s)
	k.GiveTerminal(t, child)
	if t, ok := k.FindTerminal(); ok {
		s.Errorf("we are in the background, and find %+v", t)
	}
	if !k.OnTerminal() {
		s.Errorf("we are in the background, and the terminal is said to be gone")
	}
	_ = unix.Kill(int(child), unix.SIGKILL)
}

// A process whose shell has the terminal leaves it to the shell.
func TestTerminalOfAShell(t *testing.T) { onTerminal(t, "lends", 0) }

// leaderLendsTheTerminal is such a shell.
func leaderLendsTheTerminal(s *scene.T) {
	member := scene.Command("is lent")
	member.Stdin, member.Stderr = os.Stdin, os.Stderr
	member.SysProcAttr = &syscall.SysProcAttr{Foreground: true, Ctty: 0}
	if err := member.Run(); err != nil {
		s.Errorf("%v", err)
	}
}

func memberOfTheTerminal(s *scene.T) {
	k := &Linux{}
	t, ok := k.FindTerminal()
	if !ok || t.FD != 0 {
		s.Fatalf("the terminal: %+v, %v", t, ok)
	}
	if k.GiveUpTerminal(t) {
		s.Errorf("a terminal was given up that is the shell's")
	}
	child := sleeper(s)
	if !k.GiveTerminal(t, child) || !k.HoldsTerminal(t, child) || k.HoldsTerminal(t, 0) {
		s.Errorf("given to %d, it is %d's", child, front(t))
	}
	block(proc.TTOU)
	shell, _ := unix.Getpgid(os.Getppid())
	_ = unix.IoctlSetPointerInt(0, unix.TIOCSPGRP, shell)
	if k.HoldsTerminal(t, child) {
		s.Errorf("the shell has taken the terminal, and we are said to hold it")
	}
	if k.TakeBack(t, child); front(t) != shell {
		s.Errorf("the terminal was taken from the shell by %d", front(t))
	}
	_ = unix.IoctlSetPointerInt(0, unix.TIOCSPGRP, int(child))
	_ = unix.Kill(int(child), unix.SIGKILL)
	_, _ = unix.Wait4(int(child), nil, 0, nil)
	if !k.HoldsTerminal(t, 0) {
		s.Errorf("the group in front is empty, and counts")
	}
	if k.TakeBack(t, 0); front(t) != t.Group {
		s.Errorf("in front is %d, not we", front(t))
	}
}

// A child gets the terminal with its session where we have given it up, and the front of it otherwise.
func TestChildGetsTheTerminal(t *testing.T) { onTerminal(t, "gets", 0) }

func childInFront(s *scene.T) {
	k := &Linux{}
	t, _ := k.FindTerminal()
	group := start(s, &proc.Command{Argv: []string{"/bin/sh", "-c", "test $(cut -d' ' -f8 /proc/$$/stat) = $$"}, Foreground: 0})
	if exit := waitFor(s, group); exit.Status() != 0 {
		s.Errorf("the child's group is not in front: %v", exit)
	}
	ignoreHangup()
	k.TakeBack(t, group)
	if !k.GiveUpTerminal(t) {
		s.Fatalf("we cannot give up the terminal")
	}
	session := start(s, &proc.Command{Argv: []string{"/bin/sh", "-c", "test \"$(cut -d' ' -f6,8 /proc/$$/stat)\" = \"$$ $$\" && : >/dev/tty"},
		Settings: proc.Settings{Session: true}, Foreground: 0, TakeTerminal: true})
	if exit := waitFor(s, session); exit.Status() != 0 {
		s.Errorf("the terminal is not the child's: %v", exit)
	}
}

func start(s *scene.T, c *proc.Command) proc.PID {
	c.Files, c.Env = [3]int{0, -1, 2}, []string{"PATH=/usr/bin:/bin"}
	pid, err := new(Linux).Spawn(c)
	if err != nil {
		s.Fatalf("%v", err)
	}
	return pid
}

func sleeper(s *scene.T) proc.PID {
	return start(s, &proc.Command{Argv: []string{"sleep", "1000"}, Foreground: -1})
}

func waitFor(s *scene.T, pid proc.PID) proc.Exit {
	var status unix.WaitStatus
	if _, err := unix.Wait4(int(pid), &status, 0, nil); err != nil {
		s.Fatalf("%v", err)
	}
	if status.Signaled() {
		return proc.Exit{Signal: proc.Signal(status.Signal())}
	}
	return proc.Exit{Code: status.ExitStatus()}
}

func front(t proc.Terminal) int {
	group, err := unix.IoctlGetInt(t.FD, unix.TIOCGPGRP)
	if err != nil {
		panic(fmt.Sprint("TIOCGPGRP: ", err))
	}
	return group
}

// block keeps a signal from the thread of the scene, and so from the children it makes until their exec.
func block(sig proc.Signal) {
	var set unix.Sigset_t
	set.Val[0] = sig.Bit()
	_ = unix.PthreadSigmask(unix.SIG_BLOCK, &set, nil)
}

// ignoreHangup: the kernel tells the group in front that its terminal is given up.
func ignoreHangup() { signal.Ignore(unix.SIGHUP) }
