package config

import (
	"fmt"
	"path"
	"slices"
	"strconv"
	"strings"

	"sexton/pattern"
	"sexton/service"
)

// defaultLog is the log table if neither [log] nor the service sets anything.
func defaultLog() service.Log {
	return service.Log{
		MaxLine:    16 << 10,
		Recent:     64 << 10,
		SpillDir:   "/tmp",
		SpillBytes: 64 << 20,
		File:       service.LogFile{Size: 10 << 20, Keep: 5, Mode: 0o640},
	}
}

// draftLog is a log table in the making.
type draftLog struct {
	log   *service.Log
	color *string // nil: this table has no colour
}

// logDefaults reads [log] before the services, wherever it is in the file: their
// log tables start from it.
func (r *reader) logDefaults(root *value, d *draft) {
	d.log, d.color = defaultLog(), "auto"
	v := root.child("log")
	if v == nil {
		return
	}
	v.expects, v.example = "a table", "[log]"
	r.log(v, draftLog{&d.log, &d.color})
}

// logOf reads a service's log table over the defaults. {service} stands for
// its name.
func (r *reader) logOf(v *value, s *service.Spec) {
	r.log(v, draftLog{log: &s.Log})
}

// log reads one table, and reports keys that exclude each other.
func (r *reader) log(v *value, d draftLog) {
	if !r.table(v) {
		return
	}
	before := len(r.mistakes) + r.dropped
	walk(r, v, logRows(d.color != nil), d)
	if len(r.mistakes)+r.dropped > before {
		return
	}
	l := d.log
	r.onePlace(v, l)
	ownPlaces(v, l)
	r.checkInherited(v, l)
	if l.Format != service.JSON && (d.color == nil || v.child("format") != nil) { // [log] may mean services with a format of their own
		for _, name := range []string{"json", "join"} {
			if entry := v.child(name); entry != nil {
				r.wrong(entry, `it has an effect only with format = "json"`, `write format = "json", or remove it`)
			}
		}
	}
}

func logRows(withColor bool) []row[draftLog] {
	rows := []row[draftLog]{
		{name: "format", expects: "a word", example: `format = "json"`, others: "driver",
			read: func(r *reader, v *value, d draftLog) {
				if i, ok := r.word(v, []string{"prefix", "json", "raw", "inherit"}); ok {
					d.log.Format = service.Prefix + service.Format(i)
				}
			}},
		{name: "json", expects: "a word", example: `json = "merge"`,
			read: func(r *reader, v *value, d draftLog) {
				if i, ok := r.word(v, []string{"text", "merge"}); ok {
					d.log.Merge = i == 1
				}
			}},
		{name: "join", expects: "a pattern", example: `join = '^\s'`, others: "multiline", read: readJoin},
		{name: "timestamps", expects: "true or false", example: "timestamps = true",
			read: func(r *reader, v *value, d draftLog) { r.boolean(v, &d.log.Timestamps) }},
		{name: "stdout", expects: "a table", example: `stdout = { file = { path = "/var/log/{service}.out" } }`, others: "stdout_logfile", read: readStdout},
		{name: "stderr", expects: "a word or a table", example: `stderr = "stdout"`, others: "redirect_stderr stderr_logfile", read: readStderr},
		{name: "max_line", expects: "a size", example: `max_line = "16KiB"`,
			read: func(r *reader, v *value, d draftLog) {
				if n, ok := r.size(v, 256, 16<<20); ok {
					d.log.MaxLine = int(n)
				}
			}},
		{name: "overflow", expects: "a word", example: `overflow = "drop"`,
			read: func(r *reader, v *value, d draftLog) {
				if i, ok := r.word(v, []string{"block", "drop", "spill"}); ok {
					d.log.Overflow = service.Overflow(i)
				}
			}},
		{name: "spill", expects: "a table", example: `spill = { dir = "/tmp", size = "64MiB" }`, read: readSpill},
		{name: "recent", expects: "a size", example: `recent = "64KiB"`,
			read: func(r *reader, v *value, d draftLog) {
				if n, ok := r.size(v, 0, 64<<20); ok {
					d.log.Recent = int(n)
				}
			}},
		{name: "file", expects: "a table", example: `file = { path = "/var/log/{service}.log", size = "10MiB", keep = 5 }`,
			others: "logfile", read: readLogFile},
		{name: "syslog", expects: "an address or a table", example: `syslog = "unix:/dev/log"`, read: readSyslog},
		{name: "tee", expects: "true or false", example: "tee = true",
			read: func(r *reader, v *value, d draftLog) { r.boolean(v, &d.log.Tee) }},
		{name: "tail", expects: "a list of paths", example: `tail = ["/var/log/app/*.log"]`, others: "follow", read: readTail},
	}
	if withColor {
		rows = append(rows, row[draftLog]{name: "color", expects: "a word", example: `color = "never"`, others: "colour colors",
			read: func(r *reader, v *value, d draftLog) {
				if _, ok := r.word(v, []string{"auto", "always", "never"}); ok {
					*d.color = v.data.(string)
				}
			}})
	}
	return rows
}

