package paths

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"strings"
	"testing"

	"golang.org/x/sys/unix"
)

// node is a file, a directory or a link in the model of a tree.
type node struct {
	parent *node // of a directory
	path   string
	names  map[string]*node // of a directory
	link   string           // of a link
	shared bool             // of a directory: others can write to it
}

var letters = []string{"a", "b", "c"} // few, so that paths overlap

// grow creates a random tree below dir, on disk and in memory.
func grow(t *testing.T, r *rand.Rand, dir *node, depth int) {
	t.Helper()
	for _, name := range letters {
		n := &node{path: dir.path + "/" + name}
		switch kind := r.IntN(10); {
		case kind < 5 && depth > 0:
			n.parent, n.names = dir, make(map[string]*node)
			do(t, os.Mkdir(n.path, 0o755))
			grow(t, r, n, depth-1)
			if n.shared = r.IntN(4) == 0; n.shared {
				do(t, share(r, n.path))
			}
		case kind < 7:
			do(t, os.WriteFile(n.path, nil, 0o600))
		case kind < 9:
			n.link = randomPath(r)
			do(t, os.Symlink(n.link, n.path))
		default:
			continue
		}
		dir.names[name] = n
	}
}

// share lets others write to a directory, in one of several ways.
func share(r *rand.Rand, path string) error {
	switch r.IntN(4) {
	case 0:
		return os.Chmod(path, 0o777|os.ModeSticky)
	case 1:
		return os.Chmod(path, 0o775)
	case 2:
		if os.Geteuid() == 0 {
			return os.Chown(path, 1234, -1)
		}
	}
	return os.Chmod(path, 0o777)
}

func randomPath(r *rand.Rand) string {
	words := append([]string{"..", "."}, append(letters, letters...)...)
	var path []string
	for range 1 + r.IntN(5) {
		path = append(path, words[r.IntN(len(words))])
	}
	return strings.Join(path, "/")
}

// expect returns what Find and Open must find, by the rule in the package comment: a
// node, or an error. shared tells whether a shared directory is on the way.
func expect(root *node, path string) (found *node, shared bool, err error) {
	here, rest := root, strings.Split(path, "/")
	for links := 0; len(rest) > 0; {
		name := rest[0]
		rest = rest[1:]
		if here.names == nil {
			return nil, shared, unix.ENOTDIR
		}
		if name == "." {
			continue
		}
		next := here.names[name]
		if name == ".." {
			if shared {
				return nil, shared, &Refused{}
			}
			next = here.parent
		}
		switch {
		case next == nil:
			return nil, shared, unix.ENOENT
		case next.link != "" && shared:
			return nil, shared, &Refused{}
		case next.link != "":
			if links++; links > mostLinks {
				return nil, shared, unix.ELOOP
			}
			rest = append(strings.Split(next.link, "/"), rest...)
			continue
		}
		here = next
		shared = shared || here.shared
	}
	return here, shared, nil
}

// Random trees and paths: Find finds the same as the model, and, if nothing is
// shared, the same as the kernel.
func FuzzFind(f *testing.F) {
	for seed := range uint64(40) {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, seed uint64) {
		trusted(t)
		r := rand.New(rand.NewPCG(seed, 1))
		root := &node{path: ".", names: make(map[string]*node)}
		above := &node{path: "..", names: map[string]*node{}} // not trodden: see below
		root.parent = above
		grow(t, r, root, 3)
		for range 60 {
			path := randomPath(r)
			if strings.HasPrefix(path, "..") {
				continue
			}
			want, shared, wantErr := expect(root, path)
			if want == above || errors.Is(wantErr, unix.ENOENT) && climbs(root, path) {
				continue // out of the tree, where the model knows nothing
			}
			judge(t, seed, path, want, shared, wantErr)
		}
	})
}

// climbs tells whether a path leads out of the tree, where the model cannot follow.
func climbs(root *node, path string) bool {
	parts := strings.Split(path, "/")
	for i := range parts {
		if n, _, err := expect(root, strings.Join(parts[:i+1], "/")); err == nil && n == root.parent {
			return true
		}
	}
	for _, n := range all(root) {
		if strings.Contains(n.link, "..") {
			return true
		}
	}
	return false
}

func all(dir *node) (nodes []*node) {
	for _, n := range dir.names {
		nodes = append(append(nodes, n), all(n)...)
	}
	return nodes
}

func judge(t *testing.T, seed uint64, path string, want *node, shared bool, wantErr error) {
	t.Helper()
	at := fmt.Sprintf("seed %d, %s", seed, path)
	// Directory finds directories, and Find everything else.
	find := Find
	if want != nil && want.names != nil || strings.HasSuffix(path, "..") {
		find = Directory
	}
	p, err := find(path)
	var s unix.Stat_t
	if err == nil {
		defer p.Close()
		var fd int
		if fd, s, err = p.Open(unix.O_RDONLY); err == nil {
			_ = unix.Close(fd)
		} else if want != nil && want.names != nil && shared { // Open wants a file there
			err = p.Stat(&s)
		}
	}
	var refused *Refused
	switch {
	case errors.As(wantErr, &refused):
		if !errors.As(err, &refused) {
			t.Errorf("%s: %v, and not Refused", at, err)
		}
		return
	case wantErr != nil || err != nil:
		if !errors.Is(err, wantErr) && !(wantErr == unix.ENOTDIR && errors.Is(err, unix.ENOENT)) {
			t.Errorf("%s: %v, want %v", at, err, wantErr)
		}
		return
	}
	var there unix.Stat_t
	if do(t, unix.Stat(want.path, &there)); s.Ino != there.Ino {
		t.Errorf("%s: another file than %s", at, want.path)
	}
	if (p.Shared != nil) != shared {
		t.Errorf("%s: shared: %v, want %v", at, p.Shared, shared)
	}
	if !shared {
		if do(t, unix.Stat(path, &there)); s.Ino != there.Ino {
			t.Errorf("%s: another file than the kernel finds", at)
		}
	}
}
