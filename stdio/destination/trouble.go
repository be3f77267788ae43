package destination

import (
	"errors"
	"sync"

	"sexton/paths"
)

// trouble is what was reported of files that cannot be removed or compressed.
type trouble struct {
	mu   sync.Mutex
	said map[string]bool // what cannot be done, and with what
}

// mostTrouble is how many files are named: the owner of the directory can make any number
// of them.
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
func (f *File) cannot(what, name string, err error) {
	fresh, last := f.trouble.note(what + " " + name)
	if !fresh {
		return
	}
	var refused *paths.Refused
	if errors.As(err, &refused) {
		err = errors.New(refused.Why)
	}
	text := "cannot " + what + " " + name + " next to " + f.Path + ": " + err.Error() + "; it stays, and sexton goes on with the others"
	if last {
		text += "; no more such files are reported"
	}
	f.set.Say(text)
}
