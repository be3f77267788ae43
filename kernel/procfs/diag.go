package procfs

import (
	"encoding/binary"
	"errors"
	"net/netip"
	"strconv"
	"unsafe"

	"golang.org/x/sys/unix"
)

// listener is a socket that listens.
type listener struct {
	address netip.Addr
	inode   string
}

// inetDiagRequest is struct inet_diag_req_v2 behind its header, and inetDiagMessage struct inet_diag_msg
// (include/uapi/linux/inet_diag.h).
type inetDiagRequest struct {
	unix.NlMsghdr
	family, protocol, _, _ uint8
	states                 uint32
	id                     inetDiagSocket
}

type inetDiagSocket struct {
	sport, dport [2]byte
	src, dst     [16]byte
	_            [3]uint32
}

type inetDiagMessage struct {
	family, _, _, _ uint8
	id              inetDiagSocket
	_               [4]uint32
	inode           uint32
}

var errNoDiag = errors.New("sock_diag does not answer")

// listeners asks the kernel for the sockets that listen at a TCP port (sock_diag(7)). /proc/net/tcp has them too, but takes milliseconds:
// it walks the table of all connections.
func listeners(port uint16) (found []listener, err error) {
	fd, err := unix.Socket(unix.AF_NETLINK, unix.SOCK_RAW|unix.SOCK_CLOEXEC, unix.NETLINK_INET_DIAG)
	if err != nil {
		return nil, err
	}
	defer unix.Close(fd)
	wait := unix.Timeval{Usec: 50_000}
	_ = unix.SetsockoptTimeval(fd, unix.SOL_SOCKET, unix.SO_RCVTIMEO, &wait)
	for _, family := range []uint8{unix.AF_INET, unix.AF_INET6} {
		request := inetDiagRequest{family: family, protocol: unix.IPPROTO_TCP, states: 1 << unix.BPF_TCP_LISTEN}
		request.Len, request.Type, request.Flags = uint32(unsafe.Sizeof(request)), unix.SOCK_DIAG_BY_FAMILY, unix.NLM_F_REQUEST|unix.NLM_F_DUMP
		binary.BigEndian.PutUint16(request.id.sport[:], port)
		if err := unix.Sendto(fd, unsafe.Slice((*byte)(unsafe.Pointer(&request)), unsafe.Sizeof(request)), 0, &unix.SockaddrNetlink{Family: unix.AF_NETLINK}); err != nil {
			return nil, err
		}
		if found, err = receiveListeners(fd, found); err != nil {
			return nil, err
		}
	}
	return found, nil
}

// receiveListeners reads the answers until the end of one dump.
func receiveListeners(fd int, found []listener) ([]listener, error) {
	buffer := make([]byte, 32<<10)
	for {
		n, _, err := unix.Recvfrom(fd, buffer, 0)
		if err == unix.EINTR {
			continue
		}
		if err != nil {
			return nil, err
		}
		for rest := buffer[:n]; len(rest) >= unix.NLMSG_HDRLEN; {
			header := (*unix.NlMsghdr)(unsafe.Pointer(&rest[0]))
			size := int(header.Len)
			switch {
			case size < unix.NLMSG_HDRLEN || size > len(rest), header.Type == unix.NLMSG_ERROR:
				return nil, errNoDiag
			case header.Type == unix.NLMSG_DONE:
				return found, nil
			case header.Type == unix.SOCK_DIAG_BY_FAMILY && size >= unix.NLMSG_HDRLEN+int(unsafe.Sizeof(inetDiagMessage{})):
				message := (*inetDiagMessage)(unsafe.Pointer(&rest[unix.NLMSG_HDRLEN]))
				address := netip.AddrFrom16(message.id.src)
				if message.family == unix.AF_INET {
					address = netip.AddrFrom4([4]byte(message.id.src[:4]))
				}
				found = append(found, listener{address.Unmap(), strconv.FormatUint(uint64(message.inode), 10)})
			}
			rest = rest[min(len(rest), (size+3)&^3):]
		}
	}
}
