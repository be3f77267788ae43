package users

import (
	"fmt"
	"strconv"
	"strings"

	"sexton/kernel/procfs"
	"sexton/proc"
)

// This file checks what a user namespace allows (user_namespaces(7)).

// IDFault returns a message if our user namespace does not map a number of a credential, or if
// groups cannot be changed in it; otherwise "".
func IDFault(c *proc.Credential) string {
	return idFault(c, func(name string) string { return procfs.ReadSmall("/proc/self/" + name) })
}

func idFault(c *proc.Credential, read func(name string) string) string {
	const mend = "map more numbers into it (newuidmap(1), /etc/subuid and /etc/subgid), or take another"
	users, groups := read("uid_map"), read("gid_map")
	if !mapped(users, c.UID) {
		return fmt.Sprintf("UID %d is not mapped in this user namespace; %s", c.UID, mend)
	}
	for _, gid := range append([]int{c.GID}, c.Groups...) {
		if !mapped(groups, gid) {
			return fmt.Sprintf("GID %d is not mapped in this user namespace; %s", gid, mend)
		}
	}
	if strings.TrimSpace(read("setgroups")) == "deny" {
		return "this user namespace does not allow setgroups(2), so that supplementary groups cannot be changed; map its groups with newgidmap(1)"
	}
	return ""
}

// mapped reports whether an ID is in a map in the format of uid_map: each line has the first ID in the namespace, the first
// one outside, and the number of IDs. A map that cannot be read allows every ID.
func mapped(text string, id int) bool {
	if strings.TrimSpace(text) == "" {
		return true
	}
	for line := range strings.Lines(text) {
		fields := strings.Fields(line)
		if len(fields) != 3 {
			return true
		}
		first, err := strconv.ParseUint(fields[0], 10, 32)
		count, err2 := strconv.ParseUint(fields[2], 10, 32)
		if err != nil || err2 != nil {
			return true
		}
		if uint64(id) >= first && uint64(id) < first+count {
			return true
		}
	}
	return false
}
