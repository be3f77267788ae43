package machine

import (
	"fmt"

	"sexton/service"
)

// outgrown: a unit is above its max_memory. Its stop counts as a failure, so that back-off and give_up hold for it too.
func (u *unit) outgrown(m *Machine, event Event) {
	u.failing = fmt.Sprintf("its processes hold %s, more than max_memory (%s)", service.Bytes(event.(Outgrown).Bytes), service.Bytes(u.spec.MaxMemory))
	m.sayf(Warn, u, "%s; stopping it with %s", u.failing, ladderWords(u.spec))
	u.beginStop(m)
}

// Outgrown: the processes of a run hold so many bytes, more than its service's MaxMemory.
type Outgrown struct {
	Run   service.Run
	Bytes int64
}

func (Outgrown) event() {}
