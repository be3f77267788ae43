package cli

import (
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"time"

	"golang.org/x/sys/unix"

	"sexton/config"
	pid1 "sexton/init"
	"sexton/kernel"
	"sexton/machine"
	"sexton/probe"
	"sexton/service"
	"sexton/stdio"
)

// run is the container's life.
func (c *call) run() int {
	k := &kernel.Linux{}
	if err := k.Catch(); err != nil {
		fmt.Fprintf(c.stderr, "sexton: %v\n", err)
		return exitInternal
	}
	var plan service.Plan
	if len(c.command) > 0 && c.config == "" {
		plan = config.OneCommand(c.command, c.environ)
		c.apply(&plan)
	} else {
		var ok bool
		if plan, ok = c.load(); !ok {
			return exitConfig
		}
	}
	commands, problems := prepare(&plan)
	if len(problems) > 0 {
		for _, problem := range problems {
			fmt.Fprintf(c.stderr, "sexton: %s\n", problem)
		}
		fmt.Fprintf(c.stderr, "sexton: %s; nothing was started\n", counted(len(problems), "mistake"))
		return exitConfig
	}
	trace, err := c.openTrace()
	if err != nil {
		fmt.Fprintf(c.stderr, "sexton: --trace: %v\n", err)
		return exitUsage
	}
	if c.parentDeath != 0 {
		if err := kernel.SetParentDeath(c.parentDeath); err != nil {
			fmt.Fprintf(c.stderr, "sexton: %v\n", err)
			return exitInternal
		}
	}
	output := c.output(&plan)
	plan.Init.Mute = uint8(machine.Debug - output.level)
	status := pid1.New(pid1.Config{
		Plan: plan, Commands: commands, Kernel: k, Output: output, Check: probe.Check,
		Seed: seed(), Trace: trace, NameOrphans: c.nameOrphans, NeedOrphans: true, Verbose: c.verbosity > 0,
	}).Run()
	if slices.Contains(c.okCodes, status) {
		return 0
	}
	return status
}

// load reads the file and says everything that is wrong with it.
func (c *call) load() (service.Plan, bool) {
	name := c.fileName()
	text, err := os.ReadFile(name)
	if err != nil {
		mend := "give a file with -c, or a command behind --"
		if c.config != "" {
			mend = "look at -c"
		}
		fmt.Fprintf(c.stderr, "sexton: cannot read the configuration: %v; %s\n", err, mend)
		return service.Plan{}, false
	}
	plan, notes, err := config.Parse(name, text, c.environ, config.Options{Command: c.command, User: knownUser, Group: knownGroup})
	if err != nil {
		fmt.Fprint(c.stderr, config.Render(err, stdio.Color(2, "auto")))
		fmt.Fprintf(c.stderr, "sexton: %s: nothing was started\n", name)
		return service.Plan{}, false
	}
	for _, note := range notes {
		if c.verbosity >= 0 {
			fmt.Fprintf(c.stderr, "sexton: %s\n", note)
		}
	}
	return plan, true
}

func knownUser(name string) error {
	_, err := kernel.LookupUser(name, 0)
	return err
}

func knownGroup(name string) error {
	_, err := kernel.LookupGroup(name)
	return err
}

func (c *call) fileName() string {
	if c.config != "" {
		return c.config
	}
	for _, entry := range c.environ {
		if name, ok := strings.CutPrefix(entry, "SEXTON_CONFIG="); ok && name != "" {
			return name
		}
	}
	return "/etc/sexton.toml"
}

func (c *call) openTrace() (io.Writer, error) {
	if c.trace == "" {
		return nil, nil
	}
	return os.OpenFile(c.trace, os.O_WRONLY|os.O_CREATE|os.O_TRUNC|unix.O_CLOEXEC, 0o600)
}

// seed is different for each start, so that a hundred containers do not
// restart in step.
func seed() uint64 { return uint64(time.Now().UnixNano()) ^ uint64(os.Getpid())<<48 }

// output is pid1.Output over stdio.
type output struct {
	mux     *stdio.Mux
	used    bool
	level   machine.Level
	inherit map[string]bool // services whose descriptors 1 and 2 are ours
}

// output chooses where output goes: with one service its descriptors are ours
// and nothing stands in between; with several each line gets its name.
func (c *call) output(plan *service.Plan) *output {
	o := &output{level: machine.Info, inherit: make(map[string]bool)}
	if plan.Init.OneCommand {
		o.level = machine.Warn
	}
	switch {
	case c.verbosity < 0:
		o.level = machine.Error
	case c.verbosity > 0:
		o.level = machine.Debug
	}
	var names []string
	for _, s := range plan.Services {
		// Who has the terminal must have all of it.
		if o.inherit[s.Name] = len(plan.Services) == 1 || s.TTY && kernel.IsTerminal(0) && kernel.IsTerminal(1); !o.inherit[s.Name] {
			names = append(names, s.Name)
		}
	}
	o.mux = stdio.New(stdio.Options{
		Out: 1, Err: 2, Names: names, ColorOut: stdio.Color(1, "auto"), ColorErr: stdio.Color(2, "auto"),
		Level: stdio.Errors, Self: "sexton", Prefixed: len(names) > 0,
	})
	return o
}

func (o *output) Open(name string) (int, int, func(), error) {
	if o.inherit[name] {
		return 1, 2, func() {}, nil
	}
	o.used = true
	pipes, err := o.mux.Open(stdio.Output{Service: name})
	if err != nil {
		return 0, 0, nil, err
	}
	return pipes.Out, pipes.Err, pipes.Close, nil
}

func (o *output) Say(level machine.Level, name, text string) {
	if level <= o.level {
		o.used = true
		o.mux.Say(stdio.Errors, name, text)
	}
}

func (o *output) Drain(within time.Duration) {
	if !o.used {
		return
	}
	loss := o.mux.Drain(within * 8 / 10)
	for _, left := range loss.Left {
		if lost := left.Pending.Bytes + left.Unread + left.Dropped.Bytes; lost > 0 {
			o.mux.Say(stdio.Errors, left.Service, fmt.Sprintf("%d bytes of its %s were not written: nobody read them in time", lost, left.Stream))
		}
	}
	if !loss.None() {
		o.mux.Flush(within / 10)
	}
}

func counted(n int, thing string) string {
	if n == 1 {
		return "1 " + thing
	}
	return fmt.Sprintf("%d %ss", n, thing)
}

var _ pid1.Output = (*output)(nil)
var _ pid1.Kernel = (*kernel.Linux)(nil)
