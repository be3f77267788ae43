package container

import (
	"context"
	"fmt"
	"os"
	"slices"
	"strings"
	"time"

	"sexton/files"
	"sexton/machine"
	"sexton/proc"
	"sexton/service"
)

// makeDirs is the step for the key dirs.
func makeDirs(ctx context.Context, c *Container, spec *service.Spec, run service.Run) error {
	if len(spec.Dirs) == 0 {
		return nil
	}
	maker, err := c.runsAs(ctx, spec, run)
	if err != nil {
		return err
	}
	for i := range spec.Dirs {
		dir := &spec.Dirs[i]
		job := files.Dir{Path: dir.Path, Owner: files.Nobody, Mode: dir.Mode, Recursive: dir.Recursive, Maker: maker}
		if dir.User != "" {
			if job.Owner.UID, job.Owner.GID, err = owner(dir.User, dir.Group); err != nil {
				return fmt.Errorf("dirs: %s: %w", dir.Path, err)
			}
		}
		begin := time.Now()
		change, err := job.Make(ctx)
		c.sayChange(spec.Name, dir.Path, change, time.Since(begin))
		if err != nil {
			return fmt.Errorf("dirs: %w", err)
		}
	}
	return nil
}

// sayChange says what was changed in a directory, and what was left.
func (c *Container) sayChange(name, path string, change files.Change, took time.Duration) {
	var words []string
	if change.Made {
		words = append(words, "made "+path)
	}
	if change.Mode {
		words = append(words, "changed the mode of "+path)
	}
	if change.Changed > 0 {
		words = append(words, fmt.Sprintf("changed the owner of %d files and directories in %s (%s)", change.Changed, path, service.Span(took)))
	}
	if len(words) > 0 {
		c.sayAside(machine.Info, name, strings.Join(words, ", "))
	}
	switch {
	case change.Left == 1:
		c.sayAside(machine.Warn, name, fmt.Sprintf("%s keeps its owner: %s", change.First, change.Why))
	case change.Left > 1:
		c.sayAside(machine.Warn, name, fmt.Sprintf("%d files in %s keep their owner, the first one is %s: %s", change.Left, path, change.First, change.Why))
	}
}

// renderFiles is the step for the key render. It comes last: the environment of the run is complete.
func renderFiles(_ context.Context, c *Container, spec *service.Spec, run service.Run) error {
	if len(spec.Render) == 0 {
		return nil
	}
	command, err := c.command(c.Filled(spec, run))
	if err != nil {
		return err
	}
	owner, lookup := ownerOf(&command), c.lookup(&command, run)
	for _, t := range spec.Render {
		job := files.Template{From: t.From, To: t.To, Owner: owner, Mode: t.Mode}
		out, err := job.Render(lookup)
		if err != nil {
			return fmt.Errorf("render: %w", err)
		}
		if out.Secret && out.Mode&0o004 != 0 {
			c.sayAside(machine.Warn, spec.Name, fmt.Sprintf("%s contains a secret, and its mode %04o lets everybody read it; leave out mode for 0600", t.To, out.Mode))
		}
	}
	return nil
}

// lookup finds a variable of a run. Of two entries with one name the first counts, as in getenv(3).
func (c *Container) lookup(command *proc.Command, run service.Run) files.Lookup {
	var hidden *secrets
	if found, ok := c.hidden.Load(run); ok {
		hidden = found.(*secrets)
	}
	values := make(map[string]string, len(command.Env))
	for _, entry := range command.Env {
		name, value, _ := strings.Cut(entry, "=")
		if _, known := values[name]; !known {
			values[name] = value
		}
	}
	return func(name string) (value string, set, secret bool) {
		if value, set = hidden.lookup(name); set {
			return value, true, true
		}
		value, set = values[name]
		return value, set, false
	}
}

// runsAs is the user and the group that a service runs as.
func (c *Container) runsAs(ctx context.Context, spec *service.Spec, run service.Run) (files.Owner, error) {
	if slices.ContainsFunc(spec.Late, isIdentity) {
		if err := environment(ctx, c, spec, run); err != nil {
			return files.Owner{}, err
		}
	}
	command, err := c.command(c.Filled(spec, run))
	return ownerOf(&command), err
}

func ownerOf(command *proc.Command) files.Owner {
	if who := command.Credential; who != nil {
		return files.Owner{UID: int(who.UID), GID: int(who.GID)}
	}
	return files.Owner{UID: os.Geteuid(), GID: os.Getegid()}
}

// sayAside is Say for another goroutine than the loop's.
func (c *Container) sayAside(level machine.Level, name, text string) {
	if level <= c.output.level {
		if c.output.redact != nil {
			text = c.output.redact(text)
		}
		c.output.mux.Say(levels[level], name, text)
	}
}
