package pid1

import (
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"sexton/internal/simkernel"
	"sexton/proc"
	"sexton/service"
)

// The manager is told of each change once, and again what it had no room for.
func TestTheManagerIsTold(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		k := simkernel.New(1)
		_ = k.Catch()
		k.Behaves = func([]string) simkernel.Habit { return simkernel.Habit{Polite: true} }
		web := plain("web")
		web.Ready = service.Probe{Kind: service.AfterTime, Delay: time.Second}
		over := make(chan struct{})
		var told []string
		refused := 0
		New(Config{
			Plan:   service.Plan{Init: service.Init{Grace: time.Second}, Services: []service.Spec{web}},
			Owner:  byCommand,
			Kernel: k, Output: &diary{},
			Notify: func(message string) (bool, error) {
				if len(told) == 1 && refused < 3 {
					refused++
					return true, nil
				}
				if told = append(told, message); len(told) == 2 {
					go k.Send(proc.Caught{Signal: proc.TERM}, over)
				}
				return false, nil
			},
		}).Run()
		close(over)
		want := []string{"STATUS=not ready, services: 0 of 1", "READY=1\nSTATUS=ready, services: 1", "STOPPING=1\nSTATUS=stopping"}
		if !slices.Equal(told, want) || refused != 3 {
			t.Errorf("told %q, refused %d times", told, refused)
		}
	})
}
