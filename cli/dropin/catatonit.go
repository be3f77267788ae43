package dropin

import (
	"fmt"

	"sexton/proc"
)

// The version of the interface that we offer under catatonit's name. It names
// tini, as catatonit's does, for programs such as dockerd that ask an init for its
// version.
const catatonitVersion = "tini version 0.2.1_catatonit - git.sexton\n"

const catatonitUsage = `usage: %[1]s [-ghLPV] [--] <progname> [<arguments>...]

This is sexton under another name: it runs the program, forwards signals to it,
and reaps what others leave behind.

  -g              forward signals to the program's process group
  -h              show this
  -L              show the licence
  -P              run nothing: reap, and end when TERM or INT comes
  -V, --version   show the version

CATATONIT_DEBUG   say what happens, whatever its value

sexton can do more under its own name: sexton --help.
`

// catatonit reads catatonit's command line.
func catatonit(args, environ []string, pid int) *Line {
	if _, set := Variable(environ, "CATATONIT_LOG"); set {
		return answer(1, "", marked(catatonitMark("ERROR", pid), "CATATONIT_LOG is set, and has no meaning yet; unset it"))
	}
	usage := fmt.Sprintf(catatonitUsage, args[0])
	options, argv := getopt(args, "ghLPV", []longOption{{name: "version", flag: 'V'}}, permutes(environ))
	group, pause := false, false
	for _, o := range options {
		if o.wrong != "" {
			return answer(1, "", o.wrong+"\n"+usage)
		}
		switch o.flag {
		case 'h':
			return answer(0, "", usage)
		case 'L':
			return answer(0, licence, "")
		case 'V':
			return answer(0, catatonitVersion, "")
		case 'g':
			group = true
		case 'P':
			pause = true
		}
	}
	d := newPause()
	if !pause {
		if len(argv) == 0 {
			return answer(1, "", marked(catatonitMark("ERROR", pid), "there is no program to run")+usage)
		}
		d = newDropIn(argv, environ)
		d.Plan.Services[0].Single = !group
		d.ignore(proc.TTIN, proc.TTOU) // they are about the terminal and sexton itself
	}
	d.SpawnStatus, d.NotExecuted = anyError(1), "failed to exec pid1: "
	levels := 1
	if _, set := Variable(environ, "CATATONIT_DEBUG"); set {
		levels = len(d.Voices)
	}
	for level, word := range []string{"ERROR", "WARN", "INFO", "DEBUG"}[:levels] {
		d.Voices[level] = Voice{FD: 2, Mark: catatonitMark(word, pid)}
	}
	return d
}

// catatonitMark is the prefix of catatonit's lines.
func catatonitMark(level string, pid int) string {
	return fmt.Sprintf("%s (catatonit:%d): ", level, pid)
}
