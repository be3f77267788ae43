package config

import (
	"fmt"
	"path"
	"slices"
	"strconv"
	"strings"
	"time"

	"sexton/expand"
	"sexton/service"
)

// fileRows are the keys of [service.NAME] for what is on disk before a start, and what changes there.
func fileRows() []row[*service.Spec] {
	return []row[*service.Spec]{
		{name: "dirs", expects: "a list of tables", example: `dirs = [{ path = "/data", owner = "app:app", mode = "0750" }]`,
			others: "runtime_directory state_directory cache_directory logs_directory directories mkdir", read: readDirs},
		{name: "render", expects: "a list of tables", example: `render = [{ from = "/etc/site.conf.tmpl", to = "/run/site.conf" }]`,
			others: "template templates envsubst", read: readRender},
		{name: "watch", expects: "a table", example: `watch = { paths = ["/etc/nginx"], do = "reload" }`, others: "watch_files reload_on_change path_changed",
			read: readWatch},
		{name: "reload", expects: "the name of a signal", example: `reload = "HUP"`, others: "exec_reload reload_signal", read: readReload},
	}
}

// listOfTables is the items of a list, each of which must be a table. In place of a path alone, mend has the table.
func (r *reader) listOfTables(v *value, mend func(text string) string) (items []*value) {
	switch v.data.(type) {
	case []any, []map[string]any:
	case map[string]any:
		r.wrong(v, "expected a list of tables but found one table", "write it in brackets: "+v.example)
		return nil
	default:
		r.wrongType(v)
		return nil
	}
	for _, item := range v.items {
		item.expects, item.example = "a table", v.example
		if text, ok := item.data.(string); ok {
			r.wrong(item, "expected a table but found a string", "write "+mend(text))
		} else if r.table(item) {
			items = append(items, item)
		}
	}
	return items
}

func readDirs(r *reader, v *value, s *service.Spec) {
	for _, item := range r.listOfTables(v, func(text string) string { return fmt.Sprintf("{ path = %s }", tomlString(text)) }) {
		d := service.Dir{Mode: -1}
		walk(r, item, []row[*service.Dir]{
			{name: "path", expects: "an absolute path", example: `path = "/data"`, others: "dir directory name",
				read: func(r *reader, v *value, d *service.Dir) { r.path(v, &d.Path) }},
			{name: "owner", expects: "a user, or user:group", example: `owner = "app:app"`, others: "user uid chown",
				read: func(r *reader, v *value, d *service.Dir) { r.ownerOf(v, d) }},
			{name: "mode", expects: "octal digits in a string", example: `mode = "0750"`, others: "chmod permissions",
				read: func(r *reader, v *value, d *service.Dir) { r.mode(v, 0o7777, &d.Mode) }},
			{name: "recursive", expects: "true or false", example: "recursive = true",
				read: func(r *reader, v *value, d *service.Dir) { r.boolean(v, &d.Recursive) }},
		}, &d)
		switch recursive := item.child("recursive"); {
		case item.child("path") == nil:
			r.wrong(item, "path is missing", `add, for example, path = "/data"`)
		case !d.Recursive:
		case item.child("owner") == nil:
			r.wrong(recursive, "recursive gives everything below to the owner, but there is no owner", `add, for example, owner = "app:app", or remove recursive`)
		case slices.Contains([]string{"/", "/proc", "/sys", "/dev", "/etc", "/usr", "/bin", "/lib", "/var"}, path.Clean(d.Path)):
			r.wrong(recursive, fmt.Sprintf("this would give away what belongs to root in %s", path.Clean(d.Path)), "name the directories that the service writes to")
		}
		s.Dirs, s.Prepare = append(s.Dirs, d), true
	}
}

