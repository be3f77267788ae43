package service

import (
	"fmt"
	"slices"
	"strings"
)

// Health answers a probe, and says in words what is missing, or "ready" or
// "live". Without names it is about the container: it is live because sexton answers at
// all, and ready if r.Ready is true. With names it is about these services: up or done is
// ready, and a service is live if it has a process or needs none any more.
func (r *Report) Health(names []string, live bool) (ok bool, why string) {
	var missing []string
	switch {
	case live || r.Ready:
	case r.Draining:
		missing = append(missing, "draining before the end")
	case r.Stopping:
		missing = append(missing, "stopping")
	}
	for i := range r.Services {
		s := &r.Services[i]
		ok := live || s.Ready
		if len(names) > 0 {
			ok = !slices.Contains(names, s.Name) || s.State == Up || s.State == Done || live && s.State.Live()
		}
		if !ok {
			missing = append(missing, s.words())
		}
	}
	if n := len(missing) - missingMax; n > 0 {
		missing = append(missing[:missingMax], fmt.Sprintf("and %d more", n))
	}
	switch {
	case len(missing) > 0:
		return false, strings.Join(missing, "; ")
	case len(names) == 0 && !live && !r.Ready:
		return false, "nothing has been started yet"
	case live:
		return true, "live"
	}
	return true, "ready"
}

// missingMax is how many services an answer names: Docker keeps 4 KiB of an answer.
const missingMax = 10

// words describe a service that is not ready.
func (s *Status) words() string {
	text := s.Name + ": " + s.State.String()
	switch {
	case s.Waits != "" && s.State == Waiting:
		text = s.Name + ": " + waitsFor(s.Waits)
	case s.Waits != "":
		text += ", " + waitsFor(s.Waits)
	case s.LastExit != "":
		text += ", " + s.LastExit
	}
	return text
}

// waitsFor says what a service waits for. Some of the machine's words already begin so.
func waitsFor(what string) string {
	if strings.HasPrefix(what, "waiting for ") {
		return what
	}
	return "waiting for " + what
}
