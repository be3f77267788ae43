package spawn

import (
	"bytes"

	"golang.org/x/sys/unix"

	"sexton/proc"
)

// addSecrets adds secrets to the environment. The child's exec reads them where they are: Go's memory gets no copy.
func (p *plan) addSecrets(secrets proc.Secrets) error {
	entries, err := secrets.Map()
	if err != nil {
		return &proc.SpawnError{Stage: "mmap", Err: err, Passing: err == unix.ENOMEM || err == unix.EAGAIN}
	}
	p.env = p.env[:len(p.env)-1]
	for len(entries) > 0 {
		end := bytes.IndexByte(entries, 0)
		if end < 0 {
			break
		}
		if end > 0 {
			p.env = append(p.env, &entries[0])
		}
		entries = entries[end+1:]
	}
	p.env = append(p.env, nil)
	return nil
}
