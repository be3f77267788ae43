package config

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"sexton/service"
)

const (
	defaultGrace  = 10 * time.Second
	defaultLinger = 2 * time.Second

	// A grace under leastGrace leaves no time in which a program could end. One
	// over mostGrace is longer than any runtime waits.
	leastGrace = 100 * time.Millisecond
	mostGrace  = 24 * time.Hour

	graceVariable = "SEXTON_GRACE"
)

// draft is a plan in the making.
type draft struct {
	init    service.Init
	root    *value // everything, with the variables of what belongs to no service
	inits   *value // the [init] table, or nil
	table   *value // the [service] table, or nil
	strange bool   // a table has an unknown name; it may be a service's

	graceFrom  string // where the grace comes from, for messages
	graceWrong bool   // it is wrong, so nothing can be compared with it

	control service.Control
	health  service.Health

	services []*draftService
	byName   map[string]*draftService // the first ones of them; see find
	found    int                      // how many
	made     []service.Spec           // see specs
	links    int                      // names in groups and in what services wait for; see mostLinks
	rules    []draftRule

	tooMany    bool                   // there are more services than mostServices, which is reported
	replicas   []*draftGroup          // services with replicas, as in the file
	defaults   *value                 // the [defaults] table, or nil
	disabled   map[string]*value      // services that are not in the plan: what disables each
	groups     map[string]*draftGroup // nil: none
	groupOrder []*draftGroup          // as in the file

	log   service.Log // [log], which services begin with
	color string
}

// draftService is a service in the making. table is nil for the COMMAND of the
// command line.
type draftService struct {
	spec    service.Spec
	table   *value
	replica bool // it is one of several of a table
}

// draft reads the tables, and fills in the defaults.
func (r *reader) draft(root *value) *draft {
	r.initEnv(root)
	root = r.expandedTables(root)
	d := &draft{root: root, graceFrom: " (the default)", init: service.Init{
		Grace:  defaultGrace,
		Linger: defaultLinger, TerminationLog: service.DefaultTerminationLog,
	}, control: service.Control{Mode: defaultMode}}
	r.takeBackTables(root)
	d.defaults = root.child("defaults")
	r.logDefaults(root, d)
	d.strange = walk(r, root, topRows(), d) != nil
	d.fillReplicas()
	r.graceOfEnvironment(d)
	r.checkExitCodeFrom(d)
	r.checkMain(d) // also where a command makes it void: the file should be right by itself
	if command := r.options.Command; len(command) > 0 {
		r.addCommand(d, command)
	}
	r.fill(d)
	return d
}

// plan is what a draft has become.
func (d *draft) plan() service.Plan {
	plan := service.Plan{Init: d.init, Control: d.control, Health: d.health, Log: d.log, Color: d.color}
	plan.Services = d.specs()
	for _, g := range slices.Concat(d.groupOrder, d.replicas) {
		plan.Groups = append(plan.Groups, service.Group{Name: g.name, Services: g.members})
	}
	return plan
}

// specs are the services as the plan has them. They are made once, when the draft is filled.
func (d *draft) specs() []service.Spec {
	if len(d.made) != len(d.services) {
		d.made = make([]service.Spec, 0, len(d.services))
		for _, s := range d.services {
			d.made = append(d.made, s.spec)
		}
	}
	return d.made
}

func topRows() []row[*draft] {
	return []row[*draft]{
		{name: "init", expects: "a table", example: "[init]", others: "global", read: func(r *reader, v *value, d *draft) {
			d.inits = v
			if r.table(v) {
				walk(r, v, initRows(), d)
			}
		}},
		{name: "service", expects: "tables named [service.NAME]", example: "[service.web]", others: "services program programs",
			read: func(r *reader, v *value, d *draft) {
				d.table = v
				before := len(r.gone)
				services := r.tables(v)
				for _, gone := range r.gone[before:] {
					d.disable(gone.name, gone)
				}
				for _, entry := range services {
					r.service(entry, d)
				}
			}},
		{name: "signals", expects: "a table", example: "[signals]",
			read: func(r *reader, v *value, d *draft) { r.signals(v, d) }},
		{name: "control", expects: "a table", example: "[control]", read: readControl},
		{name: "health", expects: "a table", example: "[health]", others: "metrics", read: readHealth},
		{name: "log", expects: "a table", example: "[log]", others: "logs logging", read: func(*reader, *value, *draft) {}}, // see logDefaults
		{name: "defaults", expects: "a table", example: "[defaults]", others: "default",
			read: func(r *reader, v *value, _ *draft) { r.readDefaults(v) }},
		{name: "group", expects: "tables named [group.NAME]", example: "[group.backend]", others: "groups",
			read: func(r *reader, v *value, d *draft) {
				for _, entry := range r.tables(v) {
					r.group(entry, d)
				}
			}},
		{name: "socket", others: "sockets"},
	}
}

