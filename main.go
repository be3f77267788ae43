// Sexton is PID 1 for containers: it starts the processes that a file names,
// forwards signals, reaps the dead, carries the output, and brings everything
// down in good order and in time.
//
// Where things are: cli reads the command line; config turns a file into a
// plan; machine decides what happens; init (package pid1) does it, on what
// kernel offers; stdio carries output; probe asks services whether they are
// ready. DESIGN.md says why.
//
// The runtime shall not look for CPU limits, at start and again and again: an
// init needs no more than it gets.
//
//go:debug containermaxprocs=0
//go:debug updatemaxprocs=0
package main

import (
	"os"

	"sexton/cli"
	"sexton/kernel/entry"
)

// Where main begins, the runtime may already have moved it to another thread.
func init() { entry.KeepThread() }

func main() {
	entry.Exit(cli.Main(os.Args))
}
