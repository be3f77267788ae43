package cli

import (
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"

	"sexton/kernel"
	"sexton/proc"
	"sexton/service"
)

// prepare turns each service of a plan into what it takes to start it, but for whom it runs as:
// users and groups are looked up at each start (identify), since a service that runs before may
// make them or give them other numbers. That it cannot be anybody else than ourselves is a mistake before
// anything has been started. It returns every such mistake.
func prepare(plan *service.Plan, getenv func(string) string) (commands []proc.Command, problems []string) {
	if plan.Init.OneCommand {
		return []proc.Command{oneCommand(&plan.Services[0])}, nil
	}
	dir, err := os.Getwd()
	if err != nil {
		dir = "/"
	}
	for i := range plan.Services {
		spec := &plan.Services[i]
		command := proc.Command{
			Argv: spec.Command, Env: spec.Env, Dir: dir, Umask: spec.Umask, Session: spec.Session, ParentDeath: spec.ParentDeath,
		}
		if spec.Dir != "" {
			command.Dir = spec.Dir
		}
		command.Env = named(command.Env, spec.Name)
		tried := command
		if err := identify(spec, &tried, getenv); errors.Is(err, errNotRoot) {
			problems = append(problems, fmt.Sprintf("service %q: %v", spec.Name, err))
		}
		commands = append(commands, command)
	}
	return commands, problems
}

// named puts the name of the service into its environment, in the place of what a
// sexton around us has put there.
func named(env []string, name string) []string {
	const variable = kernel.ServiceVariable + "="
	env = slices.DeleteFunc(slices.Clone(env), func(entry string) bool { return strings.HasPrefix(entry, variable) })
	return append(env, variable+name)
}

// oneCommand starts the command as we were started: the same signals blocked
// and ignored, so that nohup works, and the same directory.
func oneCommand(spec *service.Spec) proc.Command {
	mask, ignore := kernel.Inherited()
	return proc.Command{
		Argv: spec.Command, Env: spec.Env, Umask: -1, Session: spec.Session, ParentDeath: spec.ParentDeath,
		Mask: mask, Ignore: ignore,
	}
}

var errNotRoot = errors.New("and not root")

// identify finds out whom a service runs as, and puts that into its command.
func identify(spec *service.Spec, command *proc.Command, getenv func(string) string) error {
	if spec.User == "" && spec.Group == "" && spec.Groups == nil {
		return nil
	}
	user := kernel.User{UID: os.Geteuid(), GID: os.Getegid()}
	if spec.User != "" {
		var err error
		if user, err = kernel.LookupUser(spec.User, os.Getegid()); err != nil {
			return err
		}
		command.Env = follow(command.Env, user, getenv)
	} else {
		user.Groups, _ = os.Getgroups()
	}
	if spec.Group != "" {
		gid, err := kernel.LookupGroup(spec.Group)
		if err != nil {
			return err
		}
		user.GID = gid
	}
	if spec.Groups != nil {
		user.Groups = nil
		for _, name := range spec.Groups {
			gid, err := kernel.LookupGroup(name)
			if err != nil {
				return err
			}
			user.Groups = append(user.Groups, gid)
		}
	}
	command.Credential = kernel.Credential(user.UID, user.GID, user.Groups)
	if command.Credential != nil && os.Geteuid() != 0 {
		return fmt.Errorf("it is to run as UID %d, GID %d, but we are UID %d, GID %d %w; start the container as root, or take user and group out",
			user.UID, user.GID, os.Geteuid(), os.Getegid(), errNotRoot)
	}
	return nil
}

// follow makes HOME, USER and LOGNAME those of the user, unless the file has
// set them: then they differ from our own.
func follow(env []string, user kernel.User, getenv func(string) string) []string {
	values := map[string]string{"HOME": user.Home, "USER": user.Name, "LOGNAME": user.Name}
	var out []string
	for _, entry := range env {
		name, value, _ := strings.Cut(entry, "=")
		if _, follows := values[name]; follows {
			if value == getenv(name) {
				continue
			}
			delete(values, name) // the file's own word
		}
		out = append(out, entry)
	}
	for _, name := range []string{"HOME", "USER", "LOGNAME"} {
		if value := values[name]; value != "" {
			out = append(out, name+"="+value)
		}
	}
	return out
}
