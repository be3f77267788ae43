package tests

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"sexton/internal/story"
)

// A seccomp profile refuses one system call, each of them in turn, with EPERM as Docker's
// profiles do it and with ENOSYS as newer ones do. Then either everything works anyway, or a
// line names the call. Nothing else will do: no traceback of Go's runtime, no signal that
// ends us, no silence, and no waiting for ever.

func TestEveryRefusedCallOneCommand(t *testing.T) {
	helper, cases := refusedCalls(t)
	sexton, bare := programs(t)
	sweep(t, cases, func(t *testing.T, r refused) string {
		ctx, cancel := context.WithTimeout(t.Context(), refusedWithin)
		defer cancel()
		cmd, out := r.command(ctx, helper, sexton, "--", bare, "w7")
		if err := cmd.Start(); err != nil {
			return err.Error()
		}
		o := finish(ctx, cmd, out)
		if wrong := o.judge(r, o.status == 7 && o.text == "hello\n"); wrong != "" {
			return fmt.Sprintf("%v: %s: %s", r, wrong, o.text)
		}
		return ""
	})
}

func programs(t *testing.T) (sexton, bare string) {
	t.Helper()
	sexton, err := story.Sexton()
	if err != nil {
		t.Fatal(err)
	}
	if bare, err = bareBinary(); err != nil {
		t.Fatal(err)
	}
	return sexton, bare
}