func readJoin(r *reader, v *value, d draftLog) {
	text, ok := r.text(v)
	if !ok {
		return
	}
	if _, err := pattern.Compile(text); err != nil {
		r.wrong(v, err.Error(), "docs/output.md describes patterns")
		return
	}
	d.log.Join = text
}

func readSpill(r *reader, v *value, d draftLog) {
	if !r.table(v) {
		return
	}
	walk(r, v, []row[draftLog]{
		{name: "dir", expects: "an absolute path", example: `dir = "/tmp"`,
			read: func(r *reader, v *value, d draftLog) { r.path(v, &d.log.SpillDir) }},
		{name: "size", expects: "a size", example: `size = "64MiB"`,
			read: func(r *reader, v *value, d draftLog) {
				if n, ok := r.size(v, 1<<20, 1<<40); ok {
					d.log.SpillBytes = n
				}
			}},
	}, d)
}

// readLogFile reads a table, or false for a service that does not want [log]'s file.
func readLogFile(r *reader, v *value, d draftLog) {
	if v.data == false {
		d.log.File.Path = ""
		return
	}
	if !r.table(v) {
		return
	}
	walk(r, v, logFileRows(), &d.log.File)
	if d.log.File.Path == "" && v.child("path") == nil {
		r.wrong(v, "path is missing", `add, for example, path = "/var/log/{service}.log"`)
	}
}

func logFileRows() []row[*service.LogFile] {
	return []row[*service.LogFile]{
		{name: "path", expects: "an absolute path", example: `path = "/var/log/{service}.log"`,
			read: func(r *reader, v *value, f *service.LogFile) {
				if !r.path(v, &f.Path) {
					return
				}
				directory := strings.HasSuffix(f.Path, "/")
				f.Path = path.Clean(f.Path)
				switch {
				case directory:
					r.wrong(v, "this is a directory", "name a file")
				case strings.ContainsAny(strings.NewReplacer("{service}", "", "{replica}", "").Replace(f.Path), "{}"):
					r.wrong(v, "the only words in braces are {service} and {replica}", "write {service} where the service's name belongs")
				case isDescriptor(f.Path):
					r.wrong(v, "sexton never opens its own stdout or stderr by name", "remove file: without it, output goes there; or write file = false if [log] has one")
				}
			}},
		{name: "size", expects: "a size", example: `size = "10MiB"`, others: "max_size maxbytes",
			read: func(r *reader, v *value, f *service.LogFile) {
				if n, ok := r.size(v, 0, 1<<50); ok {
					if n > 0 && n < 4096 {
						r.wrong(v, "too small for a log file", `write "4KiB" or more, or 0 for no limit`)
						return
					}
					f.Size = n
				}
			}},
		{name: "age", expects: "a duration", example: `age = "24h"`, others: "max_age",
			read: func(r *reader, v *value, f *service.LogFile) { r.duration(v, 0, maxDuration, &f.Age) }},
		{name: "keep", expects: "an integer", example: "keep = 5", others: "backups max_backups",
			read: func(r *reader, v *value, f *service.LogFile) { r.whole(v, 0, 10_000, &f.Keep) }},
		{name: "compress", expects: "true or false", example: "compress = true",
			read: func(r *reader, v *value, f *service.LogFile) { r.boolean(v, &f.Compress) }},
		{name: "mode", expects: "octal digits in a string", example: `mode = "0640"`,
			read: func(r *reader, v *value, f *service.LogFile) {
				text, ok := r.text(v)
				if !ok {
					return
				}
				mode, err := strconv.ParseUint(text, 8, 32)
				if err != nil || mode > 0o777 {
					r.wrong(v, "expected up to three octal digits, with or without a leading zero", `write, for example, "0640"`)
					return
				}
				f.Mode = uint32(mode)
			}},
		{name: "owner", expects: "a user, or user:group", example: `owner = "app:adm"`, read: readOwner},
	}
}

