package doctor

import (
	"errors"
	"fmt"
	"strings"

	"sexton/kernel/spawn"
	"sexton/kernel/users"
	"sexton/proc"
	"sexton/service"
)

// nowhere is a command that does not exist: a child that comes as far as its exec has passed all steps before it.
const nowhere = "/sexton-doctor/nothing"

// rights tries the limits, priorities and rights of each service of the file in a child that runs nothing.
func (e *examination) rights() {
	if e.Plan == nil {
		return
	}
	tried, refused := 0, 0
	for i := range e.Plan.Services {
		s := &e.Plan.Services[i]
		if !hasRights(&s.Settings) || s.External {
			continue
		}
		who, err := credentialOf(s)
		if err != nil {
			continue // mappedUsers has said so
		}
		tried++
		command := proc.Command{Argv: []string{nowhere}, Settings: s.Settings, Files: [3]int{-1, -1, -1}, Foreground: -1}
		command.Dir, command.Credential = "", users.Credential(who.UID, who.GID, who.Groups)
		_, err = new(spawn.Spawner).Spawn(&command)
		var failed *proc.SpawnError
		if errors.As(err, &failed) && !failed.NotFound {
			what, mend, _ := strings.Cut(err.Error(), "; ")
			e.add("rights of "+s.Name, Failed, what, mend)
			refused++
		}
	}
	if tried > refused {
		e.add("rights", Verified, fmt.Sprintf("the limits, priorities and rights of %s can be set", service.Counted(tried-refused, "service")), "")
	}
}

// hasRights tells whether a service has settings that a container may refuse.
func hasRights(s *proc.Settings) bool {
	return s.Chroot != "" || s.Limits != nil || s.Nice != nil || s.IONice != nil || s.Scheduler != nil || s.OOMScoreAdj != nil ||
		s.Capabilities != nil || s.NoNewPrivileges
}
