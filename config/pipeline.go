package config

import "fmt"

// pipeline is one stdin_from: the reader's stdin is the writer's stdout.
type pipeline struct {
	reader, writer *draftService
	at             *value // in the file
	fault, mend    string // why it cannot be; "": it can
}

// pipelines are those that the services ask for, in the order of the file. Those
// without a fault have a writer.
func (d *draft) pipelines() []pipeline {
	var all []pipeline
	readers := make(map[string]*draftService)
	for _, s := range d.services {
		from := s.spec.StdinFrom
		if from == "" {
			continue
		}
		p := pipeline{reader: s, writer: d.ours(from), at: s.table.child("stdin_from")}
		switch stdin := s.table.child("stdin"); {
		case from == s.spec.Name:
			p.fault, p.mend = "a service cannot read its own output", "name another service"
		case p.writer == nil:
			p.fault, p.mend = d.notOne(p.at, from)
		case readers[from] != nil:
			p.fault, p.mend = fmt.Sprintf("%q%s reads the output of %q already", readers[from].spec.Name, readers[from].table.elsewhere(p.at), from), "remove one of the two"
		case stdin != nil:
			p.at, p.fault, p.mend = stdin, "a service has one stdin, and stdin_from gives it one", "remove one of the two"
		default:
			readers[from] = s
		}
		all = append(all, p)
	}
	return all
}

// checkPipelines reports pipelines that cannot be: from an unknown service, from the service itself, two
// from one service, or in addition to another stdin.
func (r *reader) checkPipelines(d *draft) {
	for _, p := range d.pipelines() {
		if p.fault != "" {
			r.wrong(p.at, p.fault, p.mend)
		}
	}
}
