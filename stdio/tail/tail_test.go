package tail

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"sexton/internal/await"
)

// book gets what all files of a service got.
type book struct {
	mu   sync.Mutex
	text strings.Builder
	said []string
	full bool
}

func (b *book) Put(data []byte) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.text.Write(data)
}

func (b *book) Full() bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.full
}

func (b *book) End() {}

func (b *book) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.text.String()
}

func (b *book) words() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return strings.Join(b.said, "\n")
}

// ways are those of hearing of changes.
var ways = map[string]func() (int, error){
	"inotify": nil,
	"looking": func() (int, error) { return -1, unix.EMFILE },
}

func inEachWay(t *testing.T, test func(t *testing.T, dir string, begin func(patterns ...string) (*Follower, *book))) {
	for name, way := range ways {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			if err := os.Chmod(filepath.Dir(dir), 0o755); err != nil {
				t.Fatal(err)
			}
			test(t, dir, func(patterns ...string) (*Follower, *book) {
				b := new(book)
				f := New(Options{Lines: func(string) Lines { return b }, Every: 5 * time.Millisecond, Watch: way,
					Say: func(_, text string) {
						b.mu.Lock()
						defer b.mu.Unlock()
						b.said = append(b.said, text)
					}})
				f.Start()
				begin(t, f, patterns...)
				return f, b
			})
		})
	}
}

func begin(t *testing.T, f *Follower, patterns ...string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), await.Patience)
	defer cancel()
	if err := f.Begin(ctx, "web", patterns); err != nil {
		t.Fatal(err)
	}
}

