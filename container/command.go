package container

import (
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"

	"sexton/kernel/entry"
	"sexton/kernel/procfs"
	"sexton/kernel/users"
	"sexton/proc"
	"sexton/service"
)

// Command is pid1.Owner's: it turns a service into what it takes to start it. Users and groups
// are looked up at each start, since a service that runs before may make them or give them
// other numbers. That it cannot run as anybody else than we do was found while the file was
// read (CannotBe).
func (c *Container) Command(spec *service.Spec, run service.Run) (proc.Command, error) {
	command, err := c.command(spec)
	if found, ok := c.hidden.Load(run); ok {
		command.Secrets = found.(*secrets)
	}
	return command, err
}

// command is Command without secrets.
func (c *Container) command(spec *service.Spec) (proc.Command, error) {
	var command proc.Command
	if c.Plan.Init.Heir {
		command = OneCommand(spec)
	} else {
		command = Planned(spec, c.dir)
	}
	return command, identify(spec, &command, c.Getenv)
}

// Planned is a service's command as the file has it: for whom it runs as, see Command. dir is
// the directory of services that name none.
func Planned(spec *service.Spec, dir string) proc.Command {
	command := proc.Command{Argv: spec.Command, Env: named(spec.Env, spec.Name), Settings: spec.Settings}
	if command.Dir == "" && command.Chroot == "" {
		command.Dir = dir
	}
	return command
}

// CannotBe is config.Options.Identity: who is not root starts services as itself alone. A
// user that is not there yet is none of its faults.
func CannotBe(spec *service.Spec) (key, fault string) {
	var command proc.Command
	var other *notRoot
	err := identify(spec, &command, func(string) string { return "" })
	if !errors.As(err, &other) {
		return "", ""
	}
	return other.key, other.Error()
}

// named puts the name of the service into its environment, in the place of what a
// sexton around us has put there.
func named(env []string, name string) []string {
	const variable = procfs.ServiceVariable + "="
	env = slices.DeleteFunc(slices.Clone(env), func(entry string) bool { return strings.HasPrefix(entry, variable) })
	return append(env, variable+name)
}

// OneCommand starts the command as we were started: the same signals blocked
// and ignored, so that nohup works, and the same directory.
func OneCommand(spec *service.Spec) proc.Command {
	mask, ignore := entry.Inherited()
	return proc.Command{Argv: spec.Command, Env: spec.Env, Settings: spec.Settings, Mask: mask, Ignore: ignore}
}

// notRoot says that we cannot start a service as another, and which key of it asks for that.
type notRoot struct {
	key  string
	user users.User
}

func (n *notRoot) Error() string {
	return fmt.Sprintf("it is to run as UID %d, GID %d, but we are UID %d, GID %d and not root; start the container as root, or remove user and group",
		n.user.UID, n.user.GID, os.Geteuid(), os.Getegid())
}

// keyAtFault is the key of a service that makes the user another than we are.
func keyAtFault(spec *service.Spec, user users.User) string {
	switch {
	case spec.User != "" && user.UID != os.Geteuid():
		return "user"
	case spec.Group != "" && user.GID != os.Getegid():
		return "group"
	case spec.Groups != nil:
		return "groups"
	case spec.User != "": // its groups in /etc/group are not ours
		return "user"
	}
	return "group"
}

// identify finds out whom a service runs as, and puts that into its command.
func identify(spec *service.Spec, command *proc.Command, getenv func(string) string) error {
	name, group, groups := spec.Identity(spec.UserIfRoot != "" && os.Geteuid() == 0) // one command makes no system call for it
	if name == "" && group == "" && groups == nil {
		return nil
	}
	user := users.User{UID: os.Geteuid(), GID: os.Getegid()}
	if name != "" {
		var err error
		if user, err = users.Lookup(name, os.Getegid()); err != nil {
			return err
		}
		command.Env = follow(command.Env, user, getenv)
	} else {
		user.Groups, _ = os.Getgroups()
	}
	if group != "" {
		gid, err := users.LookupGroup(group)
		if err != nil {
			return err
		}
		user.GID = gid
	}
	if groups != nil {
		user.Groups = nil
		for _, name := range groups {
			gid, err := users.LookupGroup(name)
			if err != nil {
				return err
			}
			user.Groups = append(user.Groups, gid)
		}
	}
	command.Credential = users.Credential(user.UID, user.GID, user.Groups)
	if command.Credential != nil && os.Geteuid() != 0 {
		return &notRoot{keyAtFault(spec, user), user}
	}
	return nil
}

// follow makes HOME, USER and LOGNAME those of the user, unless the file has
// set them: then they differ from our own.
func follow(env []string, user users.User, getenv func(string) string) []string {
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
