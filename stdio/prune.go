package stdio

import (
	"errors"
	"slices"
	"strings"
	"sync"
	"time"

	"golang.org/x/sys/unix"

	"sexton/paths"
)

const (
	rotatedForm = "20060102T150405.000000000Z"
	packed      = ".gz"
	unpacked    = ".gz.part" // not yet whole
)

func rotatedStamp(t time.Time) string { return t.UTC().Format(rotatedForm) }

// stampOf is the time in the name of a file that was rotated of base, compressed or
// not; rest is what stands behind it.
func stampOf(name, base string) (stamp, rest string, ok bool) {
	at, ours := strings.CutPrefix(name, base+".")
	if !ours || len(at) < len(rotatedForm) {
		return "", "", false
	}
	stamp, rest = at[:len(rotatedForm)], at[len(rotatedForm):]
	_, err := time.Parse(rotatedForm, stamp)
	return stamp, rest, err == nil && (rest == "" || rest == packed || rest == unpacked)
}

// nextStamp is the time for the name of what is rotated now: the present, or else
// one nanosecond behind the latest name that there is. The clock may have been set back, or
// the volume come from a host whose clock is ahead, and the oldest name is removed first: what is
// rotated in this life must not have it.
func (f *file) nextStamp(place *paths.Place) (string, error) {
	now := f.sink.mux.now()
	latest := f.latest
	stamps, _ := newest(place, 1) // if it cannot be listed, prune says so
	if len(stamps) > 0 {
		if last, err := time.Parse(rotatedForm, stamps[0]); err == nil && last.After(latest) {
			latest = last
		}
	}
	if ahead := latest.Sub(now); ahead > time.Second && !f.ahead {
		f.ahead = true
		f.sink.mux.Say(Errors, "", "rotated files of "+f.Path+" are dated in the future (the latest "+rotatedStamp(latest)+
			"); new ones get later names, so that older files are removed first; check the clock")
	}
	if !now.After(latest) {
		now = latest.Add(1)
	}
	if now.UTC().Year() > 9999 {
		return "", errors.New("there is a rotated file of the year 9999, behind which no other can be named; remove it")
	}
	f.latest = now
	return rotatedStamp(now), nil
}

// newest lists the latest n times in the names of what was rotated, in order: each once,
// whether it is there compressed, not compressed or, for a moment, both. It
// keeps no more than that in memory: whoever owns the directory can make any number of names. What
// is no file of ours does not count: a directory with the latest name that there is would end rotation.
func newest(place *paths.Place, n int) (stamps []string, err error) {
	_, err = place.Names(func(name string) bool {
		stamp, rest, ours := stampOf(name, place.Name)
		if !ours || rest == unpacked {
			return false
		}
		at, known := slices.BinarySearch(stamps, stamp)
		if known || at == 0 && len(stamps) == n || !place.Ours(name) {
			return false
		}
		stamps = slices.Insert(stamps, at, stamp)
		stamps = stamps[max(0, len(stamps)-n):]
		return false
	})
	return stamps, err
}

// prune removes the oldest rotated files, and has the others compressed. The
// goroutine that writes the file does it, so it holds up nobody else. What cannot be
// removed is left, and what cannot be listed, too.
func (f *file) prune(place *paths.Place) {
	m := f.sink.mux
	kept, err := newest(place, f.Keep)
	working := m.packer.busy(f)
	if err == nil {
		_, err = place.Names(func(name string) bool {
			stamp, rest, ours := stampOf(name, place.Name)
			old := len(kept) == f.Keep && (f.Keep == 0 || stamp < kept[0])
			if left := rest == unpacked && !working; ours && (left || old && rest != unpacked) {
				f.remove(place, name) // left: by a compression that did not come to its end
			}
			return false
		})
	}
	if err != nil {
		f.cannot("list", "the rotated files", err)
	}
	if f.Compress && len(kept) > 0 {
		m.packer.ask(f)
	}
}

// remove removes a file next to ours.
func (f *file) remove(place *paths.Place, name string) {
	if err := place.At(name).Remove(); err != nil && err != unix.ENOENT {
		f.cannot("remove", name, err)
	}
}

// trouble is what was said of files that cannot be tidied up.
type trouble struct {
	mu   sync.Mutex
	said map[string]bool // what cannot be done, and with what
}

// mostTrouble is how many files are named: whoever owns the directory can make any
// number of them.
const mostTrouble = 16

// note takes a note of what cannot be done, and tells whether it is to be said.
func (t *trouble) note(what string) (fresh, last bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.said[what] || len(t.said) == mostTrouble {
		return false, false
	}
	if t.said == nil {
		t.said = make(map[string]bool)
	}
	t.said[what] = true
	return true, len(t.said) == mostTrouble
}

// has tells whether it was noted.
func (t *trouble) has(what string) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.said[what]
}

// cannot says once that something cannot be done with a file, "remove" or "compress". The
// others are gone on with.
func (f *file) cannot(what, name string, err error) {
	fresh, last := f.trouble.note(what + " " + name)
	if !fresh {
		return
	}
	var refused *paths.Refused
	if errors.As(err, &refused) {
		err = errors.New(refused.Why)
	}
	text := "cannot " + what + " " + name + " next to " + f.Path + ": " + err.Error() + "; it is left as it is, and the others are tidied up"
	if last {
		text += "; that is said of no more files"
	}
	f.sink.mux.Say(Errors, "", text)
}
