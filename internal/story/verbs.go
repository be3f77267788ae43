package story

import (
	"fmt"
	"strconv"
	"strings"
	"time"
)

// verb carries out a line of a story; it gets the words behind it.
type verb func(r *run, args []string) error

// verbs is the whole language; doc.go explains it. It is a function, for
// variables may not hold functions that lead back to them.
func verbs() map[string]verb {
	return map[string]verb{
		"start":     startVerb,
		"signal":    signalVerb,
		"sigqueue":  sigqueueVerb,
		"kill":      killVerb,
		"type":      typeVerb,
		"resize":    resizeVerb,
		"close":     closeVerb,
		"stall":     stallVerb,
		"resume":    resumeVerb,
		"exec":      execVerb,
		"! exec":    not(execVerb),
		"inside":    insideVerb,
		"! inside":  not(insideVerb),
		"write":     writeVerb,
		"remove":    removeVerb,
		"pid":       pidVerb,
		"abandon":   abandonVerb,
		"until":     untilVerb,
		"order":     orderVerb,
		"same":      sameVerb,
		"lines":     linesVerb,
		"exit":      exitVerb,
		"zombies":   tableVerb(func(r *run, p process) bool { return p.zombie() }),
		"children":  tableVerb(func(r *run, p process) bool { return !p.zombie() && p.parent == r.initHost() }),
		"processes": tableVerb(func(r *run, p process) bool { return p.host != r.initHost() && !r.keepers(p) }),
		"alive":     aliveVerb,
		"gone":      goneVerb,
		"http":      httpVerb,
		"count":     countVerb,
		"numbered":  numberedVerb,
		"never":     neverVerb,
		"left":      leftVerb,
		"strays":    straysVerb,
		"equal":     equalVerb,
		"differ":    differVerb,
	}
}

// defaultBound is how long a verb waits when the story does not say.
const defaultBound = 10 * time.Second

// takeLength cuts "KEY D" off the words, wherever it stands.
func takeLength(args []string, key string, otherwise time.Duration) ([]string, time.Duration, error) {
	for i, word := range args {
		if word == key && i+1 < len(args) {
			d, err := time.ParseDuration(args[i+1])
			if err != nil {
				return nil, 0, fmt.Errorf("%s: %w", key, err)
			}
			return append(args[:i:i], args[i+2:]...), d, nil
		}
	}
	return args, otherwise, nil
}

// takeTimes cuts "N times" off the words; without it N is 1.
func takeTimes(args []string) ([]string, int, error) {
	for i, word := range args {
		if word == "times" && i > 0 {
			n, err := strconv.Atoi(args[i-1])
			if err != nil || n < 1 {
				return nil, 0, fmt.Errorf("%q times", args[i-1])
			}
			return append(args[:i-1:i-1], args[i+1:]...), n, nil
		}
	}
	return args, 1, nil
}

// takeWords cuts a phrase off the words and tells whether it was there.
func takeWords(args []string, phrase string) ([]string, bool) {
	want := strings.Fields(phrase)
	for i := range args {
		if i+len(want) <= len(args) && strings.Join(args[i:i+len(want)], " ") == phrase {
			return append(args[:i:i], args[i+len(want):]...), true
		}
	}
	return args, false
}

// exactly says which words a verb wants when there are more or fewer.
func exactly(args []string, n int, want string) error {
	if len(args) != n {
		return fmt.Errorf("the words must be: %s", want)
	}
	return nil
}

// await waits until ready says so. It gives up at the bound, or at once when
// hopeless, which may be nil, says that nothing will change any more; then it
// says what was there instead.
func (r *run) await(bound time.Duration, ready func() (bool, string), hopeless func() bool) error {
	began := time.Now()
	deadline := time.NewTimer(r.bound(bound))
	defer deadline.Stop()
	look := time.NewTicker(10 * time.Millisecond) // process tables and files tell nobody when they change
	defer look.Stop()
	for {
		changed := r.news.wait()
		lost := hopeless != nil && hopeless()
		ok, seen := ready()
		if ok {
			return nil
		}
		if lost {
			return fmt.Errorf("%s, and nothing more will come", seen)
		}
		select {
		case <-changed:
		case <-look.C:
		case <-deadline.C:
			return fmt.Errorf("%s, still after %v", seen, time.Since(began).Round(time.Millisecond))
		}
	}
}

// running is an error when there is no init to do anything with.
func (r *run) running() error {
	switch {
	case r.life == nil:
		return fmt.Errorf("no init was started")
	case isClosed(r.over):
		return fmt.Errorf("the init has ended: %s", r.status)
	}
	return nil
}

// initHost is the init's number where the tests run; 0 when it has none.
func (r *run) initHost() int {
	if r.kept == nil {
		return r.process.Pid
	}
	all, err := r.table()
	if err != nil {
		return 0
	}
	for _, p := range all {
		if p.inside == r.life.program {
			return p.host
		}
	}
	return 0
}

// keepers tells whether the process belongs to the keeper.
func (r *run) keepers(p process) bool {
	return r.kept != nil && (p.inside == 1 || p.called("stranger"))
}
