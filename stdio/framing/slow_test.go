package framing

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"unicode/utf8"
)

// jsonSlowly is Frame.Cut for JSON in its simplest form, over a whole stream.
func jsonSlowly(f Frame, input string, joins func(string) bool) (framed string, lines int) {
	var out strings.Builder
	put := func(text, end string) {
		out.Write(f.line)
		out.WriteString(slowEscape(text))
		out.WriteString(end + "\n")
		lines++
	}
	inside := false
	for input != "" {
		line, rest, _ := strings.Cut(input, "\n")
		isObject := f.json.merge && !inside && strings.HasPrefix(strings.TrimLeft(line, " \t\r\n"), "{") && utf8.ValidString(line) && json.Valid([]byte(line)) && slowDepth(line) <= maxObjectDepth
		if isObject && len(line) <= f.room && len(slowEscape(line)) > f.room {
			out.WriteString(slowMerge(f, line))
			lines++
			input = rest
			continue
		}
		if len(slowEscape(line)) > f.room {
			n := 0
			for {
				_, size := utf8.DecodeRuneInString(line[n:])
				if len(slowEscape(line[:n+size])) > f.room {
					break
				}
				n += size
			}
			put(line[:n], `","more":true}`)
			input, inside = input[n:], true
			continue
		}
		for joins != nil && rest != "" {
			next, behind, _ := strings.Cut(rest, "\n")
			if !joins(next) || len(slowEscape(line+"\n"+next)) > f.room {
				break
			}
			line, rest = line+"\n"+next, behind
		}
		if f.json.merge && !inside && strings.HasPrefix(strings.TrimLeft(line, " \t\r\n"), "{") && utf8.ValidString(line) && json.Valid([]byte(line)) && slowDepth(line) <= maxObjectDepth {
			out.WriteString(slowMerge(f, line))
			lines++
		} else {
			put(line, `"}`)
		}
		input, inside = rest, false
	}
	return out.String(), lines
}

func slowEscape(text string) string {
	var b strings.Builder
	for text != "" {
		r, n := utf8.DecodeRuneInString(text)
		switch {
		case r == utf8.RuneError && n == 1:
			b.WriteString(`\ufffd`)
		case r == '"' || r == '\\':
			b.WriteString(`\` + text[:1])
		case r == '\n':
			b.WriteString(`\n`)
		case r == '\r':
			b.WriteString(`\r`)
		case r == '\t':
			b.WriteString(`\t`)
		case r < 0x20:
			fmt.Fprintf(&b, `\u%04x`, r)
		default:
			b.WriteString(text[:n])
		}
		text = text[n:]
	}
	return b.String()
}

// slowMerge puts our members before those of an object that has none of them.
func slowMerge(f Frame, line string) string {
	var ours []string
	var has map[string]json.RawMessage
	_ = json.Unmarshal([]byte(line), &has)
	for i, name := range jsonNames {
		if _, there := has[name]; !there {
			ours = append(ours, string(f.line[f.json.members[i].begin:f.json.members[i].end]))
		}
	}
	comma := ","
	if len(has) == 0 || len(ours) == 0 {
		comma = ""
	}
	before, inner, _ := strings.Cut(line, "{")
	return "{" + strings.Join(ours, ",") + comma + " " + strings.ReplaceAll(before+inner, "\n", " ") + "\n"
}

func slowDepth(line string) (most int) {
	depth, text := 0, false
	for i := 0; i < len(line); i++ {
		switch c := line[i]; {
		case text && c == '\\':
			i++
		case c == '"':
			text = !text
		case text:
		case c == '{' || c == '[':
			depth++
			most = max(most, depth)
		case c == '}' || c == ']':
			depth--
		}
	}
	return most
}

func wantText(t *testing.T, what, got, want string) {
	t.Helper()
	if got != want {
		t.Errorf("%s:\n got %q\nwant %q", what, got, want)
	}
}
