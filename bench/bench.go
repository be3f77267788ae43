package main

import (
	_ "embed"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync/atomic"
	"time"

	"golang.org/x/sys/unix"
)

//go:embed testdata/worker.c
var workerSource []byte

//go:embed testdata/floor.go
var floorSource []byte

// bench is one run of the benchmark: what to compare and where to put things.
type bench struct {
	runs    int
	quick   bool
	sexton  string   // our copy of it; empty when there is none
	before  string   // our copy of an older one; empty when none was asked for
	dir     string   // temporary: the worker, configurations, FIFOs
	fast    string   // temporary: files that are written to, in memory if possible
	worker  string   // the program of worker.c or worker.go
	written string   // in what: "C" or "Go"
	noBox   error    // why no namespace can be had; nil if it can
	user    bool     // boxes need a user namespace
	null    *os.File // /dev/null, both ways
	load    string   // of the machine, before the first measurement
	lives   atomic.Int64
}

func newBench(o options) (*bench, error) {
	dir, err := os.MkdirTemp("", "sexton-bench-")
	if err != nil {
		return nil, err
	}
	b := &bench{runs: o.runs, quick: o.quick, dir: dir, user: os.Geteuid() != 0, load: load()}
	if b.null, err = os.OpenFile(os.DevNull, os.O_RDWR, 0); err != nil {
		return nil, errors.Join(err, os.RemoveAll(dir))
	}
	if b.fast, err = os.MkdirTemp("/dev/shm", "sexton-bench-"); err != nil {
		b.fast = filepath.Join(dir, "files")
		err = os.Mkdir(b.fast, 0o755)
	}
	if err == nil {
		err = b.makeWorker(o.worker)
	}
	if err != nil {
		b.close()
		return nil, err
	}
	if o.before != "" {
		if b.before, err = b.keep(beforeName, o.before); err != nil {
			b.close()
			return nil, err
		}
	}
	if b.sexton, err = b.keep(ourName, o.sexton); err != nil {
		progress("%v; only the others are measured (build it, or give -sexton PATH)", err)
	}
	b.noBox = b.tryBox()
	return b, nil
}

// close removes what the run has put on the disk. It may be called twice.
func (b *bench) close() {
	os.RemoveAll(b.dir)
	os.RemoveAll(b.fast)
}

// keep copies a binary as it is now: a build during the run must not mix two
// binaries in one run.
func (b *bench) keep(name, path string) (string, error) {
	program, err := os.ReadFile(path)
	if err != nil {
		return "", err
	}
	file := filepath.Join(b.dir, name)
	return file, os.WriteFile(file, program, 0o755)
}

// makeWorker compiles worker.c, or has ourselves play its part.
func (b *bench) makeWorker(language string) (err error) {
	b.written = "Go"
	if b.worker, err = os.Executable(); err != nil {
		return err
	}
	if language != "go" {
		err := b.compileWorker()
		if err == nil || language == "c" {
			return err
		}
		progress("%v; the helper programs are in Go, services start slower", err)
	}
	return nil
}

func (b *bench) compileWorker() error {
	compiler := find("cc", "gcc", "clang")
	if compiler == "" {
		return errors.New("no C compiler (cc, gcc, clang)")
	}
	source := filepath.Join(b.dir, "worker.c")
	if err := os.WriteFile(source, workerSource, 0o644); err != nil {
		return err
	}
	program := filepath.Join(b.dir, "worker")
	_, err := b.output([]string{compiler, "-O2", "-static", "-o", program, source})
	if err != nil {
		_, err = b.output([]string{compiler, "-O2", "-o", program, source})
	}
	if err == nil {
		b.worker, b.written = program, "C"
	}
	return err
}

// floor builds floor.go, as sexton is built. It is "" where there is no go command.
func (b *bench) floor() string {
	source, program := filepath.Join(b.dir, "floor.go"), filepath.Join(b.dir, "floor")
	err := os.WriteFile(source, floorSource, 0o644)
	if tool := find("go"); err == nil && tool != "" {
		_, err = b.output([]string{find("env"), "CGO_ENABLED=0", "HOME=" + os.Getenv("HOME"),
			tool, "build", "-trimpath", "-ldflags", "-s -w", "-o", program, source})
		if err == nil {
			return program
		}
	}
	progress("no floor of Go: %v", err)
	return ""
}

// tryBox reports why nothing can be PID 1 of a namespace here, nil if it can.
func (b *bench) tryBox() error {
	l, err := b.start(spec{argv: []string{trueProgram()}, bound: 10 * time.Second})
	if err == nil {
		_, err = l.enteredAt()
		l.destroy()
	}
	if err != nil {
		return fmt.Errorf("no PID and mount namespace with its own /proc can be made (%w): run as root, or allow user namespaces", err)
	}
	return nil
}

// boots is how often a supervisor is booted, or a burst is written.
func (b *bench) boots() int { return max(1, b.runs/40) }

// clean removes temporary names from a text for the document.
func (b *bench) clean(text string) string {
	return strings.NewReplacer(b.fast, "DIR", b.dir, "DIR").Replace(text)
}

// preface says when, where and how the figures were taken.
func (b *bench) preface(o options) string {
	var u unix.Utsname
	unix.Uname(&u)
	how := "each as PID 1 of its own PID and mount namespace, as root"
	if b.user {
		how = "each as PID 1 of its own user, PID and mount namespace, without root"
	}
	if b.noBox != nil {
		how = "without namespaces"
	}
	t := table{head: []string{"", ""}}
	t.add("command", "`"+o.command+"`")
	t.add("date", time.Now().UTC().Format("2006-01-02 15:04 MST"))
	t.add("kernel", unix.ByteSliceToString(u.Release[:])+" "+unix.ByteSliceToString(u.Machine[:]))
	t.add("CPUs", fmt.Sprint(runtime.NumCPU()))
	t.add("load average, before and after", b.load+", "+load())
	t.add("Go", runtime.Version())
	t.add("helper programs", "in "+b.written)
	t.add("run", how+", one after the other")
	for _, p := range packages {
		if v := b.version(p); v != "" {
			t.add(p.name, v)
		}
	}
	if v := b.sextonVersion(); v != "" {
		t.add("sexton", v)
	}
	return "# Benchmarks\n\nWritten by `make bench`. Absolute times depend on this machine; only the ratios hold elsewhere.\n\n" + t.String()
}

// load is the number of processes that wanted to run in the last minute: above
// one before the run, something else is at work and the figures are doubtful.
func load() string {
	text, err := os.ReadFile("/proc/loadavg")
	if err != nil {
		return none
	}
	minute, _, _ := strings.Cut(string(text), " ")
	return minute
}
