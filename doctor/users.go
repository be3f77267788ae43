package doctor

import (
	"os"
	"strings"

	"sexton/kernel/users"
	"sexton/proc"
	"sexton/service"
)

// mappedUsers reports which users and groups of the file do not exist, and which the user namespace
// does not map.
func (e *examination) mappedUsers() {
	if e.Plan == nil {
		return
	}
	for i := range e.Plan.Services {
		s := &e.Plan.Services[i]
		if user, group, groups := s.Identity(os.Geteuid() == 0); user+group == "" && groups == nil {
			continue
		}
		who, err := credentialOf(s)
		if err != nil {
			what, mend, _ := strings.Cut(err.Error(), "; ")
			e.add("user of "+s.Name, Note, what+"; every start fails until then", mend)
			continue
		}
		if users.Credential(who.UID, who.GID, who.Groups) == nil {
			continue
		}
		if fault := users.IDFault(&who); fault != "" {
			what, mend, _ := strings.Cut(fault, "; ")
			e.add("user of "+s.Name, Failed, what, mend)
		}
	}
}

// credentialOf returns the user and groups that a service would run as now. Its own group is among the others.
func credentialOf(s *service.Spec) (proc.Credential, error) {
	who := proc.Credential{UID: os.Geteuid(), GID: os.Getegid()}
	name, group, names := s.Identity(os.Geteuid() == 0)
	if name != "" {
		user, err := users.Lookup(name, who.GID)
		if err != nil {
			return who, err
		}
		who = proc.Credential{UID: user.UID, GID: user.GID, Groups: user.Groups}
	}
	if names != nil {
		who.Groups = nil
	}
	if group != "" {
		names = append([]string{group}, names...)
	}
	for _, name := range names {
		gid, err := users.LookupGroup(name)
		if err != nil {
			return who, err
		}
		who.Groups = append(who.Groups, gid)
	}
	return who, nil
}
