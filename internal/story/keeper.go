package story

import (
	"fmt"
	"os"

	"golang.org/x/sys/unix"
)

// keep is PID 1 over an init that is not: what a pod's pause process is to a
// container that shares its namespace. It reports, a line each:
//
//	program PID        the program under test runs
//	stray PID          an orphan came to us
//	ended STATUS       the program has ended; as a shell would give it
//	harmed STATUS      the stranger had got a signal from somebody
//	unharmed           it had not
//
// The stranger dies of any signal. When the program has ended it gets the last
// one that there is, and since the kernel delivers lower numbers first, it dies
// of that one only if no other was under way.
//
// It keeps the namespace alive until the test has looked at what is left.
func (s *stage) keep() error {
	stranger, err := s.startStranger()
	if err != nil {
		return fmt.Errorf("start the stranger: %w", err)
	}
	inner := *s
	inner.Keep, inner.World, inner.Cgroup = false, false, ""
	child, err := inner.start(os.Environ(), []*os.File{os.Stdin, os.Stdout, os.Stderr, os.NewFile(reportFD, "report")},
		&unix.SysProcAttr{Setsid: true, Setctty: s.Terminal})
	if err != nil {
		return fmt.Errorf("start the program: %w", err)
	}
	report("program %d", child.Pid)
	for fd := range 3 {
		unix.Close(fd)
	}
	go func() {
		unix.Read(holdFD, make([]byte, 1))
		os.Exit(0)
	}()
	for {
		var ws unix.WaitStatus
		pid, err := unix.Wait4(-1, &ws, 0, nil)
		switch {
		case err == unix.EINTR:
		case err == unix.ECHILD:
			select {} // the hold is all that we wait for
		case err != nil:
			return err
		case pid == child.Pid:
			report("ended %s", statusText(ws))
			unix.Kill(stranger.Pid, lastSignal)
		case pid == stranger.Pid && ws.Signaled() && ws.Signal() == lastSignal:
			report("unharmed")
		case pid == stranger.Pid:
			report("harmed %s", statusText(ws))
		default:
			report("stray %d", pid)
		}
	}
}

// lastSignal is the signal with the highest number.
const lastSignal = unix.Signal(64)

// startStranger returns when the stranger can be harmed.
func (s *stage) startStranger() (*os.Process, error) {
	ready, said, err := os.Pipe()
	if err != nil {
		return nil, err
	}
	defer ready.Close()
	stranger, err := os.StartProcess(s.Stranger[0], s.Stranger, &os.ProcAttr{
		Env: os.Environ(), Files: []*os.File{nil, said, nil}, Sys: &unix.SysProcAttr{Setsid: true},
	})
	said.Close()
	if err != nil {
		return nil, err
	}
	_, err = ready.Read(make([]byte, 1))
	return stranger, err
}

// statusText says how a process ended: "7", or "killed by signal 9".
func statusText(ws unix.WaitStatus) string {
	if ws.Signaled() {
		return fmt.Sprintf("killed by signal %d", ws.Signal())
	}
	return fmt.Sprint(ws.ExitStatus())
}
