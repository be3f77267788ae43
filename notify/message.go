// Package notify hears what services say of themselves: by the protocol of sd_notify(3), and by a newline on
// a descriptor, as s6 has it.
package notify

import (
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"sexton/proc"
)

// Message is what one datagram says. Keys that we do not know are left out.
type Message struct {
	PID proc.PID // the sender, from the kernel; 0: not visible from here
	UID int      // its user

	Ready, Reloading, Stopping bool

	Status *string       // STATUS, one line; nil: not said
	Main   proc.PID      // MAINPID; 0: not said
	Errno  string        // ERRNO, BUSERROR, VARLINKERROR or EXIT_STATUS as they came, for people
	Extend time.Duration // EXTEND_TIMEOUT_USEC; 0: not said

	Alive    bool           // WATCHDOG=1
	Trigger  bool           // WATCHDOG=trigger
	Watchdog *time.Duration // WATCHDOG_USEC: another interval, 0 for none; nil: not said

	Barrier func() // closes the descriptor of BARRIER=1; nil: none came
}

// Limits of one message. systemd takes 4096 bytes (src/core/manager.c).
const (
	mostBytes  = 4096
	mostStatus = 512 // bytes of STATUS that are kept
	longest    = 10 * 365 * 24 * time.Hour
)

// Parse reads a datagram: lines of KEY=VALUE. The first one of a key counts, and text behind a NUL does
// not. What cannot be right is ignored, as systemd does: a client cannot be answered.
func Parse(text []byte) Message {
	var m Message
	body, _, _ := strings.Cut(string(text), "\x00")
	seen := make(map[string]bool)
	for line := range strings.SplitSeq(body, "\n") {
		key, value, ok := strings.Cut(line, "=")
		if ok && !seen[key] {
			seen[key] = true
			m.set(key, value)
		}
	}
	return m
}

func (m *Message) set(key, value string) {
	switch key {
	case "READY":
		m.Ready = value == "1"
	case "RELOADING":
		m.Reloading = value == "1"
	case "STOPPING":
		m.Stopping = value == "1"
	case "STATUS":
		if utf8.ValidString(value) {
			for len(value) > mostStatus {
				_, size := utf8.DecodeLastRuneInString(value)
				value = value[:len(value)-size]
			}
			m.Status = &value
		}
	case "MAINPID":
		if n, err := strconv.ParseUint(value, 10, 31); err == nil {
			m.Main = proc.PID(n)
		}
	case "ERRNO", "BUSERROR", "VARLINKERROR", "EXIT_STATUS":
		if len(value) <= mostStatus && utf8.ValidString(value) {
			m.Errno = key + "=" + value
		}
	case "EXTEND_TIMEOUT_USEC":
		m.Extend, _ = microseconds(value)
	case "WATCHDOG":
		m.Alive, m.Trigger = value == "1", value == "trigger"
	case "WATCHDOG_USEC":
		if d, ok := microseconds(value); ok {
			m.Watchdog = &d
		}
	}
}

func microseconds(value string) (time.Duration, bool) {
	n, err := strconv.ParseUint(value, 10, 64)
	if err != nil {
		return 0, false
	}
	return min(time.Duration(min(n, uint64(longest/time.Microsecond)))*time.Microsecond, longest), true
}