func add(t *testing.T, path, text string) {
	t.Helper()
	file, err := os.OpenFile(path, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
	if err == nil {
		_, err = file.WriteString(text)
	}
	if err == nil {
		err = file.Close()
	}
	if err != nil {
		t.Fatal(err)
	}
}

func (b *book) want(t *testing.T, text string) {
	t.Helper()
	await.Until(t, fmt.Sprintf("it has %q", text), func() bool { return b.String() == text })
}

// What stands in a file at the first start does not count; what is appended does, and a file
// that appears later counts from its beginning, as does one in a directory that appears later.
func TestFollows(t *testing.T) {
	inEachWay(t, func(t *testing.T, dir string, start func(...string) (*Follower, *book)) {
		add(t, dir+"/a.log", "old\n")
		f, b := start(dir+"/*.log", dir+"/later/x")
		add(t, dir+"/a.log", "one\n")
		b.want(t, "one\n")
		add(t, dir+"/b.log", "two\n")
		b.want(t, "one\ntwo\n")
		add(t, dir+"/other", "no\n")
		begin(t, f, dir+"/*.log", dir+"/later/x") // the next run
		if err := os.Mkdir(dir+"/later", 0o700); err != nil {
			t.Fatal(err)
		}
		add(t, dir+"/later/x", "three\n")
		b.want(t, "one\ntwo\nthree\n")
	})
}

// A renamed file is read on while it is written to, and the new one from its beginning.
func TestRotationByName(t *testing.T) {
	inEachWay(t, func(t *testing.T, dir string, start func(...string) (*Follower, *book)) {
		path := dir + "/a.log"
		add(t, path, "old\n")
		_, b := start(path)
		old, err := os.OpenFile(path, os.O_APPEND|os.O_WRONLY, 0)
		if err != nil {
			t.Fatal(err)
		}
		defer old.Close()
		want := ""
		for i := range 3 {
			if err := os.Rename(path, fmt.Sprintf("%s.%d", path, i)); err != nil {
				t.Fatal(err)
			}
			_, _ = fmt.Fprintf(old, "late %d\n", i)
			want += fmt.Sprintf("late %d\n", i)
			b.want(t, want)
			add(t, path, fmt.Sprintf("new %d\n", i))
			want += fmt.Sprintf("new %d\n", i)
			b.want(t, want)
		}
		if err := os.Remove(path); err != nil {
			t.Fatal(err)
		}
		add(t, path, "again\n")
		b.want(t, want+"again\n")
	})
}

// A file that becomes shorter is read from its beginning.
func TestRotationByTruncation(t *testing.T) {
	inEachWay(t, func(t *testing.T, dir string, start func(...string) (*Follower, *book)) {
		path := dir + "/a.log"
		add(t, path, "a long line that is old\n")
		_, b := start(path)
		add(t, path, "one\n")
		b.want(t, "one\n")
		if err := os.Truncate(path, 0); err != nil {
			t.Fatal(err)
		}
		add(t, path, "two\n")
		b.want(t, "one\ntwo\n")
	})
}

// What the receiver does not take stays in the file; Finish tells how much that is.
func TestFullReceiver(t *testing.T) {
	inEachWay(t, func(t *testing.T, dir string, start func(...string) (*Follower, *book)) {
		f, b := start(dir + "/a.log")
		b.mu.Lock()
		b.full = true
		b.mu.Unlock()
		add(t, dir+"/a.log", "one\n")
		ctx, cancel := context.WithTimeout(context.Background(), 50*time.Millisecond)
		defer cancel()
		var unread map[string]int64
		report := func(now map[string]int64) { unread = now }
		if f.Finish(ctx, report); unread["web"] != 4 || b.String() != "" {
			t.Errorf("unread %v, got %q", unread, b)
		}
		b.mu.Lock()
		b.full = false
		b.mu.Unlock()
		f.Wake()
		b.want(t, "one\n")
		if f.Finish(context.Background(), report); unread != nil {
			t.Errorf("unread %v", unread)
		}
	})
}

// Another user who can write to the directory cannot have us read other files.
func TestTraps(t *testing.T) {
	inEachWay(t, func(t *testing.T, dir string, start func(...string) (*Follower, *book)) {
		secret := dir + "/secret"
		shared := dir + "/shared"
		if err := os.Mkdir(shared, 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.Chmod(shared, 0o777); err != nil {
			t.Fatal(err)
		}
		add(t, secret, "secret\n")
		_, b := start(shared + "/*.log")
		for _, make := range []func(string) error{
			func(path string) error { return os.Symlink(secret, path) },
			func(path string) error { return os.Link(secret, path) },
			func(path string) error { return unix.Mkfifo(path, 0o600) },
			func(path string) error { return os.Mkdir(path, 0o700) },
		} {
			if err := make(shared + fmt.Sprintf("/trap%d.log", time.Now().UnixNano())); err != nil {
				t.Fatal(err)
			}
		}
		add(t, shared+"/z.log", "honest\n")
		b.want(t, "honest\n")
		if n := strings.Count(b.words(), "cannot follow "+shared+"/trap"); n != 4 {
			t.Errorf("%d are refused: %s", n, b.words())
		}
	})
}

// There is a bound, which is said, and a closed file makes room.
func TestMostFiles(t *testing.T) {
	dir := t.TempDir()
	b := new(book)
	f := New(Options{Lines: func(string) Lines { return b }, Say: func(_, text string) { b.said = append(b.said, text) }})
	for i := range MostFiles + 2 {
		add(t, fmt.Sprintf("%s/%03d.log", dir, i), "x\n")
	}
	f.begin("web", []string{dir + "/*.log"})
	if n := len(f.services["web"].files); n != MostFiles || len(b.said) != 1 || !strings.Contains(b.said[0], "/064.log: 64 files are followed already") {
		t.Errorf("%d files, said %q", n, b.said)
	}
	if err := os.Remove(dir + "/000.log"); err != nil {
		t.Fatal(err)
	}
	for _, one := range f.services["web"].files {
		one.news = time.Now().Add(-2 * restAfter)
	}
	f.scanAll() // it has lost its name just now
	f.services["web"].files[0].news = time.Now().Add(-2 * restAfter)
	f.scanAll()
	f.scanAll()
	if one := f.services["web"].files[MostFiles-1]; !strings.HasSuffix(one.path, "/064.log") {
		t.Errorf("the last one is %s", one.path)
	}
	f.forget("web")
}

// Nothing runs and nothing is open for what nobody uses.
func TestUnusedCostsNothing(t *testing.T) {
	if f := New(Options{}); f.watch != nil || f.buffer != nil || len(f.services) != 0 {
		t.Errorf("%+v", f)
	}
}

// Every line arrives once and in order while a program writes as fast as it can and its file is renamed again and
// again, as logrotate does it: the program opens the new one a little later.
func TestRotationUnderLoad(t *testing.T) {
	inEachWay(t, func(t *testing.T, dir string, start func(...string) (*Follower, *book)) {
		path := dir + "/a.log"
		_, b := start(path)
		var want strings.Builder
		var file *os.File
		for i := range 20_000 {
			if i%500 == 0 {
				var err error
				if file, err = os.OpenFile(path, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600); err != nil {
					t.Fatal(err)
				}
			}
			line := fmt.Sprintf("%06d %s\n", i, strings.Repeat("x", i%100))
			want.WriteString(line)
			if _, err := file.WriteString(line); err != nil {
				t.Fatal(err)
			}
			if i%500 == 250 { // it goes on writing there
				if err := os.Rename(path, fmt.Sprintf("%s/old.%d", dir, i)); err != nil {
					t.Fatal(err)
				}
			}
			if i%500 == 499 {
				file.Close()
			}
			if i%500 == 499 || i%500 == 100 { // a file that nobody has seen under its name is not followed
				await.Until(t, "the file was found", func() bool { return strings.HasSuffix(b.String(), line) })
			}
		}
		if b.String() != want.String() {
			t.Errorf("%d bytes arrived of %d", len(b.String()), want.Len())
		}
	})
}
