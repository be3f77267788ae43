package config

import (
	"fmt"
	"slices"
	"strings"

	"sexton/proc"
	"sexton/service"
)

// rightsRows are the keys of [service.NAME] for limits, priorities and rights.
func rightsRows() []row[*service.Spec] {
	return []row[*service.Spec]{
		{name: "chroot", expects: "an absolute path", example: `chroot = "/srv/jail"`, others: "root_directory",
			read: readChroot},
		{name: "limits", expects: "a table", example: `limits = { nofile = 65536, core = 0, memlock = "unlimited" }`,
			others: "ulimit ulimits rlimit rlimits limit_nofile limit_nproc limit_core limit_memlock", read: readLimits},
		{name: "nice", expects: "a number from -20 to 19", example: "nice = 5",
			read: func(r *reader, v *value, s *service.Spec) { s.Nice = r.wholeOf(v, -20, 19) }},
		{name: "ionice", expects: "a class or a level from 0 to 7", example: `ionice = "idle"`,
			others: "io_priority ioprio io_scheduling_class io_scheduling_priority", read: readIONice},
		{name: "scheduler", expects: "a policy", example: `scheduler = "batch"`, others: "cpu_scheduling_policy cpu_scheduling_priority", read: readScheduler},
		{name: "oom_score_adj", expects: "a number from -1000 to 1000", example: "oom_score_adj = 500", others: "oom_score_adjust",
			read: func(r *reader, v *value, s *service.Spec) { s.OOMScoreAdj = r.wholeOf(v, -1000, 1000) }},
		{name: "capabilities", expects: "a list of capabilities", example: `capabilities = ["net_bind_service"]`,
			others: "cap_add cap_drop ambient_capabilities capability_bounding_set", read: readCapabilities},
		{name: "no_new_privileges", expects: "true or false", example: "no_new_privileges = true", others: "security_opt no_new_privs",
			read: func(r *reader, v *value, s *service.Spec) { r.boolean(v, &s.NoNewPrivileges) }},
	}
}

// readUserIfRoot reads the user of a service in a container that runs as root.
func readUserIfRoot(r *reader, v *value, s *service.Spec) {
	s.UserIfRoot, _ = r.identity(v, r.options.User)
}

// twoUsers reports a service with both keys for its user.
func (r *reader) twoUsers(s *draftService) {
	if v := s.table.child("user_if_root"); v != nil && s.table.child("user") != nil {
		r.wrong(v, "the service has a user too", "remove one: user is a mistake if sexton is not root, and user_if_root then does nothing")
	}
}

func readChroot(r *reader, v *value, s *service.Spec) {
	if r.path(v, &s.Chroot) && strings.Trim(s.Chroot, "/") == "" {
		s.Chroot = ""
	}
}

// wholeOf reads an integer where every one has a meaning, so that nil means none.
func (r *reader) wholeOf(v *value, least, most int64) *int {
	n := new(int)
	if !r.whole(v, least, most, n) {
		return nil
	}
	return n
}

// readLimits reads { NAME = VALUE }, each a value for both limits, or { soft, hard }.
func readLimits(r *reader, v *value, s *service.Spec) {
	if !r.table(v) {
		return
	}
	for _, entry := range v.entries {
		resource := slices.Index(proc.Resources[:], entry.name)
		if resource < 0 {
			r.wrongKey(entry, "unknown limit", limitMeant(entry.name))
			continue
		}
		limit := proc.Limit{Resource: resource, Soft: proc.Ours, Hard: proc.Ours}
		if _, isTable := entry.data.(map[string]any); !isTable {
			if n, ok := r.limit(entry, resource); ok {
				limit.Soft, limit.Hard = n, n
				s.Limits = append(s.Limits, limit)
			}
			continue
		}
		rows := []row[*proc.Limit]{
			{name: "soft", read: func(r *reader, v *value, l *proc.Limit) {
				if n, ok := r.limit(v, resource); ok {
					l.Soft = n
				}
			}},
			{name: "hard", read: func(r *reader, v *value, l *proc.Limit) {
				if n, ok := r.limit(v, resource); ok {
					l.Hard = n
				}
			}},
		}
		walk(r, entry, rows, &limit)
		if limit.Soft != proc.Ours && limit.Hard != proc.Ours && limit.Soft > limit.Hard {
			r.wrong(entry, "the soft limit is above the hard limit", "lower soft, or raise hard")
			continue
		}
		if limit.Soft != proc.Ours || limit.Hard != proc.Ours {
			s.Limits = append(s.Limits, limit)
		}
	}
}

// limitMeant is the mend for a limit that does not exist.
func limitMeant(name string) string {
	short := strings.TrimPrefix(strings.TrimPrefix(folded(name), "rlimit"), "limit")
	others := map[string]string{"n": "nofile", "openfiles": "nofile", "u": "nproc", "maxproc": "nproc", "l": "memlock", "c": "core", "v": "as", "memory": "as", "s": "stack"}
	if meant := others[short]; meant != "" {
		short = meant
	}
	return suggestion(short, proc.Resources[:])
}

