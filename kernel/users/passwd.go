// Package users looks up users and groups in /etc/passwd and /etc/group, and checks what our user namespace
// allows.
package users

import (
	"fmt"
	"os"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"

	"sexton/kernel/procfs"
	"sexton/proc"
)

// User is an entry of the user database, or stands for a bare number.
type User struct {
	Name   string // "" for a number without an entry
	UID    int
	GID    int
	Home   string // "/" for a number without an entry
	Groups []int  // supplementary groups of /etc/group
}

// Lookup finds a user by name or number in /etc/passwd and /etc/group. A
// number needs no entry: then its group is gid, and
// its home is "/", as in Docker.
func Lookup(text string, gid int) (User, error) { return lookup("/etc", text, gid) }

func lookup(etc, text string, gid int) (User, error) {
	number, isNumber := idNumber(text)
	found := false
	user := User{UID: number, GID: gid, Home: "/"}
	err := eachEntry(etc+"/passwd", func(fields []string) {
		if found || len(fields) < 6 || !(fields[0] == text || isNumber && fields[2] == strconv.Itoa(number)) {
			return
		}
		uid, okUID := idNumber(fields[2])
		gid, okGID := idNumber(fields[3])
		if !okUID || !okGID {
			return
		}
		found = true
		user = User{Name: fields[0], UID: uid, GID: gid, Home: fields[5]}
	})
	switch {
	case !found && !isNumber && err != nil:
		return User{}, fmt.Errorf("user %q: cannot read %s/passwd: %w; give a number instead", text, etc, err)
	case !found && !isNumber:
		return User{}, fmt.Errorf("user %q is not in %s/passwd; add it, or give a number", text, etc)
	}
	if user.Name != "" {
		_ = eachEntry(etc+"/group", func(fields []string) {
			if len(fields) < 4 {
				return
			}
			for _, member := range strings.Split(fields[3], ",") {
				if gid, ok := idNumber(fields[2]); ok && member == user.Name {
					user.Groups = append(user.Groups, gid)
				}
			}
		})
	}
	return user, nil
}

// LookupGroup finds a group by name or number; a number needs no entry.
func LookupGroup(text string) (int, error) { return lookupGroup("/etc", text) }

func lookupGroup(etc, text string) (int, error) {
	if number, ok := idNumber(text); ok {
		return number, nil
	}
	gid := -1
	err := eachEntry(etc+"/group", func(fields []string) {
		if len(fields) >= 3 && fields[0] == text && gid < 0 {
			if number, ok := idNumber(fields[2]); ok {
				gid = number
			}
		}
	})
	switch {
	case gid >= 0:
		return gid, nil
	case err != nil:
		return 0, fmt.Errorf("group %q: cannot read %s/group: %w; give a number instead", text, etc, err)
	}
	return 0, fmt.Errorf("group %q is not in %s/group; add it, or give a number", text, etc)
}

// idNumber reads a user's or group's number: 0 to 2^32-2; the last one means
// "none" to the kernel (setresuid(2)).
func idNumber(text string) (int, bool) {
	n, err := strconv.ParseUint(text, 10, 32)
	return int(n), err == nil && n != 1<<32-1
}

func eachEntry(path string, use func(fields []string)) error {
	text, err := readDatabase(path)
	if err != nil {
		return err
	}
	for line := range strings.SplitSeq(text, "\n") {
		if line != "" && line[0] != '#' {
			use(strings.Split(line, ":"))
		}
	}
	return nil
}

// databaseMost is the largest size of /etc/passwd and /etc/group that we read.
const databaseMost = 4 << 20

// readDatabase reads a file of users or groups. The loop calls it at each start of a service that
// has a user, so it must not wait for the writer of a FIFO, nor read a device without end.
func readDatabase(path string) (string, error) {
	fd, err := unix.Open(path, unix.O_RDONLY|unix.O_CLOEXEC|unix.O_NONBLOCK|unix.O_NOCTTY, 0)
	if err != nil {
		return "", &os.PathError{Op: "open", Path: path, Err: err}
	}
	defer unix.Close(fd)
	var s unix.Stat_t
	if err := unix.Fstat(fd, &s); err != nil {
		return "", &os.PathError{Op: "stat", Path: path, Err: err}
	}
	if s.Mode&unix.S_IFMT != unix.S_IFREG {
		return "", fmt.Errorf("%s is not a regular file", path)
	}
	if s.Size > databaseMost {
		return "", fmt.Errorf("%s has more than %d bytes", path, databaseMost)
	}
	buffer := make([]byte, s.Size+1) // a change makes a new file (passwd(5))
	return string(buffer[:procfs.ReadFrom(fd, buffer)]), nil
}

// Credential returns what a child needs to become uid and gid with these groups, or
// nil if we already have this identity.
func Credential(uid, gid int, groups []int) *proc.Credential {
	ours, err := os.Getgroups()
	if uid == os.Geteuid() && gid == os.Getegid() && err == nil && SameGroups(ours, groups, gid) {
		return nil
	}
	return &proc.Credential{UID: uid, GID: gid, Groups: groups}
}

// SameGroups compares two sets of supplementary groups. gid
// does not count, since the process has it anyway.
func SameGroups(a, b []int, gid int) bool {
	set := map[int]int{gid: 3}
	for _, g := range a {
		set[g] |= 1
	}
	for _, g := range b {
		set[g] |= 2
	}
	for _, in := range set {
		if in != 3 {
			return false
		}
	}
	return true
}
