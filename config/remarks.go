package config

import (
	"fmt"
	"path"
	"slices"
	"strings"
	"time"

	"sexton/expand"
	"sexton/service"
)

// Remarks are about valid text that is probably not meant. They are not mistakes: a
// program may really want "&&" as an argument.

// remark looks at the commands of all services.
func (r *reader) remark(d *draft) {
	for _, s := range d.services {
		if s.table == nil {
			continue
		}
		r.remarkCommand(s.table.child("command"), s, s.spec.Command, d.init.Grace)
		r.remarkEffects(s)
		r.remarkTemplates(s)
		r.checkWatch(s)
		if s.spec.Ready.Kind == service.ExecProbe {
			r.remarkCommand(s.table.child("ready").child("exec"), s, s.spec.Ready.Command, d.init.Grace)
		}
		r.remarkSecrets(s)
	}
	for _, v := range d.root.entries {
		r.remarkVariables(v)
	}
}

// remarkCommand looks at one command, as written in the file and as executed.
func (r *reader) remarkCommand(v *value, s *draftService, argv []string, grace time.Duration) {
	if v == nil || len(argv) == 0 {
		return
	}
	text, isString := v.data.(string)
	if isString {
		r.remarkShellText(v, text)
	} else {
		r.remarkList(v, argv)
	}
	r.remarkProgram(v, s, argv)
	words := argv
	if isString {
		words = strings.Fields(text)
	}
	r.remarkBackground(v, words)
	if v == s.table.child("command") {
		r.remarkServer(v, s, words, grace)
	}
}

// remarkList looks for shell syntax in a list, which no shell reads.
func (r *reader) remarkList(v *value, argv []string) {
	if len(argv) == 1 && strings.ContainsAny(argv[0], " \t") {
		text := strings.TrimSpace(argv[0])
		if strings.ContainsAny(text, "|&;<>()$`\"'*?") {
			r.note(v, "a list is executed without a shell, so the whole line would be the name of the program", fmt.Sprintf("write it as a string to have a shell: %s = %s", v.name, tomlString(text)))
		} else {
			r.note(v, "a list has one item per word, so the whole line would be the name of the program", fmt.Sprintf("write %s = [%s]", v.name, quotedList(strings.Fields(text))))
		}
		return
	}
	if startsShell(argv) {
		if script := argv[len(argv)-1]; strings.Contains(script, "\r\n") && len(v.items) == len(argv) {
			r.remarkCRLF(v.items[len(argv)-1])
		}
		return
	}
	for i, word := range argv {
		item := v
		if i < len(v.items) {
			item = v.items[i]
		}
		switch {
		case i > 0 && isOperator(word):
			r.note(item, fmt.Sprintf("a list is executed without a shell, so %s gets %q as an argument", path.Base(argv[0]), word),
				fmt.Sprintf("write it as a string to have a shell: %s = %s", v.name, tomlString(strings.Join(argv, " "))))
			return
		case !item.filled && !item.unknown && !item.late && variableIn(word) != "":
			r.note(item, fmt.Sprintf("a list is executed without a shell, so %s gets %q as it stands here", path.Base(argv[0]), word),
				fmt.Sprintf("write ${%s} to have the variable filled in", variableIn(word)))
			return
		}
	}
}

// remarkShellText looks at the text for a shell.
func (r *reader) remarkShellText(v *value, text string) {
	if strings.Contains(text, "\r\n") {
		r.remarkCRLF(v)
	}
	if end := strings.TrimRight(text, " \t\r\n"); strings.HasSuffix(end, "&") && !strings.HasSuffix(end, "&&") {
		r.note(v, "the shell starts this in the background and ends at once, which ends the service", "remove the & at the end")
	}
}

func (r *reader) remarkCRLF(v *value) {
	r.note(v, "these lines end with CR and LF, and a shell treats each CR as part of the last word", "save the file with LF line endings")
}

// remarkBackground looks for commands that start a service elsewhere, or in the
// background, and end.
func (r *reader) remarkBackground(v *value, words []string) {
	if words = fromProgram(words); len(words) == 0 {
		return
	}
	switch name := path.Base(words[0]); {
	case name == "systemctl":
		r.note(v, "systemctl needs a running systemd, which a container does not have", "write the command of the unit's ExecStart")
	case (name == "service" || name == "rc-service") && len(words) > 2,
		strings.HasPrefix(words[0], "/etc/init.d/") && len(words) > 1:
		r.note(v, fmt.Sprintf("%s starts the program in the background and ends, which ends the service", words[0]),
			"write the program's own command, with its option to stay in the foreground")
	}
}

