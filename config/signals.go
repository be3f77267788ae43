package config

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"sexton/proc"
	"sexton/service"
)

// draftRule is one entry of [signals] in the making.
type draftRule struct {
	signal proc.Signal
	rule   service.Rule
	entry  *value
	to     []*value // the names of Rule.To as they stand in the file
	toMain bool     // it is for the main service
	wrong  bool     // it has a mistake of its own, which is reported
}

// signals reads the [signals] table. Whether its services exist is checked when all
// services are known.
func (r *reader) signals(v *value, d *draft) {
	for _, entry := range r.tables(v) {
		signal, ok := r.signalKey(entry, d)
		if !ok {
			continue
		}
		entry.expects, entry.example = "a word or a table", fmt.Sprintf("%s = %q", keyOf(entry), service.VerbStop)
		rule := draftRule{signal: signal, entry: entry}
		rule.wrong = entry.isUnknown() || entry.isUnknownTable() || !r.rule(entry, &rule)
		d.rules = append(d.rules, rule)
	}
}

// keyOf is a key as written in the file.
func keyOf(v *value) string { return v.path[strings.IndexByte(v.path, '.')+1:] }

// signalKey reads the signal that a rule is for.
func (r *reader) signalKey(entry *value, d *draft) (proc.Signal, bool) {
	signal, ok := r.signalNamed(entry.name, func(text, mend string) { r.wrongKey(entry, text, mend) })
	if !ok {
		return 0, false
	}
	if why := unheard(signal); why != "" {
		r.wrongKey(entry, "there can be no rule for "+signal.String()+": "+why, "leave it out")
		return 0, false
	}
	for _, other := range d.rules {
		if other.signal == signal {
			r.wrongKey(entry, fmt.Sprintf("this is the signal of %s %s", keyOf(other.entry), other.entry.where(entry)),
				"remove one of the two")
			return 0, false
		}
	}
	return signal, true
}

// signalNamed reads a signal's name or number, and calls wrong if it is not a
// signal.
func (r *reader) signalNamed(name string, wrong func(text, mend string)) (proc.Signal, bool) {
	if r.full() {
		r.dropped++
		return 0, false
	}
	if len(name) > maxNameBytes { // too long to be a typo
		wrong("this is too long for the name of a signal", "")
		return 0, false
	}
	signal, err := proc.ParseSignal(name)
	if err != nil {
		text, mend, _ := strings.Cut(err.Error(), "; ")
		wrong(text, mend)
		return 0, false
	}
	return signal, true
}

// unheard says why sexton can never pass on a signal that it gets; "" if there can
// be a rule for it.
func unheard(signal proc.Signal) string {
	switch signal {
	case proc.KILL, proc.STOP:
		return "the kernel acts on it, and no process sees it"
	case proc.CHLD:
		return "it tells sexton that a child has ended"
	case proc.PIPE:
		return "it tells sexton that a reader of its output has gone"
	}
	return ""
}

// rule reads what a signal does. ok is false after a mistake.
func (r *reader) rule(entry *value, into *draftRule) (ok bool) {
	switch data := entry.data.(type) {
	case string:
		return r.ruleWord(entry, data, into)
	case map[string]any:
		return r.ruleTable(entry, into)
	}
	r.wrongType(entry)
	return false
}

func (r *reader) ruleWord(entry *value, word string, into *draftRule) (ok bool) {
	switch word {
	case service.VerbStop.String():
		into.rule.Verb = service.VerbStop
		return true
	case service.VerbIgnore.String():
		into.rule.Verb = service.VerbIgnore
		return true
	case service.VerbForward.String():
		into.toMain = true
		return true
	case service.VerbReopen.String():
		into.rule.Verb = service.VerbReopen
		return true
	case service.VerbReload.String():
		into.rule.Verb = service.VerbReload
		return true
	}
	if word == service.VerbRestart.String() {
		r.wrong(entry, "it does not say what to restart", fmt.Sprintf(`write %s = { restart = ["NAME"] }`, keyOf(entry)))
		return false
	}
	words := []string{"stop", "ignore", "forward", "reopen", "reload"}
	if signal, err := proc.ParseSignal(word); err == nil && !slices.Contains(words, strings.ToLower(word)) { // "STOP" means "stop"
		r.wrong(entry, fmt.Sprintf("%q is not a valid value for %s", word, keyOf(entry)),
			fmt.Sprintf("to send it to the main service, write %s = { send = %q }", keyOf(entry), signal))
		return false
	}
	r.wrong(entry, fmt.Sprintf("%q is not a valid value for %s", word, keyOf(entry)), suggestion(word, words))
	return false
}

