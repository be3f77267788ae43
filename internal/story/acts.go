package story

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sys/unix"

	"sexton/proc"
)

func startVerb(r *run, args []string) error {
	o, err := parseStart(args)
	if err != nil {
		return err
	}
	return r.start(o)
}

// act notes the moment from which the times of exit count.
func (r *run) act() { r.acted = time.Now() }

func signalVerb(r *run, args []string) error {
	args, n, err := takeTimes(args)
	if err != nil {
		return err
	}
	args, inside := takeWords(args, "from inside")
	target := ""
	if len(args) == 3 && args[1] == "to" {
		target, args = args[2], args[:1]
	}
	if err := errors.Join(exactly(args, 1, "SIGNAL [N times] [from inside] [to NAME]"), r.running()); err != nil {
		return err
	}
	s, err := proc.ParseSignal(args[0])
	if err != nil {
		return err
	}
	host, number := r.initHost(), r.life.program
	if target != "" {
		p, err := r.named(target)
		if err != nil {
			return err
		}
		host, number = p.host, p.inside
	}
	r.act()
	if inside {
		words := append([]string{"kill-pid", s.String()}, slices.Repeat([]string{strconv.Itoa(number)}, n)...)
		err := r.command(0, false, r.insideWords(words)...)
		if errors.Is(err, errStatus) && strings.Contains(err.Error(), "signal: terminated") {
			return nil // it asked for the end, and was swept up by it before its own
		}
		return err
	}
	for range n {
		var err error
		if host == r.process.Pid {
			err = r.process.Signal(unix.Signal(s)) // by a pidfd: it hits nobody else
		} else {
			err = unix.Kill(host, unix.Signal(s))
		}
		if err != nil {
			return fmt.Errorf("signal %d: %w", host, err)
		}
	}
	return nil
}

func sigqueueVerb(r *run, args []string) error {
	args, n, err := takeTimes(args)
	if err != nil {
		return err
	}
	args, inside := takeWords(args, "from inside")
	if err := errors.Join(exactly(args, 2, "SIGNAL VALUE [N times] [from inside]"), r.running()); err != nil {
		return err
	}
	r.act()
	words := []string{"sigqueue", args[0], args[1], strconv.Itoa(r.initHost()), strconv.Itoa(n)}
	if inside {
		words[3] = strconv.Itoa(r.life.program)
		words = r.insideWords(words)
	} else {
		words[0] = filepath.Join(r.variables["BIN"], words[0])
	}
	return r.command(0, false, words...)
}

func killVerb(r *run, args []string) error {
	if len(args) != 2 || !strings.HasPrefix(args[0], "-") {
		return errors.New("the words must be: -SIGNAL NAME")
	}
	s, err := proc.ParseSignal(args[0][1:])
	if err != nil {
		return err
	}
	p, err := r.named(args[1])
	if err != nil {
		return err
	}
	r.act()
	if err := unix.Kill(p.host, unix.Signal(s)); err != nil || s != proc.KILL {
		return err
	}
	// A look by name after this must not find the one that dies.
	return r.await(defaultBound, func() (bool, string) {
		now, err := readProcess(p.host)
		return err != nil || now.zombie() || now.inside != p.inside, args[1] + " lives"
	}, nil)
}

// named finds the process called name, but for the init and the keeper.
func (r *run) named(name string) (process, error) {
	all, err := r.table()
	if err != nil {
		return process{}, err
	}
	host := r.initHost()
	return find(slices.DeleteFunc(all, func(p process) bool { return p.host == host || r.keepers(p) }), name)
}

func typeVerb(r *run, args []string) error {
	if err := errors.Join(exactly(args, 1, "'TEXT'"), r.running()); err != nil {
		return err
	}
	if r.stdin == nil {
		return errors.New("there is nothing to type to; start with tty or stdin=pipe")
	}
	text, err := strconv.Unquote(`"` + args[0] + `"`)
	if err != nil {
		return err
	}
	r.act()
	_, err = r.stdin.WriteString(text)
	return err
}

func resizeVerb(r *run, args []string) error {
	if err := errors.Join(exactly(args, 2, "ROWS COLUMNS"), r.running()); err != nil {
		return err
	}
	if r.terminal == nil {
		return errors.New("there is no terminal; start with tty")
	}
	rows, err := strconv.Atoi(args[0])
	if err != nil {
		return err
	}
	columns, err := strconv.Atoi(args[1])
	if err != nil {
		return err
	}
	r.act()
	return Resize(r.terminal, rows, columns)
}

func closeVerb(r *run, args []string) error {
	if err := errors.Join(exactly(args, 1, "stdin"), r.running()); err != nil {
		return err
	}
	if args[0] != "stdin" || r.stdin == nil || r.terminal != nil {
		return errors.New("only stdin=pipe can be closed")
	}
	err := r.stdin.Close()
	r.stdin = nil
	return err
}

