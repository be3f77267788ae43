package config

import (
	"slices"

	"sexton/service"
)

// destinationRows are the keys of log.stdout and log.stderr: of one output alone.
func destinationRows() []row[draftLog] {
	return slices.DeleteFunc(logRows(false), func(row row[draftLog]) bool { return row.name != "file" && row.name != "syslog" })
}

// readStdout reads where stdout alone goes.
func readStdout(r *reader, v *value, d draftLog) { readDestination(r, v, d, &d.log.Stdout) }

// readStderr reads a table, which says where stderr alone goes, or whether it has its own stream.
func readStderr(r *reader, v *value, d draftLog) {
	if _, word := v.data.(string); word {
		if i, ok := r.word(v, []string{"stderr", "stdout"}); ok {
			d.log.OneStream = i == 1
			if i == 1 {
				d.log.Stderr = nil // what [log] says of it
			}
		}
		return
	}
	if readDestination(r, v, d, &d.log.Stderr) {
		d.log.OneStream = false
	}
}

// readDestination reads a table with one destination. What it does not say of a file, the file of the table
// around it says, apart from the path.
func readDestination(r *reader, v *value, d draftLog, to **service.Destination) bool {
	if !r.table(v) {
		return false
	}
	own := *d.log
	own.File.Path, own.Syslog = "", ""
	if *to != nil {
		own.File, own.Syslog, own.RFC5424 = (*to).File, (*to).Syslog, (*to).RFC5424
	}
	before := len(r.mistakes) + r.dropped
	walk(r, v, destinationRows(), draftLog{log: &own, color: d.color})
	if len(r.mistakes)+r.dropped > before {
		return false
	}
	if len(v.entries) == 0 {
		r.wrong(v, "it names no destination", `add file = { path = "/var/log/{service}.`+v.name+`.log" }, or remove it`)
		return false
	}
	r.onePlace(v, &own)
	*to = &service.Destination{File: own.File, Syslog: own.Syslog, RFC5424: own.RFC5424}
	return true
}

// onePlace reports a table that has both a file and a syslog. The one that it names replaces the other one,
// which comes from [log].
func (r *reader) onePlace(v *value, l *service.Log) {
	file, syslog := v.child("file"), v.child("syslog")
	switch {
	case file != nil && syslog != nil && l.File.Path != "" && l.Syslog != "":
		r.wrong(syslog, "output goes to one place only, and file is set already", "remove one of the two")
	case file != nil && l.File.Path != "":
		l.Syslog = ""
	case syslog != nil && l.Syslog != "":
		l.File.Path = ""
	}
}

// ownPlaces follows a table that says where output goes: what [log] says of one output alone counts no longer.
func ownPlaces(v *value, l *service.Log) {
	if v.child("file") == nil && v.child("syslog") == nil {
		return
	}
	if v.child("stdout") == nil {
		l.Stdout = nil
	}
	stderr := v.child("stderr")
	if stderr == nil {
		l.Stderr = nil
	} else if _, word := stderr.data.(string); word {
		l.Stderr = nil
	}
}

// checkInherited reports what asks sexton to carry output that does not pass through it.
func (r *reader) checkInherited(v *value, l *service.Log) {
	if l.Format != service.Inherit || v.child("format") == nil {
		return
	}
	const why = `with "inherit", output does not pass through sexton`
	place := v.child("file")
	if l.Syslog != "" {
		place = v.child("syslog")
	}
	if place != nil && (l.File.Path != "" || l.Syslog != "") {
		r.wrong(v.child("format"), why, "choose another format, or remove "+place.name)
	}
	for _, own := range []struct {
		name string
		to   *service.Destination
	}{{"stdout", l.Stdout}, {"stderr", l.Stderr}} {
		if own.to != nil && own.to.Away() && v.child(own.name) != nil {
			r.wrong(v.child("format"), why, "choose another format, or remove "+own.name)
		}
	}
	if tee := v.child("tee"); tee != nil && l.Tee {
		r.wrong(tee, why, "choose another format, or remove tee")
	}
	l.File.Path, l.Syslog, l.Stdout, l.Stderr, l.Tee = "", "", nil, nil, false // also what [log] says
}

// checkTee reports a copy of output that already goes to the container's stdout.
func (r *reader) checkTee(d *draft) {
	for _, s := range d.services {
		if tee := s.logTable().child("tee"); tee != nil && !s.spec.Log.Tee && tee.data == true && s.spec.Log.Format != service.Inherit {
			r.wrong(tee, "its output already goes to the container's stdout, and to nothing else", "add file or syslog, or remove tee")
		}
	}
}

// checkOwnStdout reports a destination of a stdout that another service reads.
func (r *reader) checkOwnStdout(d *draft) {
	for _, p := range d.pipelines() {
		if p.fault != "" {
			continue
		}
		if stdout := p.writer.logTable().child("stdout"); stdout != nil && p.writer.spec.Log.Stdout != nil {
			r.wrong(stdout, "\""+p.reader.spec.Name+"\" reads its stdout, and nothing else does", "remove it, or stdin_from there")
		}
	}
}

// logTable is the log table of a service; nil: it has none.
func (s *draftService) logTable() *value {
	if s.table == nil {
		return nil
	}
	return s.table.child("log")
}

// fillLog puts the name of the service into the paths of its log.
func (s *draftService) fillLog() {
	l := &s.spec.Log
	fill := func(path *string) { *path = s.named(*path) }
	fill(&l.File.Path)
	for _, to := range []**service.Destination{&l.Stdout, &l.Stderr} {
		if *to != nil { // it may be that of [log], which other services share
			own := **to
			fill(&own.File.Path)
			*to = &own
		}
	}
	s.fillTail()
	l.Tee = l.Tee && l.Away() // of [log], and the service has no such place
}
