package machine

import (
	"fmt"
	"slices"
	"strings"

	"sexton/service"
)

// noteReady notes that every service is ready, or was at one moment. Then it says so, once,
// and where to look.
func (m *Machine) noteReady() {
	units := m.units[:len(m.plan.Services)] // and nothing that a reload has removed
	if m.everReady || m.plan.Init.Lines == service.FaultsOnly || len(units) == 0 || !units[m.notReady].holdsNobody() {
		return
	}
	for i := range units {
		if !units[i].holdsNobody() {
			m.notReady = i
			return
		}
	}
	m.everReady = m.booted
	if !m.everReady || m.shutdown.phase != running {
		return
	}
	ready := 0
	for i := range units {
		if s := units[i].state; s == service.Up || s == service.Done || units[i].spec.Scheduled() {
			ready++
		}
	}
	text := fmt.Sprintf("ready: %s after %s", service.Counted(ready, "service"), span(m.now))
	if ready < len(units) {
		text = fmt.Sprintf("ready: %d of %s after %s", ready, service.Counted(len(units), "service"), span(m.now))
	}
	if m.addresses != "" {
		text += "; see " + m.addresses
	}
	m.say(Info, nil, text)
}

// addresses are where people can look at several services: the servers that their HTTP
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
