package framing

import (
	"bytes"
	"slices"
	"strconv"
	"strings"
)

// SyslogMaxLine is the length of the longest syslog message. RFC 5424 asks receivers to
// take 2048 bytes; those in use take 8 KiB.
const SyslogMaxLine = 8 << 10

// NewSyslog returns a frame that makes each line a message of facility daemon (3), of
// severity warning (4) or info (6). Daemons that read a local socket expect the format of
// syslog(3) (RFC 3164, 5.3 and appendix A of RFC 5424):
//
//	<30>Jan  2 15:04:05 web[7]: the text
//	<30>Jan  2 15:04:05 web[7]:+a further piece of a long line
//
// RFC 5424, which has the host too, has "+" for the MSGID of a further piece:
//
//	<30>1 2026-01-02T15:04:05.678900Z host web 7 - - the text
//
// Both have the time in UTC. syslog(3) has local time, without naming the zone; rsyslog's
// imuxsock puts its own time in its place (IgnoreTimestamp), busybox's syslogd keeps it.
func NewSyslog(format Format, warning bool, host, name string, pid int) Frame {
	head := "<30>"
	if warning {
		head = "<28>"
	}
	before, behind, more := " "+name+"[", "]: ", "]:+"
	size := stampLocal
	if format == RFC5424 {
		head += "1 "
		before, behind, more = " "+host+" "+name[:min(len(name), 48)]+" ", " - - ", " + - "
		size = stampMicros
	}
	f := Frame{format: format, time: span{len(head), len(head) + size}}
	head += strings.Repeat(" ", size) + before
	number := strconv.Itoa(pid)
	f.vary = []span{{len(head), len(head) + len(number)}}
	f.line, f.more = []byte(head+number+behind), []byte(head+number+more)
	f.Limit(SyslogMaxLine)
	return f
}

// Message is a line of a syslog frame, without its newline, as it is sent. A further
// piece in the format of syslog(3) gets a space before its plus sign: a daemon takes
// everything up to a space for the tag. The frame itself has none there, so that no text
// looks like such a piece to Measure. Names have no bracket.
func Message(line []byte) []byte {
	const mark = "]:+"
	at := bytes.IndexByte(line, ']')
	if at < 0 || !bytes.HasPrefix(line[at:], []byte(mark)) || line[len("<30>")] == '1' {
		return line
	}
	at += len(mark) - 1
	return slices.Concat(line[:at], []byte(" "), line[at:])
}
