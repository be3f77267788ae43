package pid1

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"sexton/machine"
	"sexton/service"
)

// Change has the loop carry out an order. The answer is how everything is then, and which other
// services stop too. See Look.
func (p *PID1) Change(ctx context.Context, order service.Order) (service.Answer, error) {
	return p.question(ctx, question{order: &order})
}

var orderAsks = [...]machine.Ask{
	service.OrderStart: machine.AskStart, service.OrderStop: machine.AskStop, service.OrderRestart: machine.AskRestart,
	service.OrderRun: machine.AskRun, service.OrderSignal: machine.AskSignal,
}

// carryOut has the machine hear an order, service by service: what is to stop in the order of a stop,
// everything else in that of a start. It returns which other services stop too.
func (p *PID1) carryOut(o *service.Order) (with []string) {
	names := p.machine.InOrder(o.Services)
	if o.Verb == service.OrderStop || o.Verb == service.OrderRestart {
		slices.Reverse(names)
	}
	if o.Verb == service.OrderStop {
		for _, name := range names {
			for _, other := range p.machine.StopsWith(name) {
				if !slices.Contains(names, other) && !slices.Contains(with, other) {
					with = append(with, other)
				}
			}
		}
	}
	p.Output.Say(machine.Info, "", orderWords(o, names, with))
	for _, name := range names {
		p.hear(machine.Asked{Verb: orderAsks[o.Verb], Service: name, Signal: o.Signal, From: o.From})
		if p.machine.Over() {
			break
		}
	}
	return with
}

// mostNamed is how many services a line names.
const mostNamed = 10

func orderWords(o *service.Order, names, with []string) string {
	what := o.Verb.String()
	if o.Verb == service.OrderSignal {
		what = fmt.Sprintf("send SIG%v to", o.Signal)
	}
	text := fmt.Sprintf("asked to %s %s%s", what, someOf(names), o.From)
	if len(with) > 0 {
		text += "; what needs it stops too: " + someOf(with)
	}
	return text
}

func someOf(names []string) string {
	if len(names) > mostNamed {
		return fmt.Sprintf("%s and %d more", strings.Join(names[:mostNamed], ", "), len(names)-mostNamed)
	}
	return strings.Join(names, ", ")
}
