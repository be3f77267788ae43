package main

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/url"
	"os"
	"os/signal"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

// httpHello answers every request with 200 and its name, on the path /healthz
// with 503 while the file of sick exists:
//
//	http-hello ADDRESS [name=hello] [after=0s] [sick=FILE]
//
// It listens only when after has passed, and ends with status 0 on TERM.
func httpHello(w words) int {
	asked := make(chan os.Signal, 1)
	signal.Notify(asked, unix.SIGTERM)
	name := w.options["name"]
	if name == "" {
		name = "hello"
	}
	fmt.Printf("%s started\n", name)
	select {
	case <-asked:
		return 0
	case <-time.After(w.length("after")):
	}
	listener, err := net.Listen("tcp", w.arg(0, "127.0.0.1:8080"))
	if err != nil {
		return w.fail(err)
	}
	fmt.Printf("%s listens\n", name)
	go func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			go hello(conn, name, w.options["sick"])
		}
	}()
	<-asked
	fmt.Printf("%s stops\n", name)
	return 0
}

// hello speaks as much HTTP/1.0 as a probe needs; package net/http would make
// the helper three times as large.
func hello(conn net.Conn, name, sick string) {
	defer conn.Close()
	conn.SetDeadline(time.Now().Add(5 * time.Second))
	lines := bufio.NewReader(conn)
	request, err := lines.ReadString('\n')
	if err != nil {
		return
	}
	for {
		line, err := lines.ReadString('\n')
		if err != nil || strings.TrimSpace(line) == "" {
			break
		}
	}
	status, body := "200 OK", name+"\n"
	if _, err := os.Stat(sick); err == nil && strings.Contains(request, " /healthz ") {
		status, body = "503 Service Unavailable", "sick\n"
	}
	fmt.Fprintf(conn, "HTTP/1.0 %s\r\nContent-Type: text/plain\r\nContent-Length: %d\r\n\r\n%s", status, len(body), body)
}

// get prints the status of a page and then the page:
//
//	get http://127.0.0.1:8080/path
//	200
//	hello
func get(w words) int {
	u, err := url.Parse(w.arg(0, ""))
	if err != nil {
		w.refuse(err)
	}
	address := u.Host
	if u.Port() == "" {
		address += ":80"
	}
	conn, err := net.DialTimeout("tcp", address, 2*time.Second)
	if err != nil {
		return w.fail(err)
	}
	conn.SetDeadline(time.Now().Add(5 * time.Second))
	fmt.Fprintf(conn, "GET %s HTTP/1.0\r\nHost: %s\r\n\r\n", u.RequestURI(), u.Host)
	answer, err := io.ReadAll(conn)
	head, body, ok := strings.Cut(string(answer), "\r\n\r\n")
	if err != nil || !ok {
		return w.fail(fmt.Errorf("%s answered %q: %v", u, answer, err))
	}
	fields := strings.Fields(head)
	if len(fields) < 2 {
		return w.fail(fmt.Errorf("%s answered %q", u, answer))
	}
	if _, err := strconv.Atoi(fields[1]); err != nil {
		return w.fail(err)
	}
	fmt.Printf("%s\n%s", fields[1], body)
	return 0
}
