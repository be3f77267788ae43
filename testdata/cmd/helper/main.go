//go:debug updatemaxprocs=0

// Command helper is every program that the stories run under the init: one
// binary, so that it is built once, with a link for each verb. Called under a
// verb's name it is that verb; called as helper it takes the verb as its first
// word. It needs no shell, no libc and no user land, so the same binary serves
// in a namespace, in an image FROM scratch, and as an arbitrary user.
//
// Words of the form KEY=VALUE are options of a verb, all others are its
// arguments, in order.
package main

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"sexton/proc"
)

// verb is one program: it gets its words and returns its exit status.
type verb func(w words) int

// verbs is a function and not a variable, because some verbs start others.
func verbs() map[string]verb {
	return map[string]verb{
		"all-signals":  allSignals,
		"at":           at,
		"close-stdout": closeStdout,
		"daemon":       daemon,
		"double-fork":  doubleFork,
		"eat-memory":   eatMemory,
		"echo-signals": echoSignals,
		"exit-with":    exitWith,
		"fill-pipe":    fillPipe,
		"flood":        flood,
		"fork-bomb":    forkBomb,
		"fork-step":    forkStep,
		"get":          get,
		"hang-mount":   hangMount,
		"http-hello":   httpHello,
		"ignore-term":  ignoreTerm,
		"join-group":   joinGroup,
		"threads-only": threadsOnly,
		"keep-diary":   keepDiary,
		"kill-pid":     killPID,
		"manager":      manager,
		"notify":       notify,
		"orphans":      orphans,
		"partial-line": partialLine,
		"pid-file":     pidFile,
		"plain-init":   plainInit,
		"print-env":    printEnv,
		"search":       searchMemory,
		"set-traps":    setTraps,
		"sigqueue":     sigqueue,
		"squat":        squat,
		"stop-early":   stopEarly,
		"stranger":     stranger,
		"unblock":      unblock,
		"terminal":     terminal,
		"without":      without,
		"worker":       worker,
	}
}

func main() {
	name, args := filepath.Base(os.Args[0]), os.Args[1:]
	run, ok := verbs()[name]
	if !ok && len(args) > 0 {
		name, args = args[0], args[1:]
		run, ok = verbs()[name]
	}
	if !ok {
		known := make([]string, 0, len(verbs()))
		for verb := range verbs() {
			known = append(known, verb)
		}
		slices.Sort(known)
		fmt.Fprintf(os.Stderr, "helper: %q is no verb; there are: %s\n", name, strings.Join(known, ", "))
		os.Exit(64)
	}
	os.Exit(run(parse(name, args)))
}

// words are the arguments of a verb.
type words struct {
	verb    string
	args    []string
	options map[string]string
}

func parse(name string, args []string) words {
	w := words{verb: name, options: make(map[string]string)}
	for _, arg := range args {
		key, value, ok := strings.Cut(arg, "=")
		if ok && strings.Trim(key, "abcdefghijklmnopqrstuvwxyz") == "" {
			w.options[key] = value
		} else {
			w.args = append(w.args, arg)
		}
	}
	return w
}

// arg is the argument at index i, or otherwise.
func (w words) arg(i int, otherwise string) string {
	if i < len(w.args) {
		return w.args[i]
	}
	return otherwise
}

// has tells whether a bare word was given.
func (w words) has(word string) bool { return slices.Contains(w.args, word) }

// number reads a whole number; a mistake ends the program.
func (w words) number(text string) int {
	n, err := strconv.Atoi(text)
	if err != nil {
		w.refuse(err)
	}
	return n
}

// count is the option key as a whole number.
func (w words) count(key string, otherwise int) int {
	if text, ok := w.options[key]; ok {
		return w.number(text)
	}
	return otherwise
}

// length is the option key as a length of time; zero if it is not given.
func (w words) length(key string) time.Duration {
	text, ok := w.options[key]
	if !ok {
		return 0
	}
	return w.duration(text)
}

func (w words) duration(text string) time.Duration {
	d, err := time.ParseDuration(text)
	if err != nil {
		w.refuse(err)
	}
	return d
}

func (w words) signal(text string) proc.Signal {
	s, err := proc.ParseSignal(text)
	if err != nil {
		w.refuse(err)
	}
	return s
}

// refuse ends the program over a mistake in its words, with a status that no
// story expects.
func (w words) refuse(err error) {
	fmt.Fprintf(os.Stderr, "%s: %v\n", w.verb, err)
	os.Exit(64)
}

// fail says what went wrong and returns the status for it.
func (w words) fail(err error) int {
	fmt.Fprintf(os.Stderr, "%s: %v\n", w.verb, err)
	return 1
}
