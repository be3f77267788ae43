package files

import (
	"bytes"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"strings"

	"golang.org/x/sys/unix"

	"sexton/expand"
	"sexton/paths"
)

// Bounds of a template and of what becomes of it.
const (
	mostTemplate = 1 << 20
	mostRendered = 4 << 20
)

// Template is a file that is made from another one.
type Template struct {
	From, To string
	Owner    Owner // whom the file belongs to
	Mode     int   // its permissions; -1: 0640, or 0600 with a secret in it
}

// Rendered is what Render has done.
type Rendered struct {
	Same   bool   // the file was there, and nothing differs
	Secret bool   // it contains a secret
	Mode   uint32 // its permissions
}

// Lookup gives a variable's value, whether it is set, and whether it is a secret.
type Lookup func(name string) (value string, set, secret bool)

// Render fills variables into the template. The file appears whole or not at all. Its text is never on Go's heap, since there may be
// secrets in it.
func (t *Template) Render(lookup Lookup) (Rendered, error) {
	out := Rendered{Mode: 0o640}
	text, err := Text(t.From, t.Owner.UID)
	if err != nil {
		return out, fmt.Errorf("cannot read the template %s: %w", t.From, err)
	}
	page, err := newPage(mostRendered)
	if err != nil {
		return out, fmt.Errorf("no memory for %s: %w", t.To, err)
	}
	defer page.free()
	template, faults := expand.Parse(text, 0)
	if len(faults) == 0 {
		faults = template.Write(func(name string) (string, bool) {
			value, set, secret := lookup(name)
			out.Secret = out.Secret || set && secret
			return value, set
		}, mostRendered, page.put)
	}
	if len(faults) > 0 {
		return out, t.faulty(text, faults)
	}
	switch {
	case t.Mode >= 0:
		out.Mode = uint32(t.Mode)
	case out.Secret:
		out.Mode = 0o600
	}
	out.Same, err = t.write(page.bytes(), out.Mode)
	return out, err
}

// Text is the text of a template. Where others can write, it must belong to root, to us, to the user of
// the service, or to the owner of the directory: it decides what is in the file.
func Text(from string, user int) (string, error) {
	p, err := paths.Find(from)
	if err != nil {
		return "", err
	}
	defer p.Close()
	p.Owner = user
	fd, s, err := p.Open(unix.O_RDONLY)
	if err != nil {
		return "", err
	}
	defer unix.Close(fd)
	if p.Exposed != nil {
		if err := p.VetOwner(&s); err != nil {
			return "", err
		}
	}
	switch {
	case s.Mode&unix.S_IFMT != unix.S_IFREG:
		return "", errors.New("it is not a regular file")
	case s.Size > mostTemplate:
		return "", fmt.Errorf("it is longer than %d bytes", mostTemplate)
	}
	buffer := make([]byte, s.Size+1)
	n, err := readAll(fd, buffer)
	if err == nil && int64(n) > s.Size {
		err = errors.New("it has grown just now")
	}
	return string(buffer[:n]), err
}

// readAll reads until the buffer is full or the file is at its end.
func readAll(fd int, buffer []byte) (n int, err error) {
	for n < len(buffer) {
		more, err := unix.Read(fd, buffer[n:])
		switch {
		case err == unix.EINTR:
		case err != nil:
			return n, err
		case more == 0:
			return n, nil
		default:
			n += more
		}
	}
	return n, nil
}

// faulty names the template, the line and the variable of each fault.
func (t *Template) faulty(text string, faults []expand.Fault) error {
	const most = 3
	words, said := make([]string, 0, most+1), make(map[string]bool)
	for _, fault := range faults {
		if fault.Name != "" && said[fault.Name] {
			continue
		}
		said[fault.Name] = true
		if len(words) == most {
			words = append(words, "and more")
			break
		}
		words = append(words, fmt.Sprintf("%s:%d: %s", t.From, 1+strings.Count(text[:fault.Start], "\n"), fault.Error()))
	}
	return errors.New(strings.Join(words, "; "))
}

