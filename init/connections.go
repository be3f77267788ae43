package pid1

import (
	"time"

	"sexton/machine"
)

// connectionsEvery is how often we look for new connections. Looks that take long, on
// a machine with a hundred thousand connections, come less often: they may
// take a tenth of one processor.
const connectionsEvery = 100 * time.Millisecond

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
			n, err := fresh()
			event := machine.Connected{Count: n}
			if err != nil {
				event.Unknown = err.Error()
			}
			if n > 0 || err != nil {
				p.mu.Lock()
				p.connected = append(p.connected, event)
				p.mu.Unlock()
				p.Kernel.Wake()
			}
			if err != nil {
				return
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

// takeConnected takes what was seen beside the loop.
func (p *PID1) takeConnected() {
	p.mu.Lock()
	connected := p.connected
	p.connected = nil
	p.mu.Unlock()
	for _, event := range connected {
		p.takeAnswers()
		p.take(event)
	}
}
