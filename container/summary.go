package container

import (
	"encoding/json"
	"strings"

	"sexton/proc"
	"sexton/service"
)

// summaryObject is how the container ended, as a line of JSON. What took how long is
// in seconds.
func summaryObject(s service.Summary) string {
	type ending struct {
		Service string  `json:"service,omitempty"`
		PID     int     `json:"pid,omitempty"`
		Command string  `json:"command,omitempty"`
		Signal  string  `json:"signal,omitempty"`
		After   float64 `json:"after_seconds"`
		Killed  bool    `json:"killed"`
		Claimed bool    `json:"claimed,omitempty"`
		Outside bool    `json:"outside,omitempty"`
	}
	object := struct {
		Line   string   `json:"line"`
		Event  string   `json:"event"`
		Status int      `json:"status"`
		Reason string   `json:"reason"`
		About  string   `json:"about,omitempty"`
		Took   float64  `json:"took_seconds"`
		Ended  []ending `json:"ended"`
	}{proc.Visible(strings.TrimSuffix("summary: "+s.Text(), ": ")), "end", s.Status, s.Reason, s.Service, s.Took.Seconds(), []ending{}}
	for _, e := range s.Ends {
		end := ending{Service: e.Service, PID: int(e.PID), Command: e.Command, After: e.After.Seconds(), Killed: e.Killed, Claimed: e.Claimed, Outside: e.Outside}
		if e.Signal != 0 {
			end.Signal = "SIG" + e.Signal.String()
		}
		object.Ended = append(object.Ended, end)
	}
	text, err := json.Marshal(object)
	if err != nil {
		return proc.Visible(s.Text())
	}
	return string(text)
}
