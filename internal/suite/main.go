// Command suite runs go test with the arguments that it gets, prints what go test
// would print, and then one line more: how many tests were skipped, and why.
//
// go test keeps quiet about skipped tests unless it tells of every test. On a machine
// that lacks a Docker engine or namespaces half of the tests are skipped, and "ok"
// alone would claim too much. The exit status is 0, or 1 where go test failed.
package main

import (
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
)

func main() {
	cmd := exec.Command("go", append([]string{"test", "-json"}, os.Args[1:]...)...)
	cmd.Stderr = os.Stderr
	if !compiles() {
		fmt.Println("the C compiler, or its headers, are not there: testing without cgo")
		cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
	}
	events, err := cmd.StdoutPipe()
	if err == nil {
		err = cmd.Start()
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "suite:", err)
		os.Exit(1)
	}
	r := newReport(os.Stdout)
	readErr := r.read(events)
	if readErr != nil {
		_, _ = io.Copy(io.Discard, events) // so that go test does not wait for us
	}
	err = cmd.Wait()
	if err == nil {
		err = readErr
	}
	if err != nil {
		fmt.Println("FAIL")
	}
	fmt.Println(r.skipped())
	if err != nil {
		os.Exit(1)
	}
}

// compiles tells whether the C compiler that cgo would use works. Where there is none, Go
// does without cgo by itself; where it lacks the C library's headers, nothing compiles.
func compiles() bool {
	text, err := exec.Command("go", "env", "CC").Output()
	words := strings.Fields(string(text))
	if err != nil || len(words) == 0 {
		return true // go test has its own words for it
	}
	if _, err := exec.LookPath(words[0]); err != nil {
		return true
	}
	cc := exec.Command(words[0], append(words[1:], "-E", "-x", "c", "-")...)
	cc.Stdin = strings.NewReader("#include <stdlib.h>\n#include <pthread.h>\n")
	return cc.Run() == nil
}
