package dropin

import (
	"fmt"
	"math"
	"strings"
)

// option is one option of a command line, as getopt(3) reads it.
type option struct {
	flag  byte   // its letter, or that of a long option
	value string // its value, if it takes one
	wrong string // an error as getopt prints it, instead of an option; always the last
}

// longOption is a long name of an option.
type longOption struct {
	name  string
	value bool // it takes one
	flag  byte
}

// getopt reads a command line as glibc's getopt_long(3) does. args[0] is our
// name; short has the letters, each one with a colon after it if it takes a
// value. With permute, options may follow operands; without
// it the first operand ends them. "--" always ends them. Without any long
// option it is getopt(3), which reads "--word" as the letters "-", "w" and so on.
func getopt(args []string, short string, long []longOption, permute bool) (options []option, operands []string) {
	for i := 1; i < len(args); i++ {
		arg := args[i]
		switch {
		case arg == "--":
			return options, append(operands, args[i+1:]...)
		case len(arg) < 2 || arg[0] != '-':
			if !permute {
				return options, args[i:]
			}
			operands = append(operands, arg)
			continue
		}
		next := args[i+1:]
		var found []option
		var taken bool
		if long != nil && strings.HasPrefix(arg, "--") {
			found, taken = getoptLong(args[0], arg[2:], long, next)
		} else {
			found, taken = getoptShort(args[0], arg[1:], short, next)
		}
		options = append(options, found...)
		if options[len(options)-1].wrong != "" {
			return options, nil
		}
		if taken {
			i++
		}
	}
	return options, operands
}

// getoptShort reads one word of letters. taken tells that the next argument is
// the value of the last.
func getoptShort(name, letters, short string, next []string) (options []option, taken bool) {
	for i := 0; i < len(letters); i++ {
		at := strings.IndexByte(short, letters[i])
		switch {
		case at < 0 || letters[i] == ':' || letters[i] == ';':
			return append(options, option{wrong: fmt.Sprintf("%s: invalid option -- '%s'", name, letters[i:i+1])}), false
		case at+1 == len(short) || short[at+1] != ':':
			options = append(options, option{flag: letters[i]})
		case i+1 < len(letters):
			return append(options, option{flag: letters[i], value: letters[i+1:]}), false
		case len(next) > 0:
			return append(options, option{flag: letters[i], value: next[0]}), true
		default:
			return append(options, option{wrong: fmt.Sprintf("%s: option requires an argument -- '%s'", name, letters[i:])}), false
		}
	}
	return options, false
}

// getoptLong reads one long option, which may be shortened as long as it is
// unambiguous.
func getoptLong(name, word string, long []longOption, next []string) (options []option, taken bool) {
	wrong := func(format string, args ...any) ([]option, bool) {
		return []option{{wrong: name + ": " + fmt.Sprintf(format, args...)}}, false
	}
	key, value, hasValue := strings.Cut(word, "=")
	var meant []longOption
	for _, l := range long {
		if l.name == key {
			meant = []longOption{l}
			break
		}
		if strings.HasPrefix(l.name, key) {
			meant = append(meant, l)
		}
	}
	switch {
	case len(meant) == 0:
		return wrong("unrecognized option '--%s'", word)
	case len(meant) > 1:
		text := ""
		for _, l := range meant {
			text += " '--" + l.name + "'"
		}
		return wrong("option '--%s' is ambiguous; possibilities:%s", word, text)
	case hasValue && !meant[0].value:
		return wrong("option '--%s' doesn't allow an argument", meant[0].name)
	case hasValue || !meant[0].value:
		return []option{{flag: meant[0].flag, value: value}}, false
	case len(next) == 0:
		return wrong("option '--%s' requires an argument", meant[0].name)
	}
	return []option{{flag: meant[0].flag, value: next[0]}}, true
}

// Variable looks a variable up in an environment, as getenv(3) does.
func Variable(environ []string, name string) (value string, ok bool) {
	for _, entry := range environ {
		if rest, found := strings.CutPrefix(entry, name); found && strings.HasPrefix(rest, "=") {
			return rest[1:], true
		}
	}
	return "", false
}

// permutes tells whether options may follow operands: unless the environment asks for
// POSIX's rules.
func permutes(environ []string) bool {
	_, posix := Variable(environ, "POSIXLY_CORRECT")
	return !posix
}

// leadingNumber reads a decimal number as strtol(3) does: blanks and a sign may
// precede it, and rest is what follows it. A number beyond 64 bits becomes the largest or
// the smallest one.
func leadingNumber(text string) (n int64, rest string, ok bool) {
	at := strings.TrimLeft(text, " \t\n\v\f\r")
	negative := false
	if at != "" && (at[0] == '+' || at[0] == '-') {
		negative = at[0] == '-'
		at = at[1:]
	}
	digits := 0
	for digits < len(at) && at[digits] >= '0' && at[digits] <= '9' {
		digit := int64(at[digits] - '0')
		switch {
		case negative && n < (math.MinInt64+digit)/10:
			n = math.MinInt64
		case negative:
			n = n*10 - digit
		case n > (math.MaxInt64-digit)/10:
			n = math.MaxInt64
		default:
			n = n*10 + digit
		}
		digits++
	}
	if digits == 0 {
		return 0, text, false
	}
	return n, at[digits:], true
}
