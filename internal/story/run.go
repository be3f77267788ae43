package story

import (
	"bufio"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"
)

// seats is how many stories run at the same time: more would make each other
// late on a small machine.
var seats = make(chan struct{}, 2)

// Test runs the story under the program called name, "sexton" or one of Peers,
// as a test. It skips where the story or the program cannot be had.
func (s *Story) Test(t *testing.T, name string) {
	t.Helper()
	if !s.Alone {
		t.Parallel()
		seats <- struct{}{}
		defer func() { <-seats }()
	}
	err := s.Run(name)
	var skip errSkip
	if errors.As(err, &skip) {
		t.Skip(skip.Error())
	}
	if s.Awaits != "" && name == "sexton" {
		if err == nil {
			t.Fatalf("%s has come true: it need not await %s any more", s.Path, s.Awaits)
		}
		t.Skipf("awaits %s\n%v", s.Awaits, err)
	}
	if err != nil {
		t.Fatal(err)
	}
}

// Run runs the story under the program called name. The error tells all that
// was seen.
func (s *Story) Run(name string) (err error) {
	words, err := program(name)
	if err != nil && name != "sexton" && errors.Is(err, exec.ErrNotFound) {
		return errSkip{err}
	}
	if err != nil {
		return err
	}
	if err := s.missing(); err != nil {
		return err
	}
	// The kernel kills an init whose parent thread ends.
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	dir, err := newDir(s.Name)
	if err != nil {
		return err
	}
	root, err := moduleRoot()
	if err != nil {
		return err
	}
	bin := filepath.Join(filepath.Dir(dir), "bin")
	r := &run{
		story: s, name: name, program: words, dir: dir, news: newNews(),
		env: []string{
			"PATH=" + bin + ":/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
			"HOME=/", "WORK=" + dir, "SEXTON_STORY=" + dir,
		},
		variables: map[string]string{
			"WORK": dir, "BIN": bin, "SOURCE": root,
			"SOMEBODY": strconv.Itoa(100_000 + os.Getpid()),
		},
		patience: patience(),
	}
	defer func() {
		if r.life != nil {
			err = errors.Join(err, r.release())
		}
		err = errors.Join(err, os.RemoveAll(dir))
	}()
	if err := s.write(dir); err != nil {
		return err
	}
	return r.tell()
}

// missing says what of the story's needs is not there.
func (s *Story) missing() error {
	for _, need := range s.Needs {
		switch need {
		case "root":
			if os.Getuid() != 0 {
				return errSkip{errors.New("the story needs root")}
			}
		case "namespaces":
			switch w, why := theWay(); {
			case w == ordinary:
				return noNamespaces(why)
			case w == asUser && slices.Contains(s.Needs, "root"):
				return errSkip{errors.New("no namespaces can be made here by root itself")}
			}
		default:
			err := error(nil)
			if strings.Contains(need, "*") {
				if there, _ := filepath.Glob(need); len(there) == 0 {
					err = exec.ErrNotFound
				}
			} else {
				_, err = exec.LookPath(need)
			}
			if err != nil {
				return errSkip{fmt.Errorf("the story needs %s: %w", need, err)}
			}
		}
	}
	return nil
}

func newDir(name string) (string, error) {
	parent, err := Dir()
	if err != nil {
		return "", err
	}
	dir, err := os.MkdirTemp(parent, name+"-")
	if err != nil {
		return "", err
	}
	return dir, os.Chmod(dir, 0o777)
}

// patience is the factor on all bounds.
func patience() float64 {
	if f, err := strconv.ParseFloat(os.Getenv("SEXTON_PATIENCE"), 64); err == nil && f > 0 {
		return f
	}
	return 1
}

// run is one running of a story.
type run struct {
	story     *Story
	name      string   // of the program under test
	program   []string // its first words
	dir       string
	env       []string
	variables map[string]string
	patience  float64

	line   line // the one that is being carried out
	acted  time.Time
	nevers []never
	answer []byte // what the last command printed

	*life // the init; nil before the first start
	news  *news
}

type never struct {
	line   line
	stream string
	regex  string
}

// life is one init, from its start to its end.
type life struct {
	*born
	options   options
	way       way
	namespace string // as readlink says; "" for the ordinary one
	program   int    // the init's number inside
	out, err  *stream
	over      chan struct{} // closed when the init has ended
	status    string        // how; to be read when over is closed
	kept      chan struct{} // closed when a keeper has no more to say; nil without one
	leftSaid  bool          // the story knows that something is left

	mu     sync.Mutex
	strays int    // under a keeper: orphans that came to it
	harmed string // how the stranger ended; "": by the keeper, or not yet
	judged bool   // the stranger has ended
}

// keeperNotes is what the keeper has told so far.
func (l *life) keeperNotes() (strays int, harmed string, judged bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.strays, l.harmed, l.judged
}