// isDescriptor tells whether a path means a descriptor of the process that opens it.
func isDescriptor(name string) bool {
	dir, base := path.Split(name)
	return dir == "/dev/" && (base == "stdin" || base == "stdout" || base == "stderr") ||
		dir == "/dev/fd/" || strings.HasPrefix(dir, "/proc/") && strings.HasSuffix(dir, "/fd/")
}

func readOwner(r *reader, v *value, f *service.LogFile) {
	text, ok := r.text(v)
	if !ok {
		return
	}
	user, group, both := strings.Cut(text, ":")
	if user == "" || both && group == "" || strings.ContainsAny(text, " \t\n/,") || strings.Contains(group, ":") {
		r.wrong(v, "expected a user, or user:group", `write, for example, "app:adm" or "1000:1000"`)
		return
	}
	f.User, f.Group = user, group
	for _, ask := range []struct {
		name  string
		known func(string) error
	}{{user, r.options.User}, {group, r.options.Group}} {
		if ask.known == nil || ask.name == "" {
			continue
		}
		if err := ask.known(ask.name); err != nil {
			what, mend, _ := strings.Cut(err.Error(), "; ")
			r.note(v, what+", so until then the file belongs to sexton's user", mend)
		}
	}
}

// checkLogs reports services that share a log file and give it different settings.
func (r *reader) checkLogs(d *draft) {
	shared := make(map[string]*logPlace)
	for _, s := range d.services {
		for _, place := range s.logPlaces() {
			first := shared[place.file.Path]
			if first == nil {
				shared[place.file.Path] = &place
				continue
			}
			if place.file == first.file {
				continue
			}
			here, other := &place, first
			if place.at == nil { // it has [log]'s, and first has not
				here, other = first, &place
			}
			if here.at == nil { // [log] disagrees with itself
				here.at = d.root.child("log")
			}
			r.wrong(here.at, fmt.Sprintf("%q%s writes to the same file with different settings", other.spec.Name, other.table.elsewhere(here.table)),
				"give both the same settings, or put them into [log]")
		}
	}
	r.checkTee(d)
	r.checkOwnStdout(d)
	r.checkTail(d)
}

// logPlace is a file that an output of a service goes to.
type logPlace struct {
	*draftService
	file service.LogFile
	at   *value // nil: in [log]
}

func (s *draftService) logPlaces() (all []logPlace) {
	l, table := &s.spec.Log, s.logTable()
	for _, which := range []string{"stdout", "stderr"} {
		to, at := l.To(which == "stderr"), table.child("file")
		if own := table.child(which).child("file"); own != nil {
			at = own
		}
		place := logPlace{s, to.File, at}
		if to.File.Path != "" && (which == "stdout" || !l.OneStream) && !slices.Contains(all, place) {
			all = append(all, place)
		}
	}
	return all
}
