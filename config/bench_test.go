package config

import (
	"fmt"
	"runtime"
	"strings"
	"testing"
)

// fileOf is a file of n services as people write them: in chains of ten, with variables, a probe and a log.
func fileOf(n int) string {
	var b strings.Builder
	b.WriteString("[init]\nmain = 's00000'\n[log]\nfile = { path = '/var/log/{service}.log' }\n[signals]\nUSR1 = { send = 'HUP', to = ['s00000'] }\n")
	for i := range n {
		fmt.Fprintf(&b, "\n[service.s%05d]\ncommand = ['web', '--port=${PORT:-80}', '$((I+1))']\nready = { tcp = '127.0.0.1:%d' }\nenv = { I = %d, HOST = 'h-${HOME}' }\nstop = ['QUIT 500ms', 'KILL']\n",
			i, 1000+i, i)
		if i%10 > 0 {
			fmt.Fprintf(&b, "needs = ['s%05d']\n", i-1)
		}
	}
	return b.String()
}

func BenchmarkServices(b *testing.B) {
	for _, n := range []int{10, 100, 1000, 10_000} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			text := []byte(fileOf(n))
			b.ReportAllocs()
			for b.Loop() {
				plan, _, err := Parse("f", text, ambient, Options{Running: true})
				if err != nil || len(plan.Services) != n {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64(b.Elapsed().Microseconds())/float64(b.N)/float64(n), "µs/service")
			b.ReportMetric(float64(len(text)), "bytes")
			runtime.GC()
		})
	}
}