// ruleTable reads { send = "USR1", to = ["web"] } or { restart = ["web"] }.
func (r *reader) ruleTable(entry *value, into *draftRule) (ok bool) {
	before := len(r.mistakes) + r.dropped
	walk(r, entry, []row[*draftRule]{
		{name: "send", expects: "a signal", example: `send = "USR1"`, others: "signal", read: readSend},
		{name: "to", expects: "a service or a list of services", example: `to = ["web"]`, others: "services service",
			read: func(r *reader, v *value, rule *draftRule) { r.targets(v, rule) }},
		{name: "scope", expects: "a word", example: `scope = "process"`, read: readScope},
		{name: "restart", expects: "a service or a list of services", example: `restart = ["web"]`,
			read: func(r *reader, v *value, rule *draftRule) {
				rule.rule.Verb = service.VerbRestart
				r.targets(v, rule)
			}},
	}, into)
	send, to, restart := entry.child("send"), entry.child("to"), entry.child("restart")
	switch {
	case len(r.mistakes)+r.dropped > before:
		return false
	case restart != nil && entry.child("scope") != nil:
		r.wrong(entry.child("scope"), "a restart has no scope: it sends what stop says", "remove it")
	case restart != nil && (send != nil || to != nil):
		r.wrong(restart, "a rule does one thing, and this one also sends a signal", "remove one of the two")
	case restart == nil && send == nil && to != nil:
		r.wrong(to, "it does not say what to send", fmt.Sprintf("add send = %q", into.signal))
	case restart == nil && send == nil:
		r.wrong(entry, "it does not say what to do", "add send, or restart")
	default:
		into.toMain = send != nil && to == nil
		if into.toMain { // main is found when the signal comes
			into.rule.Verb = service.VerbForward
		}
		return true
	}
	return false
}

// readScope reads which processes of a service get the signal.
func readScope(r *reader, v *value, into *draftRule) {
	if i, ok := r.word(v, []string{"group", "process"}); ok {
		into.rule.Reach = service.WholeGroup + service.Reach(i)
	}
}

func readSend(r *reader, v *value, into *draftRule) {
	into.rule.Verb = service.VerbSend
	into.rule.Signal, _ = r.signal(v)
}

// signal reads a signal to be sent: a name, or a number with or without quotes.
func (r *reader) signal(v *value) (proc.Signal, bool) {
	var name string
	switch data := v.data.(type) {
	case string:
		name = data
	case int64:
		name = strconv.FormatInt(data, 10)
	default:
		r.wrongType(v)
		return 0, false
	}
	signal, ok := r.signalNamed(name, func(text, mend string) { r.wrong(v, text, mend) })
	if !ok {
		return 0, false
	}
	if why := unfit(signal); why != "" && signal != proc.STOP {
		r.wrong(v, fmt.Sprintf("%s is of no use to a service: %s", name, why), "choose another signal")
		return 0, false
	}
	return signal, true
}

// targets reads the services of a rule: one name, or a list.
func (r *reader) targets(v *value, into *draftRule) {
	items := []*value{v}
	if _, ok := v.data.(string); !ok {
		if _, ok := r.texts(v); !ok {
			return
		}
		items = v.items
	}
	if len(items) == 0 {
		r.wrong(v, "it names no service", "name one, or remove the rule")
	}
	seen := make(map[string]bool, len(items))
	for _, item := range items {
		if name := item.data.(string); !seen[name] {
			seen[name] = true
			into.rule.To = append(into.rule.To, name)
			into.to = append(into.to, item)
		}
	}
}

