package config

import (
	"fmt"
	"net/netip"
	"strconv"
	"strings"

	"sexton/service"
)

// What is needed to operate the container: [control] and [health].

const (
	// defaultMode lets root and sexton's user connect; modeForOthers lets every user
	// connect, and allow_uids and read_uids decide which of them may ask.
	defaultMode   = 0o600
	modeForOthers = 0o666

	// mostSocketPath is what fits into sun_path (unix(7)).
	mostSocketPath = 107
)

func readControl(r *reader, v *value, d *draft) {
	if !r.table(v) {
		return
	}
	c := &d.control
	walk(r, v, []row[*service.Control]{
		{name: "socket", expects: "a path or \"off\"", example: `socket = "/run/sexton.sock"`, others: "path file listen", read: readSocket},
		{name: "mode", expects: "a mode in octal digits, in quotes", example: `mode = "0600"`, others: "chmod", read: readMode},
		{name: "allow_uids", expects: "a list of numbers", example: "allow_uids = [1000]", others: "allow users uids",
			read: func(r *reader, v *value, c *service.Control) { readUIDs(r, v, &c.AllowUIDs) }},
		{name: "read_uids", expects: "a list of numbers", example: "read_uids = [1000]",
			read: func(r *reader, v *value, c *service.Control) { readUIDs(r, v, &c.ReadUIDs) }},
	}, c)
	switch mode := v.child("mode"); {
	case len(c.AllowUIDs)+len(c.ReadUIDs) == 0:
	case mode == nil:
		c.Mode = modeForOthers
	case c.Mode&0o006 != 0o006 && c.Mode&0o060 != 0o060:
		r.wrong(mode, "with this mode, the users in allow_uids and read_uids cannot open the socket", `write mode = "0666": allow_uids and read_uids decide which users may ask`)
	}
}

func readSocket(r *reader, v *value, c *service.Control) {
	if v.data == "off" {
		c.Off = true
		return
	}
	if !r.path(v, &c.Socket) {
		return
	}
	if len(c.Socket) > mostSocketPath {
		r.wrong(v, fmt.Sprintf("the path has %d bytes, more than the %d that a socket may have", len(c.Socket), mostSocketPath), "choose a shorter one")
	}
}

func readMode(r *reader, v *value, c *service.Control) {
	c.Mode = modeForOthers // so that what is wrong is not wrong twice
	s, ok := v.data.(string)
	if !ok {
		r.wrongType(v)
		return
	}
	mode, err := strconv.ParseUint(s, 8, 32)
	if err != nil || mode > 0o777 || mode&0o600 != 0o600 {
		r.wrong(v, fmt.Sprintf("%q is not a mode for the socket", s), `write "0600", "0660" or "0666": its owner must be able to read and write`)
		return
	}
	c.Mode = uint32(mode)
}

func readUIDs(r *reader, v *value, into *[]int) {
	if _, ok := v.data.([]any); !ok {
		r.wrongType(v)
		return
	}
	for _, item := range v.items {
		item.expects, item.example = "a UID", v.example
		var uid int
		if r.whole(item, 0, 1<<32-2, &uid) {
			*into = append(*into, uid)
		}
	}
}

func readHealth(r *reader, v *value, d *draft) {
	if !r.table(v) {
		return
	}
	walk(r, v, []row[*service.Health]{
		{name: "listen", expects: "host:port", example: `listen = "0.0.0.0:9090"`, others: "address port bind",
			read: func(r *reader, v *value, h *service.Health) {
				if s, ok := r.text(v); ok && s != "off" && r.listenable(v, s) {
					h.Listen = s
				}
			}},
	}, &d.health)
}

// listenable checks an address to listen on. A name other than localhost would need a
// lookup, and a start must not wait for that.
func (r *reader) listenable(v *value, s string) bool {
	host, port := s, ""
	if i := strings.LastIndexByte(s, ':'); i >= 0 && hasPort(s) {
		host, port = s[:i], s[i+1:]
	}
	n, err := strconv.ParseUint(port, 10, 16)
	bare := strings.TrimSuffix(strings.TrimPrefix(host, "["), "]")
	_, notIP := netip.ParseAddr(bare)
	switch {
	case port == "":
		r.wrong(v, "expected host:port, but there is no port", "write, for example, "+v.example)
	case err != nil || n == 0:
		r.wrong(v, fmt.Sprintf("%q is not a port", port), "write a number from 1 to 65535")
	case strings.Contains(bare, ":") != strings.HasPrefix(host, "["):
		r.wrong(v, "an IPv6 address needs brackets, and only it may have them", `write "[::]:9090" or "0.0.0.0:9090"`)
	case host != "" && host != "localhost" && notIP != nil:
		r.wrong(v, fmt.Sprintf("%q is not an address of this machine", host), `write an IP address, "0.0.0.0" for all of them, or "localhost"`)
	default:
		return true
	}
	return false
}
