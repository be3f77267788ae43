package story

import (
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
)

// Main is the TestMain of every package that runs stories. The test binary is
// also the stage that an init is started from; Main tells the two apart. The
// tests run in dir, a directory below the module's root.
func Main(m *testing.M, dir string) {
	if os.Args[0] == stageName {
		runStage()
	}
	root, err := moduleRoot()
	if err == nil {
		err = os.Chdir(filepath.Join(root, dir))
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	status := m.Run()
	if dir, err := Dir(); err == nil {
		os.RemoveAll(dir)
	}
	os.Exit(status)
}

// Dir is where all that belongs to this test process lies: bin with the
// programs, and a directory for each story. Everybody may enter it; Main
// removes it.
var Dir = sync.OnceValues(func() (string, error) {
	dir, err := os.MkdirTemp("", "sexton-stories-")
	if err != nil {
		return "", err
	}
	// MkdirTemp makes it for us alone, and stories run as other users.
	return dir, errors.Join(os.Chmod(dir, 0o755), os.Mkdir(filepath.Join(dir, "bin"), 0o755))
})

// Helpers builds testdata/cmd/helper, with a link for each verb, and returns
// the directory that they are in.
var Helpers = sync.OnceValues(func() (string, error) {
	dir, err := Dir()
	if err != nil {
		return "", err
	}
	bin := filepath.Join(dir, "bin")
	path := filepath.Join(bin, "helper")
	if err := build("go", "build", "-trimpath", "-o", path, "./testdata/cmd/helper"); err != nil {
		return "", err
	}
	// Without a verb it names all that it knows.
	said, _ := exec.Command(path, "?").CombinedOutput()
	_, list, _ := strings.Cut(string(said), "there are: ")
	for name := range strings.SplitSeq(strings.TrimSpace(list), ", ") {
		if err := os.Symlink("helper", filepath.Join(bin, name)); err != nil {
			return "", fmt.Errorf("verbs of helper, from %q: %w", said, err)
		}
	}
	return bin, nil
})

// Sexton returns the binary under test, built as it is shipped, or a copy of
// $SEXTON_BINARY. It lies next to the helpers, where every user may run it.
var Sexton = sync.OnceValues(func() (string, error) {
	bin, err := Helpers()
	if err != nil {
		return "", err
	}
	path := filepath.Join(bin, "sexton")
	if given := os.Getenv("SEXTON_BINARY"); given != "" {
		return path, copyFile(path, given)
	}
	// The flags that it takes are the Makefile's affair.
	return path, build("make", "--silent", "build", "BINARY="+path)
})

// build runs a command that builds something, at the top of the module.
func build(words ...string) error {
	root, err := moduleRoot()
	if err != nil {
		return err
	}
	cmd := exec.Command(words[0], words[1:]...)
	cmd.Dir = root
	// No version control: the tree may belong to somebody else.
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0", "GOFLAGS="+os.Getenv("GOFLAGS")+" -buildvcs=false")
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("%s: %w\n%s", strings.Join(words, " "), err, out)
	}
	return nil
}

// moduleRoot finds the directory of go.mod, from our directory upwards.
func moduleRoot() (string, error) {
	dir, err := os.Getwd()
	if err != nil {
		return "", err
	}
	for ; ; dir = filepath.Dir(dir) {
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
			return dir, nil
		}
		if dir == filepath.Dir(dir) {
			return "", errors.New("no go.mod in this directory or above it")
		}
	}
}

func copyFile(to, from string) error {
	in, err := os.Open(from)
	if err != nil {
		return err
	}
	defer in.Close()
	out, err := os.OpenFile(to, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o755)
	if err != nil {
		return err
	}
	_, err = io.Copy(out, in)
	return errors.Join(err, out.Close())
}

// Peers are other inits whose behaviour some stories share, with the words that
// take the place of "sexton" in a story that runs under them.
var Peers = map[string][]string{
	"tini":        {"tini"},
	"tini-g":      {"tini", "-g"},
	"catatonit":   {"catatonit"},
	"catatonit-g": {"catatonit", "-g"},
	"dumb-init":   {"dumb-init"},
	"dumb-init-c": {"dumb-init", "-c"},
	"plain-init":  {"plain-init"}, // of testdata/cmd/helper
}

// program finds the words that start the program called name; err says why it
// cannot be run here.
func program(name string) ([]string, error) {
	bin, err := Helpers()
	if err != nil {
		return nil, err
	}
	switch name {
	case "sexton":
		path, err := Sexton()
		return []string{path}, err
	case "plain-init":
		return []string{filepath.Join(bin, name)}, nil
	}
	words := Peers[name]
	path, err := exec.LookPath(words[0])
	if err != nil {
		return nil, err
	}
	return append([]string{path}, words[1:]...), nil
}