// ownerOf reads a user, or user:group. The user may be a number without quotes.
func (r *reader) ownerOf(v *value, d *service.Dir) {
	text, ok := v.data.(string)
	if n, isNumber := v.data.(int64); isNumber {
		text, ok = strconv.FormatInt(n, 10), true
	}
	if !ok {
		r.wrongType(v)
		return
	}
	user, group, both := strings.Cut(text, ":")
	if user == "" || both && group == "" || strings.ContainsAny(text, " \t\r\n/,\x00") || strings.Contains(group, ":") || user[0] == '-' {
		r.wrong(v, "expected a user, or user:group", `write, for example, "app:app" or "1000:1000"`)
		return
	}
	for _, number := range []string{user, group} {
		if number != "" && strings.Trim(number, "0123456789") == "" {
			if n, err := strconv.ParseUint(number, 10, 64); err != nil || n > maxID {
				r.wrong(v, "the number is out of range", fmt.Sprintf("write a number from 0 to %d, or a name", uint32(maxID)))
				return
			}
		}
	}
	d.User, d.Group = user, group
	for _, ask := range []struct {
		name  string
		known func(string) error
	}{{user, r.options.User}, {group, r.options.Group}} {
		if ask.known == nil || strings.Trim(ask.name, "0123456789") == "" {
			continue
		}
		if err := ask.known(ask.name); err != nil {
			what, mend, _ := strings.Cut(err.Error(), "; ")
			r.note(v, what+", so until then every start fails", mend)
		}
	}
}

// mode reads permissions. It refuses a TOML integer, which would be decimal.
func (r *reader) mode(v *value, most uint64, into *int) {
	text, ok := v.data.(string)
	if n, isNumber := v.data.(int64); isNumber {
		r.wrong(v, "a mode is octal, and a number here would be decimal", fmt.Sprintf("write it as a string: %s = %q", v.name, fmt.Sprintf("%04d", n)))
		return
	}
	if !ok {
		r.wrongType(v)
		return
	}
	n, err := strconv.ParseUint(text, 8, 32)
	if err != nil || n > most || len(text) > 5 {
		r.wrong(v, fmt.Sprintf("expected octal digits, at most %04o", most), "write, for example, "+v.example)
		return
	}
	*into = int(n)
}

func readRender(r *reader, v *value, s *service.Spec) {
	mend := func(text string) string {
		return fmt.Sprintf("{ from = %s, to = %s }", tomlString(text), tomlString("/run/"+path.Base(strings.TrimSuffix(text, ".tmpl"))))
	}
	for _, item := range r.listOfTables(v, mend) {
		t := service.Template{Mode: -1}
		walk(r, item, []row[*service.Template]{
			{name: "from", expects: "an absolute path", example: `from = "/etc/site.conf.tmpl"`, others: "src source template input",
				read: func(r *reader, v *value, t *service.Template) { r.path(v, &t.From) }},
			{name: "to", expects: "an absolute path", example: `to = "/run/site.conf"`, others: "dest destination target output",
				read: func(r *reader, v *value, t *service.Template) { r.path(v, &t.To) }},
			{name: "mode", expects: "octal digits in a string", example: `mode = "0644"`, others: "chmod permissions",
				read: func(r *reader, v *value, t *service.Template) { r.mode(v, 0o777, &t.Mode) }},
		}, &t)
		to := item.child("to")
		switch {
		case item.child("from") == nil:
			r.wrong(item, "from is missing", `add, for example, from = "/etc/site.conf.tmpl"`)
		case to == nil:
			r.wrong(item, "to is missing", `add, for example, to = "/run/site.conf"`)
		case t.From != "" && path.Clean(t.From) == path.Clean(t.To):
			r.wrong(to, "the file would replace its own template", "write to another path")
		case isDescriptor(t.To), strings.HasSuffix(t.To, "/"):
			r.wrong(to, "this is not the path of a file", "write, for example, "+`to = "/run/site.conf"`)
		}
		s.Render, s.Prepare = append(s.Render, t), true
	}
}

// remarkTemplates remarks on templates that are not in the image, and on variables that they need and that a start will not
// find.
func (r *reader) remarkTemplates(s *draftService) {
	items := s.table.child("render")
	if r.options.Template == nil || items == nil || len(items.items) != len(s.spec.Render) {
		return
	}
	known := make(map[string]bool, len(s.spec.Env))
	for _, entry := range s.spec.Env {
		name, _, _ := strings.Cut(entry, "=")
		known[name] = true
	}
	for i, item := range items.items {
		from := item.child("from")
		if from == nil || from.isUnknown() || s.spec.Render[i].From == "" {
			continue
		}
		text, err := r.options.Template(s.spec.Render[i].From)
		if err != nil {
			r.note(from, fmt.Sprintf("the template cannot be read: %v", err), "add it to the image, or mount it; no matter if a service that starts earlier makes it")
			continue
		}
		r.remarkTemplate(s, from, text, known)
	}
}

// madeAtStart are keys and variables whose values exist only at a start.
func madeAtStart() (keys, variables []string) {
	return []string{"env_files", "secrets", "secret_names"}, []string{"SEXTON_SERVICE", "HOME", "USER", "LOGNAME", "REPLICA", "REPLICA0", "REPLICAS"}
}

