package verbs

import (
	"context"
	"fmt"

	"sexton/service"
)

// Shutdown tells that a shutdown has begun.
type Shutdown struct {
	Already  bool `json:"already"`  // it had begun before
	Services int  `json:"services"` // how many have processes
}

func shutdown(q *question) Reply {
	live := 0
	for i := range q.now.Services {
		if q.now.Services[i].State.Live() {
			live++
		}
	}
	return Reply{Shutdown: &Shutdown{Already: q.now.Stopping, Services: live}}
}

// beginShutdown begins the end.
func beginShutdown(ctx context.Context, l Loop, r *Request, from string) error {
	_, err := l.Shutdown(ctx, r.Now, from)
	return err
}

func (s *Shutdown) text(*Page) (string, int) {
	if s.Already {
		return fmt.Sprintf("already stopping; %s still running\n", service.Counted(s.Services, "service")), 0
	}
	return fmt.Sprintf("stopping %s\n", service.Counted(s.Services, "service")), 0
}
