package service

import (
	"time"

	"sexton/proc"
)

// Change is one change of a service's state, or, with Service "", of the container's.
type Change struct {
	Seq      uint64        // counts the changes since sexton started
	At       time.Duration // the moment, on the machine's clock
	Service  string
	From, To State
	Run      Run      // 0: none
	PID      proc.PID // 0: not known
	Words    string   // how the run ended; of the container: "ready", "not ready", "stopping"
}
