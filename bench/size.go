package main

import (
	"debug/elf"
	"fmt"
	"os"
	"path/filepath"
)

// measureSize lists the programs as they lie on the disk.
func measureSize(b *bench, d *document) error {
	d.say("Only the programs themselves. What a dynamic program also needs (libc, or a whole Python) does not count.")
	t := table{head: []string{"", "KB", "linked", "symbols"}}
	for _, p := range packages {
		for _, name := range p.programs {
			if file := find(name); file != "" {
				t.add(sizeRow(name, file)...)
			}
		}
	}
	if b.sexton != "" {
		row := sizeRow(ourName, b.sexton)
		t.add(row...)
		info, err := os.Stat(b.sexton)
		if err != nil {
			return err
		}
		d.target("binary at most 8 MB, stripped", fmt.Sprintf("%s KB, %s", row[1], row[3]), info.Size() <= 8<<20)
	}
	d.table(t)
	return nil
}

// sizeRow follows links: Debian's names often are.
func sizeRow(name, file string) []string {
	file, err := filepath.EvalSymlinks(file)
	if err != nil {
		return []string{name, none, err.Error(), none}
	}
	info, err := os.Stat(file)
	if err != nil {
		return []string{name, none, err.Error(), none}
	}
	linked, symbols := "a script", none
	if f, err := elf.Open(file); err == nil {
		defer f.Close()
		linked, symbols = "static", "stripped"
		if f.Section(".interp") != nil {
			linked = "dynamic"
		}
		if f.Section(".symtab") != nil {
			symbols = "present"
		}
	}
	return []string{name, kb(float64(info.Size())), linked, symbols}
}