// tell carries out the script.
func (r *run) tell() error {
	r.acted = time.Now()
	for _, l := range r.story.lines {
		r.line = l
		if err := r.carryOut(l.text); err != nil {
			return r.explain(err)
		}
	}
	r.line = line{text: "the end of the story"}
	if r.life == nil {
		return nil
	}
	if !isClosed(r.over) {
		return r.explain(errors.New("the init still runs; end the story with exit or abandon"))
	}
	return r.finishLife()
}

func (r *run) carryOut(text string) error {
	words, err := split(text, r.lookup)
	if err != nil {
		return err
	}
	if words = r.conditions(words); len(words) == 0 {
		return nil
	}
	verb, args := words[0], words[1:]
	if verb == "!" && len(args) > 0 {
		verb, args = "! "+args[0], args[1:]
	}
	act, ok := verbs()[verb]
	if !ok {
		return fmt.Errorf("no such verb: %q", verb)
	}
	return act(r, args)
}

// conditions takes the conditions off a line; it returns nothing when one of
// them does not hold.
func (r *run) conditions(words []string) []string {
	for len(words) > 0 && strings.HasPrefix(words[0], "[") && strings.HasSuffix(words[0], "]") {
		name, not := strings.CutPrefix(strings.Trim(words[0], "[]"), "!")
		holds := name == r.name
		if name == "root" {
			holds = os.Getuid() == 0
		}
		if holds == not {
			return nil
		}
		words = words[1:]
	}
	return words
}

func (r *run) lookup(name string) (string, bool) {
	value, ok := r.variables[name]
	return value, ok
}

// finishLife judges what can be judged only when a life is over, and lets go of
// what belonged to it.
func (r *run) finishLife() error {
	l := r.life
	if err := r.judgeNevers(); err != nil {
		return r.explain(err)
	}
	if l.kept != nil {
		var harmed string
		err := r.await(defaultBound, func() (judged bool, seen string) {
			_, harmed, judged = l.keeperNotes()
			return judged, "the keeper does not end the stranger"
		}, nil)
		if err != nil {
			return r.explain(err)
		}
		if harmed != "" {
			return r.explain(fmt.Errorf("a process that is none of the init's has ended: %s", harmed))
		}
		if left := r.left(); len(left) > 0 && !l.leftSaid {
			return r.explain(fmt.Errorf("%d processes are left behind", len(left)))
		}
	}
	err := r.release()
	r.life = nil
	return err
}

func (r *run) judgeNevers() error {
	for _, n := range r.nevers {
		found, err := r.matches(n.stream, n.regex)
		if err == nil && len(found) > 0 {
			err = fmt.Errorf("%s holds %q", n.stream, found[0][0])
		}
		if err != nil {
			r.line = n.line
			return err
		}
	}
	r.nevers = nil
	return nil
}

// start begins a life.
func (r *run) start(o options) error {
	if r.life != nil {
		if !isClosed(r.over) {
			return errors.New("the init of the last start still runs")
		}
		if err := r.finishLife(); err != nil {
			return err
		}
	}
	w, why := theWay()
	if w == ordinary && !(o.child && o.pids == 0 && !o.readOnly && !o.terminationLog && o.uid < 0) {
		return noNamespaces(why)
	}
	if o.words[0] == "sexton" {
		o.words = slices.Concat(r.program, o.words[1:])
	} else if path, err := r.lookPath(o.words[0]); err == nil {
		o.words[0] = path
	}
	o.env = merge(r.env, o.env)
	r.acted = time.Now()
	b, err := birth(w, r.dir, o)
	if err != nil {
		return err
	}
	l := &life{born: b, options: o, way: w, program: 1, over: make(chan struct{})}
	r.life = l
	if w != ordinary {
		if l.namespace, err = os.Readlink(fmt.Sprintf("/proc/%d/ns/pid", b.process.Pid)); err != nil {
			// It has ended already; nobody will ask for its table.
			l.namespace = "gone"
		}
	}
	l.out, l.err = &stream{name: "stdout", news: r.news}, &stream{name: "stderr", news: r.news}
	go l.out.read(b.stdout)
	if b.stderr != nil {
		go l.err.read(b.stderr)
	} else {
		l.err.ended = true
	}
	r.watch(l)
	return nil
}

// watch sets those to work who note the end of the init.
func (r *run) watch(l *life) {
	if !strings.HasPrefix(l.first, "program ") {
		go func() {
			l.status = waitFor(l.process)
			close(l.over)
			r.news.spread()
		}()
		return
	}
	l.program, _ = strconv.Atoi(strings.TrimPrefix(l.first, "program "))
	l.kept = make(chan struct{})
	go func() {
		defer close(l.kept)
		for lines := bufio.NewScanner(l.report); lines.Scan(); r.news.spread() {
			what, rest, _ := strings.Cut(lines.Text(), " ")
			l.mu.Lock()
			switch what {
			case "ended", "error:":
				l.status = rest
				close(l.over)
			case "stray":
				l.strays++
			case "harmed":
				l.harmed, l.judged = rest, true
			case "unharmed":
				l.judged = true
			}
			l.mu.Unlock()
		}
	}()
}

func isClosed(c <-chan struct{}) bool {
	select {
	case <-c:
		return true
	default:
		return false
	}
}
