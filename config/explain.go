package config

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"sexton/service"
)

// Explain says what value a key has, such as service.web.env.MODE, and which file and line set it. Of
// a table it explains every key. An error means that there is no such key.
func (r *Reading) Explain(key string) (string, error) {
	if r.draft == nil {
		return "", errors.New("the files have mistakes")
	}
	parts, _ := (&scanner{text: key}).key()
	e := &explanation{Reading: r, parts: parts}
	if err := e.find(); err != nil {
		return "", fmt.Errorf("%s: %w", key, err)
	}
	return e.text(), nil
}

// explanation is one answer in the making.
type explanation struct {
	*Reading
	parts []string

	service *service.Spec // the service that the key belongs to, or nil
	table   *value        // its table, or all files
	inside  []string      // the parts inside that table
	value   *value        // what is there; nil: nothing is set
	shared  bool          // it comes from [log]
	off     *value        // what disables the service; nil: it is enabled
}

// find looks for the value.
func (e *explanation) find() error {
	e.table, e.inside = e.draft.root, e.parts
	if len(e.parts) < 2 || e.parts[0] != "service" {
		if top := topRows(); !has(top, e.parts[0]) {
			return unknownName(e.parts[0], namesOfRows(top))
		}
		e.value = e.table.down(e.inside)
		return nil
	}
	name := e.parts[1]
	e.inside = e.parts[2:]
	if s := e.draft.find(name); s != nil && s.table != nil {
		e.service, e.table = &s.spec, s.table
	} else if e.off = e.draft.disabled[name]; e.off != nil {
		e.table = e.draft.root.child("service").child(name)
	} else {
		text, mend := e.draft.notOne(e.root, name)
		return errors.New(strings.TrimSuffix(text+"; "+mend, "; "))
	}
	if len(e.inside) > 0 && !has(e.r.rows, e.inside[0]) {
		return unknownName(e.inside[0], namesOfRows(e.r.rows))
	}
	if e.value = e.table.down(e.inside); e.value == nil && len(e.inside) > 1 && e.inside[0] == "log" {
		e.value = e.draft.root.down(e.inside)
		e.shared = e.value != nil
	}
	return nil
}

func unknownName(name string, known []string) error {
	return errors.New(strings.TrimSuffix("there is no such key; "+suggestion(name, known), "; "))
}

func namesOfRows[T any](rows []row[T]) (names []string) {
	for _, row := range rows {
		if row.read != nil {
			names = append(names, row.name)
		}
	}
	return names
}

// down is the value at the end of a path, or nil.
func (v *value) down(parts []string) *value {
	for _, part := range parts {
		v = v.child(part)
	}
	return v
}

// text is the whole answer.
func (e *explanation) text() string {
	var b strings.Builder
	path := ""
	for _, part := range e.parts {
		path = join(path, part)
	}
	if e.off != nil {
		fmt.Fprintf(&b, "%s is disabled at %s\n", join("service", e.parts[1]), e.off.place())
	}
	if e.value != nil {
		e.explain(&b, path, e.value)
	}
	e.explainGone(&b, path)
	e.explainDefaults(&b, path)
	if e.value == nil && b.Len() == 0 {
		fmt.Fprintf(&b, "%s is not set\n  default\n", path)
	}
	return b.String()
}

// explain writes one value, or every value of a table.
func (e *explanation) explain(b *strings.Builder, path string, v *value) {
	if _, table := v.data.(map[string]any); table && v.merges() {
		for _, entry := range v.entries {
			e.explain(b, join(path, entry.name), entry)
		}
		return
	}
	text := v.file.excerpt(v.at)
	if path == "init.grace" && strings.Contains(e.draft.graceFrom, graceVariable) {
		fmt.Fprintf(b, "%s = %s\n  from %s, which wins over %s at %s\n", path, inQuotes(e.draft.init.Grace), graceVariable, text, v.place())
		return
	}
	if v.filled {
		text = fmt.Sprintf("%q", v.data)
	} else if value, ok := e.variable(v.name); ok && strings.HasPrefix(v.path, "env.") {
		text = fmt.Sprintf("%q", value)
	}
	fmt.Fprintf(b, "%s = %s\n", path, clean(text))
	fmt.Fprintf(b, "  set at %s%s%s\n", v.place(), e.written(v, text), v.layer(e.shared))
	for old := v.replaces; old != nil; old = old.replaces {
		fmt.Fprintf(b, "  replaces %s at %s%s\n", old.shortly(), old.place(), old.layer(false))
	}
}

// written is what the file has, where that is not the value.
func (e *explanation) written(v *value, text string) string {
	if written := v.file.excerpt(v.at); written != text && written != strings.ReplaceAll(text, `"`, "'") {
		return ", as " + written
	}
	return ""
}

