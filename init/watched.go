package pid1

import (
	"time"

	"sexton/machine"
)

// filesChanged are files that a service watches, and that have changed at a moment.
type filesChanged struct {
	machine.FilesChanged
	at time.Time
}

// FilesChanged tells the loop that what a service watches has changed, what in words, not before at. Any goroutine
// may call it.
func (p *PID1) FilesChanged(name, what string, reload bool, at time.Time) {
	p.post(filesChanged{machine.FilesChanged{Service: name, What: what, Reload: reload}, at})
}

// arrive tells the machine, unless the service has started after the change, and so has read the new files.
func (e filesChanged) arrive(p *PID1) {
	p.takeAnswers()
	for _, child := range p.runs {
		if child.spec.Name == e.Service && child.started > p.now()-time.Since(e.at) {
			return
		}
	}
	p.take(e.FilesChanged)
}
