// Package hidden holds bytes such as passwords in memory that is not Go's. The collector never copies them, they are in
// no core dump, not in swap if the limit of locked memory allows that, and in our address space only while somebody works with
// them: between times only a memfd has them (memfd_create(2)).
package hidden

import (
	"unsafe"

	"golang.org/x/sys/unix"
)

// Memory is a piece of such memory. One goroutine at a time may use it.
type Memory struct {
	fd   int    // the memfd; -1: there is none, and the memory stays mapped until Drop
	size int    // in bytes
	all  []byte // while it is mapped
}

// New makes a piece of memory, which is mapped (see Map) and zero.
func New(size int) (*Memory, error) {
	m := &Memory{fd: -1, size: size}
	const name = "sexton"
	fd, err := unix.MemfdCreate(name, unix.MFD_CLOEXEC|unix.MFD_NOEXEC_SEAL)
	if err == unix.EINVAL { // before Linux 6.3
		fd, err = unix.MemfdCreate(name, unix.MFD_CLOEXEC)
	}
	if err == nil && unix.Ftruncate(fd, int64(size)) == nil {
		m.fd = fd
	} else if err == nil {
		_ = unix.Close(fd)
	}
	if _, err = m.Map(); err != nil {
		m.Drop()
		return nil, err
	}
	return m, nil
}

// Map gives the bytes. They, and what Text makes of them, are gone after Unmap.
func (m *Memory) Map() ([]byte, error) {
	if m.all != nil {
		return m.all, nil
	}
	flags := unix.MAP_SHARED
	if m.fd < 0 { // a seccomp profile refuses memfd_create
		flags = unix.MAP_PRIVATE | unix.MAP_ANONYMOUS
	}
	all, err := unix.Mmap(m.fd, 0, m.size, unix.PROT_READ|unix.PROT_WRITE, flags)
	if err != nil {
		return nil, err
	}
	_ = unix.Madvise(all, unix.MADV_DONTDUMP)
	_ = unix.Mlock(all)
	m.all = all
	return all, nil
}

// Unmap takes the bytes out of our address space, if a memfd keeps them.
func (m *Memory) Unmap() {
	if m.fd >= 0 && m.all != nil {
		_ = unix.Munmap(m.all)
		m.all = nil
	}
}

// Drop wipes the memory and gives it back. It may be called again.
func (m *Memory) Drop() {
	if m.all == nil && m.fd >= 0 {
		_, _ = m.Map()
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
	m.size = 0
}

// Text is bytes as a string, without a copy. It changes when they change.
func Text(b []byte) string { return unsafe.String(unsafe.SliceData(b), len(b)) }
