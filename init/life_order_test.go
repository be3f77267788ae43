package pid1

import (
	"context"
	"math/rand/v2"
	"time"

	"sexton/proc"
	"sexton/service"
)

// order has clients start, stop, restart, run and signal services in every second life with
// services, one at a time or several.
func (l *life) order(over <-chan struct{}) {
	if l.oneCommand || l.seed%2 == 0 {
		return
	}
	dice := rand.New(rand.NewPCG(l.seed, 99)) // its own: the other draws stay as they were
	for range dice.IntN(8) {
		select {
		case <-over:
			return
		case <-time.After(time.Duration(dice.IntN(800)) * time.Millisecond):
		}
		o := service.Order{Verb: service.OrderVerb(dice.IntN(5)), From: " by a client"}
		if o.Signal = proc.USR1; dice.IntN(3) == 0 {
			o.Signal = proc.KILL
		}
		for _, s := range l.plan.Services {
			if dice.IntN(3) == 0 {
				o.Services = append(o.Services, s.Name)
			}
		}
		ctx, cancel := context.WithTimeout(context.Background(), time.Second)
		_, _ = l.pid1.Change(ctx, o)
		cancel()
	}
}
