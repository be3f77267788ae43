package config

import (
	"fmt"
	"net/netip"
	"strconv"
	"strings"

	"sexton/service"
)

// readHTTP reads a URL of plain HTTP. It takes the URL apart by itself: the errors of net/url do not say
// how to mend the URL.
func readHTTP(r *reader, v *value, p *service.Probe) {
	s, ok := r.text(v)
	if !ok {
		return
	}
	if v.late { // the probe of a run reads it
		p.Kind, p.Target = service.HTTPProbe, s
		return
	}
	scheme, rest, _ := strings.Cut(s, "://")
	authority := rest
	if end := strings.IndexAny(rest, "/?#"); end >= 0 {
		authority = rest[:end]
	}
	switch scheme = strings.ToLower(scheme); {
	case scheme == "https":
		r.wrong(v, "https is not supported here", "use exec with a client of your own")
	case scheme != "http":
		r.wrong(v, "expected a URL that begins with http://", "write, for example, "+v.example)
	case !escaped(s):
		r.wrong(v, "a URL consists of ASCII letters, digits and punctuation", "write all other bytes, and %, as %XX with two hexadecimal digits")
	case strings.Contains(authority, "@"):
		r.wrong(v, "a user in the URL is not supported here", "use exec with a client of your own")
	default:
		if !hasPort(authority) {
			authority += ":80"
		}
		if r.hostPort(v, authority) {
			p.Kind, p.Target = service.HTTPProbe, s
		}
	}
}

// escaped tells whether all that a URL cannot hold is written as %XX.
func escaped(s string) bool {
	for i := range len(s) {
		switch c := s[i]; {
		case c <= ' ' || c > '~':
			return false
		case c == '%':
			if len(s) < i+3 || strings.Trim(s[i+1:i+3], hexDigits) != "" {
				return false
			}
		}
	}
	return true
}

const hexDigits = "0123456789abcdefABCDEF"

func hasPort(authority string) bool {
	return strings.LastIndexByte(authority, ':') > strings.LastIndexByte(authority, ']')
}

func readTCP(r *reader, v *value, p *service.Probe) {
	s, ok := r.text(v)
	if ok && v.late {
		p.Kind, p.Target = service.TCPProbe, s
	} else if _, rest, isURL := strings.Cut(s, "://"); isURL {
		r.wrong(v, "expected host:port, but this is a URL", fmt.Sprintf("write %q", rest))
	} else if ok && r.hostPort(v, s) {
		p.Kind, p.Target = service.TCPProbe, s
	}
}

// hostPort checks host:port, where an IPv6 address stands in brackets.
func (r *reader) hostPort(v *value, s string) bool {
	if !hasPort(s) {
		r.wrong(v, "expected host:port, but there is no port", "write, for example, "+v.example)
		return false
	}
	i := strings.LastIndexByte(s, ':')
	host, port := s[:i], s[i+1:]
	inner, opened := strings.CutPrefix(host, "[")
	inner, closed := strings.CutSuffix(inner, "]")
	n, err := strconv.ParseUint(port, 10, 16)
	switch {
	case inner == "":
		r.wrong(v, "there is no host", "write, for example, "+v.example)
	case opened != closed, opened != strings.Contains(host, ":"):
		r.wrong(v, "an IPv6 address needs brackets, and only it may have them", "write, for example, [::1]:8080")
	case opened && !isIPv6(inner), !opened && strings.Trim(host, letters+".-_") != "":
		r.wrong(v, fmt.Sprintf("%q is not a host", host), "write a name or an address, such as 127.0.0.1")
	case err != nil || n == 0:
		r.wrong(v, fmt.Sprintf("%q is not a port", port), "write a number from 1 to 65535")
	default:
		return true
	}
	return false
}

// isIPv6 tells whether s is an IPv6 address without a zone.
func isIPv6(s string) bool {
	address, err := netip.ParseAddr(s)
	return err == nil && address.Is6() && address.Zone() == ""
}
