// Package story runs stories: small scripts that start the real binary on the
// real kernel, do something to it, and say what must come of it. It is imported
// by tests only.
//
// # A story
//
// A story is a file, testdata/stories/NAME.txtar. It begins with comment lines
// that say what it proves; then comes the script, one verb a line; then the
// files that the script needs, each behind a line "-- NAME --":
//
//	# A status of the command's own is the container's.
//	# peers: tini catatonit
//	start sexton -- exit-with 7
//	exit 7
//
// The files are written into the story's own directory, which is the working
// directory of all that the story runs: $WORK in the script, @WORK@ in the
// files. $BIN is where the programs are, $SOURCE the top of the module, and
// $SOMEBODY the number of a user whom nobody else is, for limits that count by
// user. A word is a run of non-blanks; 'single quotes' keep everything as it is,
// "double quotes" keep blanks and still expand $NAME and ${NAME}. A line may
// begin with conditions: [tini] holds when the story runs under that program,
// [!tini] when under another, [root] when the tests run as root.
//
// Comment lines of the header may also set:
//
//	# peers: NAME...   the story holds for these programs as well (see Peers)
//	# needs: NAME...   skip unless these programs are installed, or a file is there that
//	                   a pattern such as /usr/lib/*/psql names; "root": unless the
//	                   tests run as root; "namespaces": unless they can be made, and
//	                   with "root" too, by root without a user namespace
//	# alone: yes       no other story runs at the same time
//	# awaits: WORDS    not yet true of sexton, for want of what the words say
//
// # The world
//
// As PID 1 the init gets a PID, mount, network and IPC namespace of its own:
// its /proc, a small /dev, a fresh /run, a loopback interface. Who is root gets
// that by clone(2), others by a user namespace, and where the kernel refuses
// that as well, the story is skipped and says why. As a child it runs in such a
// namespace under a keeper that stands for a container's pause process: the
// keeper notes orphans that came to it instead of the init, and that a
// bystander outside of the init's family was left alone. Where there are no
// namespaces, a child runs in the ordinary one.
//
// All programs of testdata/cmd/helper are in PATH. The environment is PATH,
// HOME, WORK and what the story adds.
//
// # Verbs that act
//
//	start [OPTION...] sexton [ARG...]   begin; the word sexton stands for the program under test,
//	                                    and tini, docker-init, podman-init, dumb-init or catatonit for
//	                                    that program, or under sexton for sexton called by that name
//	    as pid1 | as child              default pid1
//	    uid=N gid=N                     an arbitrary user; gid defaults to 0
//	    readonly                        nothing is writable, but the termination log
//	    proc=none|hidden                no /proc is there, or it hides other users' processes
//	    termlog                         there is a /dev/termination-log: $WORK/termination-log
//	    tty                             stdin, stdout and stderr are a terminal of its own session
//	    stdin=null|closed|pipe          default null
//	    stdout=closed stderr=closed
//	    nproc=N nofile=N fsize=N        RLIMIT_NPROC, RLIMIT_NOFILE, RLIMIT_FSIZE
//	    pids=N                          a pids cgroup; skipped where none can be made
//	    caps=none                       no capability, now or ever
//	    blocked=SIG,SIG ignored=SIG     the signal mask and dispositions that it is started with
//	    pending=SIG,SIG                 blocked, and sent already
//	    env KEY=VALUE                   repeatable
//	signal SIG [N times] [from inside] [to NAME]      kill(2); without NAME to the init
//	sigqueue SIG VALUE [N times] [from inside]        with a value, one higher each time
//	kill -SIG NAME                      to the process called NAME, from outside; -9 waits until it is dead
//	type 'TEXT'                         to the terminal, or to stdin=pipe; \r \n \t \xNN as in Go
//	resize ROWS COLUMNS                 the terminal
//	close stdin                         of stdin=pipe
//	stall stdout|stderr                 stop reading it
//	resume stdout|stderr
//	exec COMMAND...                     outside, must end with 0
//	inside [exits=N] COMMAND...         in the namespaces of the init, as docker exec does it
//	! exec, ! inside                    must end with another status
//	write FILE TEXT, remove FILE        in $WORK
//	pid NAME VARIABLE                   its number inside, for later words
//	abandon                             KILL the init; for stories whose end is not the point
//
// NAME is the base name of a word of the command line, or the name that the
// kernel has for it; when a process and its descendants share it, the eldest is
// meant. The init itself has no name.
//
// # Verbs that wait
//
// Each waits until what it says is true, 10 s at most or as long as "within D"
// says, and fails at once when it can no longer become true.
//
//	until STREAM [N times] 'REGEX'      a stream holds N matches (default 1) or more
//	order STREAM 'REGEX' 'REGEX'...     it holds one match after the other
//	same STREAM FILE                    it is FILE, byte for byte
//	lines STREAM FILE                   it has the lines of FILE, in any order
//	exit STATUS                         the init ends with it, or one of A|B; "after D": not earlier than that
//	zombies N, children N, processes N  dead in the namespace; of the init; all but the init
//	alive NAME, gone NAME
//	http GET URL STATUS 'REGEX'         asked from inside
//
// A STATUS of exit is a number, or 'killed by signal N', which is not 128+N.
//
//	left N | left none                  as child, after exit: the processes that are still there
//	strays N                            as child: orphans that came to the keeper
//
// Times of exit are counted from the last verb that acted. A STREAM is stdout,
// stderr, output (either of them), answer (what the last exec or inside
// printed), or the name of a file in $WORK. In a regex, ^ and $ stand at lines.
//
// # Verbs that judge at once
//
//	count STREAM 'REGEX' N              exactly so many
//	numbered STREAM 'REGEX' N           group 1 of the matches is 1, 2, ... N
//	never STREAM 'REGEX'                judged at the story's end
//	equal A B, differ A B
//
// A story ends with exit or abandon. Processes that are left after the init
// as child are an error, unless the story says left.
//
// # Environment
//
// SEXTON_BINARY names a binary to test instead of building one. SEXTON_PATIENCE,
// a number, multiplies every bound, for slow machines.
package story
