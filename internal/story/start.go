package story

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"

	"sexton/proc"
)

// options is what a start line asks for.
type options struct {
	child          bool
	uid, gid       int // -1: as we are
	readOnly       bool
	proc           string // none or hidden; "": as ever
	terminationLog bool
	tty            bool
	stdin          string // null, closed or pipe
	closed         []int  // descriptors 1 and 2
	limits         map[int]uint64
	pids           int
	noCaps         bool
	blocked        []int
	ignored        []int
	pending        []int
	env            []string
	words          []string // the program and its arguments
}

// parseStart reads the words behind start.
func parseStart(words []string) (options, error) {
	o := options{uid: -1, gid: -1, stdin: "null", limits: make(map[int]uint64)}
	for len(words) > 0 {
		word := words[0]
		words = words[1:]
		var err error
		switch key, value, _ := strings.Cut(word, "="); key {
		case "as":
			if len(words) == 0 || words[0] != "pid1" && words[0] != "child" {
				return o, fmt.Errorf("as: pid1 or child must follow")
			}
			o.child, words = words[0] == "child", words[1:]
		case "env":
			if len(words) == 0 || !strings.Contains(words[0], "=") {
				return o, fmt.Errorf("env: KEY=VALUE must follow")
			}
			o.env, words = append(o.env, words[0]), words[1:]
		case "readonly":
			o.readOnly = true
		case "termlog":
			o.terminationLog = true
		case "tty":
			o.tty = true
		case "uid", "gid", "pids", "nproc", "nofile", "fsize":
			err = o.number(key, value)
		case "stdin", "stdout", "stderr", "caps", "proc":
			err = o.choice(key, value)
		case "blocked":
			o.blocked, err = signalList(value)
		case "ignored":
			o.ignored, err = signalList(value)
		case "pending":
			o.pending, err = signalList(value)
		default:
			o.words = append([]string{word}, words...)
			return o, nil
		}
		if err != nil {
			return o, err
		}
	}
	return o, fmt.Errorf("start: no program is named")
}

func (o *options) number(key, value string) error {
	n, err := strconv.Atoi(value)
	if err != nil {
		return fmt.Errorf("%s: %w", key, err)
	}
	switch key {
	case "uid":
		o.uid = n
		if o.gid < 0 {
			o.gid = 0 // as Docker and OpenShift do it
		}
	case "gid":
		o.gid = n
	case "pids":
		o.pids = n
	case "nproc":
		o.limits[unix.RLIMIT_NPROC] = uint64(n)
	case "nofile":
		o.limits[unix.RLIMIT_NOFILE] = uint64(n)
	case "fsize":
		o.limits[unix.RLIMIT_FSIZE] = uint64(n)
	}
	return nil
}

func (o *options) choice(key, value string) error {
	switch key + "=" + value {
	case "stdin=null", "stdin=closed", "stdin=pipe":
		o.stdin = value
	case "stdout=closed":
		o.closed = append(o.closed, 1)
	case "stderr=closed":
		o.closed = append(o.closed, 2)
	case "proc=none", "proc=hidden":
		o.proc = value
	case "caps=none":
		o.noCaps = true
	default:
		return fmt.Errorf("%s cannot be %q", key, value)
	}
	return nil
}

func signalList(text string) ([]int, error) {
	var out []int
	for name := range strings.SplitSeq(text, ",") {
		s, err := proc.ParseSignal(name)
		if err != nil {
			return nil, err
		}
		out = append(out, int(s))
	}
	return out, nil
}

// merge lays pairs KEY=VALUE over others: of the same key the last remains, for
// with two of them programs differ in which they see.
func merge(under, over []string) []string {
	var out []string
	for _, pair := range slices.Concat(under, over) {
		key, _, _ := strings.Cut(pair, "=")
		same := func(other string) bool { return strings.HasPrefix(other, key+"=") }
		if at := slices.IndexFunc(out, same); at >= 0 {
			out[at] = pair
		} else {
			out = append(out, pair)
		}
	}
	return out
}

// lookPath finds a program in the PATH of the story; under sexton, the name of
// an init that it can stand in for is sexton under that name.
func (r *run) lookPath(name string) (string, error) {
	if r.name == "sexton" {
		if path, ok, err := dropIn(name); ok {
			return path, err
		}
	}
	if strings.Contains(name, "/") {
		return name, nil
	}
	for dir := range strings.SplitSeq(strings.TrimPrefix(r.env[0], "PATH="), ":") {
		path := filepath.Join(dir, name)
		if info, err := os.Stat(path); err == nil && info.Mode()&0o111 != 0 && !info.IsDir() {
			return path, nil
		}
	}
	return "", fmt.Errorf("%s: %w", name, exec.ErrNotFound)
}
