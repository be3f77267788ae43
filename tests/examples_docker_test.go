package tests

import (
	"archive/tar"
	"bytes"
	"context"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"sexton/internal/story"
)

// aptGet is the one instruction of an example's Dockerfile that is left out
// here: builds have no network, and the base has the packages already.
var aptGet = regexp.MustCompile(`(?m)^RUN apt-get(.*\\\n)*.*\n`)

// exampleImage builds examples/docker/NAME and returns the image's name.
func exampleImage(t *testing.T, name, base, sexton string) string {
	t.Helper()
	dir := t.TempDir()
	if err := os.CopyFS(dir, os.DirFS("examples/docker/"+name)); err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(dir, "Dockerfile")
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if n := len(aptGet.FindAll(text, -1)); n != 1 && name != "derived" { // which is built from the example base
		t.Fatalf("examples/docker/%s/Dockerfile runs apt-get %d times; it says to install its packages once", name, n)
	}
	if err := os.WriteFile(file, aptGet.ReplaceAll(text, nil), 0o644); err != nil {
		t.Fatal(err)
	}
	tag := strings.Replace(base, "examples-base", "example-"+name, 1)
	build := exec.CommandContext(t.Context(), "docker", "build", "--network", "none", "--build-arg", "BASE="+base, "--build-arg", "SEXTON="+sexton, "-t", tag, dir)
	build.Env = append(os.Environ(), "DOCKER_BUILDKIT=0")
	build.WaitDelay = time.Second
	bound := time.AfterFunc(2*time.Minute, func() { build.Process.Kill() })
	defer bound.Stop()
	t.Cleanup(func() { exec.Command("docker", "rmi", "-f", tag).Run() })
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("docker build: %v\n%s", err, out)
	}
	return tag
}

// TestDockerExamples builds what is in examples/docker and runs it.
func TestDockerExamples(t *testing.T) {
	needDocker(t)
	if os.Getenv("SEXTON_DEBOOTSTRAP") != "1" {
		t.Skip("slow; set SEXTON_DEBOOTSTRAP=1 to have it")
	}
	binary, err := story.Sexton()
	if err != nil {
		t.Fatal(err)
	}
	sexton := importTar(t, "examples-sexton", nil, func(w *tar.Writer) error { return addFile(w, "sexton", binary) })
	base := importTar(t, "examples-base", nil, debian(t))
	// While one is built another runs.
	for name, test := range map[string]func(*testing.T, string){
		"command":    exampleCommand,
		"services":   exampleServices,
		"restricted": exampleRestricted,
		"job":        exampleJob,
		"base":       func(t *testing.T, image string) { exampleBase(t, image, sexton) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			test(t, exampleImage(t, name, base, sexton))
		})
	}
}

// exampleBase runs the base image, and the one that is derived from it.
func exampleBase(t *testing.T, image, sexton string) {
	c := start(t, "--health-interval", "1s", image)
	c.becomes(t, "healthy")
	c.says(t, `(?m)^report +up\b`, "/sexton", "status")
	c.says(t, `"production"`, "/sexton", "check", "--explain", "service.web.env.STAGE")
	c.stops(t, "0")

	c = start(t, "--health-interval", "1s", exampleImage(t, "derived", image, sexton))
	c.becomes(t, "healthy")
	c.until(`worker +\| working in production`)
	status := must(t, "exec", c.name, "/sexton", "status")
	if !regexp.MustCompile(`(?m)^worker +up\b`).MatchString(status) || strings.Contains(status, "report") {
		t.Errorf("the derived image runs other services:\n%s", status)
	}
	c.says(t, "Welcome to nginx", "curl", "-fsS", "http://127.0.0.1/")
	c.says(t, `"test"\n.*50-site.toml:8`, "/sexton", "check", "--explain", "service.web.env.STAGE")
	c.says(t, `(?m)service\.report is taken back at /etc/sexton\.d/50-site\.toml:4, it was at /etc/sexton\.toml:`, "/sexton", "check")
	c.says(t, `(?s)= \["TERM 1s", "KILL"\].*set at /etc/sexton.d/50-site.toml:7.*replaces .*at /etc/sexton.toml:`, "/sexton", "check", "--explain", "service.web.stop")
	c.stops(t, "0")
}

func exampleCommand(t *testing.T, image string) {
	c := start(t, "--health-interval", "1s", image)
	c.becomes(t, "healthy")
	c.says(t, "Welcome to nginx", "curl", "-fsS", "http://127.0.0.1/")
	c.until(`"GET / HTTP/1.1" 200 .*curl/`)
	c.stops(t, "0")
	// A command of the user's instead of the image's.
	if out, err, status := docker(t, "run", "--rm", "--network", "none", image, "sh", "-c", "exit 9"); status != 9 {
		t.Errorf("status %d, want 9\n%s%s", status, out, err)
	}
}

