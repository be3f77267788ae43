package pid1

import (
	"time"

	"sexton/machine"
)

// connectionsEvery is how often we look for new connections. Looks that take long, on
// a machine with a hundred thousand connections, come less often: they may
// take a tenth of one processor.
const connectionsEvery = 100 * time.Millisecond

// connected is a look that has found new connections, or cannot find any.
type connected machine.Connected

func (c connected) arrive(p *PID1) { p.hear(machine.Connected(c)) }

// watchConnections looks for new connections beside the loop until it is told to stop.
func (p *PID1) watchConnections(on bool) {
	if p.watching != nil {
		close(p.watching)
		p.watching = nil
	}
	if !on {
		return
	}
	stop := make(chan struct{})
	p.watching = stop
	fresh := p.Kernel.Connections()
	go func() {
		for {
			began := time.Now()
			n := 0
			err := guarded(func() (err error) {
				n, err = fresh()
				return err
			})
			if err != nil {
				p.post(connected{Count: n, Unknown: err.Error()})
				return
			}
			if n > 0 {
				p.post(connected{Count: n})
			}
			pause := time.NewTimer(max(connectionsEvery, 10*time.Since(began)))
			select {
			case <-stop:
				pause.Stop()
				return
			case <-pause.C:
			}
		}
	}()
}
