package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"golang.org/x/sys/unix"
)

// supervisor is a way to have N services run.
type supervisor struct {
	name string
	pack string      // of packages; "" for ourselves
	stop unix.Signal // ends it and its services
	// configure writes what it needs for n services into dir and returns its
	// command line. Each service is the worker, executed without a shell.
	configure func(b *bench, dir string, n int) ([]string, error)
}

var supervisors = []supervisor{
	{"s6", "s6", unix.SIGTERM, configureS6},
	{"runit", "runit", unix.SIGHUP, configureRunit},
	{"Supervisor", "supervisor", unix.SIGTERM, configureSupervisor},
	{"dinit", "dinit", unix.SIGTERM, configureDinit},
	{"nitro", "nitro", unix.SIGTERM, configureNitro},
	{beforeName, "", unix.SIGTERM, configureBefore},
	{inheritName, "", unix.SIGTERM, configureInherit},
	{ourName, "", unix.SIGTERM, configureSexton},
}

// inheritName is sexton that leaves the output of the services alone, as dinit and nitro do.
const inheritName = "sexton, inherit"

// supervisors are the installed ones, ourselves last.
func (b *bench) supervisors() []supervisor {
	var here []supervisor
	for _, s := range supervisors {
		ours := (s.name == ourName || s.name == inheritName) && b.sexton != ""
		if ours || s.name == beforeName && b.before != "" {
			here = append(here, s)
		}
		for _, p := range packages {
			if p.name == s.pack && p.installed() {
				here = append(here, s)
			}
		}
	}
	return here
}

// configureS6 allows more than its default of 500 services.
func configureS6(b *bench, dir string, n int) ([]string, error) {
	argv := []string{find("s6-svscan"), "-c", fmt.Sprint(max(500, n+10)), dir}
	return argv, b.serviceDirs(dir, n)
}

func configureRunit(b *bench, dir string, n int) ([]string, error) {
	return []string{find("runsvdir"), "-P", dir}, b.serviceDirs(dir, n)
}

// serviceDirs makes a directory for each service, whose program "run" is the
// worker itself: a script would add the start of a shell to each.
func (b *bench) serviceDirs(dir string, n int) error {
	for i := range n {
		service := filepath.Join(dir, serviceName(i))
		if err := os.Mkdir(service, 0o755); err != nil {
			return err
		}
		if err := os.Symlink(b.worker, filepath.Join(service, "run")); err != nil {
			return err
		}
	}
	return nil
}

func configureSupervisor(b *bench, dir string, n int) ([]string, error) {
	var programs strings.Builder
	for i := range n {
		fmt.Fprintf(&programs, "[program:%s]\ncommand=%s service\nautorestart=true\nstdout_logfile=NONE\nstderr_logfile=NONE\n",
			serviceName(i), b.worker)
	}
	return b.supervisorConf(dir, programs.String())
}

func (b *bench) supervisorConf(dir, programs string) ([]string, error) {
	file := filepath.Join(dir, "supervisord.conf")
	conf := fmt.Sprintf("[supervisord]\nnodaemon=true\nlogfile=/dev/null\nlogfile_maxbytes=0\npidfile=%s\nchildlogdir=%s\nminfds=4096\n%s\n%s",
		filepath.Join(dir, "pid"), dir, supervisorUser(), programs)
	return []string{find("supervisord"), "-c", file}, os.WriteFile(file, []byte(conf), 0o644)
}

// supervisorUser silences its warning about running as root.
func supervisorUser() string {
	if os.Geteuid() == 0 {
		return "user=root"
	}
	return ""
}

// configureDinit takes every default but the pause of 0.2 seconds before a restart. The service
// "boot" waits for all others.
func configureDinit(b *bench, dir string, n int) ([]string, error) {
	boot := filepath.Join(dir, "boot.d")
	if err := os.Mkdir(boot, 0o755); err != nil {
		return nil, err
	}
	text := fmt.Sprintf("type = process\ncommand = %s service\nrestart = true\nsmooth-recovery = true\nrestart-delay = 0\n", b.worker)
	for i := range n {
		if err := os.WriteFile(filepath.Join(dir, serviceName(i)), []byte(text), 0o644); err != nil {
			return nil, err
		}
		if err := os.Symlink(filepath.Join("..", serviceName(i)), filepath.Join(boot, serviceName(i))); err != nil {
			return nil, err
		}
	}
	return []string{find("dinit"), "--container", "--services-dir", dir},
		os.WriteFile(filepath.Join(dir, "boot"), []byte("type = internal\nwaits-for.d: boot.d\n"), 0o644)
}

func configureNitro(b *bench, dir string, n int) ([]string, error) {
	return []string{find("nitro"), dir}, b.serviceDirs(dir, n)
}

// configureSexton takes every default but the first pause before a restart, as
// no other but s6 has one.
func configureSexton(b *bench, dir string, n int) ([]string, error) {
	return b.sextonServices(dir, n, "")
}

func configureBefore(b *bench, dir string, n int) ([]string, error) {
	argv, err := b.sextonServices(dir, n, "")
	return append([]string{b.before}, argv[1:]...), err
}

func configureInherit(b *bench, dir string, n int) ([]string, error) {
	return b.sextonServices(dir, n, "log = { format = \"inherit\" }\n")
}

func (b *bench) sextonServices(dir string, n int, more string) ([]string, error) {
	var text strings.Builder
	for i := range n {
		fmt.Fprintf(&text, "[service.%s]\ncommand = [%q, \"service\"]\nbackoff = { first = \"10ms\" }\n%s\n", serviceName(i), b.worker, more)
	}
	return b.sextonFile(dir, text.String())
}

func (b *bench) sextonFile(dir, text string) ([]string, error) {
	file := filepath.Join(dir, "sexton.toml")
	return []string{b.sexton, "-c", file}, os.WriteFile(file, []byte(text), 0o644)
}

func serviceName(i int) string { return fmt.Sprintf("s%04d", i) }