func (r *reader) remarkTemplate(s *draftService, from *value, text string, known map[string]bool) {
	keys, variables := madeAtStart()
	more := slices.ContainsFunc(keys, func(key string) bool { return s.table.child(key) != nil })
	template, faults := expand.Parse(text, 0)
	if len(faults) == 0 {
		_, faults = template.Fill(func(name string) (string, bool) {
			return "x", known[name] || more || slices.Contains(variables, name) || strings.HasPrefix(name, "SOCKET_")
		}, 8*MaxBytes)
	}
	for _, fault := range faults {
		if fault.Missing && !slices.Contains(r.unset, fault.Name) && len(r.unset) < maxMistakes {
			r.unset = append(r.unset, fault.Name)
		}
		line := 1 + strings.Count(text[:fault.Start], "\n")
		r.note(from, fmt.Sprintf("line %d of this template: %s", line, fault.Text), fault.Mend)
	}
}

// leastQuiet is the shortest time in which a change can settle: a new file should not be told apart by its
// time stamp alone.
const leastQuiet = 10 * time.Millisecond

func readWatch(r *reader, v *value, s *service.Spec) {
	if !r.table(v) {
		return
	}
	w := service.Watch{Reload: true, Quiet: time.Second}
	walk(r, v, []row[*service.Watch]{
		{name: "paths", expects: "a list of absolute paths", example: `paths = ["/etc/nginx"]`, others: "path files dirs", read: readWatchPaths},
		{name: "do", expects: "a word", example: `do = "reload"`, others: "action then",
			read: func(r *reader, v *value, w *service.Watch) {
				if i, ok := r.word(v, []string{"reload", "restart"}); ok {
					w.Reload = i == 0
				}
			}},
		{name: "settle", expects: "a duration", example: `settle = "1s"`, others: "debounce delay",
			read: func(r *reader, v *value, w *service.Watch) { r.duration(v, leastQuiet, time.Hour, &w.Quiet) }},
	}, &w)
	switch paths := v.child("paths"); {
	case paths == nil:
		r.wrong(v, "paths is missing", `add, for example, paths = ["/etc/nginx"]`)
	case len(paths.items) == 0 && kind(paths.data) == "a list":
		r.wrong(paths, "the list is empty", `name a path, or remove watch`)
	}
	s.Watch = w
}

func readWatchPaths(r *reader, v *value, w *service.Watch) {
	if text, ok := v.data.(string); ok {
		r.wrong(v, "expected a list of absolute paths but found a string", fmt.Sprintf("write paths = [%s]", tomlString(text)))
		return
	}
	if _, ok := r.texts(v); !ok {
		return
	}
	for _, item := range v.items {
		var p string
		if item.expects, item.example = "an absolute path", v.example; !r.path(item, &p) {
			continue
		}
		switch top, _, _ := strings.Cut(strings.TrimPrefix(path.Clean(p), "/"), "/"); top {
		case "":
			r.wrong(item, "this is the whole file system", "name the directories or files that the service reads")
		case "proc", "sys", "dev":
			r.wrong(item, "the kernel does not tell of changes in "+path.Clean(p), "remove it")
		default:
			w.Paths = append(w.Paths, p)
		}
	}
}

// checkWatch reports services that do not stay, and remarks on those that write their log where they watch.
func (r *reader) checkWatch(s *draftService) {
	if v := s.table.child("watch"); v != nil && (s.spec.OneShot || s.spec.Scheduled()) {
		r.wrongKey(v, "a oneshot or a scheduled service reads its files and ends, so there is nothing to reload", "remove watch")
		return
	}
	if do := s.table.child("watch").child("do"); do != nil && do.data == "reload" && s.table.child("reload") == nil {
		r.note(do, "nothing says how it reloads, so a change restarts it", `add, for example, reload = "HUP" to the service, or write do = "restart"`)
	}
	for _, watched := range s.spec.Watch.Paths {
		file := s.spec.Log.File.Path
		if dir := strings.TrimSuffix(path.Clean(watched), "/") + "/"; file != "" && strings.HasPrefix(path.Clean(file), dir) {
			r.note(s.table.child("watch"), fmt.Sprintf("its log file %s is in %s, so each line is a change", file, watched), "name the files themselves, or log to another directory")
		}
	}
}
