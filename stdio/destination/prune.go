package destination

import (
	"golang.org/x/sys/unix"

	"sexton/paths"
)

// prune removes the oldest rotated files, and has the others compressed. The goroutine
// that writes the file does it, so it holds up no other log. A file that cannot be removed
// is left, and so are all if they cannot be listed.
func (f *File) prune(place *paths.Place) {
	kept, err := newest(place, f.Keep)
	working := f.set.compressor.busy(f)
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
		f.set.compressor.ask(f)
	}
}

// remove removes a file next to ours.
func (f *File) remove(place *paths.Place, name string) {
	if err := place.At(name).Remove(); err != nil && err != unix.ENOENT {
		f.cannot("remove", name, err)
	}
}