// limit reads one value of a limit: a number, "unlimited", and a size where the limit counts bytes.
func (r *reader) limit(v *value, resource int) (uint64, bool) {
	sized := slices.Contains([]string{"fsize", "data", "stack", "core", "rss", "memlock", "as", "msgqueue"}, proc.Resources[resource])
	v.expects, v.example = `a number or "unlimited"`, "nofile = 65536"
	if sized {
		v.expects, v.example = `a number of bytes, a size or "unlimited"`, `memlock = "64MiB"`
	}
	if n, ok := v.integer(); ok && n >= 0 {
		return uint64(n), true
	} else if ok {
		r.wrong(v, "a limit cannot be negative", `for no limit, write "unlimited"`)
		return 0, false
	}
	if data, ok := v.data.(string); ok {
		if data == "unlimited" {
			return proc.Unlimited, true
		}
		if n, ok := parseSize(data); ok && sized {
			return uint64(n), true
		}
		soft, hard, two := strings.Cut(data, ":")
		switch {
		case two && soft != "" && hard != "":
			r.wrong(v, fmt.Sprintf("%q is not a value for a limit", data), fmt.Sprintf("write { soft = %s, hard = %s }", limitWord(soft), limitWord(hard)))
		case data == "infinity" || data == "infinite" || data == "max" || data == "-1":
			r.wrong(v, fmt.Sprintf("%q is not a value for a limit", data), `write "unlimited"`)
		default:
			r.wrong(v, fmt.Sprintf("%q is not a value for a limit", data), "write, for example, "+v.example)
		}
		return 0, false
	}
	r.wrongType(v)
	return 0, false
}

// limitWord is a value of Docker's or systemd's limits as ours.
func limitWord(text string) string {
	if isNumber(text) && text[0] != '-' {
		return text
	}
	return `"unlimited"`
}

func readIONice(r *reader, v *value, s *service.Spec) {
	class, level := 2, 4 // best-effort in the middle
	_, isLevel := v.integer()
	_, isTable := v.data.(map[string]any)
	switch {
	case isLevel:
		if !r.whole(v, 0, 7, &level) {
			return
		}
	case isTable:
		if !r.class(v, v.child("class"), proc.IOClasses[1:], &class) {
			return
		}
		class++
		walk(r, v, []row[*int]{
			{name: "class", read: func(*reader, *value, *int) {}},
			{name: "level", expects: "a number from 0 to 7", example: "level = 7", read: func(r *reader, v *value, n *int) { r.whole(v, 0, 7, n) }},
		}, &level)
	default:
		if !r.class(v, v, proc.IOClasses[1:], &class) {
			return
		}
		class++
	}
	if proc.IOClasses[class] == "idle" {
		if given := v.child("level"); given != nil {
			r.wrong(given, "the class idle has no levels", "remove level")
		}
		level = 0
	}
	s.IONice = &proc.IONice{Class: class, Level: level}
}

// class reads the word of a table that must have it, or of a string.
func (r *reader) class(table, v *value, words []string, into *int) bool {
	if v == nil {
		r.wrong(table, "it does not say which one", "write, for example, "+table.example)
		return false
	}
	v.expects, v.example = table.expects, table.example
	i, ok := r.word(v, words)
	*into = i
	return ok
}

func readScheduler(r *reader, v *value, s *service.Spec) {
	words := []string{"other", "fifo", "rr", "batch", "idle"}
	var at, priority int
	if _, isTable := v.data.(map[string]any); isTable {
		if !r.class(v, v.child("policy"), words, &at) {
			return
		}
		walk(r, v, []row[*int]{
			{name: "policy", read: func(*reader, *value, *int) {}},
			{name: "priority", expects: "a number from 1 to 99", example: "priority = 10", read: func(r *reader, v *value, n *int) { r.whole(v, 1, 99, n) }},
		}, &priority)
	} else if !r.class(v, v, words, &at) {
		return
	}
	given, realTime := v.child("priority"), words[at] == "fifo" || words[at] == "rr"
	switch {
	case realTime && given == nil:
		r.wrong(v, words[at]+" is a real-time policy, and needs a priority", fmt.Sprintf("write scheduler = { policy = %q, priority = 10 }, with 1 to 99", words[at]))
	case !realTime && given != nil:
		r.wrong(given, "only fifo and rr have a priority", "remove it; nice is the priority of the other policies")
	default:
		s.Scheduler = &proc.Scheduler{Policy: slices.Index(proc.Policies[:], words[at]), Priority: priority}
	}
}

// readCapabilities reads what the service keeps. An empty list is none.
func readCapabilities(r *reader, v *value, s *service.Spec) {
	if s, ok := v.data.(string); ok {
		r.wrong(v, "expected a list of capabilities but found a string", fmt.Sprintf("write capabilities = [%q]", s))
		return
	}
	names, ok := r.texts(v)
	if !ok {
		return
	}
	var keep proc.Capabilities
	for i, name := range names {
		one, known := proc.ParseCapability(name)
		switch {
		case known:
			keep |= one
		case strings.EqualFold(name, "all"):
			r.wrong(v.items[i], "a service without this key has all that its user has", "remove capabilities, or list what it needs")
		default:
			mend := "see capabilities(7)"
			if near := nearest(strings.TrimPrefix(strings.ToLower(name), "cap_"), proc.CapabilityNames()); near != "" {
				mend = fmt.Sprintf("did you mean %q?", near)
			}
			r.wrong(v.items[i], fmt.Sprintf("%q is not a capability", name), mend)
		}
	}
	s.Capabilities = &keep
}
