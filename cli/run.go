package cli

import (
	"fmt"
	"io"
	"slices"
	"strings"

	"golang.org/x/sys/unix"

	"sexton/cli/dropin"
	"sexton/config"
	"sexton/container"
	"sexton/files"
	pid1 "sexton/init"
	"sexton/kernel"
	"sexton/kernel/procfs"
	"sexton/kernel/spawn"
	"sexton/kernel/users"
	"sexton/paths"
	"sexton/proc"
	"sexton/service"
	"sexton/stdio"
	"sexton/verbs"
)

// run is the container's life.
func (c *call) run() int {
	k := &kernel.Linux{}
	refused, err := k.Catch()
	if err != nil {
		return c.refuse(exitInternal, service.DefaultTerminationLog, fmt.Sprintf("sexton: nothing was started: %v\n", err))
	}
	for _, why := range refused {
		if c.verbosity >= 0 {
			fmt.Fprintf(c.stderr, "sexton: %v; continuing without it\n", why)
		}
	}
	plan, ok := c.plan()
	if !ok {
		return exitConfig
	}
	if status := c.mistaken(&plan); status != 0 {
		if slices.Contains(c.okCodes, status) {
			return 0
		}
		return status
	}
	trace, err := c.openTrace()
	if err != nil {
		return c.refuse(exitUsage, plan.Init.TerminationLog, fmt.Sprintf("sexton: --trace: %v\n", err))
	}
	if c.parentDeath != 0 {
		if err := kernel.SetParentDeath(c.parentDeath); err != nil {
			return c.refuse(exitInternal, plan.Init.TerminationLog, fmt.Sprintf("sexton: %v\n", err))
		}
	}
	file, read := "", (func() container.Fresh)(nil)
	if !plan.Init.Lean { // nobody can ask for it
		file, read = absolute(c.fileName()), c.reader()
	}
	status := container.Load(container.Options{
		Plan: plan, Kernel: k, File: file, Read: read, Getenv: c.getenv, Version: Version, Zones: c.zones,
		Verbosity: c.verbosity, Trace: trace, NameOrphans: c.nameOrphans, Remarks: c.remarks,
	}).Run()
	if slices.Contains(c.okCodes, status) {
		return 0
	}
	return status
}

// plan is what is to run: one command, nothing at all (pause), or the services of a
// file. ok is false where that is wrong, which has been said then.
func (c *call) plan() (plan service.Plan, ok bool) {
	switch {
	case c.verb == verbs.Pause:
		plan = config.Pause()
	case c.alone():
		plan = config.OneCommand(c.command, c.environ)
	default:
		return c.load(true)
	}
	plan.Init.TerminationLog = service.DefaultTerminationLog
	if err := config.GraceOfEnvironment(c.environ, &plan.Init.Grace); err != nil {
		c.refuse(exitConfig, plan.Init.TerminationLog, fmt.Sprintf("sexton: %v; nothing was started\n", err))
		return plan, false
	}
	c.apply(&plan) // so that --grace wins
	return plan, true
}

// apply puts the flags of the one-command form, or of pause, into its plan.
func (c *call) apply(plan *service.Plan) {
	if c.alone() {
		main := &plan.Services[0]
		main.Single, main.Session, main.ParentDeath = c.single, c.setsid, c.parentDeath
	}
	if c.linger != nil {
		plan.Init.Linger = *c.linger
	}
	if c.grace != nil {
		plan.Init.Grace = *c.grace
	}
	for _, r := range c.rewrite {
		if plan.Init.Rules == nil {
			plan.Init.Rules = make(map[proc.Signal]service.Rule)
		}
		if r.to == 0 {
			plan.Init.Rules[r.from] = service.Rule{Verb: service.VerbIgnore}
		} else {
			plan.Init.Rules[r.from] = service.Rule{Verb: service.VerbForward, Signal: r.to}
		}
	}
}

// refuse says why nothing is started, to people and to the termination log at path,
// and returns the status.
func (c *call) refuse(status int, path, text string) int {
	fmt.Fprint(c.stderr, proc.VisibleLines(text))
	container.WriteTermination(path, service.Refusal(status, text))
	return status
}

// load reads the files, to run them or only to look at them, and says everything that is
// wrong with them.
func (c *call) load(running bool) (service.Plan, bool) {
	reading, ok := c.read(running)
	return reading.Plan, ok
}

