package config

import (
	"fmt"
	"path"
	"slices"
	"strings"
	"time"

	"sexton/proc"
	"sexton/service"
)

// fromProgram is a command without what stands before the program: exec, sudo and variables.
func fromProgram(words []string) []string {
	for len(words) > 0 && (words[0] == "exec" || words[0] == "sudo" || strings.Contains(words[0], "=")) {
		words = words[1:]
	}
	return words
}

// remarkServer looks at the command of a service that runs a server which we know, for what that server wants. Its own
// configuration may decide otherwise, so there is no such remark at a start.
func (r *reader) remarkServer(v *value, s *draftService, words []string, grace time.Duration) {
	words = fromProgram(words)
	if r.options.Running || s.spec.OneShot || len(words) == 0 {
		return
	}
	server, known := service.ProgramOf(words[0])
	if !known || slices.ContainsFunc(words[1:], isOneOf("-t", "-T", "-v", "-V", "-s", "-h", "-?", "--help", "--version")) {
		return
	}
	name := path.Base(words[0])
	if !server.StaysInForeground(words) {
		unless := ""
		if server.Setting != "" {
			unless = " unless its configuration has " + server.Setting
		}
		r.note(v, name+" goes into the background"+unless, "write command = ["+quotedList(slices.Concat([]string{words[0]}, wordsOf(server.Foreground[0]), words[1:]))+"]")
	}
	if first := s.spec.Stop[0].Signal; first == proc.TERM && server.AtTERM != "" && s.table.child("stop_command") == nil &&
		(server.Unless == "" || !strings.Contains(strings.Join(words, " "), server.Unless)) {
		at := s.table.child("stop")
		if at == nil {
			at = v
		}
		what := name
		if server.Unless != "" {
			what += ", unless its configuration has " + server.Unless + ","
		}
		r.note(at, what+" "+server.AtTERM, "write "+ladderFor(server.Stop, grace))
	}
	if server.Alone != "" && s.spec.KillMode != service.KillProcess {
		r.note(v, fmt.Sprintf("signals go to the whole process group, and %s then loses %s", name, server.Alone), `write kill_mode = "process"`)
	}
}

// wordsOf are the words of an option, a part in quotes being one.
func wordsOf(option string) []string {
	option, quoted, _ := strings.Cut(option, `"`)
	words := strings.Fields(option)
	if quoted != "" {
		words = append(words, strings.TrimSuffix(quoted, `"`))
	}
	return words
}

// ladderFor is a ladder that begins with the signal, and fits into the grace.
func ladderFor(signal proc.Signal, grace time.Duration) string {
	first, second := 10*time.Second, 5*time.Second
	switch left := (grace - time.Second).Truncate(time.Second); {
	case left >= first+second || grace <= 0:
	case left >= 3*time.Second:
		second = (left / 3).Truncate(time.Second)
		first = left - second
	default:
		return fmt.Sprintf(`stop = ["%v", "KILL"]`, signal)
	}
	return fmt.Sprintf(`stop = ["%v %s", "TERM %s", "KILL"]`, signal, brief(first), brief(second))
}

func isOneOf(words ...string) func(string) bool {
	return func(word string) bool { return slices.Contains(words, word) }
}