// write puts the text in the place of the file, if anything differs.
func (t *Template) write(text []byte, mode uint32) (same bool, err error) {
	p, err := paths.Find(t.To)
	if err != nil {
		return false, t.cannotWrite(err)
	}
	defer p.Close()
	if err := vetWay(p, t.Owner.UID); err != nil {
		return false, t.cannotWrite(err)
	}
	var s unix.Stat_t
	if err := p.Stat(&s); err == nil {
		switch s.Mode & unix.S_IFMT {
		case unix.S_IFREG:
			if t.Owner.has(&s) && s.Mode&0o7777 == mode && s.Nlink == 1 && holds(p, text) {
				return true, nil
			}
		case unix.S_IFLNK: // which a user has put there: it is replaced
		default:
			return false, fmt.Errorf("cannot write %s: it exists and is not a regular file; remove it, or choose another path", t.To)
		}
	}
	return false, t.replace(p, text, mode)
}

// holds tells whether the file has this text already.
func holds(p *paths.Place, text []byte) bool {
	fd, s, err := p.Open(unix.O_RDONLY)
	if err != nil {
		return false
	}
	defer unix.Close(fd)
	if s.Mode&unix.S_IFMT != unix.S_IFREG || s.Size != int64(len(text)) {
		return false
	}
	page, err := newPage(len(text) + 1)
	if err != nil {
		return false
	}
	defer page.free()
	n, err := readAll(fd, page.memory)
	page.used = n
	return err == nil && bytes.Equal(page.bytes(), text)
}

// replace writes a new file and renames it.
func (t *Template) replace(p *paths.Place, text []byte, mode uint32) error {
	var fd int
	var temporary *paths.Place
	err := error(unix.EEXIST)
	for range 3 {
		temporary = p.At(fmt.Sprintf(".%.200s.sexton-%08x", p.Name, rand.Uint32()))
		if fd, err = temporary.Create(unix.O_WRONLY, 0o600); err != unix.EEXIST {
			break
		}
	}
	if err != nil {
		return t.cannotWrite(err)
	}
	err = t.fill(fd, text, mode)
	if closed := unix.Close(fd); err == nil && closed != nil {
		err = t.cannotWrite(closed)
	}
	if err == nil {
		if err = temporary.Rename(p.Name); err == nil {
			return nil
		}
		err = t.cannotWrite(err)
	}
	_ = temporary.Remove()
	return err
}

// fill writes the new file, and gives it to its owner.
func (t *Template) fill(fd int, text []byte, mode uint32) error {
	var s unix.Stat_t
	if err := unix.Fstat(fd, &s); err != nil {
		return t.cannotWrite(err)
	}
	for len(text) > 0 {
		n, err := unix.Write(fd, text)
		if err != nil && err != unix.EINTR {
			return t.cannotWrite(err)
		}
		text = text[max(0, n):]
	}
	if err := unix.Fchmod(fd, mode); err != nil {
		return t.cannotWrite(err)
	}
	if !t.Owner.has(&s) {
		if err := chown(fd, t.Owner); err != nil {
			return cannotGive(t.To, t.Owner, err)
		}
	}
	return nil
}

// cannotWrite explains why the file cannot be written.
func (t *Template) cannotWrite(err error) error {
	mend := ""
	switch {
	case errors.Is(err, unix.EROFS):
		mend = "; mount a volume or a tmpfs at its directory, or choose another path"
	case errors.Is(err, unix.EBUSY):
		mend = "; it is a mount of its own and cannot be replaced: mount its directory, or choose another path"
	case errors.Is(err, unix.ENOENT):
		mend = "; make its directory with dirs"
	case errors.Is(err, unix.EACCES):
		mend = fmt.Sprintf("; sexton runs as UID %d and cannot write to its directory", os.Geteuid())
	}
	return fmt.Errorf("cannot write %s: %w%s", t.To, err, mend)
}

// page is memory outside of Go's heap, which is wiped in the end.
type page struct {
	memory []byte
	used   int
}

func newPage(size int) (*page, error) {
	memory, err := unix.Mmap(-1, 0, size, unix.PROT_READ|unix.PROT_WRITE, unix.MAP_PRIVATE|unix.MAP_ANON)
	return &page{memory: memory}, err
}

func (p *page) put(piece string) { p.used += copy(p.memory[p.used:], piece) }

func (p *page) bytes() []byte { return p.memory[:p.used] }

func (p *page) free() {
	clear(p.bytes())
	_ = unix.Munmap(p.memory)
}
