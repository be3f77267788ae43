package config

import (
	"net/netip"
	"strings"

	"sexton/service"
)

// readSyslog reads an address, a table with an address, or false for a service that does not
// want [log]'s syslog. A socket of this machine gets the local format, which its daemons read;
// over the network it is RFC 5424, the only format that names the host.
func readSyslog(r *reader, v *value, d draftLog) {
	switch v.data.(type) {
	case bool:
		if v.data == false {
			d.log.Syslog = ""
			return
		}
	case string:
		if readSyslogAddress(r, v, d.log) {
			d.log.RFC5424 = isNetwork(d.log.Syslog)
		}
		return
	}
	if !r.table(v) {
		return
	}
	t := syslogTable{log: d.log}
	before := len(r.mistakes) + r.dropped
	walk(r, v, syslogRows(), &t)
	switch {
	case len(r.mistakes)+r.dropped > before:
	case v.child("address") == nil:
		r.wrong(v, "address is missing", `add, for example, address = "unix:/dev/log"`)
	case t.format == syslogLocal && isNetwork(d.log.Syslog):
		r.wrong(v.child("format"), "this format does not name the host, which a receiver on the network needs", `write format = "rfc5424", or remove it`)
	default:
		d.log.RFC5424 = t.format == syslogRFC5424 || isNetwork(d.log.Syslog)
	}
}

type syslogTable struct {
	log    *service.Log
	format int
}

const (
	syslogLocal = iota + 1
	syslogRFC5424
)

func syslogRows() []row[*syslogTable] {
	return []row[*syslogTable]{
		{name: "address", expects: "an address", example: `address = "unix:/dev/log"`, others: "path socket server host",
			read: func(r *reader, v *value, t *syslogTable) { readSyslogAddress(r, v, t.log) }},
		{name: "format", expects: "a word", example: `format = "rfc5424"`, others: "protocol",
			read: func(r *reader, v *value, t *syslogTable) {
				if i, ok := r.word(v, []string{"local", "rfc5424"}); ok {
					t.format = syslogLocal + i
				}
			}},
	}
}

func readSyslogAddress(r *reader, v *value, l *service.Log) bool {
	text, ok := r.text(v)
	if !ok {
		return false
	}
	way, where, _ := strings.Cut(text, ":")
	switch {
	case way == "unix" && strings.HasPrefix(where, "/") && len(where) < 108:
	case way == "udp" && isAddrPort(where):
	default:
		r.wrong(v, "it is not the address of a syslog", `write "unix:/dev/log" or "udp:10.0.0.1:514"`)
		return false
	}
	l.Syslog = text
	return true
}

func isNetwork(address string) bool { return strings.HasPrefix(address, "udp:") }

func isAddrPort(text string) bool {
	at, err := netip.ParseAddrPort(text)
	return err == nil && at.Port() > 0 && at.Addr().Zone() == ""
}
