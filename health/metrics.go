package health

import (
	"strconv"
	"strings"

	"sexton/service"
)

// metrics writes Prometheus' text format, version 0.0.4. Names follow its
// conventions: base units, _total for counters.
func (s *Server) metrics(now *service.Answer) string {
	t := &text{}
	t.family("sexton_info", "gauge", "The version that runs.")
	t.sample("1", "version", s.Version)
	t.one("sexton_uptime_seconds", "gauge", "How long sexton has run.", seconds(now.At.Seconds()))
	t.one("sexton_ready", "gauge", "Whether /readyz answers 200.", bit(now.Ready))
	t.one("sexton_draining", "gauge", "Whether a shutdown has begun and the services still run.", bit(now.Draining))
	t.one("sexton_stopping", "gauge", "Whether a shutdown has begun.", bit(now.Stopping))
	s.services(t, now)
	s.output(t)
	c := &now.Counts
	t.one("sexton_signals_received_total", "counter", "Signals that reached sexton and have a meaning.", count(c.Signals))
	t.one("sexton_signals_sent_total", "counter", "Signals sent to services, forwarded or to stop them.", count(c.Sent))
	t.one("sexton_signals_lost_total", "counter", "Signals that came too fast to be recorded.", count(c.Lost))
	t.one("sexton_starts_total", "counter", "Starts of services and exec probes.", count(c.Starts))
	t.one("sexton_starts_refused_total", "counter", "Starts for which no process could be created.", count(c.Refused))
	t.one("sexton_reaped_total", "counter", "Processes that sexton started and that have ended.", count(c.Reaped))
	t.one("sexton_orphans_reaped_total", "counter", "Processes that other processes started, and that ended as children of sexton.", count(c.Orphans))
	t.one("sexton_loop_turn_seconds_max", "gauge", "The longest turn of the loop since the start.", seconds(c.TurnMax.Seconds()))
	return t.String()
}

func (s *Server) services(t *text, now *service.Answer) {
	var leaders []int
	for i := range now.Services {
		if pid := now.Services[i].PID; pid != 0 {
			leaders = append(leaders, int(pid))
		}
	}
	var memory map[int]int64
	if s.Memory != nil {
		memory = s.Memory(leaders)
	}
	t.family("sexton_service_state", "gauge", "1 for the state that the service is in.")
	for i := range now.Services {
		for state := range service.StateCount {
			t.sample(bit(now.Services[i].State == state), "service", now.Services[i].Name, "state", state.String())
		}
	}
	t.family("sexton_service_restarts_total", "counter", "How often the service was started again.")
	for i := range now.Services {
		t.sample(strconv.Itoa(now.Services[i].Restarts), "service", now.Services[i].Name)
	}
	t.family("sexton_service_uptime_seconds", "gauge", "How long the present process has run.")
	for i := range now.Services {
		if v := &now.Services[i]; v.PID != 0 {
			t.sample(seconds((now.At - v.Started).Seconds()), "service", v.Name)
		}
	}
	t.family("sexton_service_memory_bytes", "gauge", "Resident memory of the process group.")
	for i := range now.Services {
		if bytes, known := memory[int(now.Services[i].PID)]; known {
			t.sample(strconv.FormatInt(bytes, 10), "service", now.Services[i].Name)
		}
	}
}

func (s *Server) output(t *text) {
	if s.Output == nil {
		return
	}
	all := s.Output()
	for _, m := range []struct {
		name, help string
		value      func(*service.Output) int64
	}{
		{"sexton_output_read_lines_total", "Lines that the service wrote.", func(o *service.Output) int64 { return o.LinesIn }},
		{"sexton_output_written_lines_total", "Lines that were written out.", func(o *service.Output) int64 { return o.LinesOut }},
		{"sexton_output_dropped_lines_total", "Lines that were dropped.", func(o *service.Output) int64 { return o.LinesDropped }},
		{"sexton_output_read_bytes_total", "Bytes that the service wrote.", func(o *service.Output) int64 { return o.BytesIn }},
		{"sexton_output_written_bytes_total", "Bytes of these that were written out.", func(o *service.Output) int64 { return o.BytesOut }},
		{"sexton_output_dropped_bytes_total", "Bytes of these that were dropped.", func(o *service.Output) int64 { return o.BytesDropped }},
	} {
		t.family(m.name, "counter", m.help)
		for i := range all {
			t.sample(strconv.FormatInt(m.value(&all[i]), 10), "service", all[i].Service, "stream", all[i].Stream)
		}
	}
}

// text builds the format.
type text struct {
	strings.Builder
	name string // of the current family
}

func (t *text) family(name, kind, help string) {
	t.name = name
	t.WriteString("# HELP " + name + " " + help + "\n# TYPE " + name + " " + kind + "\n")
}

// one writes a family of one sample without labels.
func (t *text) one(name, kind, help, value string) {
	t.family(name, kind, help)
	t.sample(value)
}

// sample writes one line; labels are names and values in turn.
func (t *text) sample(value string, labels ...string) {
	t.WriteString(t.name)
	for i := 0; i+1 < len(labels); i += 2 {
		t.WriteString([]string{"{", ","}[min(i, 1)] + labels[i] + `="` + escape(labels[i+1]) + `"`)
	}
	if len(labels) > 0 {
		t.WriteString("}")
	}
	t.WriteString(" " + value + "\n")
}

// escape writes a label's value as the format requires.
func escape(value string) string {
	if !strings.ContainsAny(value, "\\\"\n") {
		return value
	}
	value = strings.ReplaceAll(value, `\`, `\\`)
	value = strings.ReplaceAll(value, "\n", `\n`)
	return strings.ReplaceAll(value, `"`, `\"`)
}

func bit(yes bool) string {
	if yes {
		return "1"
	}
	return "0"
}

func count(n uint64) string { return strconv.FormatUint(n, 10) }

func seconds(s float64) string { return strconv.FormatFloat(s, 'f', 6, 64) }
