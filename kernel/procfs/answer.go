package procfs

import (
	"encoding/hex"
	"fmt"
	"net"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sys/unix"

	"sexton/proc"
)

// Family are the processes of one run of a service.
type Family struct {
	Service string
	First   proc.PID   // the first process
	Kin     []proc.PID // processes that have left its group, and belong to it for certain
}

// outsiderMost bounds the search for the process that has answered a probe.
const outsiderMost = 250 * time.Millisecond

// Outsider returns in words the process that listens at an address (host:port) of this container, if it is certainly not one of
// the run: it is older than the run's first process, or names another service. "": it is one of the run, or that
// cannot be known, because the address is not local, or /proc does not show the descriptors. It is called
// after an attempt has succeeded, and is quick if the first process listens itself.
func (v *View) Outsider(address string, family Family) string {
	host, port, err := net.SplitHostPort(address)
	if err != nil || !ownProc() {
		return ""
	}
	first, alive := StatOf(family.First)
	number, err := strconv.ParseUint(port, 10, 16)
	if err != nil || !alive || first.Dead {
		return ""
	}
	by := time.Now().Add(outsiderMost)
	sockets := listenersAt(host, uint16(number), by)
	if len(sockets) == 0 {
		return ""
	}
	if holds(family.First, sockets, by) {
		return ""
	}
	family.Kin = append(family.Kin, family.First)
	ours := map[proc.PID]bool{proc.PID(unix.Getpid()): true}
	for _, pid := range family.Kin {
		ours[pid] = true
	}
	for _, other := range v.Below(family.Kin, outsiderMost) {
		ours[other.PID] = true
	}
	for pid := range ours {
		if holds(pid, sockets, by) || !readable(pid) {
			return ""
		}
	}
	for pid := range Processes() {
		if !time.Now().Before(by) {
			return ""
		}
		if ours[pid] || !holds(pid, sockets, by) {
			continue
		}
		s, there := StatOf(pid)
		if named := v.ServiceOf(pid); !there || s.Started >= first.Started && (named == "" || named == family.Service) || s.Group == family.First || s.Session == family.First {
			return ""
		}
		return fmt.Sprintf("%s (pid %d)", v.NameOf(pid), pid)
	}
	return ""
}

// readable tells whether we may see the descriptors of a process; of one that has ended there is nothing to see.
func readable(pid proc.PID) bool {
	var s unix.Stat_t
	err := unix.Stat(procFile(pid, "fd/0"), &s)
	return err != unix.EACCES && err != unix.EPERM
}

// holds tells whether a process has a descriptor of one of the sockets.
func holds(pid proc.PID, sockets map[string]bool, by time.Time) bool {
	for inode := range holdersOf([]proc.PID{pid}, by) {
		if sockets[inode] {
			return true
		}
	}
	return false
}

// listenersAt returns the inodes of the sockets that listen at a port of the loopback interface. A socket bound to the address
// itself comes before one that is bound to all.
func listenersAt(host string, port uint16, by time.Time) map[string]bool {
	var addresses []netip.Addr
	if host == "localhost" {
		addresses = []netip.Addr{netip.AddrFrom4([4]byte{127, 0, 0, 1}), netip.IPv6Loopback()}
	} else if a, err := netip.ParseAddr(host); err == nil && a.IsLoopback() {
		addresses = []netip.Addr{a.Unmap()}
	}
	if len(addresses) == 0 {
		return nil
	}
	there, err := listeners(port)
	if err != nil {
		there = listenersInProc(port, by)
	}
	exact, all := make(map[string]bool), make(map[string]bool)
	for _, l := range there {
		switch {
		case slices.Contains(addresses, l.address):
			exact[l.inode] = true
		case l.address.IsUnspecified():
			all[l.inode] = true
		}
	}
	if len(exact) > 0 {
		return exact
	}
	return all
}

// listenersInProc reads the same from /proc, for a kernel without sock_diag.
func listenersInProc(port uint16, by time.Time) (found []listener) {
	local := fmt.Sprintf(":%04X", port)
	for _, path := range []string{"/proc/net/tcp", "/proc/net/tcp6"} {
		eachLine(path, by, func(line []byte) {
			at, here := strings.CutSuffix(string(field(line, 1)), local)
			if !here || string(field(line, 3)) != tcpListen {
				return
			}
			if address, ok := fromKernelForm(at); ok {
				found = append(found, listener{address, string(field(line, 9))})
			}
		})
	}
	return found
}

// fromKernelForm reads an address as /proc/net/tcp shows it: words of 32 bits in our byte order.
func fromKernelForm(text string) (netip.Addr, bool) {
	bytes, err := hex.DecodeString(text)
	if err != nil || len(bytes)%4 != 0 {
		return netip.Addr{}, false
	}
	for i := 0; i < len(bytes); i += 4 {
		slices.Reverse(bytes[i : i+4])
	}
	address, ok := netip.AddrFromSlice(bytes)
	return address.Unmap(), ok
}
