package spawn

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"sexton/proc"
)

// Find says where it looked for a command; a file on the way to a directory of PATH is no error.
func TestFind(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, "command")
	if err := os.WriteFile(file, nil, 0o644); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name, dir, path, where string
		there                  bool
	}{
		{"command", "", "/nowhere:" + dir, file, true}, {"command", "", "/nowhere:" + file, "in PATH=/nowhere:" + file, false}, {"command", "", "/nowhere", "in PATH=/nowhere", false},
		{"./command", dir, "", dir + "/./command", true}, {"./other", dir, "", "from " + dir, false}, {file, "", "", file, true},
	} {
		where, there := Find(&proc.Command{Argv: []string{c.name}, Env: []string{"PATH=" + c.path}, Settings: proc.Settings{Dir: c.dir}})
		if where != c.where || there != c.there {
			t.Errorf("%+v: %q, %v", c, where, there)
		}
	}
}

// FindProgram says before a start what Spawn would say at it.
func TestFindProgramAgreesWithSpawn(t *testing.T) {
	dir := t.TempDir()
	write := func(name, text string, mode os.FileMode) {
		t.Helper()
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), mode); err != nil {
			t.Fatal(err)
		}
	}
	write("good", "#!/bin/sh\n", 0o755)
	write("closed", "#!/bin/sh\n", 0o644)
	write("crlf", "#!/bin/sh\r\necho\r\n", 0o755)
	if err := os.Mkdir(filepath.Join(dir, "directory"), 0o755); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name, says string
		found      bool
		missing    bool
	}{
		{name: "good", found: true},
		{name: "./good", found: true},
		{name: dir + "/good", found: true},
		{name: "closed", says: "try chmod +x"},
		{name: "directory", says: "it is a directory"},
		{name: "nothing", says: "not found in PATH=" + dir, missing: true},
		{name: "./nothing", says: "no such file", missing: true},
		{name: "good -x 1", says: `exec "good -x 1": no such file or directory; a list has one item per word: ["good", "-x", "1"]`, missing: true},
	} {
		command := &proc.Command{Argv: []string{c.name}, Env: []string{"PATH=" + dir}, Settings: proc.Settings{Dir: dir}, Foreground: -1, Files: [3]int{-1, -1, -1}}
		found := FindProgram(command)
		if (found == nil) != c.found {
			t.Errorf("%q: %v", c.name, found)
			continue
		}
		if c.found {
			continue
		}
		_, started := new(Spawner).Spawn(command)
		for _, err := range []error{found, started} {
			var failed *proc.SpawnError
			if !errors.As(err, &failed) || failed.NotFound != c.missing || !strings.Contains(err.Error(), c.says) {
				t.Errorf("%q: %v; it should say %q", c.name, err, c.says)
			}
		}
	}
	_, err := new(Spawner).Spawn(&proc.Command{Argv: []string{dir + "/crlf"}, Settings: proc.Settings{Dir: dir}, Foreground: -1, Files: [3]int{-1, -1, -1}})
	if err == nil || !strings.Contains(err.Error(), "the name of its interpreter ends with CR") {
		t.Errorf("a script with CR and LF: %v", err)
	}
}
