package main

import (
	"bufio"
	"fmt"
	"os"
	"os/signal"
	"strings"

	"golang.org/x/sys/unix"
)

// fillPipe writes N numbered lines as fast as it can, and ends at once:
//
//	fill-pipe N [stderr] [width=40] [status=0]
//	line 1 xxxxxxxx
func fillPipe(w words) int {
	file := os.Stdout
	if w.has("stderr") {
		file = os.Stderr
	}
	out := bufio.NewWriterSize(file, 64<<10)
	width := w.count("width", 40)
	filler := strings.Repeat("x", width)
	for i := range w.number(w.arg(0, "1")) {
		head := fmt.Sprintf("line %d ", i+1)
		out.WriteString(head)
		out.WriteString(filler[:max(0, width-len(head)-1)])
		if err := out.WriteByte('\n'); err != nil {
			return w.fail(err)
		}
	}
	if err := out.Flush(); err != nil {
		return w.fail(err)
	}
	return w.count("status", 0)
}

// partialLine writes its words without a newline and ends.
func partialLine(w words) int {
	fmt.Print(strings.Join(w.args, " "))
	return w.count("status", 0)
}

// closeStdout closes its stdout, and says so on stderr, then lives until TERM.
func closeStdout(w words) int {
	fmt.Println("about to close stdout")
	unix.Close(1)
	fmt.Fprintln(os.Stderr, "stdout is closed")
	asked := make(chan os.Signal, 1)
	signal.Notify(asked, unix.SIGTERM)
	<-asked
	return 0
}

// unblock makes a descriptor non-blocking for all processes that share its open file, and
// says on stderr how it was:
//
//	unblock FD
func unblock(w words) int {
	fd := w.number(w.arg(0, "0"))
	flags, err := unix.FcntlInt(uintptr(fd), unix.F_GETFL, 0)
	if err != nil {
		return w.fail(err)
	}
	fmt.Fprintf(os.Stderr, "was non-blocking: %t\n", flags&unix.O_NONBLOCK != 0)
	if err := unix.SetNonblock(fd, true); err != nil {
		return w.fail(err)
	}
	return w.count("status", 0)
}
