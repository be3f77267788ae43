// Package hidden holds bytes such as passwords in memory that is not Go's. The collector never copies them, they are in
// no core dump, and not in swap if the limit of locked memory allows that. What is to be kept for long is in our address space
// only while somebody works with it: between times only a memfd has it (memfd_create(2)).
package hidden

import (
	"sync"
	"unsafe"

	"golang.org/x/sys/unix"
)

// Memory is a piece of such memory. Any goroutine may call its methods.
type Memory struct {
	mu      sync.Mutex
	fd      int    // the memfd; -1: there is none, and the memory is mapped until Drop
	size    int    // in bytes
	all     []byte // while it is mapped
	users   int    // calls of Map without their Unmap
	dropped bool
}

// New makes a piece of memory, which is zero. long means that it is to be kept for long.
func New(size int, long bool) (*Memory, error) {
	m := &Memory{fd: -1, size: size}
	if long {
		m.fd = memfd(size)
	}
	if err := m.enter(); err != nil {
		m.Drop()
		return nil, err
	}
	return m, nil
}

// memfd makes a memfd; -1 if that is refused (seccomp).
func memfd(size int) int {
	const name = "sexton"
	fd, err := unix.MemfdCreate(name, unix.MFD_CLOEXEC|unix.MFD_NOEXEC_SEAL)
	if err == unix.EINVAL { // before Linux 6.3
		fd, err = unix.MemfdCreate(name, unix.MFD_CLOEXEC)
	}
	if err != nil {
		return -1
	}
	if unix.Ftruncate(fd, int64(size)) != nil {
		_ = unix.Close(fd)
		return -1
	}
	return fd
}

// Map gives the bytes until Unmap: then they, and what Text makes of them, are gone.
func (m *Memory) Map() ([]byte, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.dropped {
		return nil, unix.EBADF
	}
	if err := m.enter(); err != nil {
		return nil, err
	}
	m.users++
	return m.all, nil
}

// Unmap ends what one Map has begun.
func (m *Memory) Unmap() {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.users--; m.users > 0 {
		return
	}
	if m.dropped {
		m.wipe()
	} else if m.fd >= 0 {
		_ = unix.Munmap(m.all)
		m.all = nil
	}
}

// Drop wipes the memory and gives it back, as soon as nobody works with it. It may be called again.
func (m *Memory) Drop() {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.dropped = true; m.users == 0 {
		m.wipe()
	}
}

// enter brings the memory into our address space.
func (m *Memory) enter() error {
	if m.all != nil {
		return nil
	}
	flags := unix.MAP_SHARED
	if m.fd < 0 {
		flags = unix.MAP_PRIVATE | unix.MAP_ANONYMOUS
	}
	all, err := unix.Mmap(m.fd, 0, m.size, unix.PROT_READ|unix.PROT_WRITE, flags)
	if err != nil {
		return err
	}
	_ = unix.Madvise(all, unix.MADV_DONTDUMP)
	_ = unix.Mlock(all)
	m.all = all
	return nil
}

func (m *Memory) wipe() {
	if m.all == nil && m.fd >= 0 {
		_ = m.enter()
	}
	if m.all != nil {
		clear(m.all)
		_ = unix.Munmap(m.all)
		m.all = nil
	}
	if m.fd >= 0 {
		_ = unix.Close(m.fd)
		m.fd = -1
	}
}

// Text is bytes as a string, without a copy. It changes when they change.
func Text(b []byte) string { return unsafe.String(unsafe.SliceData(b), len(b)) }
