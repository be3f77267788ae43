package cli

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path"
	"slices"
	"strings"

	"golang.org/x/sys/unix"

	"sexton/config"
	"sexton/paths"
)

// sources reads the files that the command line names.
func (c *call) sources() (sources []config.Source, err error) {
	for _, name := range append([]string{c.fileName()}, c.further...) {
		text, err := readFile(name)
		if err != nil {
			return nil, err
		}
		sources = append(sources, config.Source{Name: name, Text: text})
	}
	return sources, nil
}

// fileWords names the files for a sentence.
func (c *call) fileWords() string {
	if len(c.further) == 0 {
		return c.fileName()
	}
	return fmt.Sprintf("%s and %s", c.fileName(), strings.Join(c.further, ", "))
}

// include is config.Options.Include: it reads the files that a file names by a pattern, ordered by
// name. sexton may be root, so a directory in which another user can create a file is an
// error: that user could add a service.
func include(from, pattern string) (sources []config.Source, err error) {
	full := pattern
	if !path.IsAbs(pattern) {
		full = path.Join(path.Dir(from), pattern)
	}
	names, err := matching(full)
	if err != nil {
		return nil, err
	}
	total := 0
	for i, name := range names {
		text, err := readIncluded(name)
		if err != nil {
			return sources, err
		}
		total += len(text)
		sources = append(sources, config.Source{Name: name, Text: text})
		if i > config.MaxFiles || total > config.MaxTotal {
			break // config says that it is too much
		}
	}
	return sources, nil
}

// matching returns the files that a pattern names. As in a shell, a name that begins with a dot
// needs a pattern that does.
func matching(full string) (names []string, err error) {
	dir, pattern := path.Split(full)
	switch _, bad := path.Match(pattern, ""); {
	case bad != nil:
		return nil, fmt.Errorf("%s: the pattern is not understood; write *, ? or [a-z], and \\ before a character that means itself", full)
	case isPattern(dir):
		return nil, fmt.Errorf("%s: only the last part of a path can be a pattern; name each directory", full)
	case !isPattern(pattern):
		return []string{full}, nil
	}
	place, err := trusted(path.Clean(dir), paths.Directory)
	switch {
	case errors.Is(err, unix.ENOENT):
		return nil, nil
	case err != nil:
		return nil, err
	}
	defer place.Close()
	names, err = place.Names(func(name string) bool {
		matches, _ := path.Match(pattern, name)
		return matches && (name[0] != '.' || pattern[0] == '.')
	})
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path.Clean(dir), err)
	}
	slices.Sort(names)
	for i, name := range names {
		names[i] = path.Join(dir, name)
	}
	return names, nil
}

func isPattern(text string) bool { return strings.ContainsAny(text, `*?[\`) }

// trusted finds a path, unless another user can change where it leads.
func trusted(name string, find func(string) (*paths.Place, error)) (*paths.Place, error) {
	place, err := find(name)
	switch {
	case err != nil:
		return nil, fmt.Errorf("%s: %w", name, err)
	case place.Exposed == nil:
		return place, nil
	}
	us, exposed := os.Geteuid(), *place.Exposed
	if us != 0 && exposed.Who == fmt.Sprintf("group %d", os.Getegid()) {
		return place, nil // as it is usual for an image that runs as any user, of group 0
	}
	place.Close()
	return nil, fmt.Errorf("%s can write to %s, and so could add a service; let only UID %d write there (chown, chmod), or mount it read-only", exposed.Who, exposed.Dir, us)
}

func readIncluded(name string) ([]byte, error) {
	place, err := trusted(name, paths.Find)
	if err != nil {
		return nil, err
	}
	defer place.Close()
	fd, s, err := place.Open(unix.O_RDONLY)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	f := os.NewFile(uintptr(fd), name)
	defer f.Close()
	if s.Mode&unix.S_IFMT != unix.S_IFREG {
		return nil, fmt.Errorf("%s: it is not a file", name)
	}
	return readBounded(f)
}

// readFile reads a file of the command line.
func readFile(name string) ([]byte, error) {
	f, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return readBounded(f)
}

// readBounded reads at most one byte more than a configuration may have: of a
// device or a pipe there might be no end.
func readBounded(f *os.File) ([]byte, error) {
	text, err := io.ReadAll(io.LimitReader(f, config.MaxBytes+1))
	var failed *os.PathError
	if errors.As(err, &failed) {
		err = fmt.Errorf("%s: %w", f.Name(), failed.Err)
	}
	return text, err
}
