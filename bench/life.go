package main

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// spec is what to start.
type spec struct {
	argv    []string      // absolute program first
	plain   bool          // an ordinary child: no namespaces
	stdin   *os.File      // nil is /dev/null
	stdout  *os.File      // nil is the life's log
	reports bool          // it reports through a FIFO
	quiet   bool          // its log is /dev/null
	bound   time.Duration // KILL after this; never zero
}

// life is one run of a program, from just before its exec to its end.
type life struct {
	pid     int // ours, not the namespace's
	process *os.Process
	reports *inbox        // nil unless asked for
	over    chan struct{} // closed when it has ended
	ended   int64         // by now(), valid once over
	state   *os.ProcessState
	log     string // file of its output; empty when quiet
	entry   *os.File
	timer   *time.Timer
}

// now is CLOCK_MONOTONIC in nanoseconds, the same in every PID namespace and in
// the reports of the workers.
func now() int64 {
	var t unix.Timespec
	unix.ClockGettime(unix.CLOCK_MONOTONIC, &t)
	return t.Nano()
}

// start makes a box and has s.argv become its PID 1. The caller must destroy it.
//
// Our own program enters the box first: it mounts /proc and an empty /run,
// writes the time to descriptor 3, which closes on exec, and becomes s.argv.
func (b *bench) start(s spec) (*life, error) {
	l := &life{over: make(chan struct{})}
	name := filepath.Join(b.dir, fmt.Sprintf("life-%d", b.lives.Add(1)))
	env := []string{"PATH=" + os.Getenv("PATH"), "HOME=/", "LANG=C"}
	if s.reports {
		in, err := openInbox(name + ".fifo")
		if err != nil {
			return nil, err
		}
		l.reports = in
		env = append(env, "BENCH_REPORT="+in.path)
	}
	log := b.null
	if !s.quiet {
		f, err := os.Create(name + ".log")
		if err != nil {
			l.reports.close()
			return nil, err
		}
		defer f.Close()
		log, l.log = f, f.Name()
	}
	if err := l.exec(b, s, env, log); err != nil {
		l.reports.close()
		return nil, err
	}
	l.timer = time.AfterFunc(s.bound, func() { l.process.Kill() })
	go func() {
		l.state, _ = l.process.Wait()
		l.ended = now()
		close(l.over)
	}()
	return l, nil
}

func (l *life) exec(b *bench, s spec, env []string, log *os.File) error {
	entry, entered, err := os.Pipe()
	if err != nil {
		return err
	}
	defer entered.Close()
	mode, attr := "box", b.boxAttr()
	if s.plain {
		mode, attr = "plain", &syscall.SysProcAttr{Setsid: true, Pdeathsig: syscall.SIGKILL}
	}
	argv := append([]string{b.worker, "enter", "3", mode}, s.argv...)
	l.process, err = os.StartProcess(b.worker, argv, &os.ProcAttr{
		Dir: "/", Env: env, Sys: attr,
		Files: []*os.File{or(s.stdin, b.null), or(s.stdout, log), log, entered},
	})
	if err != nil {
		entry.Close()
		return err
	}
	l.pid, l.entry = l.process.Pid, entry
	return nil
}

// boxAttr asks for new PID and mount namespaces. A session of its own keeps a
// program away from the terminal of the one who runs the benchmark. Pdeathsig
// ends the box with us; the kernel sends it when the thread that made the child
// ends, and Go ends no thread that nobody has locked.
func (b *bench) boxAttr() *syscall.SysProcAttr {
	a := &syscall.SysProcAttr{Setsid: true, Pdeathsig: syscall.SIGKILL, Cloneflags: unix.CLONE_NEWPID | unix.CLONE_NEWNS}
	if b.user {
		a.Cloneflags |= unix.CLONE_NEWUSER
		a.UidMappings = []syscall.SysProcIDMap{{ContainerID: 0, HostID: os.Geteuid(), Size: 1}}
		a.GidMappings = []syscall.SysProcIDMap{{ContainerID: 0, HostID: os.Getegid(), Size: 1}}
	}
	return a
}

// enteredAt is the moment just before the exec. It waits for the exec and tells
// why it did not happen.
func (l *life) enteredAt() (int64, error) {
	var told bytes.Buffer
	_, err := told.ReadFrom(l.entry)
	if err != nil {
		return 0, err
	}
	for told.Len() >= 8 {
		at := int64(binary.NativeEndian.Uint64(told.Next(8)))
		if at < 0 {
			return 0, fmt.Errorf("cannot enter the box: %w", unix.Errno(-at))
		}
		if told.Len() < 8 {
			return at, nil
		}
	}
	return 0, fmt.Errorf("cannot enter the box: it ended at once")
}

// wait waits for the end, at most d.
func (l *life) wait(d time.Duration) bool {
	select {
	case <-l.over:
		return true
	case <-time.After(d):
		return false
	}
}

// signal sends sig to the program, unless it has ended.
func (l *life) signal(sig unix.Signal) { l.process.Signal(sig) }

// destroy kills what is left and removes what the life used. The kernel kills
// everything else in the namespace with its PID 1.
func (l *life) destroy() {
	l.process.Kill()
	<-l.over
	l.timer.Stop()
	l.entry.Close()
	l.reports.close()
	if l.log != "" {
		os.Remove(l.log)
	}
}

// lastWords are the last lines that the program wrote, for an error message.
func (l *life) lastWords() string {
	text, err := os.ReadFile(l.log)
	if err != nil || len(text) == 0 {
		return "it said nothing"
	}
	lines := strings.Split(strings.TrimSpace(string(text)), "\n")
	if len(lines) > 6 {
		lines = lines[len(lines)-6:]
	}
	for i := range lines {
		lines[i] = strings.Join(strings.Fields(lines[i]), " ")
	}
	return "it said: " + strings.Join(lines, " / ")
}

// ask awaits n reports of word and adds the program's last words to an error.
func (l *life) ask(word string, n int, within time.Duration) ([]report, error) {
	got, err := l.reports.await(word, n, within, l.over)
	if err != nil {
		return nil, fmt.Errorf("%w; %s", err, l.lastWords())
	}
	return got, nil
}

// output runs argv as an ordinary child for at most a minute and returns what
// it wrote to stdout and stderr.
func (b *bench) output(argv []string) (string, error) {
	l, err := b.start(spec{argv: argv, plain: true, bound: time.Minute})
	if err != nil {
		return "", err
	}
	defer l.destroy()
	<-l.over
	text, err := os.ReadFile(l.log)
	if err == nil && !l.state.Success() {
		err = fmt.Errorf("%s: %v: %s", filepath.Base(argv[0]), l.state, l.lastWords())
	}
	return string(text), err
}

func or(f, otherwise *os.File) *os.File {
	if f != nil {
		return f
	}
	return otherwise
}
