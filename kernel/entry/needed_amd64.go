package entry

import "golang.org/x/sys/unix"

// threadPointerCall sets the register through which a thread finds its own variables.
const threadPointerCall = unix.SYS_ARCH_PRCTL

// FstatatCall is the number of fstatat(2).
const FstatatCall = unix.SYS_NEWFSTATAT