// readSignals reads the signals that are forwarded to a service in addition to
// [signals]. Duplicates count once.
func readSignals(r *reader, v *value, s *service.Spec) {
	switch data := v.data.(type) {
	case string:
		r.wrong(v, "expected a list of signals but found a string", fmt.Sprintf("write signals = [%q]", data))
		return
	case []any:
	default:
		r.wrongType(v)
		return
	}
	for _, item := range v.items {
		item.expects, item.example = "a signal", v.example
		name, isText := item.data.(string)
		signal, ok := r.signal(item)
		if !ok || slices.Contains(s.Signals, signal) {
			continue
		}
		if why := unheard(signal); why != "" {
			if !isText {
				name = signal.String()
			}
			r.wrong(item, fmt.Sprintf("%s is never forwarded: %s", name, why), "leave it out")
			continue
		}
		s.Signals = append(s.Signals, signal)
	}
}

// checkSignals reports services that rules name and that do not exist, and remarks on a container that
// no signal would stop.
func (r *reader) checkSignals(d *draft) {
	names := d.names()
	main := d.find(d.init.Main)
	for _, rule := range d.rules {
		if rule.wrong {
			continue
		}
		for _, item := range rule.to {
			switch name := item.data.(string); {
			case d.find(name) != nil && d.ours(name) == nil:
				r.wrong(item, fmt.Sprintf("the service %q is external, and nothing is sent to it", name), "remove it")
			case d.find(name) != nil || d.groups[name] != nil || d.disabled[name] != nil:
			case r.full():
				r.dropped++
			default:
				r.wrong(item, fmt.Sprintf("no service is called %q", name), suggestion(name, names))
			}
		}
		if rule.toMain && main == nil {
			r.noMain(rule, d)
		}
	}
	r.noteUnstoppable(d)
}

// noMain reports a rule for a main service that does not exist.
func (r *reader) noMain(rule draftRule, d *draft) {
	if rule.rule.Signal != 0 {
		r.wrong(rule.entry, "it does not say to which service, and there is no main service", `add to = ["NAME"], or main = "NAME" in [init]`)
		return
	}
	for _, s := range d.services {
		if slices.Contains(s.spec.Signals, rule.signal) {
			return
		}
	}
	r.note(rule.entry, "there is no main service to forward it to, so it does nothing", `write main = "NAME" in [init]`)
}

// noteUnstoppable remarks on a rule that keeps TERM from ending the container:
// docker stop and Kubernetes send TERM unless the image says otherwise, and
// kill what does not end. (If main gets TERM, it may end, and its end ends the container.)
func (r *reader) noteUnstoppable(d *draft) {
	rule, ruled := d.init.Rules[proc.TERM]
	if !ruled || rule.Verb == service.VerbStop || rule.Verb == service.VerbForward && d.find(d.init.Main) != nil ||
		rule.Verb == service.VerbSend && slices.Contains(rule.To, d.init.Main) {
		return
	}
	var stops []string
	for s := proc.Signal(1); s <= proc.LastSignal; s++ {
		if rule, ruled := d.init.Rules[s]; ruled && rule.Verb == service.VerbStop || !ruled && service.StopsByDefault(s) {
			stops = append(stops, s.String())
		}
	}
	mend := `give one signal the value "stop", and name it with STOPSIGNAL in the Dockerfile`
	if len(stops) > 0 {
		mend = "set STOPSIGNAL in the Dockerfile to a signal that does: " + list(stops)
	}
	i := slices.IndexFunc(d.rules, func(rule draftRule) bool { return rule.signal == proc.TERM })
	r.note(d.rules[i].entry, "runtimes send TERM to stop a container, and this rule does not stop it, so KILL follows", mend)
}
