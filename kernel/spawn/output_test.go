package spawn

import (
	"os"
	"testing"

	"golang.org/x/sys/unix"

	"sexton/proc"
)

// The pipes of a child's output become its user's. What is the container's stays its.
func TestOnlyPipesOfOursAreGivenAway(t *testing.T) {
	if os.Getuid() != 0 {
		t.Skip("not root")
	}
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	defer w.Close()
	stdin, err := unix.FcntlInt(0, unix.F_DUPFD_CLOEXEC, 3)
	if err != nil {
		t.Skip(err)
	}
	defer unix.Close(stdin)
	defer func() { _ = unix.Dup3(stdin, 0, 0) }()
	terminal := -1
	owner := func(fd int) uint32 {
		giveOutput(&proc.Command{Files: [3]int{-1, fd, -1}, Foreground: terminal, TakeTerminal: terminal >= 0, Credential: &proc.Credential{UID: 4321, GID: 4321}})
		var s unix.Stat_t
		if err := unix.Fstat(fd, &s); err != nil {
			t.Fatal(err)
		}
		return s.Uid
	}
	if err := unix.Dup3(int(r.Fd()), 0, 0); err != nil {
		t.Fatal(err)
	}
	if got := owner(0); got != 0 {
		t.Errorf("descriptor 0 belongs to %d", got)
	}
	file, err := os.CreateTemp(t.TempDir(), "log")
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	if got := owner(int(file.Fd())); got != 0 {
		t.Errorf("a file belongs to %d", got)
	}
	terminal = int(file.Fd()) // stands for one, as far as giveOutput knows
	if got := owner(terminal); got != 4321 {
		t.Errorf("the child's own terminal belongs to %d", got)
	}
	if got := owner(int(w.Fd())); got != 4321 {
		t.Errorf("the pipe belongs to %d", got)
	}
}
