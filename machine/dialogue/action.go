package dialogue

import (
	"fmt"
	"strings"

	"sexton/machine"
)

// FormatAction writes one line of a dialogue's output.
func FormatAction(at machine.Instant, action machine.Action) string {
	return fmt.Sprintf("%-7s %s", "+"+at.String(), actionText(action))
}

func actionText(action machine.Action) string {
	switch a := action.(type) {
	case machine.Spawn:
		return fmt.Sprintf("spawn %s run=%d", a.Service, a.Run)
	case machine.Prepare:
		return fmt.Sprintf("prepare %s run=%d", a.Service, a.Run)
	case machine.Discard:
		return fmt.Sprintf("discard %s run=%d", a.Service, a.Run)
	case machine.CallOff:
		return fmt.Sprintf("call-off %s run=%d", a.Service, a.Run)
	case machine.Signal:
		return signalText(a)
	case machine.ContinueIfStopped:
		return fmt.Sprintf("continue-if-stopped %s run=%d %v", a.Service, a.Run, a.Scope)
	case machine.Widen:
		return fmt.Sprintf("widen %s run=%d", a.Service, a.Run)
	case machine.Watch:
		return fmt.Sprintf("watch %s run=%d", a.Service, a.Run)
	case machine.RunHook:
		return hookText(a)
	case machine.StopHook:
		return fmt.Sprintf("stop-hook %s run=%d seq=%d", a.Service, a.Run, a.Seq)
	case machine.Gather:
		return fmt.Sprintf("gather %s run=%d %v", a.Service, a.Run, a.Scope)
	case machine.Probe:
		return fmt.Sprintf("probe %s run=%d seq=%d", a.Service, a.Run, a.Seq) + map[bool]string{true: " health"}[a.Health]
	case machine.StopProbe:
		return fmt.Sprintf("stop-probe %s run=%d", a.Service, a.Run)
	case machine.Sweep:
		return fmt.Sprintf("sweep %v", a.Signal) + map[bool]string{true: " strays"}[a.StraysOnly]
	case machine.WatchConnections:
		return map[bool]string{true: "watch-connections", false: "watch-connections no more"}[a.On]
	case machine.Suspend:
		return "suspend"
	case machine.Break:
		return "break " + a.Service
	case machine.Reopen:
		return "reopen"
	case machine.ReadAgain:
		return "read-again " + a.From
	case machine.Say:
		if a.Service != "" {
			return fmt.Sprintf("say %v %s: %s", a.Level, a.Service, a.Text)
		}
		return fmt.Sprintf("say %v %s", a.Level, a.Text)
	case machine.Summarize:
		text := fmt.Sprintf("summarize status=%d service=%s starts=%d: %s", a.Status, a.Service, a.Starts, a.Reason)
		if words := a.Text(); words != "" {
			text += "; " + words
		}
		return text
	case machine.Adopt:
		return adoptText(a)
	case machine.Forget:
		return "forget " + a.Service
	case machine.Leave:
		return fmt.Sprintf("leave %d", a.Status)
	}
	return fmt.Sprintf("%T", action)
}

func signalText(a machine.Signal) string {
	value := ""
	if a.Queued {
		value = fmt.Sprintf(" value=%d", a.Value)
	}
	return fmt.Sprintf("signal %s run=%d %v %v%s", a.Service, a.Run, a.Signal, a.Scope, value)
}

func hookText(a machine.RunHook) string {
	text := fmt.Sprintf("run-hook %s run=%d seq=%d %v.%d", a.Service, a.Run, a.Seq, a.Stage, a.Index)
	for _, entry := range a.Env {
		text += " " + quoted(entry)
	}
	return text
}

func adoptText(a machine.Adopt) string {
	var names []string
	for i := range a.Plan.Services {
		names = append(names, a.Plan.Services[i].Name)
	}
	return strings.TrimSuffix("adopt "+strings.Join(names, ","), " ")
}
