package container

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"sexton/service"
)

// benchmarked is a service with a file of variables and a secret, in an environment of thirty variables.
func benchmarked(b testing.TB) *service.Spec {
	dir := b.TempDir()
	for name, text := range map[string]string{"env": "A=1\nB=\"two words\"\nC=${A:-x}\n", "secret": "s3cret-value\n"} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			b.Fatal(err)
		}
	}
	spec := &service.Spec{Name: "web", EnvFiles: []service.EnvFile{{Path: dir + "/env"}}, Secrets: []service.Secret{{Name: "PASSWORD", Path: dir + "/secret"}}}
	for i := range 30 {
		spec.Env = append(spec.Env, fmt.Sprintf("VARIABLE_%d=%s", i, strings.Repeat("x", 20)))
	}
	return spec
}

func BenchmarkEnvironment(b *testing.B) {
	c, spec := &Container{}, benchmarked(b)
	for b.Loop() {
		if err := environment(b.Context(), c, spec, 1); err != nil {
			b.Fatal(err)
		}
		c.unmap(1)
		c.Release(1)
	}
}