func exampleServices(t *testing.T, image string) {
	volume := newName(t)
	t.Cleanup(func() { exec.Command("docker", "volume", "rm", "-f", volume).Run() })
	run := func() container {
		c := start(t, "--health-interval", "1s", "-v", volume+":/data", image)
		c.becomes(t, "healthy")
		return c
	}
	c := run()
	c.says(t, `(?m)^initdb +done\b`, "/sexton", "status")
	c.says(t, "Welcome to nginx", "curl", "-fsS", "http://127.0.0.1:8080/")
	c.until(`^web +\| .*"GET / HTTP/1.1" 200 .*curl/`)
	c.says(t, "^PONG$", "redis-cli", "ping")
	c.says(t, "^1$", "runuser", "-u", "postgres", "--", "psql", "-Atc", "select 1")
	c.says(t, "^INSERT 0 1$", "runuser", "-u", "postgres", "--", "psql", "-qAtc", "create table kept (n int)", "-c", `\set QUIET off`, "-c", "insert into kept values (41)")
	c.says(t, "^OK$", "redis-cli", "set", "kept", "42")
	processes := must(t, "top", c.name, "-eo", "pid,user,comm")
	for _, program := range []string{"postgres", "redis-server", "nginx"} {
		users := regexp.MustCompile(`(?m)^\s*\d+\s+(\S+)\s+`+program+`$`).FindAllStringSubmatch(processes, -1)
		if len(users) == 0 {
			t.Errorf("no %s:\n%s", program, processes)
		}
		for _, user := range users {
			if user[1] == "root" {
				t.Errorf("%s runs as root:\n%s", program, processes)
			}
		}
	}
	// A service that dies comes back, and so does its data.
	before := must(t, "exec", c.name, "sh", "-c", "cat /data/postgres/main/postmaster.pid | head -1")
	must(t, "exec", c.name, "sh", "-c", "kill -9 "+before+" $(pidof redis-server)")
	c.until("db: up after [^$]*db: up after")
	c.until("cache: up after [^$]*cache: up after")
	c.says(t, "^41$", "runuser", "-u", "postgres", "--", "psql", "-Atc", "select * from kept")
	c.says(t, "^42$", "redis-cli", "get", "kept")
	c.says(t, "killed by SIGKILL", "/sexton", "why", "db")
	// A session that is open does not hold the stop up.
	must(t, "exec", "-d", c.name, "runuser", "-u", "postgres", "--", "psql", "-Atc", "select pg_sleep(1000)")
	c.untilSays(t, "^1$", "runuser", "-u", "postgres", "--", "psql", "-Atc", "select count(*) from pg_stat_activity where query like 'select pg_sleep%' and state = 'active'")
	c.stops(t, "0")
	// The next container finds what the first has left, shut down in good order.
	c = run()
	c.says(t, "^41$", "runuser", "-u", "postgres", "--", "psql", "-Atc", "select * from kept")
	if out, err, _ := docker(t, "logs", c.name); strings.Contains(out+err, "not properly shut down") || strings.Contains(out+err, "creating directory") {
		t.Errorf("the database was not kept as it should:\n%s%s", out, err)
	}
	c.stops(t, "0")
	t.Run("compose", func(t *testing.T) { exampleCompose(t, image) })
}

// composeBound is well below the 12 s that PostgreSQL has before the next rung of its ladder:
// docker-compose itself takes a second or two.
const composeBound = 10 * time.Second

// exampleCompose runs the example's compose.yaml, with an image that is built
// already, and without a network.
func exampleCompose(t *testing.T, image string) {
	if _, err := exec.LookPath("docker-compose"); err != nil {
		t.Skip("no docker-compose is installed")
	}
	over := hostFile(t, "services:\n  site:\n    image: "+image+"\n    network_mode: none\n    healthcheck: { interval: 1s }\n")
	project := newName(t)
	compose := func(args ...string) string {
		t.Helper()
		ctx, cancel := context.WithTimeout(context.Background(), dockerBound)
		defer cancel()
		args = append([]string{"-p", project, "-f", "examples/docker/services/compose.yaml", "-f", over}, args...)
		out, err := exec.CommandContext(ctx, "docker-compose", args...).CombinedOutput()
		if err != nil {
			t.Fatalf("docker-compose %q: %v\n%s", args, err, out)
		}
		return strings.TrimSpace(string(out))
	}
	t.Cleanup(func() { compose("down", "-v", "-t", "1") })
	compose("up", "-d", "--no-build")
	c := container{t, compose("ps", "-q", "site")}
	c.becomes(t, "healthy")
	c.says(t, "^1$", "runuser", "-u", "postgres", "--", "psql", "-Atc", "select 1")
	began := time.Now()
	compose("stop")
	if took := time.Since(began); c.status() != "0" || took > composeBound {
		t.Errorf("docker-compose stop took %v, status %s", took, c.status())
	}
}

