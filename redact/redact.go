// Package redact takes secrets out of texts. It keeps no secret itself, only the length and two hashes of each one, with
// which it finds it in a text.
package redact

import (
	"bytes"
	"hash/maphash"
	"strings"
	"sync"
)

const (
	// least is how many bytes a secret has at least that is looked for: shorter ones are parts of ordinary words.
	least = 4

	// leastLine is the same for a line of a secret of several lines, such as a private key.
	leastLine = 8

	// mostLines bounds how many lines of a secret are looked for by themselves.
	mostLines = 200

	// Instead stands in a text in place of a secret.
	Instead = "***"
)

// Set is a set of secrets. Any goroutine may call its methods. The zero value is empty.
type Set struct {
	mu     sync.RWMutex
	seed   maphash.Seed
	known  map[int]map[uint64][]*print // by their length and their rolling hash
	owners map[string]*kept
}

// print is the fingerprint of a secret.
type print struct {
	length  int
	rolling uint64
	sum     uint64
	users   int // how many owners have it; of one owner several times where it had it before, too
}

// kept are the secrets of one owner.
type kept struct{ now, before []*print }

// Put replaces the secrets of an owner. Those that it had until now stay known too, since a text may come late, and those
// before them do not.
func (s *Set) Put(owner string, secrets ...[]byte) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.owners == nil {
		s.seed, s.known, s.owners = maphash.MakeSeed(), make(map[int]map[uint64][]*print), make(map[string]*kept)
	}
	var now []*print
	for _, secret := range secrets {
		now = s.add(now, secret, least)
		if bytes.IndexByte(secret, '\n') < 0 {
			continue
		}
		for range mostLines {
			line, rest, more := bytes.Cut(secret, []byte("\n"))
			now = s.add(now, bytes.TrimSpace(line), leastLine)
			if secret = rest; !more {
				break
			}
		}
	}
	k := s.owners[owner]
	switch {
	case k == nil:
		s.owners[owner] = &kept{now: now}
	case same(k.now, now):
		s.drop(now)
	default:
		s.drop(k.before)
		k.now, k.before = now, k.now
	}
}

// Forget drops the secrets of an owner.
func (s *Set) Forget(owner string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if k := s.owners[owner]; k != nil {
		s.drop(k.now)
		s.drop(k.before)
		delete(s.owners, owner)
	}
}

func same(a, b []*print) bool {
	if len(a) != len(b) {
		return false
	}
	for i := range a {
		if a[i] != b[i] {
			return false
		}
	}
	return true
}

// add enters a secret, if it is long enough.
func (s *Set) add(to []*print, secret []byte, least int) []*print {
	if len(secret) < least {
		return to
	}
	rolling, sum := uint64(0), maphash.Bytes(s.seed, secret)
	for _, c := range secret {
		rolling = rolling*base + uint64(c)
	}
	same := s.known[len(secret)]
	if same == nil {
		same = make(map[uint64][]*print)
		s.known[len(secret)] = same
	}
	for _, p := range same[rolling] {
		if p.sum == sum {
			p.users++
			return append(to, p)
		}
	}
	p := &print{len(secret), rolling, sum, 1}
	same[rolling] = append(same[rolling], p)
	return append(to, p)
}

func (s *Set) drop(prints []*print) {
	for _, p := range prints {
		if p.users--; p.users > 0 {
			continue
		}
		same := s.known[p.length]
		var left []*print
		for _, other := range same[p.rolling] {
			if other != p {
				left = append(left, other)
			}
		}
		if same[p.rolling] = left; left == nil {
			delete(same, p.rolling)
		}
		if len(same) == 0 {
			delete(s.known, p.length)
		}
	}
}

// base is that of the rolling hash: its bytes are the digits of a number, which is cut to 64 bits.
const base = 0x9e3779b97f4a7c15

// Text is a text without the secrets.
func (s *Set) Text(text string) string {
	s.mu.RLock()
	defer s.mu.RUnlock()
	var covered []bool // which bytes belong to a secret; nil: none
	for length, same := range s.known {
		if length > len(text) {
			continue
		}
		covered = s.cover(text, length, same, covered)
	}
	if covered == nil {
		return text
	}
	var b strings.Builder
	for i := range len(text) {
		switch {
		case !covered[i]:
			b.WriteByte(text[i])
		case i == 0 || !covered[i-1]:
			b.WriteString(Instead)
		}
	}
	return b.String()
}

// cover marks the secrets of one length.
func (s *Set) cover(text string, length int, same map[uint64][]*print, covered []bool) []bool {
	rolling, power := uint64(0), uint64(1) // power is base to the length
	for i := range length {
		rolling = rolling*base + uint64(text[i])
		power *= base
	}
	for i := 0; ; i++ {
		for _, p := range same[rolling] {
			if maphash.String(s.seed, text[i:i+length]) != p.sum {
				continue
			}
			if covered == nil {
				covered = make([]bool, len(text))
			}
			for j := range length {
				covered[i+j] = true
			}
		}
		if i+length == len(text) {
			return covered
		}
		rolling = rolling*base + uint64(text[i+length]) - uint64(text[i])*power
	}
}
