package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"unicode/utf8"
)

// table is a Markdown table. The first column is left aligned, the others right.
type table struct {
	head []string
	rows [][]string
}

func (t *table) add(cells ...string) { t.rows = append(t.rows, cells) }

// String is the table with its columns aligned for readers of the source.
func (t *table) String() string {
	width := make([]int, len(t.head))
	for _, row := range append([][]string{t.head}, t.rows...) {
		for i, cell := range row {
			width[i] = max(width[i], utf8.RuneCountInString(cell), 3)
		}
	}
	var s strings.Builder
	line := func(row []string) {
		for i := range t.head {
			cell := ""
			if i < len(row) {
				cell = row[i]
			}
			pad := strings.Repeat(" ", width[i]-utf8.RuneCountInString(cell))
			if i > 0 {
				cell, pad = pad+cell, ""
			}
			s.WriteString("| " + cell + pad + " ")
		}
		s.WriteString("|\n")
	}
	line(t.head)
	var rule []string
	for i := range t.head {
		dashes := strings.Repeat("-", width[i])
		if i > 0 {
			dashes = dashes[1:] + ":"
		}
		rule = append(rule, dashes)
	}
	line(rule)
	for _, row := range t.rows {
		line(row)
	}
	return s.String()
}

// document is the Markdown text as it grows, and the targets that it has met.
type document struct {
	text    strings.Builder
	targets []target
}

func (d *document) heading(title string) { fmt.Fprintf(&d.text, "\n## %s\n", title) }

// say adds a paragraph.
func (d *document) say(format string, args ...any) {
	fmt.Fprintf(&d.text, "\n"+format+"\n", args...)
}

func (d *document) table(t table) { d.text.WriteString("\n" + t.String()) }

// write puts preface, targets and sections into the file, or on stdout for "-".
func (d *document) write(file, preface string) error {
	text := preface
	if len(d.targets) > 0 {
		t := table{head: []string{"target", "measured", ""}}
		for _, x := range d.targets {
			t.add(x.what, x.got, x.verdict())
		}
		text += "\n## Targets\n\n" + t.String()
	}
	text += d.text.String()
	if file == "-" {
		_, err := os.Stdout.WriteString(text)
		return err
	}
	if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
		return err
	}
	if err := os.WriteFile(file, []byte(text), 0o644); err != nil {
		return err
	}
	progress("written: %s", file)
	return nil
}

// target is a figure that was promised and what came of it.
type target struct {
	what string // "start-up overhead at most 3x tini's"
	got  string // with its unit; a dash when not measured
	met  bool
}

func (t target) verdict() string {
	switch {
	case strings.HasPrefix(t.got, none):
		return "not measured"
	case t.met:
		return "ok"
	default:
		return "MISSED"
	}
}

// target notes a promise. got is the figure as text; met counts only if it is one.
func (d *document) target(what, got string, met bool) {
	t := target{what, got, met}
	d.targets = append(d.targets, t)
	progress("%s: %s, %s", t.what, t.got, t.verdict())
}
