package container

import (
	"net"
	"net/url"

	"sexton/kernel/procfs"
	"sexton/proc"
	"sexton/service"
)

// outsider is pid1.Config's Outsider. It has a view of its own, since it works beside the loop.
func outsider(ready service.Probe, name string, first proc.PID, kin []proc.PID) string {
	address := ready.Target
	if ready.Kind == service.HTTPProbe {
		u, err := url.Parse(ready.Target)
		if err != nil {
			return ""
		}
		if address = u.Host; u.Port() == "" && u.Scheme == "https" {
			address = net.JoinHostPort(u.Hostname(), "443")
		} else if u.Port() == "" {
			address = net.JoinHostPort(u.Hostname(), "80")
		}
	}
	return new(procfs.View).Outsider(address, procfs.Family{Service: name, First: first, Kin: kin})
}
