package verbs

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"sexton/service"
)

// Loop is what the verbs need of the loop; see pid1.PID1.
type Loop interface {
	Look(ctx context.Context, name string) (service.Answer, error)
	Shutdown(ctx context.Context, now bool, from string) (service.Answer, error)
	Change(ctx context.Context, order service.Order) (service.Answer, error)
}

// Source is what answers are made of. Its fields do not change after the first request.
type Source struct {
	Loop Loop
	// Memory tells how much resident memory the process group of each PID has;
	// one that it does not know is left out. nil: nothing is known.
	Memory func(leaders []int) map[int]int64
	// Output are the accounts of what services wrote; nil: there are none.
	Output func() []service.Output
	// Recent are the last lines of a service, at most n; nil: there are none.
	Recent func(service string, n int) [][]byte
	// Tap follows the output of services, nil for all: with what memory keeps of it; nil: there is none.
	Tap func(services []string) (backlog []service.Piece, tap Tap)
	// Carries says why there is no output of a service to follow; "": there is. nil: not known.
	Carries func(service string) (why string)
	// Follow gives a client the changes of state; nil: nobody can follow them.
	Follow func(ctx context.Context) (Feed, error)
	// Reload reads the files again; nil: there are none. With dryRun nothing changes. from says who wants it. An
	// error says why nothing was read, or why there is no answer yet.
	Reload func(ctx context.Context, dryRun bool, from string) (Reload, error)
	// File is the path of the configuration.
	File string
}

// question is a request, and the state of all services at one moment between two turns of the loop.
type question struct {
	*Source
	request *Request
	now     *service.Answer
}

// Answer asks the loop, and makes the reply to a request. An error means that the loop has not answered.
func (v *Verb) Answer(ctx context.Context, s *Source, r *Request) (Reply, error) {
	if v.act != nil {
		return v.act(ctx, s, r), nil
	}
	now, err := v.ask(ctx, s.Loop, r)
	if err != nil {
		return Reply{}, err
	}
	plain := *r // with the services of groups in the place of the groups
	plain.Services = nil
	for _, name := range r.Services {
		members := now.Named(name)
		if !slices.Equal(members, []string{name}) && v.Args != "" && !strings.HasSuffix(v.Args, anyServices) {
			return Reply{Error: fmt.Sprintf("%q is a group; name one of its services: %s", name, strings.Join(members, ", "))}, nil
		}
		plain.Services = append(plain.Services, members...)
	}
	for _, name := range plain.Services {
		if now.Find(name) == nil {
			return Reply{Error: unknown(name, &now.Report)}, nil
		}
	}
	return v.reply(&question{s, &plain, &now}), nil
}

func (q *question) memory() map[int]int64 {
	if q.Memory == nil {
		return nil
	}
	var leaders []int
	for i := range q.now.Services {
		if pid := q.now.Services[i].PID; pid != 0 {
			leaders = append(leaders, int(pid))
		}
	}
	return q.Memory(leaders)
}

func (q *question) outputs() []service.Output {
	if q.Output == nil {
		return nil
	}
	return q.Output()
}

func unknown(name string, r *service.Report) string {
	var names []string
	for i := range r.Services {
		names = append(names, r.Services[i].Name)
	}
	return fmt.Sprintf("no service is called %q; there are: %s", name, strings.Join(names, ", "))
}