// refusedFile is a file of services that uses whatever we have a system call for.
func refusedFile(t *testing.T, dir, bare string) string {
	t.Helper()
	text := fmt.Sprintf(`
[init]
grace = "1500ms"
[health]
listen = "127.0.0.1:8080"
[service.one]
oneshot = true
command = [%[1]q, "0"]
[service.tcp]
command = [%[1]q, "s"]
needs = ["one"]
ready = { tcp = "127.0.0.1:8080" }
[service.http]
command = [%[1]q, "s"]
ready = { http = "http://127.0.0.1:8080/livez" }
[service.exec]
command = [%[1]q, "s"]
ready = { exec = [%[1]q, "0"] }
[service.file]
command = [%[1]q, "s", "/run/made"]
ready = { file = "/run/made" }
[service.tty]
command = [%[1]q, "s"]
tty = "pty"
[service.user]
command = [%[1]q, "s"]
user = "0"
[service.logged]
command = [%[1]q, "s"]
log = { file = { path = "/run/logged", size = "64KiB", keep = 2, compress = true } }
[service.piped]
command = [%[1]q, "s"]
stdin_from = "exec"
log = { overflow = "spill", spill = { dir = "/run", size = "1MiB" }, syslog = "udp:127.0.0.1:514" }
[service.secret]
command = [%[1]q, "s"]
env_files = [%[2]q]
secrets = { SECRET = %[2]q }
ready = { exec = [%[1]q, "0"] }
[service.json]
command = [%[1]q, "s"]
log = { format = "json", overflow = "drop" }
`, bare, filepath.Join(dir, "variables"))
	if os.Geteuid() == 0 {
		text = strings.Replace(text, `user = "0"`, `user = "65534"`, 1)
	}
	if err := os.WriteFile(filepath.Join(dir, "variables"), []byte("A=1\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(dir, "sexton.toml")
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestEveryRefusedCallServices(t *testing.T) {
	helper, cases := refusedCalls(t)
	sexton, bare := programs(t)
	file := refusedFile(t, t.TempDir(), bare)
	sweep(t, cases, func(t *testing.T, r refused) string {
		ctx, cancel := context.WithTimeout(t.Context(), refusedWithin)
		defer cancel()
		cmd, out := r.command(ctx, helper, sexton, "-c", file)
		if err := cmd.Start(); err != nil {
			return err.Error()
		}
		ended := make(chan struct{})
		good, said := false, ""
		go func() {
			defer close(ended)
			good, said = askAll(ctx, cmd.Process.Pid, sexton, file, func() bool { return namesCall(out.String(), r.call) })
			_ = cmd.Process.Signal(syscall.SIGTERM)
		}()
		o := finish(ctx, cmd, out)
		<-ended
		good = good && o.status == 0 && strings.Count(o.text, "| hello\n") >= 6
		if wrong := o.judge(r, good); wrong != "" {
			return fmt.Sprintf("services, %v: %s: %s%s", r, wrong, said, o.text)
		}
		return ""
	})
}

// askAll waits until all services are ready, asks for everything that can be asked for,
// and tells whether all of it was answered. It gives up when some service is not
// ready after ten seconds, or after a moment when a line has said why (named).
func askAll(ctx context.Context, pid int, sexton, file string, named func() bool) (good bool, said string) {
	inside := func(argv ...string) (string, error) {
		enter := []string{"-t", fmt.Sprint(pid), "-m", "-n", "-p"}
		if os.Geteuid() != 0 {
			enter = append(enter, "-U", "--preserve-credentials")
		}
		out, err := exec.CommandContext(ctx, "nsenter", append(append(enter, "--"), argv...)...).CombinedOutput()
		return string(out), err
	}
	began := time.Now()
	for {
		out, err := inside(sexton, "-c", file, "health")
		if err == nil {
			break
		}
		after := time.Since(began)
		if after > 10*time.Second || named() && after > 500*time.Millisecond || unix.Kill(pid, 0) != nil {
			return false, "health: " + out
		}
		time.Sleep(20 * time.Millisecond)
	}
	for _, verb := range [][]string{{"status"}, {"why", "tcp"}} {
		if out, err := inside(append([]string{sexton, "-c", file}, verb...)...); err != nil {
			return false, fmt.Sprint(verb, ": ", out)
		}
	}
	return true, ""
}

// The verbs that ask a running sexton: they have an answer, or say why not.
func TestEveryRefusedCallClient(t *testing.T) {
	helper, cases := refusedCalls(t)
	sexton, bare := programs(t)
	dir := t.TempDir()
	file := filepath.Join(dir, "sexton.toml")
	text := fmt.Sprintf("[control]\nsocket = %q\n[service.a]\ncommand = [%q, \"s\"]\n", filepath.Join(dir, "socket"), bare)
	if err := os.WriteFile(file, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	// The clients are in the server's namespaces, but for what makes a filter possible.
	server := exec.CommandContext(t.Context(), sexton, "-q", "-c", file)
	server.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	if err := server.Start(); err != nil {
		t.Fatal(err)
	}
	defer func() {
		_ = server.Process.Signal(syscall.SIGTERM)
		_ = server.Wait()
	}()
	for by := time.Now().Add(10 * time.Second); exec.Command(sexton, "-c", file, "health").Run() != nil; {
		if time.Now().After(by) {
			t.Fatal("the server is not ready")
		}
		time.Sleep(20 * time.Millisecond)
	}
	for _, verb := range [][]string{{"status"}, {"doctor"}} {
		sweep(t, cases, func(t *testing.T, r refused) string {
			ctx, cancel := context.WithTimeout(t.Context(), refusedWithin)
			defer cancel()
			cmd := exec.CommandContext(ctx, helper, append([]string{"error=" + r.errno, r.call, sexton, "-c", file}, verb...)...)
			out := new(heard)
			cmd.Stdout, cmd.Stderr = out, out
			if err := cmd.Start(); err != nil {
				return err.Error()
			}
			o := finish(ctx, cmd, out)
			if wrong := o.judge(r, o.status == 0); wrong != "" {
				return fmt.Sprintf("%v, %v: %s: %s", verb, r, wrong, o.text)
			}
			return ""
		})
	}
}

// The sweeps are complete: strace sees no system call in such runs that `without` does not know.
func TestSweepsKnowEveryCall(t *testing.T) {
	helper, cases := refusedCalls(t)
	sexton, bare := programs(t)
	strace, err := exec.LookPath("strace")
	if err != nil {
		t.Skip("no strace is installed")
	}
	dir := t.TempDir()
	file := refusedFile(t, dir, bare)
	known := make(map[string]bool)
	for _, r := range cases {
		known[r.call] = true
	}
	seen := make(map[string]bool)
	traced := regexp.MustCompile(`(?m)^\d+ +(?:<\.\.\. )?([a-z0-9_]+)[( ]`)
	for i, argv := range [][]string{{"--", bare, "w7"}, {"-c", file}} {
		ctx, cancel := context.WithTimeout(t.Context(), 3*refusedWithin)
		log := filepath.Join(dir, fmt.Sprint("trace", i))
		cmd, out := refused{"time", "EPERM"}.command(ctx, helper, append([]string{strace, "-f", "-qq", "-o", log, sexton}, argv...)...)
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		if i == 1 {
			if good, said := askAll(ctx, cmd.Process.Pid, sexton, file, func() bool { return false }); !good {
				t.Errorf("the services under strace: %s", said)
			}
			_ = exec.Command("nsenter", "-t", fmt.Sprint(cmd.Process.Pid), "-m", "-n", "-p", "--", sexton, "-c", file, "shutdown").Run()
		}
		if o := finish(ctx, cmd, out); o.late || o.signal != 0 {
			t.Errorf("%q under strace: %+v", argv, o)
		}
		cancel()
		text, err := os.ReadFile(log)
		if err != nil {
			t.Skipf("strace traces nothing here: %v %s", err, out)
		}
		for _, match := range traced.FindAllStringSubmatch(string(text), -1) {
			seen[match[1]] = true
		}
	}
	for call := range seen {
		if !known[call] {
			t.Errorf("%s is used, and no sweep refuses it: put it into testdata/cmd/helper/without.go", call)
		}
	}
	if len(seen) < 40 {
		t.Errorf("strace saw %d calls only: %v", len(seen), seen)
	}
}