func initRows() []row[*draft] {
	return []row[*draft]{
		{name: "main", expects: "the name of a service", example: `main = "web"`,
			read: func(r *reader, v *value, d *draft) {
				if s, ok := r.text(v); ok {
					d.init.Main = s
				}
			}},
		{name: "grace", expects: "a duration", example: `grace = "30s"`, others: "timeout stop_timeout stop_grace_period",
			read: func(r *reader, v *value, d *draft) {
				if d.graceFrom = ""; len(r.files) > 1 {
					d.graceFrom = fmt.Sprintf(" (at %s)", v.place())
				}
				d.graceWrong = !r.duration(v, leastGrace, mostGrace, &d.init.Grace)
			}},
		{name: "drain", expects: "a duration or a table", example: `drain = "5s"`, others: "drain_delay",
			read: func(r *reader, v *value, d *draft) { r.drain(v, &d.init.Drain) }},
		{name: "exit_code_from", expects: "the name of a service", example: `exit_code_from = "web"`,
			read: func(r *reader, v *value, d *draft) {
				if s, ok := r.text(v); ok {
					d.init.ExitCodeFrom = s
				}
			}},
		{name: "termination_log", expects: "an absolute path", example: `termination_log = "/dev/termination-log"`, others: "termination_message_path",
			read: func(r *reader, v *value, d *draft) { r.terminationLog(v, &d.init.TerminationLog) }},
		{name: "env", expects: "a table", example: `env = { TZ = "UTC" }`, others: "environment", read: func(*reader, *value, *draft) {}}, // see initEnv
	}
}

// graceOfEnvironment lets SEXTON_GRACE override the file, so that one image fits
// every terminationGracePeriodSeconds.
func (r *reader) graceOfEnvironment(d *draft) {
	text, _ := r.environment.lookup(graceVariable)
	if text == "" {
		return
	}
	grace, fault, mend := parseDuration(text, leastGrace, mostGrace)
	if fault != "" {
		r.add(&Mistake{Key: graceVariable, Value: fmt.Sprintf("%q", text), Text: fault, Mend: mend})
		d.graceWrong = true
		return
	}
	d.init.Grace, d.graceFrom, d.graceWrong = grace, " (from "+graceVariable+")", false
}

// checkMain reports a main that is not a service.
func (r *reader) checkMain(d *draft) {
	v := d.inits.child("main")
	if v == nil || d.init.Main == "" && v.data != "" || d.ours(d.init.Main) != nil {
		return
	}
	text, mend := d.notOne(v, d.init.Main)
	r.wrong(v, text, mend)
}

// takeBackTables takes back tables, and keys of [init], before anything is read.
func (r *reader) takeBackTables(root *value) {
	takeBackRows(r, root, topRows())
	if inits := root.child("init"); inits != nil {
		takeBackRows(r, inits, initRows())
	}
	if defaults := root.child("defaults"); defaults != nil {
		takeBackRows(r, defaults, serviceRows())
	}
}

func (d *draft) find(name string) *draftService {
	if d.byName == nil {
		d.byName = make(map[string]*draftService)
	}
	for ; d.found < len(d.services); d.found++ {
		if s := d.services[d.found]; d.byName[s.spec.Name] == nil {
			d.byName[s.spec.Name] = s
		}
	}
	return d.byName[name]
}

func (d *draft) names() []string {
	var names []string
	for _, s := range d.services {
		names = append(names, s.spec.Name)
	}
	return names
}

// maxNameBytes bounds a service's name: every line of its output begins with it, and
// file names contain it.
const maxNameBytes = 64

const letters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"

// nameFault says what is wrong with a service's name; "" for nothing.
func nameFault(name string) string {
	switch {
	case name == "":
		return "a service needs a name"
	case len(name) > maxNameBytes:
		return fmt.Sprintf("the name has %d bytes, more than %d", len(name), maxNameBytes)
	case strings.IndexByte(letters, name[0]) < 0:
		return "a name begins with a letter or a digit"
	case strings.Trim(name, letters+"._@-") != "":
		return "a name consists of letters, digits and . _ @ -"
	}
	return ""
}
