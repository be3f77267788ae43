package stdio

import (
	"fmt"
	"slices"

	"golang.org/x/sys/unix"
)

// pipeline is a pipe from one service's stdout to another's stdin. We keep both ends
// open, so that a restart of either service loses nothing and the reading service sees no
// end; but we neither read nor write it. Flush reports what is left in it when the
// container ends.
type pipeline struct {
	writer      string
	read, write int // write is -1 after ClosePipeline, read after Break
}

// PipelineIn returns the reading end of the pipe from a service's stdout, for a run that
// is about to start. The first call makes the pipe. The end is close-on-exec and stays
// ours. It is blocking again even if an earlier run has changed that: all runs share one
// open file.
func (m *Mux) PipelineIn(writer string) (fd int, err error) {
	return m.pipeline(writer, func(p *pipeline) int { return p.read })
}

// PipelineOut is PipelineIn for the writing end, which is -1 after ClosePipeline. After
// Break, writing there fails with EPIPE.
func (m *Mux) PipelineOut(writer string) (fd int, err error) {
	return m.pipeline(writer, func(p *pipeline) int { return p.write })
}

// pipeline finds or makes the pipe, and readies one of its ends.
func (m *Mux) pipeline(writer string, end func(*pipeline) int) (int, error) {
	m.begin()
	m.mu.Lock()
	defer m.mu.Unlock()
	i := slices.IndexFunc(m.pipelines, func(p pipeline) bool { return p.writer == writer })
	if i < 0 {
		var ends [2]int
		if err := unix.Pipe2(ends[:], unix.O_CLOEXEC); err != nil {
			return -1, fmt.Errorf("cannot open a pipe for the stdout of %s: pipe2: %w", writer, err)
		}
		i = len(m.pipelines)
		m.pipelines = append(m.pipelines, pipeline{writer, ends[0], ends[1]})
	}
	fd := end(&m.pipelines[i])
	if fd < 0 {
		return fd, nil
	}
	if err := unix.SetNonblock(fd, false); err != nil {
		return -1, fmt.Errorf("cannot prepare the pipe from the stdout of %s: fcntl: %w", writer, err)
	}
	return fd, nil
}

// Break closes our reading end of the pipe from a service, for good: once the reading
// service has ended, writing fails with EPIPE, as in a shell pipeline. It returns how many
// bytes were not read. A reading service that is started again has an empty stdin.
func (m *Mux) Break(writer string) (unread int) {
	m.begin()
	m.mu.Lock()
	defer m.mu.Unlock()
	for i := range m.pipelines {
		if p := &m.pipelines[i]; p.writer == writer && p.read >= 0 {
			unread, _ = unix.IoctlGetInt(p.read, unix.TIOCINQ)
			_ = unix.Close(p.read)
			p.read = -1
		}
	}
	return unread
}

// ClosePipeline closes our writing end of the pipe from a service, for good: once the
// service has ended, the reading service sees the end. A second call does nothing.
func (m *Mux) ClosePipeline(writer string) {
	m.begin()
	m.mu.Lock()
	defer m.mu.Unlock()
	for i := range m.pipelines {
		if p := &m.pipelines[i]; p.writer == writer && p.write >= 0 {
			_ = unix.Close(p.write)
			p.write = -1
		}
	}
}

// unread is what is left in the pipes. The caller holds m.mu.
func (m *Mux) unread() (left []Leftover) {
	for _, p := range m.pipelines {
		if p.read < 0 {
			continue
		}
		if n, _ := unix.IoctlGetInt(p.read, unix.TIOCINQ); n > 0 {
			left = append(left, Leftover{Service: p.writer, Stream: Stdout, Unread: int64(n), Piped: true})
		}
	}
	return left
}
