package main

import (
	"errors"
	"fmt"
	"os"
	"os/signal"
	"runtime"
	"strconv"
	"strings"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"

	"sexton/proc"
)

// echoSignals prints each signal that it gets, one a line, in the order of
// delivery, none merged that the kernel does not merge:
//
//	echo-signals [NAME] [until=SIGNAL] [status=N] [ready=FILE]
//	NAME ready pid=7
//	NAME TERM from=1 by=kill
//	NAME RTMIN+3 from=1 by=sigqueue value=42
//
// from is the sender in our PID namespace, 0 when it is outside. The signal of
// until, default none, is printed too and ends the program. FILE is created when every
// signal will be printed and no other one ends the program.
//
// Package os/signal merges signals and drops their senders, so this one reads a
// signalfd. That works only for signals that every thread blocks, and the
// runtime has threads that unblock some. So these end, and one thread remains.
func echoSignals(w words) int {
	name := w.arg(0, "echo")
	var until proc.Signal
	if text, ok := w.options["until"]; ok {
		until = w.signal(text)
	}
	fd, err := catchAll()
	if err != nil {
		return w.fail(err)
	}
	fmt.Printf("%s ready pid=%d\n", name, os.Getpid())
	if path, ok := w.options["ready"]; ok {
		if err := os.WriteFile(path, nil, 0o644); err != nil {
			return w.fail(err)
		}
	}
	buf := make([]byte, unsafe.Sizeof(unix.SignalfdSiginfo{}))
	for {
		n, err := unix.Read(fd, buf)
		if err == unix.EINTR {
			continue
		}
		if err != nil || n != len(buf) {
			return w.fail(fmt.Errorf("read %d bytes of signalfd: %v", n, err))
		}
		info := (*unix.SignalfdSiginfo)(unsafe.Pointer(&buf[0]))
		if info.Code == proc.CodeTkill && info.Pid == uint32(os.Getpid()) {
			continue // our own runtime
		}
		fmt.Printf("%s %v\n", name, describe(info))
		if proc.Signal(info.Signo) == until {
			return w.count("status", 0)
		}
	}
}

// catchAll blocks every signal and returns a descriptor from which they can be
// read.
func catchAll() (int, error) {
	if err := becomeSingleThreaded(); err != nil {
		return 0, err
	}
	var all unix.Sigset_t
	for i := range all.Val {
		all.Val[i] = ^all.Val[i]
	}
	if err := unix.PthreadSigmask(unix.SIG_BLOCK, &all, nil); err != nil {
		return 0, fmt.Errorf("block signals: %w", err)
	}
	return unix.Signalfd(-1, &all, unix.SFD_CLOEXEC)
}

func describe(info *unix.SignalfdSiginfo) string {
	by := fmt.Sprintf("code %d", info.Code)
	switch info.Code {
	case proc.CodeUser:
		by = "kill"
	case proc.CodeQueue:
		by = "sigqueue"
	case proc.CodeTkill:
		by = "tkill"
	case proc.CodeKernel:
		by = "kernel"
	}
	text := fmt.Sprintf("%v from=%d by=%s", proc.Signal(info.Signo), info.Pid, by)
	if info.Code == proc.CodeQueue {
		text += fmt.Sprintf(" value=%d", info.Ptr)
	}
	return text
}

// ignoreTerm lives until KILL; it only reports TERM, INT, QUIT and HUP:
//
//	ignore-term [NAME]
//	NAME up
//	NAME stays in spite of TERM
func ignoreTerm(w words) int {
	name := w.arg(0, "ignore-term")
	asked := make(chan os.Signal, 16)
	signal.Notify(asked, unix.SIGTERM, unix.SIGINT, unix.SIGQUIT, unix.SIGHUP)
	fmt.Printf("%s up\n", name)
	for sig := range asked {
		fmt.Printf("%s stays in spite of %v\n", name, proc.Signal(sig.(unix.Signal)))
	}
	return 0
}

// threadsOnly ends its first thread and lives on in the others, which shows as a zombie in
// /proc, until TERM:
//
//	threads-only [NAME]
//	NAME up
//	NAME got TERM
func threadsOnly(w words) int {
	name := w.arg(0, "threads-only")
	runtime.LockOSThread()
	if unix.Gettid() != unix.Getpid() {
		return w.fail(unix.Exec("/proc/self/exe", os.Args, os.Environ()))
	}
	runtime.GOMAXPROCS(4) // one of them goes with the thread
	asked := make(chan os.Signal, 1)
	signal.Notify(asked, unix.SIGTERM)
	go func() {
		for !strings.Contains(state(), "Z") {
			time.Sleep(time.Millisecond)
		}
		fmt.Printf("%s up\n", name)
		<-asked
		fmt.Printf("%s got TERM\n", name)
		os.Exit(0)
	}()
	unix.Syscall(unix.SYS_EXIT, 0, 0, 0)
	return 70
}

// state is the letter that /proc has for our first thread.
func state() string {
	text, _ := os.ReadFile("/proc/self/stat")
	_, behind, _ := strings.Cut(string(text), ") ")
	return behind[:min(len(behind), 1)]
}

