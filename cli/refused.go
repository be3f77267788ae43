package cli

import (
	"fmt"

	"sexton/kernel/entry"
)

// refusedCalls says which system calls are refused, one line each. fatal: nothing works without
// some of them; then only their lines are returned.
func refusedCalls(calls []entry.RefusedCall) (text string, fatal bool) {
	deadly, others := "", ""
	for _, call := range calls {
		if call.Fatal {
			deadly += fmt.Sprintf("sexton: nothing was started: the system call %s is refused, and without it %s; allow it in the seccomp profile of the container\n", call.Name, call.Without)
		} else {
			others += fmt.Sprintf("sexton: the system call %s is refused: without it %s; allow it in the seccomp profile of the container\n", call.Name, call.Without)
		}
	}
	if deadly != "" {
		return deadly, true
	}
	return others, false
}
