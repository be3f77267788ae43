package entry

import "golang.org/x/sys/unix"

// threadPointerCall sets the register through which a thread finds its own variables.
const threadPointerCall = unix.SYS_ARCH_PRCTL

const fstatatCall = unix.SYS_NEWFSTATAT
