// Command started tells what it was started with, as the entry has seen it. It is built with the entry by its test.
package main

import (
	"fmt"
	"os"
	"runtime"
	"strconv"
	"time"

	"sexton/kernel/entry"
)

func init() { entry.KeepThread() }

func main() {
	if len(os.Args) == 3 && os.Args[1] == "exit" {
		status, _ := strconv.Atoi(os.Args[2])
		entry.Exit(status)
	}
	if len(os.Args) == 3 && os.Args[1] == "grow" { // until a limit ends it
		var all [][]byte
		for {
			all = append(all, make([]byte, 16<<20))
		}
	}
	if len(os.Args) == 2 && os.Args[1] == "deadlock" {
		select {}
	}
	if len(os.Args) == 3 && os.Args[1] == "thread" {
		entry.FreeThread()
		for range 100 {
			go func() { runtime.LockOSThread(); time.Sleep(time.Second) }()
		}
		time.Sleep(time.Second)
	}
	mask, ignore := entry.Inherited()
	fmt.Printf("mask %x\nignore %x\nnofile %d\nprocs %d\n", mask, ignore, entry.InheritedNofile().Cur, runtime.GOMAXPROCS(0))
	for _, variable := range entry.Environ() {
		fmt.Printf("env %q\n", variable)
	}
	entry.RestoreSignals()
	entry.Trim()
	status, _ := os.ReadFile("/proc/thread-self/status")
	os.Stdout.Write(status)
}
