package container

import (
	"sexton/machine"
	"sexton/service"
	"sexton/watch"
)

// watchFiles watches the files that the services of a plan name, and no others. It returns at once. Without such a
// service there is no watcher. The loop calls it.
func (c *Container) watchFiles(plan *service.Plan) {
	var targets []watch.Target
	reloads := make(map[string]bool)
	for i := range plan.Services {
		if spec := &plan.Services[i]; watches(spec) {
			targets = append(targets, watch.Target{Name: spec.Name, Paths: spec.Watch.Paths, Quiet: spec.Watch.Quiet})
			reloads[spec.Name] = spec.Watch.Reload
		}
	}
	c.reloads.Store(&reloads)
	if c.watcher == nil && len(targets) > 0 {
		c.watcher = watch.New(func(change watch.Change) {
			c.loop.FilesChanged(change.Name, change.What, (*c.reloads.Load())[change.Name], change.At)
		}, func(name, text string) { c.sayAside(machine.Warn, name, text) })
	}
	if c.watcher != nil {
		c.watcher.Set(targets)
	}
}

// watchWhenReserved begins to watch when the thread for it is there: before the first start.
func (c *Container) watchWhenReserved() {
	if watchThreads(&c.Plan) == 0 {
		return
	}
	c.output.reserved = func(lacking int) {
		if lacking > 0 {
			c.sayAside(machine.Warn, "", "no thread is left to watch files: their changes restart and reload nothing; raise the limit on processes")
			return
		}
		c.watchFiles(&c.Plan)
	}
}

// watchThreads is how many threads the watcher of a plan needs.
func watchThreads(plan *service.Plan) int {
	for i := range plan.Services {
		if watches(&plan.Services[i]) {
			return 1
		}
	}
	return 0
}

// watches tells whether a service takes changes while it runs. What ends by itself may have the key from [defaults].
func watches(spec *service.Spec) bool {
	return len(spec.Watch.Paths) > 0 && !spec.OneShot && !spec.Scheduled() && !spec.External
}
