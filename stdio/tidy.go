package stdio

import (
	"compress/gzip"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

// tidy removes the oldest rotated files and compresses the others, beside
// everything else. Only one goroutine does it for a file; when it is asked again
// meanwhile it looks once more, so there is never more than one to compress
// that would be removed anyway.
func (f *file) tidy() {
	if f.tidying.Add(1) > 1 {
		return
	}
	f.sink.mux.tidying.Add(1)
	go func() {
		defer f.sink.mux.tidying.Add(-1)
		for {
			asked := f.tidying.Load()
			if err := f.tidyAlone(); err != nil {
				f.sink.mux.Say(Errors, "", "cannot tidy up what was rotated of "+f.Path+": "+err.Error()+"; it stays as it is")
			} else if f.tidying.Load() != asked {
				continue
			}
			if f.tidying.CompareAndSwap(asked, 0) {
				return
			}
		}
	}()
}

// tidyAlone is tidyOnce when no other file is being tidied up: a disk that hangs
// then holds up one thread and no more.
func (f *file) tidyAlone() error {
	m := f.sink.mux
	m.tidier.Lock()
	defer m.tidier.Unlock()
	return f.tidyOnce()
}

// tidyOnce looks until nothing is left to do.
func (f *file) tidyOnce() error {
	for {
		old, err := f.rotated()
		if err != nil {
			return err
		}
		for len(old) > f.Keep {
			if err := os.Remove(old[0]); err != nil && !os.IsNotExist(err) {
				return err
			}
			old = old[1:]
		}
		i := -1
		if f.Compress {
			i = slices.IndexFunc(old, func(name string) bool { return !strings.HasSuffix(name, packed) })
		}
		if i < 0 {
			return nil
		}
		if err := f.pack(old[i]); err != nil {
			return err
		}
	}
}

const (
	packed   = ".gz"
	unpacked = ".gz.part" // not yet whole
)

// rotated lists what was rotated, oldest first, and removes what a compression
// has left that did not come to its end.
func (f *file) rotated() (names []string, err error) {
	dir, base := filepath.Split(f.Path)
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil, err
	}
	for _, e := range entries {
		at, ours := strings.CutPrefix(e.Name(), base+".")
		if stamp, left := strings.CutSuffix(at, unpacked); ours && left && isRotated(stamp) {
			_ = os.Remove(filepath.Join(dir, e.Name()))
		} else if ours && isRotated(strings.TrimSuffix(at, packed)) {
			names = append(names, filepath.Join(dir, e.Name()))
		}
	}
	return names, nil
}

func isRotated(stamp string) bool {
	_, err := time.Parse(rotatedForm, stamp)
	return err == nil
}

// pack compresses a file. Until it is whole it has another name.
func (f *file) pack(name string) (err error) {
	from, err := os.Open(name)
	if err != nil {
		return err
	}
	defer from.Close()
	part := strings.TrimSuffix(name, packed) + unpacked
	to, err := os.OpenFile(part, os.O_WRONLY|os.O_CREATE|os.O_TRUNC|unix.O_CLOEXEC, 0o600)
	if err != nil {
		return err
	}
	defer func() {
		if again := to.Close(); err == nil {
			err = again
		}
		if err == nil {
			err = os.Rename(part, name+packed)
		}
		if err == nil {
			err = os.Remove(name)
		} else {
			_ = os.Remove(part)
		}
	}()
	f.own(int(to.Fd()))
	z := gzip.NewWriter(to)
	buffer := make([]byte, 32<<10)
	for {
		n, err := from.Read(buffer)
		if _, failed := z.Write(buffer[:n]); failed != nil {
			return failed
		}
		switch {
		case err == io.EOF:
			return z.Close()
		case err != nil:
			return err
		}
		runtime.Gosched() // there is one processor for all of us, and the loop needs it at once
	}
}
