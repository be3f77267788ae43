package container

import (
	"context"

	"sexton/service"
)

// fillIn is a step of Prepare: it fills in the variables that only a start knows.
func fillIn(_ context.Context, c *Container, spec *service.Spec, run service.Run) error {
	if len(spec.Late)+len(spec.Set) == 0 {
		return nil
	}
	filled, err := spec.Filled(spec.Env, nil)
	if err != nil {
		return err
	}
	c.filled.Store(run, filled)
	return nil
}

// Filled is pid1.Owner's.
func (c *Container) Filled(spec *service.Spec, run service.Run) *service.Spec {
	if filled, ok := c.filled.Load(run); ok {
		return filled.(*service.Spec)
	}
	return spec
}
