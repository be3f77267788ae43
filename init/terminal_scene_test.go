package pid1

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"sexton/internal/simkernel"
	"sexton/proc"
	"sexton/service"
)

// console is a kernel with a terminal, which notes what is done with it.
type console struct {
	*simkernel.Sim
	missing, kept bool // there is none; our session leader keeps it
	did           []string
}

func (k *console) FindTerminal() (proc.Terminal, bool) { return proc.Terminal{FD: 5}, !k.missing }

func (k *console) OnTerminal() bool { return true }

func (k *console) GiveUpTerminal(t proc.Terminal) bool {
	k.did = append(k.did, fmt.Sprint("give up ", t.FD))
	return !k.kept
}

func (k *console) HoldsTerminal(_ proc.Terminal, holder proc.PID) bool { return true }

func (k *console) GiveTerminal(t proc.Terminal, child proc.PID) bool {
	k.did = append(k.did, fmt.Sprint("give ", t.FD, " to ", child))
	return true
}

func (k *console) TakeBack(t proc.Terminal, holder proc.PID) {
	k.did = append(k.did, fmt.Sprint("take back ", t.FD, " from ", holder))
}

// The service with the terminal gets it at its start, and again when a shell has brought us
// to the front; its probe never does. It is taken back when the service has ended, and at the
// end. A service with a session of its own gets it as that session's controlling terminal, if
// our session can give it up.
func TestTheTerminalGoesToItsService(t *testing.T) {
	for _, c := range []struct {
		session, missing, kept bool
		did                    string
		foreground             int
		takes, ownSession      bool
	}{
		{did: "give 5 to 3|take back 5 from 3|take back 5 from 0", foreground: 5},
		{session: true, did: "give up 5|take back 5 from 3|take back 5 from 0", foreground: 5, takes: true, ownSession: true},
		{session: true, kept: true, did: "give up 5", foreground: -1, ownSession: true},
		{missing: true, foreground: -1},
	} {
		web, other := probed("web"), gentle("other")
		web.TTY, web.Session, web.Restart, web.ShutdownOn = true, c.session, service.Never, service.NoShutdown
		var k *console
		play(t, func(s *scene) {
			k = &console{Sim: s.Sim, missing: c.missing, kept: c.kept}
			s.config.Kernel = k
			s.habits["web"] = []simkernel.Habit{{Lives: 2 * time.Second}}
			s.signal(100*time.Millisecond, proc.CONT)
			s.signal(3*time.Second, proc.TERM)
		}, func(s *scene) {
			expect(t, fmt.Sprintf("%+v", c), k.did, lines(c.did))
			for _, command := range s.Spawned() {
				switch command.Argv[0] {
				case "web":
					if command.Foreground != c.foreground || command.TakeTerminal != c.takes || command.Session != c.ownSession || command.Files != [3]int{0, 1, 2} {
						t.Errorf("%+v: %+v", c, command)
					}
				default:
					if command.Foreground != -1 || !command.Session || command.Files[0] != -1 {
						t.Errorf("%+v: %+v", c, command)
					}
				}
			}
		}, other, web)
	}
}

// A signal that the terminal's driver sends for Ctrl-C or Ctrl-\ is typed; one that a process
// sends, or another one of the kernel's, is not. Its sender is named where that is wanted.
func TestASignalHasItsSender(t *testing.T) {
	for _, c := range []struct {
		caught  proc.Caught
		verbose bool
		want    string
	}{
		{proc.Caught{Signal: proc.INT, Code: proc.CodeKernel}, false, `INT stop from="from the terminal" typed`},
		{proc.Caught{Signal: proc.QUIT, Code: proc.CodeKernel}, false, `QUIT stop from="from the terminal" typed`},
		{proc.Caught{Signal: proc.TERM, Code: proc.CodeKernel}, false, `TERM stop from="from the kernel"`},
		{proc.Caught{Signal: proc.INT, PID: 2}, false, `INT stop from="from PID 2 (named)"`},
		{proc.Caught{Signal: proc.USR1, PID: 2}, false, `USR1 forward from="from PID 2"`},
		{proc.Caught{Signal: proc.USR1, PID: 2}, true, `USR1 forward from="from PID 2 (named)"`},
		{proc.Caught{Signal: proc.USR1, PID: 2, Code: proc.CodeQueue, Value: 7}, false, `USR1 forward value=7 from="from PID 2"`},
	} {
		play(t, func(s *scene) {
			s.config.Verbose = c.verbose
			s.habits["web"] = []simkernel.Habit{{Name: "named", Polite: true}}
			s.caught(time.Second, c.caught)
			s.signal(2*time.Second, proc.TERM)
		}, func(s *scene) {
			if !strings.Contains(s.traced.String(), "\nat 1s signalled "+c.want+"\n") {
				t.Errorf("%+v", c)
			}
		}, gentle("web"))
	}
}
