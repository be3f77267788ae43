package kernel

import (
	"os"
	"testing"

	"sexton/proc"
)

// A process may call itself by any bytes, a line of ours among them.
func TestNameOfIsFitToBeSaid(t *testing.T) {
	const comm = "/proc/self/comm"
	before, err := os.ReadFile(comm)
	if err != nil {
		t.Skip(err)
	}
	t.Cleanup(func() { _ = os.WriteFile(comm, before, 0) })
	for name, want := range map[string]string{
		"x\nsexton: hi":          `x\nsexton: hi`,
		"\x1b[2J\x7f\u0085\xff(": `\x1b[2J\x7f\u0085\xff(`,
		"größe":                  "größe",
	} {
		if err := os.WriteFile(comm, []byte(name), 0); err != nil {
			t.Fatal(err)
		}
		if got := (&Linux{}).NameOf(proc.PID(os.Getpid())); got != want {
			t.Errorf("%q is called %q, want %q", name, got, want)
		}
	}
}
