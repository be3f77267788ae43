package container

import (
	"fmt"
	"os"
	"slices"
	"strconv"
	"strings"

	"sexton/kernel"
	"sexton/machine"
	"sexton/service"
)

// The service manager that started us, systemd or podman for it, and what it says to us
// alone (sd_notify(3), sd_listen_fds(3), sd_watchdog_enabled(3)).

const (
	notifyVariable    = "NOTIFY_SOCKET"
	listenVariable    = "LISTEN_FDS"
	listenPIDVariable = "LISTEN_PID"
)

// WithoutManager is the environment for services: without what is meant for us. A service
// that has NOTIFY_SOCKET would declare the whole container ready, and one that has LISTEN_FDS would
// look for sockets that it has not got. One command alone keeps all of it.
func WithoutManager(environ []string) []string {
	ours := []string{notifyVariable, listenVariable, listenPIDVariable, "LISTEN_PIDFDID", "LISTEN_FDNAMES", "WATCHDOG_USEC", "WATCHDOG_PID", "FDSTORE"}
	return slices.DeleteFunc(slices.Clone(environ), func(entry string) bool {
		name, _, _ := strings.Cut(entry, "=")
		return slices.Contains(ours, name)
	})
}

// notifier is how the manager is told of our state; nil: there is no manager, or the one
// command tells it itself.
func notifier(plan *service.Plan, o *output, getenv func(string) string) func(string) (bool, error) {
	if plan.Init.Heir {
		return nil
	}
	if n := getenv(listenVariable); n != "" && getenv(listenPIDVariable) == strconv.Itoa(os.Getpid()) {
		o.Say(machine.Warn, "", fmt.Sprintf("the sockets passed to sexton (%s=%s) are closed: services do not get them; one command does (sexton -- COMMAND)",
			listenVariable, n))
	}
	address := getenv(notifyVariable)
	if address == "" {
		return nil
	}
	manager, err := kernel.NewNotifier(address)
	if err != nil {
		o.Say(machine.Debug, "", fmt.Sprintf("cannot report to the service manager that started sexton: %s: %v; the services run anyway", notifyVariable, err))
		return nil
	}
	return manager.Notify
}
