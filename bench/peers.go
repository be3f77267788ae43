package main

import (
	"os"
	"path/filepath"
	"strings"

	"golang.org/x/sys/unix"
)

// find is the absolute path of the first of names that is installed, or "".
// The system directories are searched besides PATH.
func find(names ...string) string {
	path := filepath.SplitList(os.Getenv("PATH"))
	path = append(path, "/usr/local/sbin", "/usr/local/bin", "/usr/sbin", "/usr/bin", "/sbin", "/bin")
	for _, name := range names {
		for _, dir := range path {
			file := filepath.Join(dir, name)
			if filepath.IsAbs(file) && unix.Access(file, unix.X_OK) == nil {
				return file
			}
		}
	}
	return ""
}

func trueProgram() string { return find("true") }

// initer is one way to run one command under an init.
type initer struct {
	name   string
	prefix []string // the command follows; empty: no init at all
}

func (i initer) argv(command ...string) []string {
	return append(append([]string{}, i.prefix...), command...)
}

// bare is the command by itself: the floor of every measurement.
const bare = "(the command itself)"

const (
	ourName    = "sexton"
	beforeName = "sexton-before" // of -before
)

// initers are the installed ones, the bare command first, ourselves last.
func (b *bench) initers() []initer {
	all := []initer{{bare, nil}}
	for _, w := range []string{"tini --", "tini -g --", "dumb-init --", "catatonit --"} {
		words := strings.Fields(w)
		if path := find(words[0]); path != "" {
			words[0] = path
			all = append(all, initer{strings.TrimSuffix(w, " --"), words})
		}
	}
	if b.before != "" {
		all = append(all, initer{beforeName, []string{b.before, "--"}})
	}
	if b.sexton != "" {
		all = append(all, initer{ourName, []string{b.sexton, "--"}})
	}
	return all
}

// ours is how many lines of a table are sexton's: the last, or none.
func (b *bench) ours() int {
	if b.sexton == "" {
		return 0
	}
	return 1
}

// inits are the initers without the bare command.
func (b *bench) inits() []initer { return b.initers()[1:] }

// pack is a peer and the programs that it needs here.
type pack struct {
	name     string
	programs []string
}

var packages = []pack{
	{"tini", []string{"tini"}},
	{"dumb-init", []string{"dumb-init"}},
	{"catatonit", []string{"catatonit"}},
	{"s6", []string{"s6-svscan", "s6-supervise", "s6-log"}},
	{"runit", []string{"runsvdir", "runsv"}},
	{"supervisor", []string{"supervisord"}},
	{"dinit", []string{"dinit"}},
	{"nitro", []string{"nitro"}},
}

func (p pack) installed() bool {
	for _, name := range p.programs {
		if find(name) == "" {
			return false
		}
	}
	return true
}

// version is what the package manager says; "" when it is not installed.
func (b *bench) version(p pack) string {
	if !p.installed() {
		return ""
	}
	if query := find("dpkg-query"); query != "" {
		text, err := b.output([]string{query, "-W", "-f", "${Version}", p.name})
		if err == nil && text != "" {
			return text
		}
	}
	return "installed"
}

func (b *bench) sextonVersion() string {
	if b.sexton == "" {
		return "not measured: there was no binary"
	}
	text, err := b.output([]string{b.sexton, "version"})
	if err != nil {
		return "version unknown"
	}
	first, _, _ := strings.Cut(strings.TrimSpace(text), "\n")
	return first
}
