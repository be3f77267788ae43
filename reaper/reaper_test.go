package reaper

import (
	"errors"
	"testing"

	"sexton/proc"
)

// row is a queue of zombies that insists on the order peek, reap.
type row struct {
	t      *testing.T
	dead   []proc.PID
	shown  proc.PID
	broken error
}

func (r *row) Peek() (proc.Dead, bool, bool, error) {
	if r.broken != nil {
		return proc.Dead{}, false, true, r.broken
	}
	if len(r.dead) == 0 {
		return proc.Dead{}, false, false, nil
	}
	r.shown = r.dead[0]
	return proc.Dead{PID: r.shown}, true, true, nil
}

func (r *row) Reap(pid proc.PID) error {
	if pid != r.shown {
		r.t.Errorf("reaped %d, which was not shown", pid)
	}
	r.dead = r.dead[1:]
	return nil
}

func TestEachDeadChildIsCollectedOnceAndInOrder(t *testing.T) {
	r := &row{t: t, dead: []proc.PID{5, 7, 6}}
	var buried, gone []proc.PID
	more, err := Collect(r,
		func(d proc.Dead) {
			if len(gone) != len(buried) {
				t.Errorf("%d is shown before the one before it is gone", d.PID)
			}
			buried = append(buried, d.PID)
		},
		func(d proc.Dead) { gone = append(gone, d.PID) })
	if more || err != nil {
		t.Fatalf("more=%v err=%v", more, err)
	}
	if len(gone) != 3 || gone[0] != 5 || gone[1] != 7 || gone[2] != 6 {
		t.Errorf("gone: %v", gone)
	}
}

func TestATurnIsBoundedAndReportsMoreDead(t *testing.T) {
	r := &row{t: t, dead: make([]proc.PID, TurnMax+1)}
	for i := range r.dead {
		r.dead[i] = proc.PID(i + 2)
	}
	count := 0
	more, err := Collect(r, func(proc.Dead) {}, func(proc.Dead) { count++ })
	if !more || err != nil || count != TurnMax {
		t.Fatalf("more=%v err=%v count=%d", more, err, count)
	}
}

func TestAnErrorOfTheKernelEndsTheTurn(t *testing.T) {
	broken := errors.New("broken")
	more, err := Collect(&row{t: t, broken: broken}, func(proc.Dead) { t.Error("buried") }, nil)
	if more || !errors.Is(err, broken) {
		t.Errorf("more=%v err=%v", more, err)
	}
}
