package pid1

import (
	"fmt"
	"sync/atomic"
	"testing"
	"time"

	"sexton/internal/simkernel"
	"sexton/proc"
	"sexton/service"
)

// listed is a kernel whose starts take a while, and which counts how often the loop reads the
// list of our children.
type listed struct {
	slow
	times atomic.Int32
}

func (k *listed) Children() ([]proc.PID, bool) {
	k.times.Add(1)
	return k.Sim.Children()
}

// Three hundred services that start one after another become old enough for a look at three
// hundred moments. The loop looks at many of them at once: each turn with looks reads a list
// that is as long as there are services.
func TestManyServicesAreLookedAtTogether(t *testing.T) {
	var services []service.Spec
	for i := range 300 {
		s := gentle(fmt.Sprint("s", i))
		s.Restart = service.Always
		services = append(services, s)
	}
	var kernel *listed
	var seen int
	play(t, func(s *scene) {
		kernel = &listed{slow: slow{s.Sim}}
		s.config.Kernel = kernel
		for _, spec := range services {
			s.habits[spec.Name] = []simkernel.Habit{{Polite: true}}
		}
		s.at(3*time.Second, func() { seen = int(kernel.times.Load()) })
		s.signal(4*time.Second, proc.TERM)
	}, func(s *scene) {
		if looks := 3 * int(time.Second/looksApart); seen > looks || seen == 0 {
			t.Errorf("the loop read the list of our children %d times in 3 s, at most %d are right", seen, looks)
		}
	}, services...)
}
