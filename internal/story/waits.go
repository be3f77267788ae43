package story

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
)

// text is what a stream holds, and whether that is all that it will ever hold.
func (r *run) text(name string) (texts [][]byte, ended bool, err error) {
	switch name {
	case "answer":
		return [][]byte{r.answer}, true, nil
	case "stdout", "stderr", "output":
		if r.life == nil {
			return nil, false, errors.New("no init was started")
		}
		out, outEnded := r.out.seen()
		err, errEnded := r.err.seen()
		switch name {
		case "stdout":
			return [][]byte{out}, outEnded, nil
		case "stderr":
			return [][]byte{err}, errEnded, nil
		}
		return [][]byte{out, err}, outEnded && errEnded, nil
	}
	text, err := os.ReadFile(filepath.Join(r.dir, name))
	if errors.Is(err, os.ErrNotExist) {
		err = nil
	}
	return [][]byte{text}, r.life == nil || isClosed(r.over), err
}

// matches finds all matches of a regex, with their groups.
func (r *run) matches(name, regex string) (found [][][]byte, err error) {
	re, err := regexp.Compile("(?m)" + regex)
	if err != nil {
		return nil, err
	}
	texts, _, err := r.text(name)
	for _, text := range texts {
		found = append(found, re.FindAllSubmatch(text, -1)...)
	}
	return found, err
}

func untilVerb(r *run, args []string) error {
	args, bound, err := takeLength(args, "within", defaultBound)
	if err != nil {
		return err
	}
	args, n, err := takeTimes(args)
	if err != nil {
		return err
	}
	if err := exactly(args, 2, "STREAM [N times] 'REGEX' [within D]"); err != nil {
		return err
	}
	ready := func() (bool, string) {
		var found [][][]byte
		found, err = r.matches(args[0], args[1])
		return len(found) >= n || err != nil, fmt.Sprintf("%s holds %d of %d matches", args[0], len(found), n)
	}
	return errors.Join(r.await(bound, ready, r.was(args[0])), err)
}

// was tells whether a stream held all that it ever will before the look that
// follows.
func (r *run) was(name string) func() bool {
	return func() bool {
		_, ended, _ := r.text(name)
		return ended
	}
}

func orderVerb(r *run, args []string) error {
	args, bound, err := takeLength(args, "within", defaultBound)
	if err != nil {
		return err
	}
	if len(args) < 3 || args[0] == "output" {
		return errors.New("the words must be: STREAM 'REGEX' 'REGEX'..., and the stream one that has an order")
	}
	var order []*regexp.Regexp
	for _, regex := range args[1:] {
		re, err := regexp.Compile("(?m)" + regex)
		if err != nil {
			return err
		}
		order = append(order, re)
	}
	ready := func() (bool, string) {
		texts, _, err := r.text(args[0])
		if err != nil {
			return false, err.Error()
		}
		rest := texts[0]
		for i, re := range order {
			at := re.FindIndex(rest)
			if at == nil {
				return false, fmt.Sprintf("%q does not come at its place", args[i+1])
			}
			rest = rest[at[1]:]
		}
		return true, ""
	}
	return r.await(bound, ready, r.was(args[0]))
}

func sameVerb(r *run, args []string) error {
	return r.compare(args, func(text []byte) []byte { return text })
}

func linesVerb(r *run, args []string) error {
	return r.compare(args, func(text []byte) []byte {
		lines := strings.SplitAfter(string(text), "\n")
		slices.Sort(lines)
		return []byte(strings.Join(lines, ""))
	})
}

// compare waits until a stream and a file are the same, in the form that shape
// gives both.
func (r *run) compare(args []string, shape func([]byte) []byte) error {
	args, bound, err := takeLength(args, "within", defaultBound)
	if err != nil {
		return err
	}
	if err := exactly(args, 2, "STREAM FILE [within D]"); err != nil {
		return err
	}
	text, err := os.ReadFile(filepath.Join(r.dir, args[1]))
	if err != nil {
		return err
	}
	want := shape(text)
	ready := func() (bool, string) {
		texts, _, err := r.text(args[0])
		if err != nil {
			return false, err.Error()
		}
		got := shape(bytes.Join(texts, nil))
		return bytes.Equal(got, want), fmt.Sprintf("%s holds\n%snot\n%s", args[0], tail(got, 30), tail(want, 30))
	}
	return r.await(bound, ready, r.was(args[0]))
}

