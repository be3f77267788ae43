package destination

import (
	"errors"
	"slices"
	"strings"
	"time"

	"golang.org/x/sys/unix"

	"sexton/paths"
)

// rotate puts the file aside and opens a new one. If it cannot be put aside it
// is written on, beyond its size, and that is tried again each time as much has come
// as a whole file holds, or after its age.
func (f *File) rotate() error {
	place, err := paths.Make(f.Path)
	if err == nil {
		defer place.Close()
		place.Owner = f.owner()
		err = f.putAside(place)
	}
	if err != nil && err != unix.ENOENT {
		if f.beyond == 0 {
			f.set.Say("cannot rotate " + f.Path + ": " + err.Error() + "; it grows until a later attempt succeeds")
		}
		f.beyond, f.born = max(f.size, 1), f.set.now()
		return nil
	}
	f.shut()
	if place == nil {
		return f.open()
	}
	return f.openAt(place)
}

// putAside takes the file away from its name. A symbolic link stays: its maker wants the
// file to be where it points to, which may be a descriptor of another process. In a
// directory that others can write to no link is followed, and one that is there now was
// made since the file was opened: it goes.
func (f *File) putAside(place *paths.Place) error {
	if place.Linked {
		return errors.New("it is a symbolic link; name the file itself")
	}
	if f.Keep == 0 {
		return place.Remove()
	}
	stamp, err := f.nextStamp(place)
	if err != nil {
		return err
	}
	return place.Rename(place.Name + "." + stamp)
}

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

// nextStamp is the time for the name of the file that is rotated now: the present, but at
// least one nanosecond behind the latest name that there is. The clock may have been set
// back, or the volume may come from a host with a clock that is ahead. The oldest name is
// removed first, so a file that is rotated now must not have it.
func (f *File) nextStamp(place *paths.Place) (string, error) {
	now := f.set.now()
	latest := f.latest
	stamps, _ := newest(place, 1) // if it cannot be listed, prune says so
	if len(stamps) > 0 {
		if last, err := time.Parse(rotatedForm, stamps[0]); err == nil && last.After(latest) {
			latest = last
		}
	}
	if ahead := latest.Sub(now); ahead > time.Second && !f.ahead {
		f.ahead = true
		f.set.Say("rotated files of " + f.Path + " are dated in the future (the latest " + rotatedStamp(latest) +
			"); new ones get later names, so that older files are removed first; check the clock")
	}
	if !now.After(latest) {
		now = latest.Add(1)
	}
	if now.UTC().Year() > 9999 {
		return "", errors.New("a rotated file is dated in the year 9999, so no later name is possible; remove it")
	}
	f.latest = now
	return rotatedStamp(now), nil
}

// newest lists the latest n times in the names of rotated files, in order: each once,
// whether the file is compressed, not compressed or, for a moment, both. It keeps no more
// in memory: the owner of the directory can make any number of names. Only files of ours
// count: otherwise a directory with the latest possible name would end rotation.
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
