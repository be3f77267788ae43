// Sexton is PID 1 for containers: it starts the processes that a file names,
// forwards signals, reaps dead children, carries the output, and stops
// everything in order and in time.
//
// Where to find things, from the command line down:
//
//   - cli parses the command line; cli/dropin parses those of tini, dumb-init and catatonit
//   - config turns a file into a plan (service.Plan), or reports its mistakes
//   - container owns the running plan: it builds the outputs, the commands and the sockets
//   - init (package pid1) is the event loop: it tells machine what happened and carries out
//     its orders
//   - machine decides: (now, event) -> actions, without a clock and without I/O
//   - kernel starts, signals and reaps processes, and catches signals; kernel/entry runs
//     before Go's runtime
//   - forward decides what a signal does; reaper collects dead children
//   - stdio carries the output of services and our own lines
//   - files makes directories and renders templates before a start; watch tells when files change
//   - probe finds out whether a service is ready; cron knows when a schedule is due;
//     notify hears what services say of themselves
//   - verbs, control and health answer questions; doctor examines the container
//   - service and proc hold the values that all of them use; callers, paths, pattern,
//     dotenv, expand and redact are small helpers
//
// DESIGN.md has a picture of the rooms, the words, and the reason for each decision.
// HACKING.md says how to change something.
//
// The runtime must not look for CPU limits, at the start and again later: an
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

// The main goroutine must stay on the main thread. When main begins, the runtime may
// already have moved it to another thread.
func init() { entry.KeepThread() }

func main() {
	entry.Exit(cli.Main(os.Args))
}
