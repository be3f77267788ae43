package container

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strings"
	"syscall"

	"golang.org/x/sys/unix"

	"sexton/dotenv"
	"sexton/expand"
	"sexton/paths"
	"sexton/service"
)

// environment is a step of Prepare: it reads env_files and secrets, and fills in the variables that only a start knows.
func environment(_ context.Context, c *Container, spec *service.Spec, run service.Run) error {
	if len(spec.Late)+len(spec.Set)+len(spec.EnvFiles)+len(spec.Secrets)+len(spec.SecretNames) == 0 {
		return nil
	}
	if _, done := c.filled.Load(run); done { // dirs needed it
		return nil
	}
	e := &layers{spec: spec, env: spec.Env}
	for _, file := range spec.EnvFiles {
		if err := e.file(file); err != nil {
			return fmt.Errorf("env_files: %w", err)
		}
	}
	// The names of secret_names are looked for in all layers but the secrets, and Late sees the secrets.
	below := *spec
	below.Late = nil
	filled, err := below.Filled(e.env, nil)
	if err != nil {
		return err
	}
	found, err := c.readSecrets(spec, filled.Env, e.doubtful)
	if err != nil {
		return err
	}
	if found != nil {
		c.keepSecrets(spec, run, found)
		filled.Env = found.without(filled.Env)
	}
	if filled.Late = spec.Late; len(spec.Late) > 0 {
		if err = e.mayDecide(spec); err == nil {
			filled, err = filled.Filled(filled.Env, found.lookup)
		}
		if err != nil {
			return err
		}
	}
	c.filled.Store(run, filled)
	return nil
}

// Filled is pid1.Owner's.
func (c *Container) Filled(spec *service.Spec, run service.Run) *service.Spec {
	if filled, ok := c.filled.Load(run); ok {
		return filled.(*service.Spec)
	}
	return spec
}

// layers is the environment of a start while it is made.
type layers struct {
	spec     *service.Spec
	env      []string
	index    map[string]int    // into env; nil: not made yet
	doubtful map[string]string // variables of files that other users can write to, and the file
}

// lookup finds a variable in the layers so far. With clear_env, a file may pass on one of ours.
func (e *layers) lookup(name string) (string, bool) {
	if i, known := e.index[name]; known {
		return e.env[i][len(name)+1:], true
	}
	return service.Variable(e.spec.Below, name)
}

// file puts the variables of a file over the layers so far.
func (e *layers) file(f service.EnvFile) error {
	text, theirs, err := readEnvFile(f.Path)
	if f.Optional && (errors.Is(err, fs.ErrNotExist) || errors.Is(err, unix.ENOTDIR)) {
		return nil
	}
	if err != nil {
		return err
	}
	if e.index == nil {
		e.env = slices.Clone(e.env)
		e.index = make(map[string]int, len(e.env))
		for i, entry := range e.env {
			name, _, _ := strings.Cut(entry, "=")
			e.index[name] = i
		}
	}
	read := dotenv.Compose
	if f.Raw {
		read = dotenv.Raw
	}
	variables, faults := read(text, e.lookup)
	if len(faults) > 0 {
		return envFileFaults(f.Path, faults)
	}
	for _, v := range variables {
		entry := v.Name + "=" + v.Value
		if i, known := e.index[v.Name]; known {
			e.env[i] = entry
		} else {
			e.index[v.Name] = len(e.env)
			e.env = append(e.env, entry)
		}
		if delete(e.doubtful, v.Name); theirs {
			if e.doubtful == nil {
				e.doubtful = make(map[string]string)
			}
			e.doubtful[v.Name] = f.Path
		}
	}
	return nil
}

// identityOf are the texts of the keys that say as whom a service runs.
func identityOf(spec *service.Spec) map[string][]string {
	return map[string][]string{"user": {spec.User}, "user_if_root": {spec.UserIfRoot}, "group": {spec.Group}, "groups": spec.Groups}
}

func isIdentity(key string) bool { return identityOf(&service.Spec{})[key] != nil || key == "groups" }

