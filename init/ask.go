package pid1

import (
	"context"
	"errors"
	"slices"

	"sexton/machine"
	"sexton/service"
)

// The clients beside the loop (control socket, health over HTTP) ask the loop itself, and
// it answers at the end of a turn. Publishing a report after every turn would cost every
// turn of a thousand services something, usually for no reader, and the report would still
// be there after the loop has died. This way an answer also proves that the loop lives.

// errLeaving is the answer after the loop has ended.
var errLeaving = errors.New("sexton is leaving")

// question waits for the end of the turn.
type question struct {
	ask    *machine.Asked // an order to carry out first; nil: the client only wants to know
	order  *service.Order // another kind of order; nil: none
	name   string         // the service whose records are wanted; "": none
	alive  bool           // the answer may be empty
	answer chan<- service.Answer
}

func (q question) arrive(p *PID1) { p.questions = append(p.questions, q) }

// Look reports the present state, and how the last runs of the service called name ended.
// It waits for the loop until ctx is done, and then returns the error of ctx. After the
// end of the loop it returns an error at once. Any goroutine but the loop's may call it;
// the caller bounds how many do at once. The answer is shared and must not be changed.
func (p *PID1) Look(ctx context.Context, name string) (service.Answer, error) {
	return p.question(ctx, question{name: name})
}

// Alive waits until the loop has finished its turn, or has made one more start in it.
func (p *PID1) Alive(ctx context.Context) error {
	_, err := p.question(ctx, question{alive: true})
	return err
}

// Shutdown begins the graceful end, with now without the drain. from names the client, in
// words that follow "asked to". The answer reports the state afterwards. The order is carried out
// even if ctx ends first. See Look.
func (p *PID1) Shutdown(ctx context.Context, now bool, from string) (service.Answer, error) {
	ask := machine.Asked{Verb: machine.AskShutdown, From: from}
	if now {
		ask.Verb = machine.AskShutdownNow
	}
	return p.question(ctx, question{ask: &ask})
}

func (p *PID1) question(ctx context.Context, q question) (service.Answer, error) {
	answer := make(chan service.Answer, 1)
	q.answer = answer
	p.post(q)
	select {
	case a := <-answer:
		return a, nil
	case <-p.ended:
		return service.Answer{}, errLeaving
	case <-ctx.Done():
		p.withdraw(q)
		return service.Answer{}, ctx.Err()
	}
}

// withdraw takes back a question whose client has given up, so that a loop that stands
// still does not collect them. An order stays in the inbox, one of each verb.
func (p *PID1) withdraw(q question) {
	same := 0
	p.inbox.remove(func(e event) bool {
		other, ok := e.(question)
		if ok && q.ask != nil && other.ask != nil && other.ask.Verb == q.ask.Verb {
			same++
		}
		return ok && other.answer == q.answer && (q.ask == nil || same > 1)
	})
}

// answerAlive answers within a turn the clients that only want to know that the loop lives.
// A turn of a thousand services may make many starts, each of which waits for an exec, and
// the client's probe has a timeout.
func (p *PID1) answerAlive() {
	answered := func(q question) bool {
		if q.alive {
			q.answer <- service.Answer{}
			p.busyAt, p.trimmed = p.now(), false
		}
		return q.alive
	}
	p.questions = slices.DeleteFunc(p.questions, answered)
	p.inbox.remove(func(e event) bool {
		q, ok := e.(question)
		return ok && answered(q)
	})
}

// answerQuestions carries out what was ordered, then answers all questions of this turn
// with one report.
func (p *PID1) answerQuestions() {
	questions := p.questions
	p.questions = nil
	if len(questions) == 0 {
		return
	}
	with := make(map[*service.Order][]string)
	for _, q := range questions {
		switch {
		case p.machine.Over():
		case q.ask != nil:
			p.hear(*q.ask)
		case q.order != nil:
			with[q.order] = p.carryOut(q.order)
		}
	}
	p.busyAt, p.trimmed = p.now(), false
	var report service.Report
	if slices.ContainsFunc(questions, func(q question) bool { return !q.alive }) {
		report = p.machine.Report()
		report.At = p.now()
		p.reportDue(&report)
	}
	for _, q := range questions {
		if q.alive {
			q.answer <- service.Answer{}
			continue
		}
		q.answer <- service.Answer{Report: report, Records: p.machine.Records(q.name), Counts: p.counts, With: with[q.order]}
	}
}
