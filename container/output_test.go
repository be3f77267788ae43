package container

import (
	"os"
	"path/filepath"
	"strconv"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"sexton/internal/scene"
	"sexton/machine"
	"sexton/service"
	"sexton/stdio"
)

// A reader of both outputs as one finds our last words after everything that the
// services wrote.
func TestLastWordsStandLast(t *testing.T) {
	path := filepath.Join(t.TempDir(), "out")
	file, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	fd := int(file.Fd())
	o := &output{mux: stdio.New(stdio.Options{Out: fd, Err: fd, Self: "sexton", Level: stdio.Verbose}), used: true, level: machine.Info}
	pipes, err := o.mux.Open(stdio.Source{Service: "web", Log: service.Log{}})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := unix.Write(pipes.Out, []byte("line\n")); err != nil {
		t.Fatal(err)
	}
	pipes.Close()
	o.Flush(time.Minute, time.Minute, func() { o.Say(machine.Info, "", "leaving") })
	text, err := os.ReadFile(path)
	if want := "web | line\nsexton: leaving\n"; err != nil || string(text) != want {
		t.Errorf("got %q, %v, want %q", text, err, want)
	}
}

func TestMain(m *testing.M) {
	scene.Main(m, map[string]scene.Scene{"hung up": hungUp})
}

// A service that has the container's terminal gets it at a restart too, when the terminal was
// hung up meanwhile.
func TestATerminalThatHungUpIsStillTheServices(t *testing.T) {
	if _, err := os.Stat("/dev/ptmx"); err != nil {
		t.Skip(err)
	}
	scene.Run(t, "hung up", nil)
}

func hungUp(s *scene.T) {
	master, err := unix.Open("/dev/ptmx", unix.O_RDWR|unix.O_NOCTTY|unix.O_CLOEXEC, 0)
	if err != nil {
		s.Fatalf("open /dev/ptmx: %v", err)
	}
	number, err := unix.IoctlGetInt(master, unix.TIOCGPTN)
	if err == nil {
		err = unix.IoctlSetPointerInt(master, unix.TIOCSPTLCK, 0)
	}
	if err != nil {
		s.Fatalf("unlock the terminal: %v", err)
	}
	terminal, err := unix.Open("/dev/pts/"+strconv.Itoa(number), unix.O_RDWR|unix.O_NOCTTY, 0)
	if err != nil {
		s.Fatalf("open the terminal: %v", err)
	}
	for _, fd := range []int{0, 1} {
		if err := unix.Dup3(terminal, fd, 0); err != nil {
			s.Fatalf("dup3: %v", err)
		}
	}
	services := []service.Spec{{Name: "web", TTY: true}, {Name: "db"}}
	o := newOutput(&service.Plan{Services: services}, 0, func(string) string { return "" })
	_ = unix.Close(master)
	for i, want := range []bool{true, false} {
		if _, inherits := o.log(&services[i]); inherits != want {
			s.Errorf("%s inherits our descriptors: %v, want %v", services[i].Name, inherits, want)
		}
	}
}
