package main

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"strings"
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

// searchMemory looks for texts in the memory of a process, in all of it that can be read:
//
//	search 1 sesame other
//	sesame: 0 times
//	other: 1 time or more
func searchMemory(w words) int {
	dir := "/proc/" + w.arg(0, "1")
	maps, err := os.ReadFile(dir + "/maps")
	if err != nil {
		fmt.Println(err)
		return 1
	}
	memory, err := os.Open(dir + "/mem")
	if err != nil {
		fmt.Println(err)
		return 1
	}
	found, searched := make([]int, len(w.args)), 0
	for line := range strings.Lines(string(maps)) {
		var from, to int64
		if _, err := fmt.Sscanf(line, "%x-%x", &from, &to); err != nil || strings.Contains(line, " ---p ") {
			continue // the last is address space that Go's runtime has reserved
		}
		piece, err := io.ReadAll(io.NewSectionReader(memory, from, to-from))
		if err != nil && len(piece) == 0 { // a page that nobody can read, such as vvar
			continue
		}
		searched += len(piece)
		for i, text := range w.args[1:] {
			found[i] += bytes.Count(piece, []byte(text))
		}
	}
	fmt.Printf("searched %d KiB\n", searched>>10)
	for i, text := range w.args[1:] {
		if found[i] == 0 {
			fmt.Printf("%s: 0 times\n", text)
		} else {
			fmt.Printf("%s: 1 time or more\n", text)
		}
	}
	return 0
}
