package cli

import (
	"golang.org/x/sys/unix"

	"sexton/paths"
	"sexton/service"
)

// terminationLines is how many last lines of a service are looked at for the
// termination log; there is room for fewer, as a rule.
const terminationLines = 100

// terminationLog returns what writes the reason of the end to path, if
// something is there to write to. Kubernetes mounts a file there and shows what it
// holds; we never make one, and nobody needs to hear that there is none, or that
// it is a directory or not to be written. With one command its name stands for
// ours.
func (o *output) terminationLog(path, name string) func(service.Summary) {
	if path == "" {
		return nil
	}
	return func(s service.Summary) {
		var last [][]byte
		if s.Service != "" {
			last = o.recent(s.Service, terminationLines)
		}
		if name != "" {
			s.Service = name
		}
		writeTermination(path, s.Termination(last))
	}
}

// writeTermination writes text to what is at path, "" for nowhere. Nobody hears of
// it when that cannot be done.
func writeTermination(path, text string) {
	if path == "" {
		return
	}
	place, err := paths.Find(path)
	if err != nil {
		return
	}
	defer place.Close()
	fd, _, err := place.Open(unix.O_WRONLY | unix.O_TRUNC)
	if err != nil {
		return
	}
	defer unix.Close(fd)
	for rest := []byte(text); len(rest) > 0; {
		n, err := unix.Write(fd, rest)
		if err == unix.EINTR {
			continue
		}
		if err != nil {
			return
		}
		rest = rest[n:]
	}
}
