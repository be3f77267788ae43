package config

import (
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"
)

// maxDuration bounds every duration in the file, so that sums do not overflow.
const maxDuration = 365 * 24 * time.Hour

// text is a string without NUL bytes: for the kernel a NUL byte ends it.
func (r *reader) text(v *value) (string, bool) {
	s, ok := v.data.(string)
	if !ok {
		r.wrongType(v)
		return "", false
	}
	return s, r.noNUL(v, s)
}

func (r *reader) noNUL(v *value, s string) bool {
	if strings.IndexByte(s, 0) < 0 {
		return true
	}
	r.wrong(v, "a string for another program cannot contain a NUL byte", `remove \u0000`)
	return false
}

// texts is a list of strings; it reports each item that is not a string. The list may
// be empty.
func (r *reader) texts(v *value) ([]string, bool) {
	if _, ok := v.data.([]any); !ok {
		r.wrongType(v)
		return nil, false
	}
	out, good := make([]string, 0, len(v.items)), true
	for _, item := range v.items {
		s, ok := item.data.(string)
		switch {
		case ok:
			good = r.noNUL(item, s) && good
		default:
			good = false
			r.wrong(item, fmt.Sprintf("expected a list of strings, but this item is %s", kind(item.data)), r.inQuotes(item))
		}
		out = append(out, s)
	}
	return out, good
}

// inQuotes is the mend for a value that should be a string.
func (r *reader) inQuotes(v *value) string {
	switch v.data.(type) {
	case int64, float64, bool, time.Time:
		return fmt.Sprintf("write it in quotes: %q", v.file.excerpt(v.at))
	}
	return "write each item as a string of its own"
}

func (r *reader) boolean(v *value, into *bool) {
	b, ok := v.isTrue()
	switch {
	case ok:
		*into = b
	case v.filled:
		r.wrong(v, fmt.Sprintf("%q is neither true nor false", v.data), "write true, false, 1, 0, yes, no, on or off")
	default:
		r.wrongType(v)
	}
}

// isTrue is a boolean, and whether the value is one: true or false, or a string with variables that says so.
func (v *value) isTrue() (yes, ok bool) {
	if v == nil {
		return false, false
	}
	switch data := v.data.(type) {
	case bool:
		return data, true
	case string:
		switch word := strings.ToLower(data); {
		case !v.filled:
		case isOneOf("true", "1", "yes", "on")(word):
			return true, true
		case isOneOf("false", "0", "no", "off")(word):
			return false, true
		}
	}
	return false, false
}

// integer is an integer, and whether the value is one: a number, or a string with variables that says one.
func (v *value) integer() (int64, bool) {
	switch data := v.data.(type) {
	case int64:
		return data, true
	case string:
		if v.filled {
			n, err := strconv.ParseInt(strings.TrimSpace(data), 10, 64)
			return n, err == nil
		}
	}
	return 0, false
}

// wrongNumber reports a value that is not a number, and perhaps would be one with other variables.
func (r *reader) wrongNumber(v *value) {
	if v.filled {
		r.wrong(v, fmt.Sprintf("expected %s but found %q", v.expects, v.data), "set the variable to a number")
		return
	}
	r.wrongType(v)
}

// duration reads a time such as "1m30s", from least to most.
func (r *reader) duration(v *value, least, most time.Duration, into *time.Duration) bool {
	s, ok := v.data.(string)
	if !ok {
		r.wrongDuration(v)
		return false
	}
	d, text, mend := parseDuration(s, least, most)
	if text != "" {
		r.wrong(v, text, mend)
		return false
	}
	*into = d
	return true
}

// wrongDuration reports a value that is not a string; for a number it suggests a unit.
func (r *reader) wrongDuration(v *value) {
	switch n := v.data.(type) {
	case int64, float64:
		r.wrong(v, fmt.Sprintf("expected a duration with its unit, in quotes, but found %s", kind(v.data)),
			fmt.Sprintf(`write "%vs" for seconds`, n))
	default:
		r.wrongType(v)
	}
}