// exitVerb waits for the end of the init, and of its output: as PID 1 nobody is
// left who could write.
func exitVerb(r *run, args []string) error {
	args, bound, err := takeLength(args, "within", defaultBound)
	if err != nil {
		return err
	}
	args, least, err := takeLength(args, "after", 0)
	if err != nil {
		return err
	}
	if err := exactly(args, 1, "STATUS [after D] [within D]"); err != nil {
		return err
	}
	if r.life == nil {
		return errors.New("no init was started")
	}
	// The bound counts from the last act, like the time that is judged.
	left := max(bound-time.Since(r.acted), 100*time.Millisecond)
	err = r.await(left, func() (bool, string) { return isClosed(r.over), "the init runs" }, nil)
	if err != nil {
		return err
	}
	if took := time.Since(r.acted); took < least {
		return fmt.Errorf("the init ended after %v, not %v at least", took.Round(time.Millisecond), least)
	}
	if !slices.Contains(strings.Split(args[0], "|"), r.status) {
		return fmt.Errorf("the init's end: %s, not %s", r.status, args[0])
	}
	if r.kept != nil || r.way == ordinary {
		return nil
	}
	read := func(s *stream) bool { // all of it, unless nothing reads it
		_, ended := s.seen()
		return ended || s.isStalled()
	}
	return r.await(defaultBound, func() (bool, string) {
		return read(r.out) && read(r.err), "the output has not ended with the init"
	}, nil)
}

// tableVerb counts the processes of the namespace for which match holds.
func tableVerb(match func(*run, process) bool) verb {
	return func(r *run, args []string) error {
		args, bound, err := takeLength(args, "within", defaultBound)
		if err != nil {
			return err
		}
		if err := errors.Join(exactly(args, 1, "N [within D]"), r.running()); err != nil {
			return err
		}
		want, err := strconv.Atoi(args[0])
		if err != nil {
			return err
		}
		ready := func() (bool, string) {
			all, err := r.table()
			if err != nil {
				return false, err.Error()
			}
			n := 0
			for _, p := range all {
				if match(r, p) {
					n++
				}
			}
			return n == want, fmt.Sprintf("there are %d", n)
		}
		return r.await(bound, ready, func() bool { return isClosed(r.over) })
	}
}

// aliveVerb works after the end of an init as child as well: its namespace is
// still there.
func aliveVerb(r *run, args []string) error {
	args, bound, err := takeLength(args, "within", defaultBound)
	if err != nil {
		return err
	}
	if err := exactly(args, 1, "NAME [within D]"); err != nil {
		return err
	}
	return r.await(bound, func() (bool, string) {
		_, err := r.named(args[0])
		return err == nil, fmt.Sprint(err)
	}, func() bool { return r.life == nil || r.kept == nil && isClosed(r.over) })
}

func goneVerb(r *run, args []string) error {
	args, bound, err := takeLength(args, "within", defaultBound)
	if err != nil {
		return err
	}
	if err := exactly(args, 1, "NAME [within D]"); err != nil {
		return err
	}
	return r.await(bound, func() (bool, string) {
		all, err := r.table()
		if err != nil {
			return false, err.Error()
		}
		host := r.initHost()
		found := slices.ContainsFunc(all, func(p process) bool {
			return p.host != host && !r.keepers(p) && !p.zombie() && p.called(args[0])
		})
		return !found, args[0] + " is there"
	}, nil)
}

func httpVerb(r *run, args []string) error {
	args, bound, err := takeLength(args, "within", defaultBound)
	if err != nil {
		return err
	}
	if err := errors.Join(exactly(args, 4, "GET URL STATUS 'REGEX' [within D]"), r.running()); err != nil {
		return err
	}
	re, err := regexp.Compile("(?m)" + args[3])
	if err != nil {
		return err
	}
	ready := func() (bool, string) {
		if err := r.command(0, false, r.insideWords([]string{"get", args[1]})...); err != nil {
			return false, err.Error()
		}
		status, body, _ := bytes.Cut(r.answer, []byte("\n"))
		return string(status) == args[2] && re.Match(body), fmt.Sprintf("the answer is:\n%s", tail(r.answer, 20))
	}
	return r.await(bound, ready, func() bool { return isClosed(r.over) })
}
