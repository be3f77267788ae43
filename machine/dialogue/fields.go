package dialogue

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"sexton/proc"
	"sexton/service"
)

// fields are the `a=b c d="e f"` of one line, on their way into the text or out of it.
// The same calls write a value and read it, so both directions always agree.
type fields struct {
	reads bool
	out   strings.Builder   // what was written
	from  map[string]string // what is to be read and was not asked for yet
	err   error             // the first mistake
}

func writing() *fields { return &fields{} }

func reading(text string) (*fields, error) {
	from, err := split(text)
	return &fields{reads: true, from: from}, err
}

// line is what was written.
func (f *fields) line() string { return f.out.String() }

// field writes text, or reads the text that stands in the line and hands it to parse. What
// is usual is not written, and parse is not called where the line does not have the key.
func (f *fields) field(key, usual, text string, parse func(string) error) {
	if !f.reads {
		if text != usual {
			f.out.WriteString(" " + key + "=" + quoted(text))
		}
		return
	}
	if text, there := f.take(key); there {
		if err := parse(text); err != nil {
			f.keep(fmt.Errorf("%s: %w", key, err))
		}
	}
}

// keep keeps the first mistake.
func (f *fields) keep(err error) {
	if f.err == nil {
		f.err = err
	}
}

func (f *fields) take(key string) (text string, there bool) {
	text, there = f.from[key]
	delete(f.from, key)
	return text, there
}

// done complains of the first mistake, and of a key that is unknown.
func (f *fields) done(line string) error {
	for key := range f.from {
		f.keep(fmt.Errorf("%s: unknown", key))
	}
	if f.err != nil {
		return fmt.Errorf("%q: %w", line, f.err)
	}
	return nil
}

func (f *fields) flag(key string, on *bool) {
	if _, there := f.take(key); there {
		*on = true
	} else if *on && !f.reads {
		f.out.WriteString(" " + key)
	}
}

func (f *fields) text(key string, value *string) {
	f.field(key, "", *value, func(text string) error { *value = text; return nil })
}

func (f *fields) list(key string, values *[]string) {
	f.field(key, "", strings.Join(*values, ","), func(text string) error { *values = strings.Split(text, ","); return nil })
}

func (f *fields) span(key string, d *time.Duration, usual time.Duration) {
	f.field(key, usual.String(), d.String(), into(d, time.ParseDuration))
}

func (f *fields) float(key string, n *float64, usual float64) {
	parse := func(text string) (float64, error) { return strconv.ParseFloat(text, 64) }
	f.field(key, fmt.Sprint(usual), fmt.Sprint(*n), into(n, parse))
}

func (f *fields) number(key string, usual, n uint64, set func(uint64)) {
	f.field(key, strconv.FormatUint(usual, 10), strconv.FormatUint(n, 10), func(text string) error {
		n, err := parseNumber(text)
		set(n)
		return err
	})
}

func (f *fields) count(key string, n *int) {
	f.field(key, "", strconv.Itoa(*n), into(n, strconv.Atoi))
}

func (f *fields) pid(pid *proc.PID) {
	f.field("pid", "", strconv.Itoa(int(*pid)), func(text string) error {
		n, err := strconv.Atoi(text)
		*pid = proc.PID(n)
		return err
	})
}

func (f *fields) run(run *service.Run) {
	f.number("run", 0, uint64(*run), func(n uint64) { *run = service.Run(n) })
}

func (f *fields) signal(key string, s *proc.Signal) {
	text := ""
	if *s != 0 {
		text = s.String()
	}
	f.field(key, "", text, into(s, proc.ParseSignal))
}

// choice is one of a few values that have names.
func choice[V interface {
	comparable
	fmt.Stringer
}](f *fields, key string, value *V, usual V, all ...V) {
	f.field(key, usual.String(), (*value).String(), into(value, func(text string) (V, error) { return named(text, all) }))
}

// named finds the value that has a name.
func named[V fmt.Stringer](name string, all []V) (value V, err error) {
	for _, value := range all {
		if value.String() == name {
			return value, nil
		}
	}
	return value, fmt.Errorf("%q: no such value", name)
}

// into stores what parse makes of a text.
func into[V any](value *V, parse func(string) (V, error)) func(string) error {
	return func(text string) (err error) {
		*value, err = parse(text)
		return err
	}
}

// each reads the elements of a list one by one.
func each[V any](values *[]V, parse func(string) (V, error)) func(string) error {
	return func(text string) error {
		*values = nil
		for _, part := range strings.Split(text, ",") {
			value, err := parse(part)
			if err != nil {
				return err
			}
			*values = append(*values, value)
		}
		return nil
	}
}

func joined[V any](values []V, format func(V) string) string {
	texts := make([]string, len(values))
	for i, value := range values {
		texts[i] = format(value)
	}
	return strings.Join(texts, ",")
}

func parseNumber(text string) (uint64, error) { return strconv.ParseUint(text, 10, 64) }

// quoted puts quotes around what split would not take as one value.
func quoted(text string) string {
	if q := strconv.Quote(text); text == "" || strings.Contains(text, " ") || q != `"`+text+`"` {
		return q
	}
	return text
}

// split reads `a=b c d="e f"`.
func split(text string) (map[string]string, error) {
	from := make(map[string]string)
	for text = strings.TrimLeft(text, " "); text != ""; text = strings.TrimLeft(text, " ") {
		end := strings.IndexAny(text, " =")
		if end < 0 || text[end] == ' ' {
			if end < 0 {
				end = len(text)
			}
			from[text[:end]] = ""
			text = text[end:]
			continue
		}
		key, rest := text[:end], text[end+1:]
		if strings.HasPrefix(rest, `"`) {
			quoted, err := strconv.QuotedPrefix(rest)
			if err != nil {
				return nil, fmt.Errorf("%s: %w", key, err)
			}
			from[key], _ = strconv.Unquote(quoted)
			text = rest[len(quoted):]
			continue
		}
		value, behind, _ := strings.Cut(rest, " ")
		from[key], text = value, behind
	}
	return from, nil
}