// parseDuration reads a duration. If it is wrong, text says why and mend how to fix
// it.
func parseDuration(s string, least, most time.Duration) (d time.Duration, text, mend string) {
	d, err := time.ParseDuration(s)
	switch {
	case err != nil && isNumber(s):
		return 0, fmt.Sprintf("the duration %q has no unit", s), fmt.Sprintf("write %q for seconds", s+"s")
	case err != nil:
		return 0, fmt.Sprintf("%q is not a duration", s), `write numbers with the units ms, s, m and h, such as "500ms", "10s" or "1m30s"`
	case d < 0:
		return 0, "a duration cannot be negative", fmt.Sprintf("write %q or more", brief(least))
	case d < least:
		return 0, fmt.Sprintf("%s is too short", brief(d)), fmt.Sprintf("write %q or more", brief(least))
	case d > most:
		return 0, fmt.Sprintf("%s is too long", brief(d)), fmt.Sprintf("write %q or less", brief(most))
	}
	return d, "", ""
}

func isNumber(s string) bool {
	_, err := strconv.ParseFloat(s, 64)
	return err == nil
}

// brief writes a duration without zero units: 1m, not 1m0s.
func brief(d time.Duration) string {
	s := d.String()
	if strings.HasSuffix(s, "m0s") {
		s = s[:len(s)-2]
	}
	if strings.HasSuffix(s, "h0m") {
		s = s[:len(s)-2]
	}
	return s
}

// number reads a number, whole or not, from least to most.
func (r *reader) number(v *value, least, most float64, into *float64) {
	var n float64
	switch data := v.data.(type) {
	case int64:
		n = float64(data)
	case float64:
		n = data
	default:
		var err error
		text, _ := v.data.(string)
		if n, err = strconv.ParseFloat(strings.TrimSpace(text), 64); err != nil || !v.filled {
			r.wrongNumber(v)
			return
		}
	}
	if math.IsNaN(n) || n < least || n > most {
		r.wrong(v, "out of range", fmt.Sprintf("write a number from %v to %v", least, most))
		return
	}
	*into = n
}

// whole reads an integer from least to most.
func (r *reader) whole(v *value, least, most int64, into *int) bool {
	n, ok := v.integer()
	if !ok {
		r.wrongNumber(v)
		return false
	}
	if n < least || n > most {
		r.wrong(v, "out of range", fmt.Sprintf("write a number from %d to %d", least, most))
		return false
	}
	*into = int(n)
	return true
}

// word reads one of a few words, and returns its index.
func (r *reader) word(v *value, words []string) (int, bool) {
	s, ok := v.data.(string)
	if !ok {
		r.wrongType(v)
		return 0, false
	}
	for i, word := range words {
		if s == word {
			return i, true
		}
	}
	r.wrong(v, fmt.Sprintf("%q is not a valid value for %s", s, v.name), suggestion(s, words))
	return 0, false
}

// path reads an absolute path.
func (r *reader) path(v *value, into *string) bool {
	s, ok := r.text(v)
	if !ok {
		return false
	}
	switch {
	case strings.HasPrefix(s, "/"), v.late:
	case strings.HasPrefix(s, "$") && !v.filled:
		r.wrong(v, "expected an absolute path; a variable needs braces here", "write ${NAME}, or ${NAME:-default}")
		return false
	default:
		r.wrong(v, "expected an absolute path", "begin it with a slash")
		return false
	}
	*into = s
	return true
}

// command reads a command: a list is executed as it is, a string by a shell.
func (r *reader) command(v *value, into *[]string) bool {
	switch data := v.data.(type) {
	case string:
		if !r.noNUL(v, data) {
			return false
		}
		if strings.TrimSpace(data) == "" {
			r.wrong(v, "the command is empty", "write, for example, "+v.example)
			return false
		}
		*into = []string{"/bin/sh", "-c", data}
	default:
		words, ok := r.texts(v)
		if !ok {
			return false
		}
		if len(words) == 0 || words[0] == "" {
			r.wrong(v, "the command is empty", "write, for example, "+v.example)
			return false
		}
		*into = words
	}
	return true
}
