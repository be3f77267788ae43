package kernel

import (
	"testing"

	"sexton/kernel/procfs"
	"sexton/proc"
)

// A process that has got the number of one that we have seen, or of a group that we held, is
// younger, and is not signalled.
func TestAStrangerOfTheSameNumberIsNotSignalled(t *testing.T) {
	k := &Linux{}
	pid, err := k.Spawn(&proc.Command{Argv: []string{"/bin/sleep", "100"}, Files: [3]int{-1, 1, 2}, Foreground: -1})
	if err != nil {
		t.Fatal(err)
	}
	s, ok := procfs.StatOf(pid)
	if !ok {
		t.Skip("/proc does not show it")
	}
	if (&group{kernel: k, pid: pid, fd: -1, died: s.Started - 1}).Signal(proc.KILL) {
		t.Error("the group is said to be another's")
	}
	earlier := s.Other
	earlier.Started--
	k.SignalOther(earlier, proc.KILL)
	k.SignalOther(s.Other, proc.TERM)
	if exit := wait(t, pid); exit.Signal != proc.TERM {
		t.Errorf("it was %v", exit)
	}
}
