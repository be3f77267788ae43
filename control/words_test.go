package control

import (
	"testing"

	"golang.org/x/sys/unix"
)

func TestClientIsNamedByUIDAndPID(t *testing.T) {
	for who, want := range map[unix.Ucred]string{
		{Uid: 7, Pid: 12}: " by UID 7 (pid 12)",
		{Uid: 0}:          " by UID 0 from outside the container",
	} {
		if got := (&Server{}).askedBy(who); got != want {
			t.Errorf("%v: %q, want %q", who, got, want)
		}
	}
}
