package container

import (
	"strconv"

	pid1 "sexton/init"
	"sexton/notify"
	"sexton/proc"
	"sexton/service"
)

// openNotify opens by what a run says of itself that it is ready.
func openNotify(spec *service.Spec, heard func(notify.Message)) (n pid1.Notification, err error) {
	n.Started, n.Close = func() {}, func() {}
	if spec.Ready.Kind == service.NotifyFD {
		at, err := strconv.Atoi(spec.Ready.Target)
		if err != nil {
			return n, err
		}
		pipe, err := notify.NewPipe(func() { heard(notify.Message{Ready: true}) })
		if err != nil {
			return n, err
		}
		n.Pass, n.Started, n.Close = []proc.Passed{{FD: pipe.Write, At: at}}, pipe.Started, pipe.Close
		return n, nil
	}
	socket, err := notify.Listen(heard)
	if err != nil {
		return n, err
	}
	n.Env, n.Close = []string{"NOTIFY_SOCKET=" + socket.Name}, socket.Close
	if every := spec.Healthy.Watchdog; every > 0 {
		n.Env = append(n.Env, "WATCHDOG_USEC="+strconv.FormatInt(every.Microseconds(), 10))
	}
	return n, nil
}
