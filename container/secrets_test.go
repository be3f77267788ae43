package container

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"sexton/service"
)

// entries are the secrets of a run as the program gets them.
func entries(t *testing.T, c *Container, run service.Run) string {
	t.Helper()
	found, ok := c.hidden.Load(run)
	if !ok {
		return "none"
	}
	all, err := found.(*secrets).Map()
	if err != nil {
		t.Fatal(err)
	}
	defer found.(*secrets).Unmap()
	return strings.Join(strings.FieldsFunc(string(all), func(c rune) bool { return c == 0 }), "|")
}

func TestSecretsAreReadAtEachStart(t *testing.T) {
	dir := t.TempDir()
	write := func(name, text string) {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o444); err != nil {
			t.Fatal(err)
		}
	}
	write("one", "first\n\n\n")
	write("two", "two\nlines\r\n")
	c := &Container{}
	spec := &service.Spec{
		Name: "web", Env: []string{"A=a", "ONE=old", "TWO_FILE=" + dir + "/two", "THREE=x", "THREE_FILE="},
		Secrets: []service.Secret{{Name: "ONE", Path: dir + "/one"}}, SecretNames: []string{"TWO", "THREE", "FOUR"},
	}
	start := func(run service.Run) {
		t.Helper()
		if passing, err := c.Prepare(t.Context(), spec, run); err != nil || passing {
			t.Fatal(err)
		}
	}
	start(1)
	if got, want := entries(t, c, 1), "ONE=first|TWO=two\nlines\r"; got != want {
		t.Errorf("%q, want %q", got, want)
	}
	if got, want := strings.Join(c.Filled(spec, 1).Env, " "), "A=a THREE=x THREE_FILE="; got != want {
		t.Errorf("%q, want %q", got, want)
	}
	if command, err := c.Command(c.Filled(spec, 1), 1); err != nil || command.Secrets == nil {
		t.Errorf("%+v, %v", command, err)
	}
	if got := c.secrets.Text("first, then two"); got != "***, then two" {
		t.Error(got)
	}
	c.Release(1)
	if got := entries(t, c, 1); got != "none" {
		t.Error(got)
	}

	// With an exec probe they stay until the next start.
	if err := os.Remove(dir + "/one"); err != nil {
		t.Fatal(err)
	}
	write("one", "second")
	spec.Ready.Kind = service.ExecProbe
	for run := range service.Run(3) {
		start(run)
		c.Release(run)
		if got, want := entries(t, c, run), "ONE=second|TWO=two\nlines\r"; got != want {
			t.Errorf("%q, want %q", got, want)
		}
		if run > 0 && entries(t, c, run-1) != "none" {
			t.Error("those of an earlier run are still there")
		}
	}
	c.dropSecrets("web")
	if got := entries(t, c, 2); got != "none" {
		t.Error(got)
	}
}

func TestSecretsThatAreTooLong(t *testing.T) {
	path := t.TempDir() + "/long"
	for size, says := range map[int]string{service.MostText - 2: "", service.MostText - 1: "too long", 1 << 20: "too long"} {
		if err := os.WriteFile(path, []byte(strings.Repeat("x", size)), 0o600); err != nil {
			t.Fatal(err)
		}
		c := &Container{}
		spec := &service.Spec{Name: "web", Secrets: []service.Secret{{Name: "A", Path: path}}}
		_, err := c.Prepare(t.Context(), spec, 1)
		if says == "" && err != nil || says != "" && (err == nil || !strings.Contains(err.Error(), says)) {
			t.Errorf("%d: %v, want %q", size, err, says)
		}
		c.Release(1)
	}
}
