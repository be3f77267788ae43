package procfs

import (
	"bytes"
	"errors"
	"os"
	"slices"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"
)

// connections counts the incoming TCP connections of
// our network namespace, in whatever process they end.
//
// The kernel counts them itself: PassiveOpens in /proc/net/snmp grows by one
// for each incoming connection, however short it was (RFC
// 4022, tcpPassiveOpens). Connections to our own ports, such as the kubelet's probes of our
// health port, do not count; /proc/net/tcp and tcp6 show them. Where the counter is missing (gVisor), we count
// all connections in these tables.
type connections struct {
	net    string // the directory, /proc/self/net
	own    func() map[string]bool
	begun  bool
	counts bool              // PassiveOpens exists
	opens  uint64            // its last value
	seen   map[string]uint64 // connections of interest, and the last look that found each
	look   uint64
}

// Connections returns a function that returns how many new connections have come
// since its last call. The first call always returns 0. If we listen ourselves, or if the kernel does not count,
// it reads a table with a line for each connection, so the loop must not call it.
// Only one goroutine may use it.
func (*View) Connections() func() (int, error) {
	c := &connections{net: "/proc/self/net", own: ownSockets}
	return c.fresh
}

// fresh counts the connections since the last call.
func (c *connections) fresh() (n int, err error) {
	opens, counts := c.passiveOpens()
	moved := opens - c.opens
	if c.begun && counts && c.counts && moved == 0 {
		return 0, nil
	}
	toUs, toOthers, err := c.tables(!counts)
	if err != nil && !counts {
		return 0, err
	}
	first := !c.begun || counts != c.counts
	c.begun, c.counts, c.opens = true, counts, opens
	switch {
	case first:
		return 0, nil
	case counts:
		return max(0, int(moved)-toUs), nil
	}
	return toOthers, nil
}

// passiveOpens reads the kernel's counter. ok is false if there is none.
func (c *connections) passiveOpens() (opens uint64, ok bool) {
	buffer := make([]byte, 16<<10)
	text := string(buffer[:readInto(c.net+"/snmp", buffer)])
	var names []string
	for line := range strings.Lines(text) {
		rest, ok := strings.CutPrefix(line, "Tcp:")
		if !ok {
			continue
		}
		fields := strings.Fields(rest)
		if names == nil {
			names = fields
			continue
		}
		if i := slices.Index(names, "PassiveOpens"); i >= 0 && i < len(fields) {
			opens, err := strconv.ParseUint(fields[i], 10, 64)
			return opens, err == nil
		}
	}
	return 0, false
}

// tables counts connections that the last look did not find, and whose
// local port listens: to our own ports, and to those of others. It counts the latter
// only if all is set: listening ports come first in the
// table, so if none of them is ours, the rest is not read.
func (c *connections) tables(all bool) (toUs, toOthers int, err error) {
	own := c.own()
	if len(own) == 0 && !all {
		return 0, 0, nil
	}
	if c.seen == nil {
		c.seen = make(map[string]uint64)
	}
	c.look++
	read := false
	for _, name := range []string{"/tcp", "/tcp6"} {
		t := table{connections: c, own: own, all: all, ports: make(map[string]bool)}
		if t.read(c.net+name, name) {
			read = true
		}
		toUs, toOthers = toUs+t.toUs, toOthers+t.toOthers
	}
	for key, look := range c.seen {
		if look != c.look {
			delete(c.seen, key)
		}
	}
	if !read {
		err = errors.New("neither /proc/net/tcp nor tcp6 can be read")
	}
	return toUs, toOthers, err
}

// table is one look at one of the two files.
type table struct {
	*connections
	own   map[string]bool // inodes of our own sockets
	all   bool
	ports map[string]bool // listening ports; true: we listen there
	ours  bool            // one of them is ours

	toUs, toOthers int
}

// read reads the file in pieces: it may have a hundred thousand lines.
func (t *table) read(path, name string) bool {
	fd, err := unix.Open(path, unix.O_RDONLY|unix.O_CLOEXEC, 0)
	if err != nil {
		return false
	}
	defer unix.Close(fd)
	buffer := make([]byte, 64<<10)
	have := 0
	for {
		n, err := unix.Read(fd, buffer[have:])
		if err == unix.EINTR {
			continue
		}
		if err != nil || n == 0 {
			return true
		}
		rest := buffer[:have+n]
		for {
			line, after, whole := bytes.Cut(rest, []byte("\n"))
			if !whole {
				break
			}
			if !t.line(string(line), name) {
				return true
			}
			rest = after
		}
		if have = copy(buffer, rest); have == len(buffer) {
			return true // no line is so long
		}
	}
}

// Values of the field st (include/net/tcp_states.h).
const tcpListen = "0A"

// line handles one line of proc_pid_net(5), and reports whether to go on.
func (t *table) line(text, name string) bool {
	fields := strings.Fields(text)
	if len(fields) < 10 || fields[0] == "sl" {
		return true
	}
	local, remote, state, inode := fields[1], fields[2], fields[3], fields[9]
	port := local[strings.LastIndexByte(local, ':')+1:]
	if state == tcpListen {
		ours := t.own[inode]
		t.ports[port], t.ours = t.ports[port] || ours, t.ours || ours
		return true
	}
	ours, listens := t.ports[port]
	if !t.all && !t.ours {
		return false
	}
	if !listens || !t.all && !ours {
		return true
	}
	key := name + port + remote
	if _, known := t.seen[key]; !known {
		if ours {
			t.toUs++
		} else {
			t.toOthers++
		}
	}
	t.seen[key] = t.look
	return true
}

// ownSockets returns the inodes of our open sockets.
func ownSockets() map[string]bool {
	dir, err := os.Open("/proc/self/fd")
	if err != nil {
		return nil
	}
	defer dir.Close()
	names, _ := dir.Readdirnames(-1)
	own := make(map[string]bool)
	for _, name := range names {
		target, err := os.Readlink("/proc/self/fd/" + name)
		if inode, ok := strings.CutPrefix(target, "socket:["); err == nil && ok {
			own[strings.TrimSuffix(inode, "]")] = true
		}
	}
	return own
}