func stallVerb(r *run, args []string) error {
	s, err := r.descriptor(args)
	if err != nil {
		return err
	}
	return s.stall()
}

func resumeVerb(r *run, args []string) error {
	s, err := r.descriptor(args)
	if err == nil {
		s.resume()
	}
	return err
}

func (r *run) descriptor(args []string) (*stream, error) {
	if r.life == nil {
		return nil, errors.New("no init was started")
	}
	switch strings.Join(args, " ") {
	case "stdout":
		return r.out, nil
	case "stderr":
		return r.err, nil
	}
	return nil, errors.New("the word must be stdout or stderr")
}

func execVerb(r *run, args []string) error {
	if len(args) == 0 {
		return errors.New("a command must follow")
	}
	path, err := r.lookPath(args[0])
	if err != nil {
		return err
	}
	r.act()
	return r.command(0, false, append([]string{path}, args[1:]...)...)
}

func insideVerb(r *run, args []string) error {
	status := 0
	if len(args) > 0 && strings.HasPrefix(args[0], "exits=") {
		n, err := strconv.Atoi(args[0][len("exits="):])
		if err != nil {
			return err
		}
		status, args = n, args[1:]
	}
	if len(args) == 0 {
		return errors.New("a command must follow")
	}
	if err := r.running(); err != nil {
		return err
	}
	r.act()
	return r.command(status, false, r.insideWords(args)...)
}

// errStatus is a command that ended with another status than it was to.
var errStatus = errors.New("unexpected status")

// not turns a verb round: it is right when its command fails.
func not(v verb) verb {
	return func(r *run, args []string) error {
		err := v(r, args)
		if err == nil {
			return errors.New("it ended with status 0")
		}
		if errors.Is(err, errStatus) {
			return nil
		}
		return err
	}
}

// insideWords makes a command of the outside that runs words within, as the
// user that the init runs as.
func (r *run) insideWords(words []string) []string {
	helper := filepath.Join(r.variables["BIN"], "helper")
	if r.way == ordinary {
		return append([]string{helper, "at", r.dir}, words...)
	}
	enter := []string{"nsenter", "--target", strconv.Itoa(r.process.Pid), "--pid", "--mount", "--net", "--ipc"}
	switch {
	case r.way == asUser:
		enter = append(enter, "--user", "--preserve-credentials")
	case r.options.uid >= 0:
		enter = append(enter, "--setuid", strconv.Itoa(r.options.uid), "--setgid", strconv.Itoa(r.options.gid))
	}
	return slices.Concat(enter, []string{"--", helper, "at", r.dir}, words)
}

// command runs a command of the outside and keeps what it prints as the answer.
// quiet keeps the answer of the last one that was not.
func (r *run) command(status int, quiet bool, words ...string) error {
	ctx, cancel := context.WithTimeout(context.Background(), r.bound(60*time.Second))
	defer cancel()
	cmd := exec.CommandContext(ctx, words[0], words[1:]...)
	cmd.Dir = r.dir
	cmd.Env = merge(r.env, r.lifeEnv())
	cmd.WaitDelay = time.Second
	out := new(bytes.Buffer)
	cmd.Stdout, cmd.Stderr = out, out
	err := cmd.Run()
	if !quiet {
		r.answer = out.Bytes()
	}
	if cmd.ProcessState == nil {
		return err
	}
	if ctx.Err() != nil {
		return fmt.Errorf("the command did not end in time: %w", ctx.Err())
	}
	if got := cmd.ProcessState.ExitCode(); got != status {
		return fmt.Errorf("%w: %v, not %d; it said:\n%s", errStatus, cmd.ProcessState, status, tail(out.Bytes(), 20))
	}
	return nil
}

func (r *run) lifeEnv() []string {
	if r.life == nil {
		return nil
	}
	return r.options.env
}

func writeVerb(r *run, args []string) error {
	if err := exactly(args, 2, "FILE TEXT"); err != nil {
		return err
	}
	r.act()
	return os.WriteFile(filepath.Join(r.dir, args[0]), []byte(args[1]+"\n"), 0o666)
}

func removeVerb(r *run, args []string) error {
	if err := exactly(args, 1, "FILE"); err != nil {
		return err
	}
	r.act()
	return os.Remove(filepath.Join(r.dir, args[0]))
}

func pidVerb(r *run, args []string) error {
	if err := exactly(args, 2, "NAME VARIABLE"); err != nil {
		return err
	}
	p, err := r.named(args[0])
	r.variables[args[1]] = strconv.Itoa(p.inside)
	return err
}

func abandonVerb(r *run, args []string) error {
	if err := errors.Join(exactly(args, 0, "none"), r.running()); err != nil {
		return err
	}
	r.leftSaid = true
	if err := unix.Kill(r.initHost(), unix.SIGKILL); err != nil {
		return err
	}
	return r.await(defaultBound, func() (bool, string) { return isClosed(r.over), "the init lives" }, nil)
}
