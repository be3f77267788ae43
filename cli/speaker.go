package cli

import (
	"slices"
	"time"

	"sexton/cli/dropin"
	pid1 "sexton/init"
	"sexton/machine"
	"sexton/proc"
	"sexton/service"
	"sexton/stdio"
)

// speaker is pid1.Output for one command under the name of another init: the command has our
// own descriptors, and our lines have the other's form.
type speaker struct {
	voices [machine.Debug + 1]dropin.Voice
	muxes  [machine.Debug + 1]*stdio.Mux // nil: silent; levels of one descriptor share one, so that their lines keep their order
	said   [machine.Debug + 1]bool

	instead string // replaces the next error of the command, in the other's form; "": nothing
}

func newSpeaker(voices [machine.Debug + 1]dropin.Voice) *speaker {
	s := &speaker{voices: voices}
	for level, v := range voices {
		if at := slices.IndexFunc(voices[:level], func(other dropin.Voice) bool { return other.FD == v.FD }); at >= 0 {
			s.muxes[level] = s.muxes[at]
		} else if v.FD != 0 {
			s.muxes[level] = stdio.New(stdio.Options{Out: v.FD, Err: v.FD})
		}
	}
	return s
}

// threads is how many threads may be needed at once: one for each mux that waits for
// its reader, and one more.
func (s *speaker) threads() int {
	n := 1
	for level, mux := range s.muxes {
		if mux != nil && slices.Index(s.muxes[:], mux) == level {
			n++
		}
	}
	return n
}

func (s *speaker) Open(_ *service.Spec, _ service.Run, files [3]int) ([3]int, func(proc.PID), error) {
	return files, func(proc.PID) {}, nil
}

func (s *speaker) Lack(int) {}

func (s *speaker) Died(string) {}

func (s *speaker) Reopen() {}

func (s *speaker) Resize() {}

func (s *speaker) Ended(service.Run) {}

// OpenHook is never called: only a file has hooks.
func (s *speaker) OpenHook(*service.Spec, service.Run) (pid1.HookOutput, error) {
	return pid1.HookOutput{}, nil
}

func (s *speaker) Break(string) {}

func (s *speaker) ClosePipeline(string) {}

// Sum does nothing: the other inits print no summary.
func (s *speaker) Sum(service.Summary) {}

func (s *speaker) Say(level machine.Level, name, text string) {
	if level == machine.Error && name != "" && s.instead != "" {
		s.original(level, s.instead)
		s.instead = ""
		return
	}
	if name != "" {
		text = name + ": " + text
	}
	s.original(level, s.voices[level].Self+text)
}

// original writes a line with only the other's mark before it.
func (s *speaker) original(level machine.Level, line string) {
	if mux := s.muxes[level]; mux != nil {
		s.said[level] = true
		mux.Say(stdio.Errors, "", s.voices[level].Mark+line)
	}
}

func (s *speaker) Flush(within, _ time.Duration, last func()) {
	last()
	by := time.Now().Add(within)
	for level, mux := range s.muxes {
		if s.said[level] {
			mux.FlushOwn(time.Until(by))
		}
	}
}

var _ pid1.Output = (*speaker)(nil)
