package service

import (
	"slices"
	"time"
)

// Stage is a moment in the life of a run at which commands of the file run: its hooks.
type Stage uint8

const (
	NoStage     Stage = iota
	BeforeStart       // after what Preparations name, before the service's command; a failure is a failed start
	AfterStart        // when the service is ready, before it counts as up; a failure is a failed start
	BeforeStop        // before StopCommand, if the service was up
	StopCommand       // one command at most: the first step of the stop, if the service was up
	AfterStop         // when all processes of the run are gone, however it has ended
	StageCount
)

// String is the key of the file.
func (s Stage) String() string {
	return [...]string{"", "before_start", "after_start", "before_stop", "stop_command", "after_stop"}[s]
}

// Hook is one command of a stage.
type Hook struct {
	Command []string      // at least one word
	User    string        // name or number; "": the service's
	Late    bool          // its words have the variables of a start, see Spec.Filled
	Timeout time.Duration // 0: HookTimeout, and a share of what is left in a shutdown
}

// HookTimeout is how long a hook may take if the file does not say otherwise.
const HookTimeout = 30 * time.Second

// Patience is how long the hook may take while the container runs.
func (h *Hook) Patience() time.Duration {
	if h.Timeout > 0 {
		return h.Timeout
	}
	return HookTimeout
}

// Hooks are the commands of each stage, in their order.
type Hooks [StageCount][]Hook

// Any tells whether there is a hook.
func (h *Hooks) Any() bool {
	return slices.ContainsFunc(h[:], func(list []Hook) bool { return len(list) > 0 })
}

// ForHook is the spec by which a hook runs: with another user it has that user's groups, and
// the capabilities that a service of that user has by default.
func (s *Spec) ForHook(h *Hook) *Spec {
	as := *s
	as.Command = h.Command
	if h.User != "" {
		as.User, as.Group, as.Groups, as.UserIfRoot = h.User, "", nil, ""
		as.Capabilities, as.NoNewPrivileges = nil, false
	}
	return &as
}

// needOfHooks is the time that hooks ask for, one after the other.
func needOfHooks(hooks []Hook) (n Need) {
	for i := range hooks {
		if hooks[i].Timeout > 0 {
			n.Fixed += hooks[i].Timeout
		} else {
			n.Open++
		}
	}
	return n
}

// NeedFrom is what is left of the need of a stop from a hook on: this hook and all that comes
// behind it.
func (h *Hooks) NeedFrom(stage Stage, index int, ladder []Rung) Need {
	n := needOfHooks(h[stage][index:])
	switch stage {
	case BeforeStop:
		n = n.Plus(needOfHooks(h[StopCommand]))
		fallthrough
	case StopCommand:
		n = n.Plus(NeedOf(ladder)).Plus(needOfHooks(h[AfterStop]))
	}
	return n
}

// StopNeed is the need of a whole stop: its hooks and its ladder.
func (s *Spec) StopNeed() Need { return s.Hooks.NeedFrom(BeforeStop, 0, s.Stop) }

// stopStep is one step of a stop that takes time.
type stopStep struct {
	need Need
	most time.Duration // of an open one; 0: no limit of its own
}

// stopSteps are the steps of a stop in their order.
func (s *Spec) stopSteps() (steps []stopStep) {
	hooks := func(stage Stage) {
		for _, hook := range s.Hooks[stage] {
			steps = append(steps, stopStep{needOfHooks([]Hook{hook}), HookTimeout})
		}
	}
	hooks(BeforeStop)
	hooks(StopCommand)
	for _, rung := range s.Stop {
		if rung.Kills() {
			break
		}
		steps = append(steps, stopStep{need: NeedOf([]Rung{rung})})
	}
	hooks(AfterStop)
	return steps
}

// take is how long the step takes if it begins when so much is left, and rest is the need of
// all that comes behind it.
func (t stopStep) take(rest Need, left time.Duration) time.Duration {
	if t.need.Open == 0 {
		return t.need.Fixed
	}
	share := t.need.Plus(rest).Share(left)
	if t.most > 0 {
		return min(share, t.most)
	}
	return share
}

// startTime is the longest time that the hooks of a start may take.
func (s *Spec) startTime() (total time.Duration) {
	for _, stage := range []Stage{BeforeStart, AfterStart} {
		for i := range s.Hooks[stage] {
			total += s.Hooks[stage][i].Patience()
		}
	}
	return total
}
