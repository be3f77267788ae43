package main

import (
	"fmt"
	"net"
	"os"
	"os/signal"
	"strings"
	"time"

	"golang.org/x/sys/unix"

	"sexton/proc"
)

// worker is a service whose options describe its life:
//
//	worker NAME [up=0s] [file=PATH] [listen=ADDRESS] [log=FILE]
//	            [stop=0s] [status=0] [on=TERM] [fail=N count=FILE] [lives=TIME ends=STATUS]
//
// After up it makes file, listens, and says "NAME up". On TERM (or INT, or the
// signal of on) it says "NAME stopping", works for stop, says "NAME down" and
// ends with status. It also appends everything that it says to log, which
// shows the order of what several workers did. With fail and count it ends with
// status 1 the first N times, keeping count in FILE. With lives it ends by
// itself after TIME.
func worker(w words) int {
	say := sayer(w)
	asked := make(chan os.Signal, 8)
	signal.Notify(asked, unix.SIGTERM, unix.SIGINT)
	if name, ok := w.options["on"]; ok {
		signal.Notify(asked, unix.Signal(w.signal(name)))
	}
	if n := w.count("fail", 0); n > 0 && starts(w) <= n {
		say("fails")
		return 1
	}
	select {
	case <-asked:
		say("stopped before it was up")
		return w.count("status", 0)
	case <-time.After(w.length("up")):
	}
	if address := w.options["listen"]; address != "" {
		listener, err := net.Listen("tcp", address)
		if err != nil {
			return w.fail(err)
		}
		defer listener.Close()
	}
	say("up")
	// After "up" in the log: whatever waits for the file writes its own lines below.
	if path := w.options["file"]; path != "" {
		if err := os.WriteFile(path, []byte("ready\n"), 0o644); err != nil {
			return w.fail(err)
		}
		defer os.Remove(path)
	}
	var over <-chan time.Time
	if w.options["lives"] != "" {
		over = time.After(w.length("lives"))
	}
	select {
	case <-over:
		say("ends")
		return w.count("ends", 0)
	case sig := <-asked:
		say("stopping on " + proc.Signal(sig.(unix.Signal)).String())
	}
	time.Sleep(w.length("stop"))
	say("down")
	return w.count("status", 0)
}

// sayer writes a line to stdout and, in one write, to the log that several
// share.
func sayer(w words) func(string) {
	name, path := w.arg(0, "worker"), w.options["log"]
	return func(text string) {
		line := fmt.Sprintf("%s %s\n", name, text)
		fmt.Print(line)
		if path == "" {
			return
		}
		log, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_APPEND, 0o644)
		if err != nil {
			w.refuse(err)
		}
		defer log.Close()
		log.WriteString(line)
	}
}

// starts counts this start in the file of count: the first is 1.
func starts(w words) int {
	path := w.options["count"]
	text, _ := os.ReadFile(path)
	n := len(strings.TrimSpace(string(text))) + 1
	if err := os.WriteFile(path, []byte(strings.Repeat("I", n)), 0o644); err != nil {
		w.refuse(err)
	}
	return n
}
