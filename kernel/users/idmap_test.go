package users

import (
	"strings"
	"testing"

	"sexton/proc"
)

func TestIDFault(t *testing.T) {
	const one, all, many = "         0       1000          1\n", "         0          0 4294967295\n", "0 1000 1\n1 100000 65536\n"
	for _, test := range []struct {
		uids, gids, setgroups string
		c                     proc.Credential
		want                  string
	}{
		{all, all, "allow\n", proc.Credential{UID: 1000, GID: 1000, Groups: []int{4294967294}}, ""},
		{one, one, "deny\n", proc.Credential{UID: 1000, GID: 1000}, "UID 1000 is not mapped in this user namespace; map"},
		{one, one, "deny\n", proc.Credential{UID: 0, GID: 1000}, "GID 1000 is not mapped in this user namespace; map"},
		{one, one, "deny\n", proc.Credential{UID: 0, GID: 0}, "this user namespace does not allow setgroups"},
		{many, one, "allow\n", proc.Credential{UID: 65536, GID: 0}, ""},
		{many, many, "allow\n", proc.Credential{UID: 65537, GID: 0}, "UID 65537 is not"},
		{many, many, "allow\n", proc.Credential{UID: 1, GID: 2, Groups: []int{3, 70000}}, "GID 70000 is not"},
		{"", "", "", proc.Credential{UID: 1, GID: 2}, ""},
		{"what\n", "0 0\n", "?", proc.Credential{UID: 1, GID: 2}, ""},
	} {
		files := map[string]string{"uid_map": test.uids, "gid_map": test.gids, "setgroups": test.setgroups}
		got := idFault(&test.c, func(name string) string { return files[name] })
		if !strings.HasPrefix(got, test.want) || test.want == "" && got != "" {
			t.Errorf("%+v with %q: %q, want %q", test.c, files, got, test.want)
		}
	}
}