// layer names the table for all services that a value is in.
func (v *value) layer(shared bool) string {
	switch {
	case v.byDefault:
		return ", in [defaults]"
	case shared:
		return ", in [log]"
	}
	return ""
}

// variable is a variable of the service's environment.
func (e *explanation) variable(name string) (string, bool) {
	if e.service == nil {
		return "", false
	}
	for _, entry := range e.service.Env {
		if value, ok := strings.CutPrefix(entry, name+"="); ok {
			return value, true
		}
	}
	return "", false
}

// explainGone says what took back the key, or keys inside it.
func (e *explanation) explainGone(b *strings.Builder, path string) {
	for _, v := range e.r.gone {
		if full := v.fullPath(); full == path || strings.HasPrefix(full, path+".") {
			fmt.Fprintf(b, "%s is taken back at %s\n", full, v.place())
			for old := v.replaces; old != nil; old = old.replaces {
				fmt.Fprintf(b, "  it was %s at %s%s\n", old.shortly(), old.place(), old.layer(false))
			}
		}
	}
}

// explainDefaults writes the defaults of the key, or of the keys in it, that no file sets.
func (e *explanation) explainDefaults(b *strings.Builder, path string) {
	if e.service != nil && len(e.inside) == 2 && e.inside[0] == "env" && e.value == nil {
		if value, ok := e.variable(e.inside[1]); ok {
			fmt.Fprintf(b, "%s = %q\n  from sexton's own environment\n", path, value)
		}
		return
	}
	prefix, all := "", initDefaults(&e.draft.init)
	if e.service != nil {
		prefix, all = join("service", e.service.Name)+".", serviceDefaults(e.service)
	} else if e.off != nil {
		return
	}
	for _, d := range all {
		full := prefix + d.key
		if full != path && !strings.HasPrefix(full, path+".") || e.table.down(strings.Split(d.key, ".")) != nil {
			continue
		}
		if log, inLog := strings.CutPrefix(d.key, "log."); inLog && e.draft.root.child("log").child(log) != nil {
			continue
		}
		from := "default"
		if d.key == "init.grace" && strings.Contains(e.draft.graceFrom, graceVariable) {
			from = "from " + graceVariable
		}
		fmt.Fprintf(b, "%s = %s\n  %s\n", full, d.text, from)
	}
}

// builtIn is the value of a key that no file sets.
type builtIn struct{ key, text string }

func initDefaults(i *service.Init) []builtIn {
	return []builtIn{
		{"init.grace", inQuotes(i.Grace)}, {"init.drain", inQuotes(i.Drain.Max)}, {"init.termination_log", strconv.Quote(i.TerminationLog)},
	}
}

// serviceDefaults are the keys of a service that always have a value.
func serviceDefaults(s *service.Spec) []builtIn {
	stop := make([]string, len(s.Stop))
	for i, rung := range s.Stop {
		if stop[i] = rung.Signal.String(); rung.For > 0 {
			stop[i] += " " + brief(rung.For)
		}
	}
	all := []builtIn{{"enabled", "true"}, {"external", strconv.FormatBool(s.External)}}
	if r := &s.Ready; r.Kind != service.NoProbe && r.Kind != service.AfterTime {
		all = append(all, builtIn{"ready.every", inQuotes(r.Every)}, builtIn{"ready.timeout", inQuotes(r.Timeout)}, builtIn{"ready.within", inQuotes(r.Within)})
	}
	if s.External {
		return all
	}
	return slices.Concat(all, []builtIn{
		{"oneshot", strconv.FormatBool(s.OneShot)},
		{"restart", strconv.Quote(s.Restart.String())}, {"shutdown_on", strconv.Quote(s.ShutdownOn.String())},
		{"backoff.first", inQuotes(s.Backoff.First)}, {"backoff.factor", fmt.Sprint(s.Backoff.Factor)}, {"backoff.max", inQuotes(s.Backoff.Max)},
		{"backoff.jitter", fmt.Sprint(s.Backoff.Jitter)}, {"backoff.reset", inQuotes(s.Backoff.Reset)},
		{"give_up.starts", strconv.Itoa(s.GiveUp.Starts)}, {"give_up.within", inQuotes(s.GiveUp.Within)},
		{"ok_codes", strings.ReplaceAll(fmt.Sprint(s.OKCodes), " ", ", ")}, {"stop", "[" + quotedList(stop) + "]"},
		{"tty", strconv.FormatBool(s.TTY)},
		{"log.format", strconv.Quote(s.Log.Format.String())}, {"log.timestamps", strconv.FormatBool(s.Log.Timestamps)}, {"log.overflow", strconv.Quote(s.Log.Overflow.String())},
	})
}

func inQuotes(d time.Duration) string { return strconv.Quote(brief(d)) }
