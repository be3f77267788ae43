package entry

import "golang.org/x/sys/unix"

// threadPointerCall: on arm64 the register through which a thread finds its own variables is set without a
// system call, so mmap is tried once more instead.
const threadPointerCall = unix.SYS_MMAP

// FstatatCall is the number of fstatat(2).
const FstatatCall = unix.SYS_FSTATAT
