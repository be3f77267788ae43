package entry

import (
	"syscall"
	"unsafe"

	"golang.org/x/sys/unix"
)

// Keys of the auxiliary vector, and values in a program header (elf(5)).
const (
	auxHeaders     = 3 // AT_PHDR: where the program headers are
	auxHeaderCount = 5 // AT_PHNUM
	segmentLoad    = 1 // PT_LOAD
	segmentWrite   = 2 // PF_W
)

// trimPiece is the size of the mappings into which Trim splits our program. A page fault also maps
// the pages around it, up to 64 KiB (fault_around_bytes, mm/memory.c), but never beyond the mapping. So smaller
// mappings bring back fewer pages that are not used.
const trimPiece = 16 << 10

// programHeader is Elf64_Phdr.
type programHeader struct {
	kind, flags                                   uint32
	offset, vaddr, paddr, fileSize, memSize, step uint64
}

// Trim gives back the memory that only our start needed: the pages of our own
// program. They come back from the page cache, one by one, when they are used
// again. An init starts once and then waits, perhaps for months. Trim does
// nothing in a binary that was linked without our entry.
func Trim() {
	for _, segment := range programHeaders() {
		if segment.kind != segmentLoad || segment.flags&segmentWrite != 0 {
			continue
		}
		// Only whole pages inside the segment, so that its neighbours are not touched.
		page := uintptr(unix.Getpagesize())
		start := (uintptr(segment.vaddr) + page - 1) &^ (page - 1)
		end := (uintptr(segment.vaddr) + uintptr(segment.memSize)) &^ (page - 1)
		if end <= start {
			continue
		}
		_, _, _ = syscall.Syscall(unix.SYS_MADVISE, start, end-start, unix.MADV_DONTNEED)
		// Since Linux 6.18 one fault maps as much of the file as the page cache
		// has in one piece, perhaps megabytes, but never beyond the mapping (filemap_map_pages,
		// mm/filemap.c). So split it into small mappings, by different advice for every other one.
		for at := start; at < end; at += 2 * trimPiece {
			_, _, _ = syscall.Syscall(unix.SYS_MADVISE, at, min(trimPiece, end-at), unix.MADV_RANDOM)
		}
	}
}

// programHeaders returns the headers of our binary, as the kernel has mapped them. The binary is
// not position-independent, so its addresses are the real ones.
func programHeaders() []programHeader {
	var headers unsafe.Pointer
	var count uintptr
	for at := inheritedAux; at != nil && *(*uintptr)(at) != 0; at = unsafe.Add(at, 16) {
		value := unsafe.Add(at, 8)
		switch *(*uintptr)(at) {
		case auxHeaders:
			headers = *(*unsafe.Pointer)(value)
		case auxHeaderCount:
			count = *(*uintptr)(value)
		}
	}
	if headers == nil || count > 64 {
		return nil
	}
	return unsafe.Slice((*programHeader)(headers), count)
}
