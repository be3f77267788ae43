package main

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"strconv"
	"time"

	"golang.org/x/sys/unix"
)

// fork is fork(2): 0 in the child. The child of a Go program has one thread and
// no working runtime, so it may only make raw system calls.
//
//go:nosplit
func fork() (uintptr, unix.Errno) {
	pid, _, errno := unix.RawSyscall6(unix.SYS_CLONE, uintptr(unix.SIGCHLD), 0, 0, 0, 0, 0)
	return pid, errno
}

//go:nosplit
func leave(status uintptr) {
	for {
		unix.RawSyscall(unix.SYS_EXIT_GROUP, status, 0, 0)
	}
}

// orphans makes N processes that die at once and whose parent is dead too, so
// that the init has to reap them, BATCH at a time:
//
//	orphans N [batch=50]
//	made 20000 orphans
func orphans(w words) int {
	n, batch := w.number(w.arg(0, "1")), w.count("batch", 50)
	for left := n; left > 0; left -= batch {
		for {
			err := brood(uintptr(min(batch, left)))
			if err == nil {
				break
			}
			if !errors.Is(err, unix.EAGAIN) {
				return w.fail(err)
			}
			time.Sleep(time.Millisecond) // no process is available right now
		}
	}
	fmt.Printf("made %d orphans\n", n)
	return 0
}

// brood forks a parent that forks n children and ends. The children wait for
// nothing: whether they die before or after their parent, only the init reaps
// them.
func brood(n uintptr) error {
	pid, errno := fork()
	if errno != 0 {
		return errno
	}
	if pid == 0 {
		for range n {
			child, errno := fork()
			if errno == 0 && child == 0 {
				leave(0)
			}
		}
		leave(0)
	}
	for {
		_, err := unix.Wait4(int(pid), nil, 0, nil)
		if err != unix.EINTR {
			return err
		}
	}
}

// forkBomb forks sleeping children, COUNT of them or as many as the kernel allows,
// and ends when they have ended:
//
//	fork-bomb COUNT FOR
//	forked 13 times, refused 87 times
func forkBomb(w words) int {
	count, length := w.number(w.arg(0, "1")), w.duration(w.arg(1, "1s"))
	forked, refused := 0, 0
	nap := unix.NsecToTimespec(int64(length))
	for range count {
		pid, errno := fork()
		switch {
		case errno != 0:
			refused++
		case pid == 0:
			pause(&nap)
		default:
			forked++
		}
	}
	fmt.Printf("forked %d times, refused %d times\n", forked, refused)
	for range forked {
		for {
			if _, err := unix.Wait4(-1, nil, 0, nil); err != unix.EINTR {
				break
			}
		}
	}
	fmt.Println("the bomb is over")
	return 0
}

// doubleFork leaves N daemons behind, whose parent has ended, and ends:
//
//	double-fork N [NAME] [session] [stubborn]
//
// The daemons are named NAME, or daemon, and live until TERM; session puts each
// into a session of its own, where no signal to the group reaches it; a
// stubborn one ends only at KILL.
func doubleFork(w words) int {
	words := append([]string{"fork-step"}, w.args...)
	cmd := exec.Command("/proc/self/exe", words...)
	cmd.Stdout, cmd.Stderr = os.Stdout, os.Stderr
	if err := cmd.Run(); err != nil {
		return w.fail(err)
	}
	return 0
}

// forkStep is the middle one of doubleFork: it starts the daemons and waits
// only until each of them has said that it is up, so that our parent can rely on
// them.
func forkStep(w words) int {
	name := w.arg(1, "daemon")
	for i := range w.number(w.arg(0, "1")) {
		ready, said, err := os.Pipe()
		if err != nil {
			return w.fail(err)
		}
		cmd := exec.Command("/proc/self/exe", name+"-"+strconv.Itoa(i+1))
		cmd.Args = append([]string{"daemon"}, cmd.Args[1:]...)
		cmd.Stdout, cmd.Stderr = os.Stdout, os.Stderr
		cmd.ExtraFiles = []*os.File{said}
		cmd.SysProcAttr = &unix.SysProcAttr{Setsid: w.has("session")}
		if w.has("stubborn") {
			cmd.Args = append(cmd.Args, "stubborn")
		}
		if err := cmd.Start(); err != nil {
			return w.fail(err)
		}
		said.Close()
		ready.Read(make([]byte, 1))
		ready.Close()
	}
	return 0
}

// daemon is what doubleFork leaves behind: daemon NAME [stubborn]. It closes
// descriptor 3 when it is up. USR1 it only reports.
func daemon(w words) int {
	name := w.arg(0, "daemon")
	asked := make(chan os.Signal, 1)
	signal.Notify(asked, unix.SIGTERM, unix.SIGUSR1)
	fmt.Printf("%s up\n", name)
	unix.Close(3)
	for s := range asked {
		if s == unix.SIGUSR1 {
			fmt.Printf("%s got USR1\n", name)
			continue
		}
		fmt.Printf("%s got TERM\n", name)
		if !w.has("stubborn") {
			break
		}
	}
	return 0
}
