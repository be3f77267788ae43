package story

import (
	"cmp"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"text/tabwriter"
)

// process is one line of a process table, from /proc.
type process struct {
	host   int    // its number where the tests run
	inside int    // its number in its own PID namespace
	parent int    // host numbers
	group  int    // host numbers
	state  string // as ps(1) has it: R, S, Z ...
	kernel string // the kernel's name for it, 15 bytes at most
	argv   []string
	mark   bool // it carries the mark of the story in its environment
}

// called tells whether the process goes by name.
func (p *process) called(name string) bool {
	if p.kernel == name {
		return true
	}
	return slices.ContainsFunc(p.argv, func(word string) bool { return filepath.Base(word) == name })
}

func (p *process) zombie() bool { return p.state == "Z" }

// table lists the processes of one PID namespace, ordered by their numbers. A
// process that ends while we look may be missing.
//
// namespace is what readlink says of /proc/PID/ns/pid. "" stands for our own,
// where only those count that bear the mark KEY=VALUE in their environment, and
// their descendants.
func table(namespace, mark string) ([]process, error) {
	entries, err := os.ReadDir("/proc")
	if err != nil {
		return nil, err
	}
	var out []process
	for _, entry := range entries {
		pid, err := strconv.Atoi(entry.Name())
		if err != nil {
			continue
		}
		if namespace != "" {
			if found, err := os.Readlink("/proc/" + entry.Name() + "/ns/pid"); err != nil || found != namespace {
				continue
			}
		}
		if p, err := readProcess(pid); err == nil {
			if namespace == "" {
				env, _ := os.ReadFile("/proc/" + entry.Name() + "/environ")
				p.mark = slices.Contains(strings.Split(string(env), "\x00"), mark)
			}
			out = append(out, p)
		}
	}
	if namespace == "" {
		out = marked(out)
	}
	slices.SortFunc(out, func(a, b process) int { return cmp.Compare(a.inside, b.inside) })
	return out, nil
}

// marked keeps those that bear the mark and their descendants.
func marked(all []process) []process {
	kept := make(map[int]bool)
	for grown := true; grown; {
		grown = false
		for _, p := range all {
			if !kept[p.host] && (p.mark || kept[p.parent]) {
				kept[p.host], grown = true, true
			}
		}
	}
	return slices.DeleteFunc(all, func(p process) bool { return !kept[p.host] })
}

// readProcess reads /proc/PID; see proc(5).
func readProcess(pid int) (process, error) {
	dir := "/proc/" + strconv.Itoa(pid)
	stat, err := os.ReadFile(dir + "/stat")
	if err != nil {
		return process{}, err
	}
	// The name is in parentheses and may contain any byte, ")" too.
	open, closed := strings.IndexByte(string(stat), '('), strings.LastIndexByte(string(stat), ')')
	if open < 0 || closed < open {
		return process{}, fmt.Errorf("%s/stat: %q", dir, stat)
	}
	fields := strings.Fields(string(stat[closed+1:]))
	if len(fields) < 3 {
		return process{}, fmt.Errorf("%s/stat: %q", dir, stat)
	}
	p := process{host: pid, inside: pid, state: fields[0], kernel: string(stat[open+1 : closed])}
	p.parent, _ = strconv.Atoi(fields[1])
	p.group, _ = strconv.Atoi(fields[2])
	command, _ := os.ReadFile(dir + "/cmdline")
	if text := strings.TrimRight(string(command), "\x00"); text != "" {
		p.argv = strings.Split(text, "\x00")
	}
	status, _ := os.ReadFile(dir + "/status")
	for line := range strings.Lines(string(status)) {
		if list, ok := strings.CutPrefix(line, "NSpid:"); ok {
			numbers := strings.Fields(list)
			p.inside, _ = strconv.Atoi(numbers[len(numbers)-1])
		}
	}
	return p, nil
}

// find returns the process that name means: the eldest of those that go by it.
func find(all []process, name string) (process, error) {
	byHost := make(map[int]process)
	for _, p := range all {
		if p.called(name) && !p.zombie() {
			byHost[p.host] = p
		}
	}
	var eldest []process
	for _, p := range all {
		_, found := byHost[p.host]
		if _, younger := byHost[p.parent]; found && !younger {
			eldest = append(eldest, p)
		}
	}
	switch len(eldest) {
	case 0:
		return process{}, fmt.Errorf("no process is called %s", name)
	case 1:
		return eldest[0], nil
	default:
		return process{}, fmt.Errorf("%d processes are called %s", len(eldest), name)
	}
}

// showTable writes a table for people. At most 60 processes are shown.
func showTable(all []process) string {
	inside := make(map[int]int)
	for _, p := range all {
		inside[p.host] = p.inside
	}
	var b strings.Builder
	w := tabwriter.NewWriter(&b, 0, 0, 2, ' ', 0)
	fmt.Fprintf(w, "\tPID\tPARENT\tGROUP\tSTATE\tCOMMAND\tOUTSIDE\n")
	for i, p := range all {
		if i == 60 {
			fmt.Fprintf(w, "\t... and %d more\n", len(all)-i)
			break
		}
		command := strings.Join(p.argv, " ")
		if command == "" {
			command = "[" + p.kernel + "]"
		}
		if len(command) > 100 {
			command = command[:100] + "..."
		}
		fmt.Fprintf(w, "\t%d\t%d\t%d\t%s\t%q\t%d\n", p.inside, inside[p.parent], inside[p.group], p.state, command, p.host)
	}
	w.Flush()
	return b.String()
}
