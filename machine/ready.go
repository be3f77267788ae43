package machine

import (
	"fmt"
	"slices"
	"strings"

	"sexton/service"
)

// noteReady notes that every service is ready, or was at one moment, and then says where
// to look.
func (m *Machine) noteReady() {
	if m.everReady || m.plan.Init.Drain.Max <= 0 && m.addresses == "" { // nothing else needs to know
		return
	}
	m.everReady = m.allReady()
	if m.everReady && m.addresses != "" && m.shutdown.phase == running {
		m.say(Info, nil, fmt.Sprintf("all %s are ready: %s", service.Counted(len(m.units), "service"), m.addresses))
	}
}

// addresses are where several services can be seen at work: the servers that their HTTP
// probes ask. "" where there is none, and with a single service, whose own line says it.
func addresses(services []service.Spec) string {
	var all []string
	for i := range services {
		if probe := &services[i].Ready; probe.Kind == service.HTTPProbe {
			host, _, _ := strings.Cut(strings.TrimPrefix(probe.Target, "http://"), "/")
			if address := "http://" + host + "/"; !slices.Contains(all, address) {
				all = append(all, address)
			}
		}
	}
	if len(services) < 2 {
		return ""
	}
	return strings.Join(all, ", ")
}
