package pid1

import (
	"context"
	"errors"
	"slices"

	"sexton/machine"
	"sexton/service"
)

// Who stands beside the loop asks it: the control socket, health over HTTP. An
// answer is made when somebody asks, by the loop, between two turns. A report
// that were published after each turn would cost every turn of a thousand
// services something, mostly for nobody, and would still be there when the loop
// is not: so an answer also says that we are alive.

// errLeaving answers those who ask when the loop has ended.
var errLeaving = errors.New("sexton is leaving")

// question is one that waits for the end of the turn.
type question struct {
	ask    *machine.Asked // to be done first; nil: they only want to know
	name   string         // whose records are wanted; "": nobody's
	alive  bool           // the answer may be empty
	answer chan<- service.Answer
}

// Look tells how everything is, and how the last runs of the service called
// name ended. It waits for the loop, at most until ctx is done, whose error it
// then returns; when the loop has ended there is an error at once. Any goroutine but
// the loop's may call it; the caller bounds how many do at once. What it returns is
// shared and must not be changed.
func (p *PID1) Look(ctx context.Context, name string) (service.Answer, error) {
	return p.question(ctx, question{name: name})
}

// Alive waits until the loop has come round, or has made one more start in its turn, and costs it nothing more.
func (p *PID1) Alive(ctx context.Context) error {
	_, err := p.question(ctx, question{alive: true})
	return err
}

// Shutdown begins the graceful end, with now without the drain; from says who
// wants it, in words that go on behind "asked to". The answer tells how
// everything is afterwards. See Look.
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
	p.mu.Lock()
	p.questions = append(p.questions, q)
	first := len(p.questions) == 1
	p.mu.Unlock()
	if first { // otherwise the loop is on its way
		p.Kernel.Wake()
	}
	select {
	case a := <-answer:
		return a, nil
	case <-p.ended:
		return service.Answer{}, errLeaving
	case <-ctx.Done():
		return service.Answer{}, ctx.Err()
	}
}

// answerAlive answers, within a turn, those who only want to know that the loop lives: a turn of a
// thousand services may make many starts, each of which waits for an exec, and a probe has a
// timeout.
func (p *PID1) answerAlive() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.questions = slices.DeleteFunc(p.questions, func(q question) bool {
		if q.alive {
			q.answer <- service.Answer{}
			p.asked, p.trimmed = p.now(), false
		}
		return q.alive
	})
}

// takeQuestions does what was asked for, then answers everybody: one report
// serves all of them.
func (p *PID1) takeQuestions() {
	p.mu.Lock()
	questions := p.questions
	p.questions = nil
	p.mu.Unlock()
	if len(questions) == 0 {
		return
	}
	for _, q := range questions {
		if q.ask != nil {
			p.takeAnswers()
			p.take(*q.ask)
		}
	}
	p.asked, p.trimmed = p.now(), false
	var report service.Report
	if slices.ContainsFunc(questions, func(q question) bool { return !q.alive }) {
		report = p.machine.Report()
		report.At = p.now()
	}
	for _, q := range questions {
		if q.alive {
			q.answer <- service.Answer{}
			continue
		}
		q.answer <- service.Answer{Report: report, Records: p.machine.Records(q.name), Counts: p.counts}
	}
}
