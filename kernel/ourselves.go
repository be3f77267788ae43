package kernel

import (
	"os"

	"golang.org/x/sys/unix"

	"sexton/proc"
)

// SetParentDeath asks for sig when our own parent dies
// (PR_SET_PDEATHSIG, prctl(2)).
func SetParentDeath(sig proc.Signal) error {
	return os.NewSyscallError("prctl PR_SET_PDEATHSIG", unix.Prctl(unix.PR_SET_PDEATHSIG, uintptr(sig), 0, 0, 0))
}
