package files

import (
	"os"
	"strings"
	"testing"

	"golang.org/x/sys/unix"
)

func lookup(name string) (value string, set, secret bool) {
	switch name {
	case "HOST":
		return "db", true, false
	case "PASSWORD":
		return "hunter2", true, true
	}
	return "", false, false
}

var ours = Owner{os.Geteuid(), os.Getegid()}

func write(t *testing.T, name, text string) {
	t.Helper()
	do(t, os.WriteFile(name, []byte(text), 0o600))
}

func TestRender(t *testing.T) {
	trusted(t)
	write(t, "from", "host ${HOST}:${PORT:-5432}; $host $uri $${kept}\n")
	tmpl := Template{From: "from", To: "to", Owner: ours, Mode: -1}
	out, err := tmpl.Render(lookup)
	if do(t, err); out != (Rendered{Mode: 0o640}) {
		t.Errorf("%+v", out)
	}
	text, err := os.ReadFile("to")
	if do(t, err); string(text) != "host db:5432; $host $uri ${kept}\n" || stat(t, "to").Mode != unix.S_IFREG|0o640 {
		t.Errorf("%q, %o", text, stat(t, "to").Mode)
	}
	before := stat(t, "to")
	if out, err := tmpl.Render(lookup); err != nil || !out.Same || stat(t, "to").Ino != before.Ino {
		t.Errorf("again: %+v, %v", out, err)
	}
	write(t, "from", "other text, as long as the first: ${HOST}:5432")
	if out, err := tmpl.Render(lookup); err != nil || out.Same || stat(t, "to").Ino == before.Ino {
		t.Errorf("another text: %+v, %v", out, err)
	}
	write(t, "from", "${NONE:-${PASSWORD}}")
	if out, err := tmpl.Render(lookup); err != nil || out != (Rendered{Mode: 0o600, Secret: true}) || stat(t, "to").Mode&0o777 != 0o600 {
		t.Errorf("a secret: %+v, %v", out, err)
	}
	write(t, "from", "${PASSWORD:+yes}")
	if out, err := tmpl.Render(lookup); err != nil || !out.Secret {
		t.Errorf("an answer about a secret: %+v, %v", out, err)
	}
	tmpl.Mode = 0o644
	if out, err := tmpl.Render(lookup); err != nil || out.Same || stat(t, "to").Mode&0o777 != 0o644 {
		t.Errorf("another mode: %+v, %v", out, err)
	}
	write(t, "from", "")
	if _, err := tmpl.Render(lookup); err != nil || stat(t, "to").Size != 0 {
		t.Errorf("no text: %v", err)
	}
	names, _ := os.ReadDir(".")
	if len(names) != 2 {
		t.Errorf("left behind: %v", names)
	}
}

func TestRenderRefuses(t *testing.T) {
	trusted(t)
	do(t, os.Mkdir("dir", 0o755), unix.Mkfifo("fifo", 0o600), os.WriteFile("long", make([]byte, mostTemplate+1), 0o600))
	write(t, "good", "good")
	write(t, "missing", "a\n${HOST}\n ${NO} ${NO}\n${NEVER:?say it}")
	write(t, "grows", strings.Repeat("${HOST}", mostTemplate/7))
	write(t, "wrong", "\n${1x}")
	big := func(string) (string, bool, bool) { return strings.Repeat("x", 1000), true, false }
	for _, c := range []struct {
		from, to string
		lookup   Lookup
		want     string
	}{
		{"none", "to", lookup, "cannot read the template none: no such file"},
		{"dir", "to", lookup, "cannot read the template dir: it is not a regular file"},
		{"fifo", "to", lookup, "cannot read the template fifo: it is not a regular file"},
		{"long", "to", lookup, "it is longer than 1048576 bytes"},
		{"missing", "to", lookup, "missing:3: the variable NO is not set; set it, or give a default: ${NO:-default}; missing:4: the variable NEVER is not set: say it"},
		{"wrong", "to", lookup, "wrong:2: "},
		{"grows", "to", big, "longer than 4194304 bytes"},
		{"good", "dir", lookup, "cannot write dir: it exists and is not a regular file"},
		{"good", "fifo", lookup, "cannot write fifo: it exists and is not a regular file"},
		{"good", "none/to", lookup, "cannot write none/to: no such file or directory; make its directory with dirs"},
	} {
		_, err := (&Template{From: c.from, To: c.to, Owner: ours, Mode: -1}).Render(c.lookup)
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s to %s: %v, want %q", c.from, c.to, err, c.want)
		}
	}
	if _, err := os.Lstat("to"); err == nil {
		t.Error("something was written")
	}
}

// A link of ours is followed, and one in a directory where others can write is replaced.
func TestRenderAndLinks(t *testing.T) {
	trusted(t)
	do(t, os.Mkdir("run", 0o755), os.Mkdir("s", 0o777), os.Chmod("s", 0o777), os.Symlink("run/real", "to"), os.Symlink("../secret", "s/to"))
	write(t, "secret", "ours")
	write(t, "from", "${HOST}")
	do(t, os.Symlink("../from", "s/from"), os.Link("secret", "s/hard"))
	for _, to := range []string{"to", "s/to"} {
		_, err := (&Template{From: "from", To: to, Owner: ours, Mode: -1}).Render(lookup)
		do(t, err)
	}
	if text, _ := os.ReadFile("secret"); string(text) != "ours" {
		t.Errorf("the file behind a link was written: %q", text)
	}
	if stat(t, "to").Mode&unix.S_IFMT != unix.S_IFLNK || stat(t, "run/real").Size != 2 || stat(t, "s/to").Mode&unix.S_IFMT != unix.S_IFREG {
		t.Error("links were not treated as they should be")
	}
	for from, want := range map[string]string{"s/from": "it is a symbolic link, and everybody", "s/hard": "it has 2 names"} {
		_, err := (&Template{From: from, To: "run/x", Owner: ours, Mode: -1}).Render(lookup)
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", from, err)
		}
	}
}

func TestRenderGivesTheFileToItsOwner(t *testing.T) {
	asRoot(t)
	do(t, os.Mkdir("s", 0o777), os.Chmod("s", 0o777))
	write(t, "from", "${PASSWORD}")
	write(t, "s/theirs", "their template")
	do(t, os.Chown("s/theirs", 66, 66))
	for range 2 {
		_, err := (&Template{From: "from", To: "s/to", Owner: app, Mode: -1}).Render(lookup)
		do(t, err)
	}
	belongs(t, app, "s/to")
	_, err := (&Template{From: "s/theirs", To: "s/to", Owner: app, Mode: -1}).Render(lookup)
	if err == nil || !strings.Contains(err.Error(), "it belongs to UID 66") {
		t.Errorf("another user's template: %v", err)
	}
}
