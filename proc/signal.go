package proc

import (
	"fmt"
	"strconv"
	"strings"
)

// Signal is a signal's number, 1 to 64; zero is none.
type Signal int

// The signals that the code uses by name (signal(7), "Signal numbering
// for standard signals", the column that x86 and ARM share).
const (
	HUP   Signal = 1
	INT   Signal = 2
	QUIT  Signal = 3
	ABRT  Signal = 6
	KILL  Signal = 9
	USR1  Signal = 10
	SEGV  Signal = 11
	USR2  Signal = 12
	PIPE  Signal = 13
	ALRM  Signal = 14
	TERM  Signal = 15
	CHLD  Signal = 17
	CONT  Signal = 18
	STOP  Signal = 19
	TSTP  Signal = 20
	TTIN  Signal = 21
	TTOU  Signal = 22
	URG   Signal = 23
	XCPU  Signal = 24
	WINCH Signal = 28

	// RTMin and RTMax are glibc's SIGRTMIN and SIGRTMAX: it keeps 32 and 33
	// to itself, so RTMIN+3, what systemd and Docker mean by it, is 37.
	RTMin Signal = 34
	RTMax Signal = 64

	// LastSignal is the highest number there is.
	LastSignal Signal = 64
)

var signalNames = [...]string{
	1: "HUP", 2: "INT", 3: "QUIT", 4: "ILL", 5: "TRAP", 6: "ABRT", 7: "BUS", 8: "FPE",
	9: "KILL", 10: "USR1", 11: "SEGV", 12: "USR2", 13: "PIPE", 14: "ALRM", 15: "TERM", 16: "STKFLT",
	17: "CHLD", 18: "CONT", 19: "STOP", 20: "TSTP", 21: "TTIN", 22: "TTOU", 23: "URG", 24: "XCPU",
	25: "XFSZ", 26: "VTALRM", 27: "PROF", 28: "WINCH", 29: "IO", 30: "PWR", 31: "SYS",
}

// alias returns the numbers of the other names in signal(7).
func alias(name string) (Signal, bool) {
	switch name {
	case "IOT":
		return ABRT, true
	case "CLD":
		return CHLD, true
	case "POLL":
		return 29, true
	case "UNUSED":
		return 31, true
	}
	return 0, false
}

// String is the name without SIG: "TERM", "RTMIN+3", "RTMAX-1"; or the bare
// number if there is no name (32, 33, or no signal at all).
func (s Signal) String() string {
	switch {
	case s > 0 && int(s) < len(signalNames):
		return signalNames[s]
	case s == RTMin:
		return "RTMIN"
	case s == RTMax:
		return "RTMAX"
	case s > RTMin && s <= RTMin+15:
		return fmt.Sprintf("RTMIN+%d", s-RTMin)
	case s > RTMin+15 && s < RTMax:
		return fmt.Sprintf("RTMAX-%d", RTMax-s)
	default:
		return strconv.Itoa(int(s))
	}
}

// Bit is the signal's bit in a mask of the kernel: bit N-1.
func (s Signal) Bit() uint64 { return 1 << (s - 1) }

// Stops tells whether the signal stops a process that does not catch it. CONT discards such
// a signal while it is pending, and it discards a pending CONT (signal(7), kernel/signal.c
// prepare_signal).
func (s Signal) Stops() bool { return s == STOP || s == TSTP || s == TTIN || s == TTOU }

// Status is the exit status with which a shell reports that the signal killed a process.
func (s Signal) Status() int { return 128 + int(s) }

// ParseSignal reads a signal as people write it: "TERM", "SIGTERM", "term",
// "15", "RTMIN+3", "SIGRTMAX-1". The error says what is wrong and names the
// nearest signal if there is one.
func ParseSignal(text string) (Signal, error) {
	name := strings.ToUpper(strings.TrimSpace(text))
	if n, err := strconv.Atoi(name); err == nil {
		if n < 1 || n > int(LastSignal) {
			return 0, fmt.Errorf("no such signal: %d; signals are 1 to %d", n, LastSignal)
		}
		return Signal(n), nil
	}
	name = strings.TrimPrefix(name, "SIG")
	for n, known := range signalNames {
		if known != "" && known == name {
			return Signal(n), nil
		}
	}
	if s, ok := alias(name); ok {
		return s, nil
	}
	if s, ok := realTime(name); ok {
		return s, nil
	}
	if strings.HasPrefix(name, "RT") {
		return 0, fmt.Errorf("no such signal: %q; real-time signals are RTMIN to RTMIN+%d and RTMAX-%d to RTMAX",
			text, RTMax-RTMin, RTMax-RTMin)
	}
	if near := Nearest(name, SignalNames()); near != "" {
		return 0, fmt.Errorf("no such signal: %q; did you mean %q?", text, near)
	}
	return 0, fmt.Errorf("no such signal: %q; give a name such as TERM, or a number from 1 to %d", text, LastSignal)
}

// realTime reads RTMIN, RTMIN+N, RTMAX and RTMAX-N.
func realTime(name string) (Signal, bool) {
	var base Signal
	var sign string
	switch {
	case strings.HasPrefix(name, "RTMIN"):
		base, sign = RTMin, "+"
	case strings.HasPrefix(name, "RTMAX"):
		base, sign = RTMax, "-"
	default:
		return 0, false
	}
	rest := name[len("RTMIN"):]
	if rest == "" {
		return base, true
	}
	if !strings.HasPrefix(rest, sign) {
		return 0, false
	}
	digits := rest[1:]
	if digits == "" || strings.Trim(digits, "0123456789") != "" {
		return 0, false
	}
	n, err := strconv.Atoi(digits)
	if err != nil || n > int(RTMax-RTMin) {
		return 0, false
	}
	if sign == "-" {
		return base - Signal(n), true
	}
	return base + Signal(n), true
}

// SignalNames lists the names of the standard signals, in the order of their
// numbers.
func SignalNames() []string {
	var names []string
	for _, name := range signalNames {
		if name != "" {
			names = append(names, name)
		}
	}
	return names
}

// Nearest returns the candidate that a mistyped word most likely means: the one with
// the fewest single-letter edits, if these are at most a third of the word
// (one is always allowed). It returns "" if no candidate is near.
func Nearest(word string, candidates []string) string {
	best, bestEdits := "", max(1, len(word)/3)+1
	for _, candidate := range candidates {
		if edits := distance(word, candidate); edits < bestEdits {
			best, bestEdits = candidate, edits
		}
	}
	return best
}

// distance counts insertions, deletions, replacements and swaps of two
// neighbours that turn a into b (optimal string alignment).
func distance(a, b string) int {
	before, last, row := make([]int, len(b)+1), make([]int, len(b)+1), make([]int, len(b)+1)
	for j := range last {
		last[j] = j
	}
	for i := 1; i <= len(a); i++ {
		row[0] = i
		for j := 1; j <= len(b); j++ {
			cost := 1
			if a[i-1] == b[j-1] {
				cost = 0
			}
			row[j] = min(last[j]+1, row[j-1]+1, last[j-1]+cost)
			if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
				row[j] = min(row[j], before[j-2]+1)
			}
		}
		before, last, row = last, row, before
	}
	return last[len(b)]
}
