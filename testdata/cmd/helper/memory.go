package main

import (
	"fmt"
	"time"
)

// eatMemory takes more and more memory, and uses it, up to SIZE megabytes:
//
//	eat-memory 100 [after=0s]
//	ate 100 MB
func eatMemory(w words) int {
	time.Sleep(w.length("after"))
	var all [][]byte
	n := w.number(w.arg(0, "100"))
	for range n {
		piece := make([]byte, 1<<20)
		for i := 0; i < len(piece); i += 4096 {
			piece[i] = 1
		}
		all = append(all, piece)
	}
	fmt.Printf("ate %d MB\n", len(all))
	return 0
}
