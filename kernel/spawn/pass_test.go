package spawn

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"golang.org/x/sys/unix"

	"sexton/proc"
)

// Every descriptor of Pass is in the child under its number, also where that is the present
// number of another one, or of the pipe by which the child reports.
func TestDescriptorsArePassedOn(t *testing.T) {
	dir := t.TempDir()
	var pass []proc.Passed
	var files []*os.File
	for i := range 3 {
		f, err := os.Create(filepath.Join(dir, fmt.Sprint("file", i)))
		if err != nil {
			t.Fatal(err)
		}
		defer f.Close()
		files = append(files, f)
	}
	for i, f := range files { // each gets the number of the next one
		pass = append(pass, proc.Passed{FD: int(f.Fd()), At: int(files[(i+1)%3].Fd())})
	}
	for at := 3; at < 60; at++ {
		if at != pass[0].At && at != pass[1].At && at != pass[2].At {
			pass = append(pass, proc.Passed{FD: int(files[0].Fd()), At: at})
		}
	}
	script := "cd /proc/self/fd; readlink"
	want := ""
	for i, p := range pass[:5] {
		script += fmt.Sprint(" ", p.At)
		want += filepath.Join(dir, fmt.Sprint("file", []int{0, 1, 2, 0, 0}[i])) + "\n"
	}
	if output, exit := run(t, &proc.Command{Argv: []string{"sh", "-c", script + "; test ! -e 60"}, Pass: pass}); output != want || exit.Status() != 0 {
		t.Errorf("%v:\n%s", exit, output)
	}
	_, err := (&Spawner{}).Spawn(&proc.Command{Argv: []string{"/no/such/file"}, Foreground: -1, Pass: pass})
	var failed *proc.SpawnError
	if !errors.As(err, &failed) || failed.Stage != "exec" || !failed.NotFound {
		t.Errorf("a failed exec is reported as %v", err)
	}
	_, err = (&Spawner{}).Spawn(&proc.Command{Argv: []string{"true"}, Foreground: -1, Pass: []proc.Passed{{FD: int(files[0].Fd()), At: 1 << 30}}})
	if !errors.As(err, &failed) || failed.Stage != "pass descriptors" || failed.Err != unix.EINVAL && failed.Err != unix.EMFILE {
		t.Errorf("a number above the limit is reported as %v", err)
	}
}