func (c *call) read(running bool) (config.Reading, bool) {
	sources, err := c.sources()
	if err != nil {
		mend := "give a file with -c, or a command after --"
		switch {
		case c.config != "":
			mend = "check -c"
		case c.getenv(configVariable) != "":
			mend = "check the variable " + configVariable
		}
		c.refuse(exitConfig, service.DefaultTerminationLog, fmt.Sprintf("sexton: cannot read the configuration: %v; %s\n", err, mend))
		return config.Reading{}, false
	}
	options := c.options(running)
	c.terminal = options.Terminal
	reading, err := config.Read(sources, container.WithoutManager(c.environ), options)
	if err != nil {
		end := fmt.Sprintf("sexton: %s: %s", c.fileWords(), service.Counted(config.Count(err), "mistake"))
		if running {
			end += "; nothing was started"
		}
		end += "\n"
		fmt.Fprint(c.stderr, config.Render(err, stdio.Color(2, "auto", c.getenv))+end)
		container.WriteTermination(config.TerminationLog(sources, include, c.environ), service.Refusal(exitConfig, config.Render(err, false)+end))
		return config.Reading{}, false
	}
	for _, note := range append(reading.Notes, sharedLogsInTime(&reading.Plan)...) {
		switch {
		case c.verbosity < 0:
		case running && reading.Plan.Log.Format == service.JSON:
			c.remarks = append(c.remarks, note)
		default:
			fmt.Fprintf(c.stderr, "sexton: remark: %s\n", proc.Visible(note))
		}
	}
	return reading, true
}

// options are what a file is read with. Only a check looks for programs and users: at a start
// a oneshot may bring them.
func (c *call) options(running bool) config.Options {
	o := config.Options{
		Command: c.command, Running: running, Terminal: running && kernel.IsTerminal(0), Identity: container.CannotBe,
		Include: include, Limits: procfs.Limits, Zone: c.knownZone,
	}
	if c.verb == "check" {
		o.Program, o.User, o.Group, o.Template = knownProgram(), knownUser, knownGroup, template
	}
	return o
}

// knownProgram looks for a program, once for all services that have the same PATH and settings.
func knownProgram() func(name string, s *service.Spec) error {
	known := make(map[string]error)
	return func(name string, s *service.Spec) error {
		path, _ := service.Variable(s.Env, "PATH")
		key := strings.Join([]string{name, path, s.Dir, s.Chroot}, "\x00")
		if err, done := known[key]; done {
			return err
		}
		err := spawn.FindProgram(&proc.Command{Argv: []string{name}, Env: s.Env, Settings: s.Settings})
		known[key] = err
		return err
	}
}

// template is the text of a template, whoever it belongs to.
func template(path string) (string, error) { return files.Text(path, -1) }

func (c *call) knownZone(name string) error {
	_, err := c.zones.Load(name)
	return err
}

func knownUser(name string) error {
	_, err := users.Lookup(name, 0)
	return err
}

func knownGroup(name string) error {
	_, err := users.LookupGroup(name)
	return err
}

// getenv is a variable of the environment that we were given; "" where there
// is none. Of two with one name the first counts, as in getenv(3).
func (c *call) getenv(name string) string {
	value, _ := dropin.Variable(c.environ, name)
	return value
}

func (c *call) fileName() string {
	if c.config != "" {
		return c.config
	}
	if name := c.getenv(configVariable); name != "" {
		return name
	}
	return "/etc/sexton.toml"
}

// alone tells that a command is to run without services: behind --, or where there is
// no file. `docker run IMAGE bash` is `sexton bash` with the file of the image, and
// gets the services too.
func (c *call) alone() bool {
	if len(c.command) == 0 || c.config != "" {
		return false
	}
	if c.dashes || slices.ContainsFunc(c.flags, func(g given) bool { return g.oneCommand }) {
		return true
	}
	err := unix.Access(c.fileName(), unix.F_OK)
	return err == unix.ENOENT || err == unix.ENOTDIR
}

// configVariable names the file where -c does not.
const configVariable = "SEXTON_CONFIG"

func (c *call) openTrace() (io.Writer, error) {
	if c.trace == "" {
		return nil, nil
	}
	place, err := paths.Find(c.trace)
	if err != nil {
		return nil, fmt.Errorf("open %s: %w", c.trace, err)
	}
	defer place.Close()
	fd, err := place.Create(unix.O_WRONLY, 0o600)
	if err == unix.EEXIST {
		fd, _, err = place.Open(unix.O_WRONLY | unix.O_TRUNC)
	}
	if err != nil {
		return nil, fmt.Errorf("open %s: %w", c.trace, err)
	}
	return traceFile(fd), nil
}

var _ pid1.Kernel = (*kernel.Linux)(nil)
