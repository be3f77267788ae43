package pid1

import (
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"sexton/internal/simkernel"
	"sexton/machine"
	"sexton/notify"
	"sexton/proc"
	"sexton/service"
)

// openNotify lets the services of a life say something now and then, until they are closed.
func (l *life) openNotify(spec *service.Spec, heard func(notify.Message)) (Notification, error) {
	dice := rand.New(rand.NewPCG(l.seed, uint64(len(spec.Name))))
	closed := make(chan struct{})
	status, interval := "well", 300*time.Millisecond
	go func() {
		for n := range 40 {
			select {
			case <-closed:
				return
			case <-time.After(time.Duration(dice.IntN(700)) * time.Millisecond):
			}
			m := notify.Message{Ready: n == 0 && dice.IntN(10) > 0, Alive: true}
			switch dice.IntN(12) {
			case 0:
				m.Stopping = true
			case 1:
				m.Reloading = true
			case 2:
				m.Extend = time.Duration(dice.IntN(5000)) * time.Millisecond
			case 3:
				m.Watchdog = &interval
			case 4:
				m.Trigger = dice.IntN(5) == 0
			case 5:
				m.Status = &status
			}
			heard(m)
		}
	}()
	return Notification{Started: func() {}, Close: func() { close(closed) }}, nil
}

// parents is a simulated kernel that knows the parents of some processes.
type parents struct {
	*simkernel.Sim
	of map[proc.PID]proc.Other
}

func (p parents) Look(pid proc.PID) (proc.Other, bool) {
	o, alive := p.of[pid]
	return o, alive
}

// A message counts if its sender is in the run's group or session, or descends from it.
func TestSendersOfMessages(t *testing.T) {
	kernel := parents{simkernel.New(1), map[proc.PID]proc.Other{
		41: {PID: 41, Parent: 40, Group: 40, Session: 40},
		42: {PID: 42, Parent: 40, Group: 42, Session: 42},
		43: {PID: 43, Parent: 42, Group: 43, Session: 43},
		50: {PID: 50, Parent: 1, Group: 50, Session: 50},
		51: {PID: 51, Parent: 50, Group: 50, Session: 50},
		60: {PID: 60, Parent: 61, Group: 60, Session: 60}, 61: {PID: 61, Parent: 60, Group: 61, Session: 61},
	}}
	p := New(Config{Kernel: kernel, Output: &diary{}})
	for pid, want := range map[proc.PID]bool{40: true, 41: true, 42: true, 43: true, 50: false, 51: false, 60: false, 99: false, 1: false} {
		if got := p.isOf(&child{pid: 40}, pid); got != want {
			t.Errorf("process %d: %v", pid, got)
		}
	}
}

// What a service says of itself is shown without its secrets.
func TestStatusWithoutSecrets(t *testing.T) {
	p := New(Config{Output: &diary{}, Redact: func(text string) string { return strings.ReplaceAll(text, "hunter2", "******") }})
	e, _ := p.redacted(machine.Notified{Run: 1, HasStatus: true, Status: "the password is hunter2"}).(machine.Notified)
	if e.Status != "the password is ******" || !e.HasStatus {
		t.Errorf("%+v", e)
	}
}