// allSignals sends every signal from 1 to 64 to a process, KILL and STOP, and
// those that libraries keep to themselves, among them:
//
//	all-signals [PID, default 1] [except=TERM,INT]
//	sent 62 signals to 1
func allSignals(w words) int {
	target := w.number(w.arg(0, "1"))
	except := make(map[proc.Signal]bool)
	if list := w.options["except"]; list != "" {
		for name := range strings.SplitSeq(list, ",") {
			except[w.signal(name)] = true
		}
	}
	sent := 0
	for s := proc.Signal(1); s <= proc.LastSignal; s++ {
		if except[s] {
			continue
		}
		if err := unix.Kill(target, unix.Signal(s)); err != nil {
			return w.fail(fmt.Errorf("send %v to %d: %w", s, target, err))
		}
		sent++
	}
	fmt.Printf("sent %d signals to %d\n", sent, target)
	return 0
}

// stopEarly stops a child of process 1 before its exec: the child still has the name
// of its parent. It needs a parent that starts one child after the other.
//
//	stop-early
//	stopped 4711
func stopEarly(w words) int {
	ours := comm(1)
	for deadline := time.Now().Add(10 * time.Second); time.Now().Before(deadline); {
		next := lastPID() + 1
		for range 2000 {
			if unix.Kill(next, unix.SIGSTOP) != nil {
				continue
			}
			if comm(next) == ours {
				fmt.Printf("stopped %d\n", next)
				return 0
			}
			unix.Kill(next, unix.SIGCONT)
			break
		}
	}
	return w.fail(errors.New("none was seen in ten seconds"))
}

func comm(pid int) string {
	text, _ := os.ReadFile(fmt.Sprintf("/proc/%d/comm", pid))
	return strings.TrimSpace(string(text))
}

// lastPID is the newest number in our PID namespace (proc_loadavg(5)).
func lastPID() int {
	text, _ := os.ReadFile("/proc/loadavg")
	fields := strings.Fields(string(text))
	if len(fields) < 5 {
		return 0
	}
	n, _ := strconv.Atoi(fields[4])
	return n
}

// killPID is kill(1) for places without one: kill-pid SIGNAL PID...
func killPID(w words) int {
	s := w.signal(w.arg(0, ""))
	for _, text := range w.args[1:] {
		if err := unix.Kill(w.number(text), unix.Signal(s)); err != nil {
			return w.fail(fmt.Errorf("send %v to %s: %w", s, text, err))
		}
	}
	return 0
}

// sigqueue sends a signal with a value, as sigqueue(3) does, COUNT times with
// the value one higher each time:
//
//	sigqueue SIGNAL VALUE PID [COUNT]
func sigqueue(w words) int {
	s, value, target := w.signal(w.arg(0, "")), w.number(w.arg(1, "")), w.number(w.arg(2, ""))
	for i := range w.number(w.arg(3, "1")) {
		if err := queue(target, s, uint64(value+i)); err != nil {
			return w.fail(fmt.Errorf("queue %v with %d to %d: %w", s, value+i, target, err))
		}
	}
	return 0
}

// flood sends a signal without end, with a value, or plain as kill(2) does, and
// ignores this signal itself:
//
//	flood SIGNAL PID [plain]
//	flooding
func flood(w words) int {
	s, target := w.signal(w.arg(0, "")), w.number(w.arg(1, ""))
	signal.Ignore(unix.Signal(s))
	fmt.Println("flooding")
	for i := uint64(0); ; i++ {
		var err error
		if w.has("plain") {
			err = unix.Kill(target, unix.Signal(s))
		} else {
			err = queue(target, s, i)
		}
		if err != nil && !errors.Is(err, unix.EAGAIN) {
			return w.fail(fmt.Errorf("send %v to %d: %w", s, target, err))
		}
	}
}

// queue waits while the queue of the user is full (RLIMIT_SIGPENDING), at most ten
// seconds.
func queue(target int, s proc.Signal, value uint64) error {
	// the kernel's siginfo_t on 64-bit machines
	// (include/uapi/asm-generic/siginfo.h).
	info := struct {
		signo, errno, code, _ int32
		pid, uid              int32
		value                 uint64
		_                     [96]byte
	}{signo: int32(s), code: proc.CodeQueue, pid: int32(os.Getpid()), uid: int32(os.Getuid()), value: value}
	deadline := time.Now().Add(10 * time.Second)
	for {
		_, _, errno := unix.Syscall(unix.SYS_RT_SIGQUEUEINFO, uintptr(target), uintptr(s), uintptr(unsafe.Pointer(&info)))
		if errno == 0 {
			return nil
		}
		if !errors.Is(errno, unix.EAGAIN) || time.Now().After(deadline) {
			return errno
		}
		runtime.Gosched()
	}
}

// exitWith ends with a status, or of a signal, after a while:
//
//	exit-with STATUS|SIGNAL [AFTER]
func exitWith(w words) int {
	time.Sleep(w.duration(w.arg(1, "0s")))
	what := w.arg(0, "0")
	if strings.Trim(what, "0123456789") == "" {
		return w.number(what)
	}
	return dieOf(w.signal(what))
}

// dieOf gives the signal its default disposition and sends it. Left to the
// runtime, a SEGV that a process sent ends in a traceback and status 2.
func dieOf(s proc.Signal) int {
	var byDefault sigaction
	byDefault.install(uintptr(s)) // refused for KILL, which needs none
	unix.Kill(os.Getpid(), unix.Signal(s))
	time.Sleep(time.Second)
	return 70
}

// stranger prints a word and then lives until a signal whose default is to end a
// process: neither it nor its runtime catches any.
func stranger(words) int {
	for n := proc.Signal(1); n <= proc.LastSignal; n++ {
		var byDefault sigaction
		byDefault.install(uintptr(n)) // refused for KILL and STOP, which need none
	}
	fmt.Println("here")
	time.Sleep(1 << 62)
	return 0
}
