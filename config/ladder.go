package config

import (
	"fmt"
	"strings"
	"time"

	"sexton/proc"
	"sexton/service"
)

// maxRungs bounds a ladder. A process that has not ended after so many signals will not end.
const maxRungs = 16

// ladder reads the steps by which a service is stopped: a list of
// "SIGNAL [DURATION]", or one such string. A KILL at the end may be left out.
func (r *reader) ladder(v *value, into *[]service.Rung) {
	var rungs []service.Rung
	good := true
	switch data := v.data.(type) {
	case string:
		rung, ok := r.rung(v, data)
		rungs, good = append(rungs, rung), ok
	case []any:
		rungs, good = r.rungs(v)
	default:
		r.wrongType(v)
		return
	}
	if !good {
		return
	}
	if last := rungs[len(rungs)-1]; !last.Kills() {
		rungs = append(rungs, service.Rung{Signal: proc.KILL})
	}
	*into = rungs
}

func (r *reader) rungs(v *value) (rungs []service.Rung, good bool) {
	if len(v.items) == 0 {
		r.wrong(v, "a ladder without a step stops nothing", `write ["KILL"] to kill at once, or remove stop`)
		return nil, false
	}
	if len(v.items) > maxRungs {
		r.wrong(v, fmt.Sprintf("the ladder has %d steps, more than %d", len(v.items), maxRungs), "remove some")
		return nil, false
	}
	good = true
	for i, item := range v.items {
		text, ok := item.data.(string)
		if !ok {
			r.wrong(item, fmt.Sprintf("expected a list of strings, but this item is %s", kind(item.data)), r.inQuotes(item))
			good = false
			continue
		}
		rung, ok := r.rung(item, text)
		if ok && rung.Kills() && i < len(v.items)-1 {
			r.wrong(item, "nothing is left to signal after KILL", "make KILL the last step")
			ok = false
		}
		good = good && ok
		rungs = append(rungs, rung)
	}
	return rungs, good
}

// rung reads one step.
func (r *reader) rung(v *value, text string) (service.Rung, bool) {
	words := strings.Fields(text)
	if len(words) == 0 || len(words) > 2 {
		r.wrong(v, "expected a signal, and a duration if the step has one", `write, for example, "QUIT 10s" or "TERM"`)
		return service.Rung{}, false
	}
	signal, err := proc.ParseSignal(words[0])
	if _, fault, _ := parseDuration(words[0], 0, maxDuration); err != nil && fault == "" {
		r.wrong(v, "a time follows its signal", fmt.Sprintf("write, for example, %q", "TERM "+words[0]))
		return service.Rung{}, false
	}
	if err != nil {
		what, mend, _ := strings.Cut(err.Error(), "; ")
		r.wrong(v, what, mend)
		return service.Rung{}, false
	}
	if why := unfit(signal); why != "" {
		r.wrong(v, fmt.Sprintf("%s stops no service: %s", words[0], why), "use TERM, or the signal that its manual names")
		return service.Rung{}, false
	}
	rung := service.Rung{Signal: signal}
	if len(words) == 1 {
		return rung, true
	}
	if rung.Kills() {
		r.wrong(v, "KILL takes no time: nothing can delay it", `write "KILL"`)
		return rung, false
	}
	d, fault, mend := parseDuration(words[1], time.Millisecond, maxDuration)
	if fault != "" {
		r.wrong(v, fault, mend)
		return rung, false
	}
	rung.For = d
	return rung, true
}

// unfit says why a signal cannot stand in a ladder; "" if it can.
func unfit(signal proc.Signal) string {
	switch {
	case signal == proc.STOP:
		return "it freezes a process instead of ending it"
	case signal == proc.CHLD:
		return "programs get it whenever a child of theirs ends, and ignore it"
	case signal > 31 && signal < proc.RTMin:
		return "the C library keeps it for its threads"
	}
	return ""
}
