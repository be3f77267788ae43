package main

import (
	"fmt"
	"net"
	"os"
	"strings"
	"time"
)

// notify says its arguments on $NOTIFY_SOCKET (sd_notify(3)), one message each, and then sleeps:
//
//	notify MESSAGE... [name=FILE] [from=FILE] [until=FILE] [ends=yes]
//
// With name it first writes the socket's name into a file, with from it uses the one in a file;
// with until it first waits for a file. A comma in a message is a newline.
func notify(w words) int {
	socket := os.Getenv("NOTIFY_SOCKET")
	if file := w.options["name"]; file != "" {
		if err := os.WriteFile(file, []byte(socket), 0o644); err != nil {
			return w.fail(err)
		}
	}
	for _, file := range []string{w.options["from"], w.options["until"]} {
		for end := time.Now().Add(20 * time.Second); file != "" && time.Now().Before(end); time.Sleep(5 * time.Millisecond) {
			if text, err := os.ReadFile(file); err == nil {
				if file == w.options["from"] {
					socket = string(text)
				}
				break
			}
		}
	}
	conn, err := net.Dial("unixgram", socket)
	if err != nil {
		return w.fail(err)
	}
	for _, message := range w.args {
		if _, err := conn.Write([]byte(strings.ReplaceAll(message, ",", "\n"))); err != nil {
			return w.fail(err)
		}
	}
	fmt.Println("said")
	if w.options["ends"] == "" {
		time.Sleep(time.Hour)
	}
	return 0
}
