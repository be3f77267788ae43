package config

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"sexton/proc"
	"sexton/service"
)

// maxID is the highest user or group number; the one above means "leave it" in
// setuid's relatives (chown(2), setresuid(2)).
const maxID = 1<<32 - 2

// identityRows are the keys of [service.NAME] for the user, the groups, the directory and the umask.
func identityRows() []row[*service.Spec] {
	return []row[*service.Spec]{
		{name: "dir", expects: "an absolute path", example: `dir = "/srv"`,
			others: "cwd directory workdir working_dir working_directory",
			read:   func(r *reader, v *value, s *service.Spec) { r.path(v, &s.Dir) }},
		{name: "user", expects: "a name or a number", example: `user = "www-data"`, others: "uid",
			read: func(r *reader, v *value, s *service.Spec) { s.User, _ = r.identity(v, r.options.User) }},
		{name: "user_if_root", expects: "a name or a number", example: `user_if_root = "www-data"`, read: readUserIfRoot},
		{name: "group", expects: "a name or a number", example: `group = "www-data"`, others: "gid",
			read: func(r *reader, v *value, s *service.Spec) { s.Group, _ = r.identity(v, r.options.Group) }},
		{name: "groups", expects: "a list of names and numbers", example: `groups = ["audio", 1001]`,
			others: "supplementary_groups group_add", read: readGroups},
		{name: "umask", expects: "octal digits in a string", example: `umask = "027"`, read: readUmask},
	}
}

// identity reads a user or a group: a name, or a number with or without quotes.
// known says what is wrong with it in this container. That is only a remark: a service that
// runs earlier may create the user. nil: unknown.
func (r *reader) identity(v *value, known func(string) error) (string, bool) {
	var s string
	switch data := v.data.(type) {
	case int64:
		s = strconv.FormatInt(data, 10)
	case string:
		if !r.noNUL(v, data) {
			return "", false
		}
		s = data
	default:
		r.wrongType(v)
		return "", false
	}
	switch {
	case v.late:
		return s, true
	case s == "":
		r.wrong(v, "the name is empty", "write a name or a number, or remove "+v.name)
	case strings.Contains(s, ":"):
		r.wrong(v, "user and group are two keys", "write one in user and the other in group")
	case strings.Trim(s, "0123456789") == "" || s[0] == '-':
		if n, err := strconv.ParseUint(s, 10, 64); err == nil && n <= maxID {
			return strconv.FormatUint(n, 10), true
		}
		r.wrong(v, "the number is out of range", fmt.Sprintf("write a number from 0 to %d, or a name", uint32(maxID)))
	case strings.ContainsAny(s, " \t\r\n/,"):
		r.wrong(v, "a name cannot contain white space, a comma or a slash", "write one name, as in /etc/passwd or /etc/group")
	default:
		if known == nil {
			return s, true
		}
		err := known(s)
		if err == nil {
			return s, true
		}
		what, mend, _ := strings.Cut(err.Error(), "; ")
		r.note(v, what+", so until then every start fails", mend)
		return s, true
	}
	return "", false
}

// possible reports a service that cannot run as the user that it names.
func (r *reader) possible(s *draftService) {
	if r.options.Identity == nil {
		return
	}
	if slices.ContainsFunc(s.spec.Late, isOneOf("user", "user_if_root", "group", "groups")) {
		return // a start knows
	}
	key, fault := r.options.Identity(&s.spec)
	if v := s.table.child(key); fault != "" && v != nil {
		what, mend, _ := strings.Cut(fault, "; ")
		r.wrong(v, what, mend)
	}
}

// readGroups reads the supplementary groups. An empty list means no groups; without a
// list the groups stay as they are.
func readGroups(r *reader, v *value, s *service.Spec) {
	if _, ok := v.data.([]any); !ok {
		r.wrongType(v)
		return
	}
	s.Groups = make([]string, 0, len(v.items))
	for _, item := range v.items {
		item.expects, item.example = "a name or a number", v.example
		if group, ok := r.identity(item, r.options.Group); ok {
			s.Groups = append(s.Groups, group)
		}
	}
}

// readUmask reads octal digits. It refuses a TOML integer even if it would be
// valid: 27 would be decimal, and 027 is not TOML.
func readUmask(r *reader, v *value, s *service.Spec) {
	text, ok := v.data.(string)
	if !ok {
		if n, ok := v.data.(int64); ok {
			r.wrong(v, "a umask is octal, and a number here would be decimal",
				fmt.Sprintf("write it as a string: umask = %q", fmt.Sprintf("%03d", n)))
			return
		}
		r.wrongType(v)
		return
	}
	n, err := strconv.ParseUint(text, 8, 32)
	if err != nil || n > 0o777 || len(text) > 4 {
		r.wrong(v, "expected three octal digits, at most 777", "write, for example, "+v.example)
		return
	}
	s.Umask = new(proc.Umask(n))
}
