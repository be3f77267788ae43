package spawn

import (
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"sexton/kernel/hidden"
	"sexton/proc"
)

func TestChildGetsSecrets(t *testing.T) {
	const entries = "A=secret\x00\x00B=two\nlines\x00C=\x00"
	memory, err := hidden.New(len(entries)+100, true)
	if err != nil {
		t.Fatal(err)
	}
	defer memory.Drop()
	all, _ := memory.Map()
	copy(all, entries)
	memory.Unmap()
	for range 2 { // the second is, say, a probe
		output, exit := run(t, &proc.Command{Argv: []string{"/bin/sh", "-c", `printf '%s,' "$Z" "$A" "$B" "${C-unset}"; env | wc -l`}, Env: []string{"PATH=/usr/bin:/bin", "Z=z"}, Secrets: memory})
		if exit.Status() != 0 || !strings.HasPrefix(output, "z,secret,two\nlines,,") {
			t.Errorf("%v: %q", exit, output)
		}
	}
}

// broken are secrets that cannot be mapped.
type broken struct{ proc.Secrets }

func (broken) Map() ([]byte, error) { return nil, unix.ENOMEM }

func TestSecretsThatCannotBeMapped(t *testing.T) {
	var s Spawner
	_, err := s.Spawn(&proc.Command{Argv: []string{"true"}, Secrets: broken{}})
	if failed, ok := err.(*proc.SpawnError); !ok || !failed.Passing || failed.Error() != "mmap: cannot allocate memory" {
		t.Error(err)
	}
}