// mayDecide checks that no other user decides by an environment file as whom the service runs.
func (e *layers) mayDecide(spec *service.Spec) error {
	for _, name := range spec.Set { // they lie above the files
		name, _, _ = strings.Cut(name, "=")
		delete(e.doubtful, name)
	}
	for key, texts := range identityOf(spec) {
		if len(e.doubtful) == 0 || !slices.Contains(spec.Late, key) {
			continue
		}
		for _, text := range texts {
			bad := ""
			template, _ := expand.Parse(text, expand.Value)
			template.Names(func(name string) {
				if e.doubtful[name] != "" {
					bad = name
				}
			})
			if bad != "" {
				return fmt.Errorf("%s: the variable %s comes from %s, and other users can write to that file; set it elsewhere, or make the file and its directory root's own", key, bad, e.doubtful[bad])
			}
		}
	}
	return nil
}

// mostFaults is how many mistakes of an environment file stand in our line; the rest is counted.
const mostFaults = 3

func envFileFaults(path string, faults []dotenv.Fault) error {
	var all []string
	for i, fault := range faults {
		if i == mostFaults {
			all = append(all, fmt.Sprintf("and %s", service.Counted(len(faults)-i, "more mistake")))
			break
		}
		words := fault.Text
		if fault.Mend != "" {
			words += "; " + fault.Mend
		}
		all = append(all, fmt.Sprintf("%s:%d: %s", path, fault.Line, words))
	}
	return errors.New(strings.Join(all, "; "))
}

// readEnvFile reads a file of variables. theirs means that other users can write to it.
func readEnvFile(path string) (text string, theirs bool, err error) {
	fd, stat, theirs, err := openFile(path)
	if err != nil {
		return "", false, err
	}
	defer unix.Close(fd)
	if stat.Size > dotenv.MaxBytes {
		return "", false, fmt.Errorf("%s: the file is larger than %d bytes; is it the right file?", path, dotenv.MaxBytes)
	}
	buffer := make([]byte, stat.Size+1)
	n, err := readAll(fd, buffer)
	if err != nil {
		return "", false, fmt.Errorf("read %s: %w", path, err)
	}
	if n == len(buffer) {
		return "", false, &changed{path}
	}
	return string(buffer[:n]), theirs || writable(&stat), nil
}

// changed is the error for a file that became longer while it was read.
type changed struct{ path string }

func (c *changed) Error() string { return c.path + ": the file changed while it was read" }

// Unwrap makes it pass: the next start reads all of it.
func (c *changed) Unwrap() error { return syscall.EAGAIN }

// writable tells whether others than root and us can write to a file.
func writable(s *unix.Stat_t) bool {
	us := unix.Geteuid()
	return s.Uid != 0 && int(s.Uid) != us || s.Mode&0o002 != 0 || s.Mode&0o020 != 0 && s.Gid != 0 && (us == 0 || int(s.Gid) != unix.Getegid())
}

// openFile opens a regular file to read it, safely where other users can change the directories on the way; theirs
// means that they can exchange it.
func openFile(path string) (fd int, stat unix.Stat_t, theirs bool, err error) {
	place, err := paths.Find(path)
	if err != nil {
		return -1, stat, false, &fs.PathError{Op: "open", Path: path, Err: err}
	}
	defer place.Close()
	fd, stat, err = place.Open(unix.O_RDONLY)
	if err != nil {
		return -1, stat, false, &fs.PathError{Op: "open", Path: path, Err: err}
	}
	switch stat.Mode & unix.S_IFMT {
	case unix.S_IFREG:
		return fd, stat, place.Exposed != nil, nil
	case unix.S_IFDIR:
		err = fmt.Errorf("%s is a directory; Docker makes one if a file to be mounted is missing on the host", path)
	default:
		err = fmt.Errorf("%s is not a regular file", path)
	}
	_ = unix.Close(fd)
	return -1, stat, false, err
}

// readAll reads until the end of the file or of the buffer.
func readAll(fd int, buffer []byte) (n int, err error) {
	for n < len(buffer) {
		got, err := unix.Read(fd, buffer[n:])
		switch {
		case err == unix.EINTR:
		case err != nil:
			return n, err
		case got == 0:
			return n, nil
		default:
			n += got
		}
	}
	return n, nil
}
