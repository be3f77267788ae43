package container

import (
	"bytes"
	"fmt"
	"slices"
	"strings"

	"golang.org/x/sys/unix"

	"sexton/kernel/hidden"
	"sexton/service"
)

// The values of secrets are read into memory that is not Go's (kernel/hidden), and the program's exec takes them from
// there.

// secrets are those of one start, until the program has them.
type secrets struct {
	*hidden.Memory
	space   []byte           // all of it, during the preparation
	places  map[string]place // of the values in the memory
	pointer []string         // the variables with their paths, which the program does not get
	kept    bool             // also after the start
}

// place is where something is in the memory.
type place struct{ at, len int }

// wanted is a secret to be read.
type wanted struct {
	name, path string
	key        string // "secrets.TOKEN", for messages
	fd         int
	size       int
}

// readSecrets reads the secrets of a service; env is the rest of its environment. It returns nil if there are none.
func (c *Container) readSecrets(spec *service.Spec, env []string, doubtful map[string]string) (*secrets, error) {
	all, pointer, err := secretsOf(spec, env, doubtful)
	if err != nil || len(all) == 0 {
		return nil, err
	}
	defer func() {
		for _, w := range all {
			if w.fd >= 0 {
				_ = unix.Close(w.fd)
			}
		}
	}()
	size := 0
	for i := range all {
		if err := all[i].open(); err != nil {
			return nil, err
		}
		size += all[i].room()
	}
	memory, err := hidden.New(size, spec.KeepsSecrets())
	if err != nil {
		return nil, fmt.Errorf("no memory for secrets: %w", err)
	}
	space, err := memory.Map()
	if err != nil {
		memory.Drop()
		return nil, fmt.Errorf("no memory for secrets: %w", err)
	}
	found := &secrets{Memory: memory, space: space, places: make(map[string]place, len(all)), pointer: pointer}
	values, err := found.read(all)
	if err != nil {
		memory.Unmap()
		memory.Drop()
		return nil, err
	}
	c.secrets.Put(spec.Name, values...)
	return found, nil
}

// read reads the files.
func (s *secrets) read(all []wanted) (values [][]byte, err error) {
	at := 0
	for _, w := range all {
		n, err := w.read(s.space[at : at+w.room()])
		if err != nil {
			return nil, err
		}
		p := place{at + len(w.name) + len("="), n}
		s.places[w.name] = p
		values = append(values, s.space[p.at:p.at+p.len])
		at = p.at + p.len + 1
	}
	return values, nil
}

// secretsOf lists the secrets of a service, and the variables with paths among them.
func secretsOf(spec *service.Spec, env []string, doubtful map[string]string) (all []wanted, pointer []string, err error) {
	for _, s := range spec.Secrets {
		all = append(all, wanted{name: s.Name, path: s.Path, key: "secrets." + s.Name, fd: -1})
	}
	names := spec.SecretNames
	if all := slices.Contains(names, "*"); !all {
		env = slices.Concat(env, spec.Below) // a name that is written down is meant, clear_env or not
	} else {
		names = nil
		for _, entry := range env {
			name, _, _ := strings.Cut(entry, "=")
			if bare, ok := strings.CutSuffix(name, "_FILE"); ok && bare != "" {
				names = append(names, bare)
			}
		}
	}
	for _, name := range names {
		file := name + "_FILE"
		path, _ := service.Variable(env, file)
		if path == "" {
			continue
		}
		value, _ := service.Variable(env, name)
		switch {
		case value != "" || slices.ContainsFunc(spec.Secrets, func(s service.Secret) bool { return s.Name == name }):
			return nil, nil, fmt.Errorf("secret_names: %s and %s are both set; remove one of them", name, file)
		case doubtful[file] != "":
			return nil, nil, fmt.Errorf("secret_names: %s comes from %s, and other users can write to that file; set it elsewhere, or make the file and its directory root's own", file, doubtful[file])
		case path[0] != '/':
			return nil, nil, fmt.Errorf("secret_names: %s is no absolute path; begin it with a slash", file)
		}
		all = append(all, wanted{name: name, path: path, key: file, fd: -1})
		pointer = append(pointer, file)
	}
	return all, pointer, nil
}

// open opens the file.
func (w *wanted) open() error {
	fd, stat, _, err := openFile(w.path)
	if err != nil {
		return fmt.Errorf("%s: %w", w.key, err)
	}
	w.fd = fd
	if stat.Size > service.MostText {
		return w.tooLong()
	}
	w.size = int(stat.Size)
	return nil
}

// room is how much memory the variable takes: NAME=, the value, and a NUL byte, which also shows that the file has grown.
func (w *wanted) room() int { return len(w.name) + len("=") + w.size + 1 }

func (w *wanted) tooLong() error {
	return fmt.Errorf("%s: %s is too long: the kernel takes no variable of more than %d bytes; let the program read the file itself", w.key, w.path, service.MostText)
}

// read writes the variable into memory, and returns the length of its value. All newlines at the end are cut, as the shell's
// $(< file) does it.
func (w *wanted) read(into []byte) (length int, err error) {
	value := into[copy(into, w.name+"="):]
	n, err := readAll(w.fd, value)
	switch {
	case err != nil:
		return 0, fmt.Errorf("%s: read %s: %w", w.key, w.path, err)
	case n == len(value):
		return 0, fmt.Errorf("%s: %w", w.key, &changed{w.path})
	case bytes.IndexByte(value[:n], 0) >= 0:
		return 0, fmt.Errorf("%s: %s contains a NUL byte, which no variable can have; let the program read the file itself", w.key, w.path)
	}
	length = len(bytes.TrimRight(value[:n], "\n"))
	clear(value[length:])
	switch {
	case length == 0:
		return 0, fmt.Errorf("%s: %s is empty; write the secret into it", w.key, w.path)
	case len(w.name)+len("=")+length > service.MostText:
		return 0, w.tooLong()
	}
	return length, nil
}

// lookup finds a secret by its variable, during the preparation: the value is gone afterwards. It may be called for nil.
func (s *secrets) lookup(name string) (string, bool) {
	if s == nil || s.space == nil {
		return "", false
	}
	p, known := s.places[name]
	if !known {
		return "", false
	}
	return hidden.Text(s.space[p.at : p.at+p.len]), true
}

// without is an environment without the variables that are secrets or have their paths.
func (s *secrets) without(env []string) []string {
	return slices.DeleteFunc(env, func(entry string) bool {
		name, _, _ := strings.Cut(entry, "=")
		_, secret := s.places[name]
		return secret || slices.Contains(s.pointer, name)
	})
}

// keepSecrets holds the secrets of a run until its start or, where the run's other commands need them too, until the service
// has other ones or is forgotten.
func (c *Container) keepSecrets(spec *service.Spec, run service.Run, found *secrets) {
	c.hidden.Store(run, found)
	if found.kept = spec.KeepsSecrets(); found.kept {
		c.dropSecrets(spec.Name)
		c.keepers.Store(spec.Name, run)
	}
}

// dropSecrets drops what is kept of a service's earlier runs.
func (c *Container) dropSecrets(name string) {
	if run, ok := c.keepers.LoadAndDelete(name); ok {
		if found, ok := c.hidden.LoadAndDelete(run); ok {
			found.(*secrets).Drop()
		}
	}
}
