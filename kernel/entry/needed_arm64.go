package entry

import "golang.org/x/sys/unix"

// threadPointerCall: the register through which a thread finds its own variables needs no
// system call here. mmap is tried once more.
const threadPointerCall = unix.SYS_MMAP

// FstatatCall is the number of fstatat(2).
const FstatatCall = unix.SYS_FSTATAT
