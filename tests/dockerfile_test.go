package tests

import (
	"context"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"
)

// goImageBound is how long making the image with Go and building in it may take.
const goImageBound = 8 * time.Minute

// goImage makes an image to build in of what is here: a shell, Go, and the
// modules that go.mod names, since none can be pulled.
func goImage(t *testing.T) string {
	t.Helper()
	busybox, err := exec.LookPath("busybox")
	if err != nil {
		t.Skip("no busybox is installed; the build stage needs a shell")
	}
	env, err := exec.Command("go", "env", "GOROOT", "GOMODCACHE").Output()
	if err != nil {
		t.Fatal(err)
	}
	roots := strings.Fields(string(env))
	name := "sexton-test-go-image"
	script := `set -e
bin=$(mktemp -d); trap 'rm -rf "$bin"' EXIT; mkdir -p "$bin/bin" "$bin/tmp" "$bin/root"; cp "$1" "$bin/bin/busybox"
ln -s busybox "$bin/bin/sh"
modules=$(cd "$3" && ls -d cache/download/github.com cache/download/golang.org github.com/!burnt!sushi github.com/hashicorp golang.org/x/sys@*)
tar -c -C "$bin" . --transform "s,^$2,usr/local/go," --transform "s,^\($(printf %s "cache github.com golang.org" | sed 's/ /\\|/g')\),go/pkg/mod/\1," \
	-P "$2" -C "$3" $modules |
docker import --change 'ENV PATH=/usr/local/go/bin:/bin GOPATH=/go GOPROXY=off GOFLAGS=-mod=mod GONOSUMDB=* GOTOOLCHAIN=local HOME=/root' - "$4"`
	ctx, cancel := context.WithTimeout(t.Context(), goImageBound)
	defer cancel()
	out, err := exec.CommandContext(ctx, "sh", "-c", script, "sh", busybox, roots[0], roots[1], name).CombinedOutput()
	if err != nil {
		t.Fatalf("make an image with Go: %v\n%s", err, out)
	}
	t.Cleanup(func() { docker(t, "rmi", "-f", name) })
	return name
}

// TestDockerfileBuildsWhereNoImageCanBePulled builds the project's Dockerfile
// and runs what comes out of it.
func TestDockerfileBuildsWhereNoImageCanBePulled(t *testing.T) {
	needDocker(t)
	if os.Getenv("SEXTON_DEBOOTSTRAP") != "1" {
		t.Skip("slow; set SEXTON_DEBOOTSTRAP=1 to have it")
	}
	base := goImage(t)
	ctx, cancel := context.WithTimeout(t.Context(), goImageBound)
	defer cancel()
	build := exec.CommandContext(ctx, "docker", "build", "--network", "none", "--build-arg", "GO_IMAGE="+base, "--build-arg", "VERSION=test", "-t", "sexton-test-dockerfile", ".")
	build.Env = append(os.Environ(), "DOCKER_BUILDKIT=0")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("docker build: %v\n%s", err, out)
	}
	t.Cleanup(func() { docker(t, "rmi", "-f", "sexton-test-dockerfile") })
	if got := must(t, "run", "--rm", "--network", "none", "sexton-test-dockerfile", "version"); got != "sexton version test" {
		t.Errorf("the image says %q", got)
	}
	if size := must(t, "image", "inspect", "--format", "{{len .RootFS.Layers}}", "sexton-test-dockerfile"); size != "1" {
		t.Errorf("the image has %s layers; FROM scratch with one file is one", size)
	}
}
