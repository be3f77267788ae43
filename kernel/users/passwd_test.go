package users

import (
	"os"
	"strings"
	"testing"
)

func TestPasswd(t *testing.T) {
	etc := t.TempDir()
	os.WriteFile(etc+"/passwd", []byte("root:x:0:0::/root:/bin/sh\n#web:x:1:1::/:\nweb:x:33:34:Web,,,:/var/www:/bin/false\nbroken:x\n"), 0o644)
	os.WriteFile(etc+"/group", []byte("www:x:34:\nlogs:x:7:web,other\nspool:x:8:other,web\n"), 0o644)
	for text, want := range map[string]User{
		"web":  {Name: "web", UID: 33, GID: 34, Home: "/var/www", Groups: []int{7, 8}},
		"33":   {Name: "web", UID: 33, GID: 34, Home: "/var/www", Groups: []int{7, 8}},
		"4711": {UID: 4711, GID: 5, Home: "/"},
	} {
		got, err := lookup(etc, text, 5)
		if err != nil || got.Name != want.Name || got.UID != want.UID || got.GID != want.GID || got.Home != want.Home || len(got.Groups) != len(want.Groups) {
			t.Errorf("%s: %+v, %v; want %+v", text, got, err, want)
		}
	}
	for _, text := range []string{"nobody", "#web", "", "-1", "4294967295"} {
		if got, err := lookup(etc, text, 5); err == nil {
			t.Errorf("%q: %+v", text, got)
		}
	}
	if gid, err := lookupGroup(etc, "logs"); gid != 7 || err != nil {
		t.Errorf("logs: %d, %v", gid, err)
	}
	if _, err := lookupGroup(etc+"/nowhere", "logs"); err == nil || !strings.Contains(err.Error(), "give a number") {
		t.Errorf("no file: %v", err)
	}
	if gid, err := lookupGroup(etc+"/nowhere", "12"); gid != 12 || err != nil {
		t.Errorf("12: %d, %v", gid, err)
	}
}
