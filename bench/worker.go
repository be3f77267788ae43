package main

import (
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"runtime"
	"strconv"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// hiddenVerb finds the worker's part in a command line: the same verbs as in
// testdata/worker.c, for machines without a C compiler.
func hiddenVerb(argv []string) (func() int, bool) {
	if filepath.Base(argv[0]) == "run" {
		return service, true
	}
	if len(argv) < 2 {
		return nil, false
	}
	argument := func(i int) string {
		if i < len(argv) {
			return argv[i]
		}
		return ""
	}
	number := func(i int) int {
		n, _ := strconv.Atoi(argument(i))
		return n
	}
	verb, ok := map[string]func() int{
		"enter":   func() int { return enter(number(2), argument(3), argv[4:]) },
		"service": service,
		"ending":  func() int { return ending(number(2)) },
		"stamp":   func() int { return stamp(argument(2) == "blocked") },
		"storm":   func() int { return storm(number(2), number(3), argument(4)) },
		"lines":   func() int { return lines(number(2), number(3)) },
		"spawn":   func() int { return spawn(number(2), argument(3)) },
		"batch":   func() int { return batch(number(2), argument(3)) },
	}[argv[1]]
	return verb, ok
}

// tell reports a moment; see inbox.
func tell(word string, at int64) {
	f, err := os.OpenFile(os.Getenv("BENCH_REPORT"), os.O_WRONLY, 0)
	if err == nil {
		_, err = fmt.Fprintf(f, "%s %d %d\n", word, os.Getpid(), at)
		f.Close()
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(111)
	}
}

// enter furnishes the box, tells the time to fd, and becomes the program.
func enter(fd int, mode string, program []string) int {
	unix.CloseOnExec(fd)
	var err error
	if mode == "box" {
		err = errors.Join(
			unix.Mount("none", "/", "", unix.MS_REC|unix.MS_PRIVATE, ""),
			unix.Mount("proc", "/proc", "proc", 0, ""),
			unix.Mount("tmpfs", "/run", "tmpfs", 0, ""))
	}
	if err == nil {
		writeTime(fd, now())
		err = syscall.Exec(program[0], program, os.Environ())
	}
	number := unix.EINVAL
	errors.As(err, &number)
	writeTime(fd, -int64(number))
	return 111
}

func service() int {
	tell("start", now())
	unix.Pause() // TERM has its default disposition, or the runtime's: the end
	return 0
}

// ending is a service that needs so many milliseconds to end.
func ending(ms int) int {
	asked := make(chan os.Signal, 1)
	signal.Notify(asked, unix.SIGTERM)
	tell("start", now())
	<-asked
	time.Sleep(time.Duration(ms) * time.Millisecond)
	return 0
}

// stamp reports the moment at which each USR1 arrives. The runtime's handler
// would add its own delay: USR1 is blocked in every thread, which only those
// have that a blocked thread's exec makes, and taken from a signalfd.
func stamp(blocked bool) int {
	var usr1 unix.Sigset_t
	usr1.Val[0] = 1 << (unix.SIGUSR1 - 1)
	runtime.LockOSThread()
	if !blocked {
		unix.PthreadSigmask(unix.SIG_BLOCK, &usr1, nil)
		syscall.Exec("/proc/self/exe", []string{"worker", "stamp", "blocked"}, os.Environ())
		return 111
	}
	fd, err := unix.Signalfd(-1, &usr1, unix.SFD_CLOEXEC)
	if err != nil {
		return 111
	}
	tell("start", now())
	var info [128]byte
	for {
		if n, _ := unix.Read(fd, info[:]); n == len(info) {
			tell("got", now())
		}
	}
}

// storm makes its orphans by processes that start a batch of children and end.
func storm(total, atATime int, when string) int {
	tell("start", now())
	time.Sleep(300 * time.Millisecond)
	tell("go", now())
	for done := 0; done < total; done += atATime {
		argv := []string{"worker", "batch", strconv.Itoa(atATime), when}
		p, err := os.StartProcess("/proc/self/exe", argv, &os.ProcAttr{})
		if err != nil {
			return 111
		}
		p.Wait()
	}
	tell("done", now())
	unix.Pause()
	return 0
}

// batch starts n children and leaves them, at once or when they are dead.
func batch(n int, when string) int {
	for range n {
		if _, err := os.StartProcess(trueProgram(), []string{"true"}, &os.ProcAttr{}); err != nil {
			return 111
		}
	}
	if when == "before" {
		time.Sleep(10 * time.Millisecond)
	}
	return 0
}

// lines writes count lines of 120 bytes, newline included; 0 is without end.
func lines(count, id int) int {
	const page = 64 * 1024
	tell("start", now())
	out := make([]byte, 0, page+lineBytes)
	for i := 0; count == 0 || i < count; i++ {
		out = appendLine(out, id, i)
		if len(out) >= page {
			if _, err := os.Stdout.Write(out[:page]); err != nil {
				return 1
			}
			out = out[:copy(out, out[page:])]
		}
	}
	if _, err := os.Stdout.Write(out); err != nil {
		return 1
	}
	tell("done", now())
	return 0
}

// spawn prints the nanoseconds of each fork, exec, exit and wait.
func spawn(count int, program string) int {
	for range count {
		from := now()
		p, err := os.StartProcess(program, []string{program}, &os.ProcAttr{})
		if err != nil {
			return 111
		}
		p.Wait()
		fmt.Println(now() - from)
	}
	return 0
}

func writeTime(fd int, at int64) {
	unix.Write(fd, binary.NativeEndian.AppendUint64(nil, uint64(at)))
}
