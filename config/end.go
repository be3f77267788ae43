package config

import (
	"fmt"
	"time"

	"sexton/service"
)

// The keys of [init] that say how the container ends.

// drain reads the time between the request to stop and the first stop signal:
// one duration, or what it depends on.
func (r *reader) drain(v *value, into *service.Drain) {
	if _, ok := v.data.(map[string]any); !ok {
		var d time.Duration
		if r.duration(v, 0, mostGrace, &d) {
			*into = service.Drain{Max: d}
		}
		return
	}
	var d service.Drain
	good := true
	span := func(name, example string, into *time.Duration) row[*service.Drain] {
		return row[*service.Drain]{name: name, expects: "a duration", example: example,
			read: func(r *reader, v *value, _ *service.Drain) { good = r.duration(v, 0, mostGrace, into) && good }}
	}
	meant := walk(r, v, []row[*service.Drain]{
		span("min", `min = "3s"`, &d.Min), span("quiet", `quiet = "2s"`, &d.Quiet), span("max", `max = "30s"`, &d.Max),
		{name: "ready", expects: `"true" or "false"`, example: `ready = "false"`, read: readDrainReady},
	}, &d)
	switch most := v.child("max"); {
	case !good || len(meant) > 0:
		return
	case most == nil && d.Quiet > 0:
		r.wrong(v, "if connections never pause, this never ends", `add max = "30s", for example`)
		return
	case most == nil:
		d.Max = d.Min
	case d.Max < d.Min:
		r.wrong(most, fmt.Sprintf("max is shorter than min, which is %s", brief(d.Min))+v.child("min").elsewhere(most), "raise max, or lower min")
		return
	}
	*into = d
}

func readDrainReady(r *reader, v *value, d *service.Drain) {
	if stays, ok := v.data.(bool); ok {
		d.StaysReady = stays
		return
	}
	if i, ok := r.word(v, []string{"false", "true"}); ok {
		d.StaysReady = i == 1
	}
}

// noTerminationLog is the value of termination_log that asks for none.
const noTerminationLog = "off"

func (r *reader) terminationLog(v *value, into *string) {
	if v.data == noTerminationLog {
		*into = ""
		return
	}
	r.path(v, into)
}

// checkExitCodeFrom reports a name in exit_code_from that no service has.
func (r *reader) checkExitCodeFrom(d *draft) {
	v := d.inits.child("exit_code_from")
	if v == nil || d.init.ExitCodeFrom == "" && v.data != "" || d.ours(d.init.ExitCodeFrom) != nil {
		return
	}
	text, mend := d.notOne(v, d.init.ExitCodeFrom)
	r.wrong(v, text, mend)
}
