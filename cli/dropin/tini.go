package dropin

import (
	_ "embed"
	"fmt"
	"path"

	"golang.org/x/sys/unix"

	"sexton/machine"
	"sexton/proc"
)

// The version of the interface that we offer under tini's names. dockerd asks
// docker-init for it and expects "tini version X", followed by " - git." and
// text without a dot (moby, daemon/info_unix.go).
const tiniVersion = "tini version 0.19.0 - git.sexton\n"

//go:embed licence.txt
var licence string

const tiniOptions = "p:hvwgle:s"

const tiniUsage = `%[1]s (tini version 0.19.0 - git.sexton)
Usage: %[1]s [OPTIONS] PROGRAM -- [ARGS] | --version

This is sexton under another name: it runs PROGRAM, forwards signals to it, and
reaps what others leave behind.

  --version     show the version (as the only argument)
  -h            show this
  -l            show the licence
  -s            adopt orphans although not PID 1 (a subreaper)
  -p SIGNAL     get SIGNAL when our own parent dies: "-p SIGTERM"
  -g            forward signals to PROGRAM's process group
  -e STATUS     exit with 0 when PROGRAM exits with STATUS (0 to 255); repeatable
  -w            name the orphans that are reaped
  -v            say more; up to three times
%[2]s
TINI_SUBREAPER            as -s, whatever its value
TINI_KILL_PROCESS_GROUP   as -g, whatever its value
TINI_VERBOSITY            how much to say, 0 to 4; 1 if unset; goes before -v

sexton can do more under its own name: sexton --help.
`

const runtimeUsage = `  -L            as -l
  -P            run nothing: reap, and end when TERM or INT comes
  -V            as --version
`

// The warning of a tini that cannot reap orphans.
const tiniWarning = "not PID 1 and not a subreaper: orphans go to another process and will not be reaped; pass -s, set TINI_SUBREAPER, or run as PID 1"

// tini reads tini's command line.
func tini(args, environ []string, pid int) *Line {
	if len(args) == 2 && args[1] == "--version" {
		return answer(0, tiniVersion, "")
	}
	return tiniLike(args, environ, pid, tiniOptions, nil, fmt.Sprintf(tiniUsage, path.Base(args[0]), ""))
}

// runtimeInit reads the command line of the init that Docker and Podman put into
// containers. Both pass only "--"; people may pass options of tini, Docker's init, or
// of catatonit, Podman's, if that has another letter.
func runtimeInit(args, environ []string, pid int) *Line {
	return tiniLike(args, environ, pid, tiniOptions+"LPV", []longOption{{name: "version", flag: 'V'}},
		fmt.Sprintf(tiniUsage, path.Base(args[0]), runtimeUsage))
}

func tiniLike(args, environ []string, pid int, short string, long []longOption, usage string) *Line {
	options, argv := getopt(args, short, long, permutes(environ))
	set := tiniSettings{pid: pid, verbosity: 1}
	for _, o := range options {
		if o.wrong != "" {
			return answer(1, "", o.wrong+"\n"+usage)
		}
		if d := set.take(o, usage); d != nil {
			return d
		}
	}
	set.environment(environ)
	d := newPause()
	if !set.pause {
		if len(argv) == 0 {
			return answer(1, "", usage)
		}
		d = newDropIn(argv, environ)
		d.Plan.Services[0].Single = !set.group
		d.ignore(proc.TTIN, proc.TTOU) // about the terminal and ourselves
	}
	d.OKCodes, d.ParentDeath, d.NameOrphans, d.LeaveOrphans = set.okCodes, set.parentDeath, set.nameOrphans, !set.subreaper
	d.SpawnStatus, d.NotExecuted = tiniSpawnStatus, "exec COMMAND failed: "
	if !set.subreaper && set.verbosity != 0 {
		d.Warning = marked(tiniMark("WARN", pid), tiniWarning)
	}
	d.Voices = tiniVoices(set.verbosity, pid)
	return d
}

// tiniSettings are the values of tini's options.
type tiniSettings struct {
	pid                                  int // ours
	verbosity                            int64
	subreaper, group, nameOrphans, pause bool
	okCodes                              []int
	parentDeath                          proc.Signal
}

// take applies one option. A line that is not nil is the answer to the whole command line.
func (t *tiniSettings) take(o option, usage string) *Line {
	switch o.flag {
	case 'h':
		return answer(0, usage, "")
	case 'l', 'L':
		return answer(0, licence, "")
	case 'V':
		return answer(0, tiniVersion, "")
	case 's':
		t.subreaper = true
	case 'g':
		t.group = true
	case 'w':
		t.nameOrphans = true
	case 'v':
		t.verbosity++
	case 'P':
		t.pause = true
	case 'p':
		signal, ok := fullName(o.value)
		if !ok || signal == 16 || signal == 29 || signal == 30 { // tini does not know STKFLT, IO and PWR
			return answer(1, "", marked(tiniMark("FATAL", t.pid), "-p %s: give the full name of a signal, SIGTERM for example", o.value))
		}
		t.parentDeath = signal
	case 'e':
		status, rest, ok := leadingNumber(o.value)
		if !ok && o.value != "" || ok && rest != "" || status < 0 || status > 255 {
			return answer(1, "", marked(tiniMark("FATAL", t.pid), "-e %s: an exit status is a number from 0 to 255", o.value))
		}
		t.okCodes = append(t.okCodes, int(status))
	}
	return nil
}

func (t *tiniSettings) environment(environ []string) {
	if _, set := Variable(environ, "TINI_SUBREAPER"); set {
		t.subreaper = true
	}
	if _, set := Variable(environ, "TINI_KILL_PROCESS_GROUP"); set {
		t.group = true
	}
	if text, set := Variable(environ, "TINI_VERBOSITY"); set {
		n, _, _ := leadingNumber(text) // as atoi(3): 0 for anything else
		t.verbosity = int64(int32(n))  // a large number keeps its low bits
	}
}

// tiniMark is the prefix of tini's lines.
func tiniMark(level string, pid int) string { return fmt.Sprintf("[%-5s tini (%d)] ", level, pid) }

// tiniVoices: errors and warnings go to stderr, all else to stdout. A
// negative verbosity prints everything.
func tiniVoices(verbosity int64, pid int) (voices [machine.Debug + 1]Voice) {
	for level, word := range []string{"FATAL", "WARN", "INFO", "DEBUG"} {
		fd := 2
		if machine.Level(level) >= machine.Info {
			fd = 1
		}
		if verbosity < 0 || int64(level) <= verbosity {
			voices[level] = Voice{FD: fd, Mark: tiniMark(word, pid), Self: ourMark}
		}
	}
	return voices
}

// tiniSpawnStatus is 127 and 126 as in shells, and 1 for everything else.
func tiniSpawnStatus(failed *proc.SpawnError) int {
	switch Errno(failed) {
	case unix.ENOENT, unix.ENOEXEC: // a script, and there is no shell for it
		return 127
	case unix.EACCES:
		return 126
	}
	return 1
}
