package container

import (
	"context"
	"errors"
	"syscall"

	"sexton/service"
)

// step is one part of what comes before a start. It runs beside the loop and may block; it
// should give up when ctx is done. Its error is why the start failed.
type step func(ctx context.Context, c *Container, spec *service.Spec, run service.Run) error

// steps are done in this order.
var steps = []step{
	makeDirs,
	environment,
	renderFiles,
	followLogs,
}

// Prepare is pid1.Owner's: it does what the file wants before each start.
func (c *Container) Prepare(ctx context.Context, spec *service.Spec, run service.Run) (passing bool, err error) {
	defer c.unmap(run)
	for _, step := range steps {
		if err := step(ctx, c, spec, run); err != nil {
			return passes(err), err
		}
		if ctx.Err() != nil {
			return false, ctx.Err()
		}
	}
	return false, nil
}

// Release is pid1.Owner's: the start of the run was made, or will not be. It drops what
// Prepare has kept for it. It may be called by any goroutine.
func (c *Container) Release(run service.Run) {
	c.filled.Delete(run)
	if found, ok := c.hidden.Load(run); ok && !found.(*secrets).kept {
		c.hidden.Delete(run)
		found.(*secrets).Drop()
	}
}

// unmap takes the secrets of a run out of our address space until its start.
func (c *Container) unmap(run service.Run) {
	if found, ok := c.hidden.Load(run); ok {
		s := found.(*secrets)
		s.space = nil
		s.Unmap()
	}
}

// passes tells whether the same preparation may well succeed later.
func passes(err error) bool {
	for _, errno := range []syscall.Errno{syscall.EMFILE, syscall.ENFILE, syscall.ENOMEM, syscall.EAGAIN} {
		if errors.Is(err, errno) {
			return true
		}
	}
	return false
}
