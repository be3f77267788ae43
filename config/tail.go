package config

import (
	"fmt"
	"path"
	"strings"
)

// mostTails is how many paths and patterns log.tail may have.
const mostTails = 64

// readTail reads the log files that a service writes by itself.
func readTail(r *reader, v *value, d draftLog) {
	if d.color != nil {
		r.wrong(v, "each service writes log files of its own", "write it into the log table of the service that writes them")
		return
	}
	all, ok := r.texts(v)
	if !ok {
		return
	}
	if len(all) > mostTails {
		r.wrong(v, fmt.Sprintf("%d entries, and there may be %d", len(all), mostTails), "write patterns: /var/log/app/*.log")
		return
	}
	d.log.Tail = nil
	for i, item := range v.items {
		if item.isUnknown() {
			continue
		}
		if fault, mend := tailFault(all[i]); fault != "" {
			r.wrong(item, fault, mend)
			continue
		}
		d.log.Tail = append(d.log.Tail, path.Clean(all[i]))
	}
}

// tailFault is what is wrong with a path or pattern; "": nothing.
func tailFault(text string) (fault, mend string) {
	dir, base := path.Split(text)
	_, err := path.Match(base, "x")
	switch {
	case !path.IsAbs(text):
		return "expected an absolute path", `write, for example, "/var/log/app/*.log"`
	case base == "" || base == "." || base == "..":
		return "this is a directory", `name files in it: "` + path.Clean(text) + `/*.log"`
	case strings.ContainsAny(dir, "*?[\\"):
		return "only the last part of a path may be a pattern", "write one path for each directory"
	case err != nil:
		return "it is not a pattern: a bracket does not end", "write [a-z], or \\[ for a bracket"
	case isDescriptor(text):
		return "sexton never opens its own stdout or stderr by name", "remove it"
	}
	return "", ""
}

// checkTail reports files that sexton writes itself: it would read what it has just written, for ever.
func (r *reader) checkTail(d *draft) {
	for _, s := range d.services {
		for _, pattern := range s.spec.Log.Tail {
			dir, base := path.Split(pattern)
			for _, other := range d.services {
				for _, place := range other.logPlaces() {
					written, name := path.Split(place.file.Path)
					if matches, _ := path.Match(base, name); matches && dir == written {
						r.wrong(s.logTable().child("tail"), fmt.Sprintf("sexton itself writes %s, and would read its own lines for ever", place.file.Path), "remove it here, or name another file there")
					}
				}
			}
		}
	}
}

// fillTail puts the name of the service into the paths of its log files.
func (s *draftService) fillTail() {
	tail := s.spec.Log.Tail
	s.spec.Log.Tail = nil
	for _, pattern := range tail {
		s.spec.Log.Tail = append(s.spec.Log.Tail, strings.ReplaceAll(pattern, "{service}", s.spec.Name))
	}
	s.spec.Prepare = s.spec.Prepare || len(tail) > 0
}