func exampleRestricted(t *testing.T, image string) {
	for _, flags := range [][]string{
		{"--user", "12345:0", "--read-only", "--cap-drop", "ALL", "--security-opt", "no-new-privileges", "--tmpfs", "/tmp"},
		nil, // its own user
	} {
		c := start(t, append(append(flags, "--health-interval", "1s"), image)...)
		c.becomes(t, "healthy")
		c.says(t, `(?m)^web +up\b`, "/sexton", "status")
		c.says(t, "Welcome to nginx", "curl", "-fsS", "http://127.0.0.1:8080/")
		c.until(`^web +\| .*"GET / HTTP/1.1" 200 .*curl/`)
		c.says(t, "^PONG$", "redis-cli", "ping")
		c.stops(t, "0")
	}
	// The file that docs/kubernetes.md mounts over it, run as the pod would run it.
	c := start(t, "--user", "12345:0", "--read-only", "--cap-drop", "ALL", "--security-opt", "no-new-privileges", "--tmpfs", "/tmp",
		"-e", "SEXTON_GRACE=38s", "-v", hostFile(t, configMap(t, "docs/kubernetes.md"))+":/etc/sexton.toml:ro", image)
	c.untilSays(t, "^ready$", "/sexton", "health")
	c.says(t, "^200$", "curl", "-so", "/dev/null", "-w", "%{http_code}", "http://127.0.0.1:9090/readyz")
	must(t, "kill", "-s", "TERM", c.name)
	c.untilSays(t, "^503$", "curl", "-so", "/dev/null", "-w", "%{http_code}", "http://127.0.0.1:9090/readyz")
	c.says(t, "^200$", "curl", "-so", "/dev/null", "-w", "%{http_code}", "http://127.0.0.1:9090/livez")
	c.says(t, "Welcome to nginx", "curl", "-fsS", "http://127.0.0.1:8080/") // it drains
	if got := c.status(); got != "0" {
		t.Errorf("status %s, want 0\n%s", got, must(t, "logs", c.name))
	}
}

// configMap is the one file of ours in the ConfigMaps of a page.
func configMap(t *testing.T, page string) string {
	t.Helper()
	var files []string
	for _, b := range blocks(t, "yaml") {
		if b.page != page {
			continue
		}
		documents, err := readYAML(b.text)
		if err != nil {
			t.Fatalf("%s: %v", b.where(), err)
		}
		for _, document := range documents {
			files = append(files, filesIn(document)...)
		}
	}
	if len(files) != 1 {
		t.Fatalf("%s has %d files in ConfigMaps, not 1", page, len(files))
	}
	return files[0]
}

func exampleJob(t *testing.T, image string) {
	for _, test := range []struct {
		in, out string
		want    int
	}{
		{"1\n2\n39\n", "42\n", 0},
		{"1\nx\n", "", 3},
	} {
		job := exec.CommandContext(t.Context(), "docker", "run", "--rm", "-i", "--network", "none", "--name", newName(t), image)
		var out, said bytes.Buffer
		job.Stdin, job.Stdout, job.Stderr = strings.NewReader(test.in), &out, &said
		var exit *exec.ExitError
		if err := job.Run(); err != nil && !errors.As(err, &exit) {
			t.Fatal(err)
		}
		if got := job.ProcessState.ExitCode(); got != test.want || out.String() != test.out {
			t.Errorf("%q: status %d, want %d, and %q, want %q\n%s", test.in, got, test.want, &out, test.out, &said)
		}
	}
	c := start(t, "-i", image) // its stdin does not end
	c.until("job: up")
	c.says(t, `(?m)^job +up\b`, "/sexton", "status")
	c.stops(t, "143")
}

// says runs a command in the container, which must print what matches.
func (c container) says(t *testing.T, regex string, command ...string) {
	t.Helper()
	if got := must(t, append([]string{"exec", c.name}, command...)...); !regexp.MustCompile(regex).MatchString(got) {
		t.Errorf("%q says %q, and not %q", command, got, regex)
	}
}

// untilSays runs a command in the container until it prints what matches.
func (c container) untilSays(t *testing.T, regex string, command ...string) {
	t.Helper()
	soon(t, regex, func() bool {
		got, _, _ := docker(t, append([]string{"exec", c.name}, command...)...)
		return regexp.MustCompile(regex).MatchString(strings.TrimSpace(got))
	})
}

// stops stops the container, which must be over soon and with this status.
func (c container) stops(t *testing.T, want string) {
	t.Helper()
	began := time.Now()
	must(t, "stop", c.name)
	took := time.Since(began)
	if got := c.status(); got != want || took > promptly {
		out, err, _ := docker(t, "logs", c.name)
		t.Errorf("docker stop took %v, status %s, want %s in %v\n%s%s", took, got, want, promptly, out, err)
	}
}