// remarkProgram remarks on a missing program; Options.Program looks for it.
func (r *reader) remarkProgram(v *value, s *draftService, argv []string) {
	if r.options.Program == nil || strings.Contains(argv[0], "$") && slices.Contains(s.spec.Late, "command") {
		return
	}
	if len(argv) == 1 && strings.ContainsAny(argv[0], " \t") {
		return // remarkList has reported it
	}
	if err := r.options.Program(argv[0], &s.spec); err != nil {
		mend := "install it, or correct the name"
		if _, isString := v.data.(string); isString {
			mend = "a string is run by a shell: install one, or write the command as a list"
		}
		r.note(v, err.Error(), mend)
	}
}

// remarkVariables looks for variables as other programs write them: supervisord's %(ENV_NAME)s, and the {{ .NAME }} of Go's
// templates.
func (r *reader) remarkVariables(v *value) {
	text, _ := v.data.(string)
	for _, next := range slices.Concat(v.entries, v.items) {
		r.remarkVariables(next)
	}
	if _, rest, ok := strings.Cut(text, "%(ENV_"); ok {
		name, _, _ := strings.Cut(rest, ")")
		r.note(v, "this is how supervisord writes a variable; sexton leaves it as it is", fillable(name))
	}
	if name := templated(text); name != "" {
		r.note(v, "this is how a Go template writes a variable; sexton leaves it as it is", fillable(name))
	}
}

// fillable says how a variable of another program is written here.
func fillable(name string) string {
	if !expand.IsName(name) {
		return "write ${NAME}"
	}
	return fmt.Sprintf("write ${%s}", name)
}

// templated is the name in the first {{ .NAME }} of a text, also with .Env before the name; "" if there is none.
func templated(text string) string {
	for {
		_, rest, ok := strings.Cut(text, "{{")
		inside, after, closed := strings.Cut(rest, "}}")
		if !ok || !closed {
			return ""
		}
		name, dotted := strings.CutPrefix(strings.Trim(inside, " \t-"), ".")
		if name = strings.TrimPrefix(name, "Env."); dotted && expand.IsName(name) {
			return name
		}
		text = after
	}
}

// isOperator tells whether a word is one of the shell's.
func isOperator(word string) bool {
	switch word {
	case "&&", "||", "|", ";", "&", ">", ">>", "<", "<<", "2>", "2>>", "&>", "2>&1", ">&2", "1>&2":
		return true
	}
	return strings.HasPrefix(word, ">/") || strings.HasPrefix(word, "2>/")
}

// variableIn is the $NAME or ${NAME} in a word; "" for none. A single dollar
// sign may belong to a pattern.
func variableIn(word string) string {
	for i := strings.IndexByte(word, '$'); i >= 0 && i+1 < len(word); {
		rest := strings.TrimPrefix(word[i+1:], "{")
		n := 0
		for n < len(rest) && (rest[n] == '_' || strings.IndexByte(letters, rest[n]) >= 0) {
			n++
		}
		closed := rest == word[i+1:] || strings.Contains(rest, "}")
		if n > 0 && (rest[0] < '0' || rest[0] > '9') && closed {
			return rest[:n]
		}
		next := strings.IndexByte(word[i+1:], '$')
		if next < 0 {
			break
		}
		i += 1 + next
	}
	return ""
}

// startsShell tells whether a list starts a shell that reads its script from an
// argument. Then shell syntax in it is right.
func startsShell(argv []string) bool {
	words := argv
	if len(words) > 1 && path.Base(words[0]) == "busybox" {
		words = words[1:]
	}
	switch path.Base(words[0]) {
	case "sh", "bash", "dash", "ash", "zsh", "ksh":
		return slices.ContainsFunc(words[1:], func(w string) bool {
			return strings.HasPrefix(w, "-") && !strings.HasPrefix(w, "--") && strings.HasSuffix(w, "c")
		})
	}
	return false
}

// tomlString writes a text as a TOML string, in quotes that need no escapes if possible.
func tomlString(text string) string {
	if strings.ContainsAny(text, `"\`) && !strings.ContainsAny(text, "'\n\r") {
		return "'" + text + "'"
	}
	return fmt.Sprintf("%q", text)
}

func quotedList(words []string) string {
	quoted := make([]string, len(words))
	for i, w := range words {
		quoted[i] = tomlString(w)
	}
	return strings.Join(quoted, ", ")
}
