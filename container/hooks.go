package container

import (
	"time"

	pid1 "sexton/init"
	"sexton/proc"
	"sexton/service"
	"sexton/stdio"
)

// hookOutputMost is how long the output of a hook that has ended is waited for.
const hookOutputMost = 200 * time.Millisecond

// OpenHook is pid1.Output's. A hook has neither the terminal nor the reader of its service. Where
// nothing stands between the service and our descriptors, the bytes of a hook stay as they are,
// and what the service writes next must not overtake them.
func (o *output) OpenHook(spec *service.Spec, run service.Run) (pid1.HookOutput, error) {
	log, inherits := o.log(spec)
	if inherits {
		log.Format = service.Raw
	}
	o.used, o.carried[spec.Name] = true, true
	pipes, err := o.mux.Open(stdio.Source{Service: spec.Name, Run: run, Log: log, KeepLast: true})
	if err != nil {
		return pid1.HookOutput{}, err
	}
	return pid1.HookOutput{
		Files: [3]int{-1, pipes.Out, pipes.Err},
		Started: func(pid proc.PID) {
			pipes.Started(int(pid))
			pipes.Close()
		},
		LastLine: func() string { return pipes.LastLine(hookOutputMost) },
		Wait:     inherits,
	}, nil
}
