package config

import (
	"fmt"
	"strings"
	"testing"
	"time"
)

// many is a text n times, with its number for N and the next one for NEXT.
func many(n int, format string) string {
	var b strings.Builder
	for i := range n {
		b.WriteString(strings.ReplaceAll(strings.ReplaceAll(format, "NEXT", fmt.Sprintf("%05d", i+1)), "N", fmt.Sprintf("%05d", i)))
	}
	return b.String()
}

// TestNoFileTakesLong reads files of about a megabyte that would take minutes in quadratic time. A second is usual for the slowest.
func TestNoFileTakesLong(t *testing.T) {
	long := strings.Repeat("x", 55)
	const web = "[service.web]\ncommand = ['w']\n"
	for name, text := range map[string]string{
		"needs of many names":       web + "needs = [" + many(100_000, "'aN',") + "]\n" + many(10_000, "[service.aN]\ncommand = ['a']\n"),
		"groups of many names":      web + "[group.g]\nservices = [" + many(10_000, "'aN',") + "]\n" + many(10_000, "[service.aN]\ncommand = ['a']\n"),
		"everybody needs a group":   "[group.g]\nservices = [" + many(1000, "'aN',") + "]\n" + many(1000, "[service.aN]\ncommand = ['a']\n") + many(200, "[service.bN]\ncommand = ['b']\nneeds = ['g']\n"),
		"groups in groups":          web + many(10_000, "[group.gN]\nservices = ['gNEXT', 'web']\n") + "[group.g10000]\nservices = ['web']\n",
		"everybody reads the next":  many(10_000, "[service.aN]\ncommand = ['a']\nstdin_from = 'aNEXT'\n") + "[service.a10000]\ncommand = ['a']\n",
		"terminals of their own":    many(10_000, "[service.aN]\ncommand = ['a']\ntty = 'pty'\n"),
		"rules for many":            web + "[signals]\nUSR1 = { send = 'HUP', to = [" + many(10_000, "'aN',") + "] }\n" + many(10_000, "[service.aN]\ncommand = ['a']\n"),
		"wrong names, long ones":    many(900, "[service."+long+"N]\ncommand = ['a']\nneeds = ['"+long+"yN']\n"),
		"one circle":                many(9999, "[service.aN]\ncommand = ['a']\nneeds = ['aNEXT']\n") + "[service.a09999]\ncommand = ['a']\nneeds = ['a00000']\n",
		"many circles":              many(5000, "[service.aN]\ncommand = ['a']\nneeds = ['bN']\n[service.bN]\ncommand = ['b']\nneeds = ['aN']\n"),
		"replicas of everything":    many(20, "[service.aN]\ncommand = ['a', '${REPLICA}']\nreplicas = 900\nneeds = ['web']\n") + web,
		"replicas with mistakes":    many(20, "[service.aN]\ncommand = ['a', '${NOT_SET}', 1]\nreplicas = 900\nneeds = ['nobody']\nqqq = 1\n"),
		"defaults with mistakes":    "[defaults]\nqqq = '${NOT_SET}'\nrestart = 'x'\n" + many(10_000, "[service.aN]\ncommand = ['a']\n"),
		"one log for all":           "[log]\nfile = { path = '/var/log/all.log' }\n" + many(10_000, "[service.aN]\ncommand = ['a']\n"),
		"all disabled":              many(10_000, "[service.aN]\ncommand = ['a']\nenabled = false\nneeds = ['nobody']\n") + web,
		"main last":                 "[init]\nmain = 'web'\n" + many(10_000, "[service.aN]\ncommand = ['a']\n") + web,
		"variables in one value":    web + "umask = '" + strings.Repeat("${HOME}", 100_000) + "'\n",
		"variables in many values":  web + "env = {" + many(50_000, "aN = '$HOME',") + "}\n",
		"late variables":            web + "env_files = ['/x']\nenv = {" + many(50_000, "aN = '$aNEXT',") + "}\n",
		"secret names":              web + "secret_names = [" + many(20_000, "'aN',") + "]\nenv = {" + many(20_000, "bN = '${aN}',") + "}\ndir = '/" + many(5000, "${aN}") + "'\n",
		"secrets in a long command": web + "secrets = {" + many(5000, "aN = '/x',") + "}\ncommand = [" + many(20_000, "'w${aN}',") + "]\n",
		"dirs and templates":        web + "dirs = [" + many(5000, "{path = '/aN'},") + "]\nrender = [" + many(5000, "{from = '/aN', to = '/bN'},") + "]\n",
	} {
		begin := time.Now()
		_, _, err := Parse("f", []byte(text), ambient, Options{Running: true})
		took := time.Since(begin)
		t.Logf("%-26s %7d bytes %8v %d", name, len(text), took.Round(time.Millisecond), Count(err))
		if Render(err, false); took > 20*time.Second {
			t.Errorf("%s: %v", name, took)
		}
	}
}
