package story

import (
	"encoding/binary"
	"encoding/json"
	"fmt"
	"math"
	"os"
	"os/signal"
	"runtime"
	"slices"
	"syscall"
	"unsafe"

	"golang.org/x/sys/unix"
)

// stageName is argv[0] of a test binary that is to be a stage.
const stageName = "sexton-story-stage"

// Descriptors of a stage beside 0, 1 and 2.
const (
	reportFD = 3 // it writes what happened here, a line each; it is closed when the program runs
	holdFD   = 4 // a keeper lives until this one ends
)

// stage is what happens between the making of the namespaces and the exec of
// the program under test: a process that makes the world, puts on what the
// program is to be started with, and becomes it. So the program is PID 1 from
// its first instruction.
type stage struct {
	World  bool   // we are in new namespaces: make mounts and the network
	Cgroup string // a file cgroup.procs to enter by
	Dev    string // an empty directory in which /dev is put together
	Keep   bool   // stay, and run the program as our child

	ReadOnly       bool
	Proc           string // "none": no /proc is there; "hidden": it shows everybody only his own
	TerminationLog string // a file to be shown as /dev/termination-log
	Terminal       bool   // of the child of a keeper: 0 is its terminal

	UID, GID int // -1: as we are
	Dir      string
	Close    []int // descriptors to close
	Limits   map[int]uint64
	NoCaps   bool
	Blocked  []int // signals
	Ignored  []int
	Pending  []int    // blocked, and sent already
	Argv     []string // Argv[0] is the path of the program
	Stranger []string // beside the program under a keeper, and none of its family
}

// start runs the stage as a process.
func (s *stage) start(env []string, files []*os.File, sys *syscall.SysProcAttr) (*os.Process, error) {
	text, err := json.Marshal(s)
	if err != nil {
		return nil, err
	}
	return os.StartProcess("/proc/self/exe", []string{stageName, string(text)},
		&os.ProcAttr{Dir: s.Dir, Env: env, Files: files, Sys: sys})
}

// runStage is the life of a stage. It does not return.
func runStage() {
	runtime.LockOSThread()
	// Neither report and hold nor what the tests themselves were started with
	// is for the program.
	err := unix.CloseRange(reportFD, math.MaxUint32, unix.CLOSE_RANGE_CLOEXEC)
	var s stage
	if err == nil {
		err = json.Unmarshal([]byte(os.Args[1]), &s)
	}
	if err == nil {
		err = s.run()
	}
	report("error: %v", err)
	os.Exit(70)
}

func report(format string, args ...any) {
	unix.Write(reportFD, fmt.Appendf(nil, format+"\n", args...))
}

func (s *stage) run() error {
	if s.Cgroup != "" {
		if err := os.WriteFile(s.Cgroup, []byte("0"), 0); err != nil {
			return err
		}
	}
	if s.World {
		if err := s.makeWorld(); err != nil {
			return err
		}
	}
	if s.Keep {
		return s.keep()
	}
	return s.become()
}

// become puts everything on and executes the program.
func (s *stage) become() error {
	for what, limit := range s.Limits {
		if err := unix.Setrlimit(what, &unix.Rlimit{Cur: limit, Max: limit}); err != nil {
			return fmt.Errorf("limit %d: %w", what, err)
		}
	}
	if err := s.hideProc(); err != nil {
		return err
	}
	if err := s.lower(); err != nil {
		return err
	}
	// The program that runs the tests may ignore some: a shell's background job does INT
	// and QUIT. What is caught becomes default by exec.
	signal.Notify(make(chan os.Signal, 1))
	// glibc's posix_spawn, by which make starts us, ignores 32; Notify does not
	// know it.
	var byDefault [32]byte // struct sigaction of the kernel
	for _, n := range []uintptr{32, 33} {
		if _, _, errno := unix.RawSyscall6(unix.SYS_RT_SIGACTION, n, uintptr(unsafe.Pointer(&byDefault)), 0, 8, 0, 0); errno != 0 {
			return fmt.Errorf("default of signal %d: %w", n, errno)
		}
	}
	for _, n := range s.Ignored {
		signal.Ignore(syscall.Signal(n))
	}
	var mask unix.Sigset_t
	for _, n := range slices.Concat(s.Blocked, s.Pending) {
		mask.Val[(n-1)/64] |= 1 << ((n - 1) % 64)
	}
	if err := unix.PthreadSigmask(unix.SIG_SETMASK, &mask, nil); err != nil {
		return fmt.Errorf("signal mask: %w", err)
	}
	for _, n := range s.Pending {
		var info [128]byte                                      // struct siginfo of the kernel
		binary.NativeEndian.PutUint32(info[8:], math.MaxUint32) // SI_QUEUE, -1
		binary.NativeEndian.PutUint32(info[16:], uint32(os.Getpid()))
		// To this thread: others of ours may have it open.
		if _, _, errno := unix.RawSyscall6(unix.SYS_RT_TGSIGQUEUEINFO, uintptr(os.Getpid()), uintptr(unix.Gettid()), uintptr(n),
			uintptr(unsafe.Pointer(&info)), 0, 0); errno != 0 {
			return fmt.Errorf("send signal %d: %w", n, errno)
		}
	}
	for _, fd := range s.Close {
		unix.Close(fd)
	}
	return fmt.Errorf("exec %s: %w", s.Argv[0], syscall.Exec(s.Argv[0], s.Argv, os.Environ()))
}

// hideProc takes /proc away, or what it shows of others (proc(5), hidepid).
func (s *stage) hideProc() error {
	switch s.Proc {
	case "none":
		// Under our /proc there is that of the world outside: what is to be seen is
		// neither.
		return os.NewSyscallError("mount on /proc", unix.Mount("nothing", "/proc", "tmpfs", unix.MS_RDONLY|unix.MS_NOSUID|unix.MS_NODEV|unix.MS_NOEXEC, ""))
	case "hidden":
		return os.NewSyscallError("remount /proc", unix.Mount("proc", "/proc", "proc", unix.MS_REMOUNT|unix.MS_NOSUID|unix.MS_NODEV|unix.MS_NOEXEC, "hidepid=2"))
	}
	return nil
}

// lower gives up what the program is not to have. All of it concerns this
// thread alone, which is the one that executes the program.
func (s *stage) lower() error {
	if s.NoCaps {
		for c := uintptr(0); unix.Prctl(unix.PR_CAPBSET_READ, c, 0, 0, 0) == nil; c++ {
			if err := unix.Prctl(unix.PR_CAPBSET_DROP, c, 0, 0, 0); err != nil {
				return fmt.Errorf("drop capability %d: %w", c, err)
			}
		}
	}
	if err := unix.Prctl(unix.PR_CAP_AMBIENT, unix.PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0); err != nil {
		return fmt.Errorf("clear ambient capabilities: %w", err)
	}
	if err := s.changeUser(); err != nil {
		return err
	}
	if s.NoCaps {
		header := unix.CapUserHeader{Version: unix.LINUX_CAPABILITY_VERSION_3}
		var none [2]unix.CapUserData
		if err := unix.Capset(&header, &none[0]); err != nil {
			return fmt.Errorf("drop capabilities: %w", err)
		}
	}
	// Changing the user cleared it; the test process must not leave us behind.
	return unix.Prctl(unix.PR_SET_PDEATHSIG, uintptr(unix.SIGKILL), 0, 0, 0)
}

func (s *stage) changeUser() error {
	if s.GID >= 0 && s.GID != unix.Getgid() {
		if _, _, errno := unix.RawSyscall(unix.SYS_SETGROUPS, 0, 0, 0); errno != 0 {
			return fmt.Errorf("setgroups: %w", errno)
		}
		if _, _, errno := unix.RawSyscall(unix.SYS_SETRESGID, uintptr(s.GID), uintptr(s.GID), uintptr(s.GID)); errno != 0 {
			return fmt.Errorf("setresgid %d: %w", s.GID, errno)
		}
	}
	if s.UID >= 0 && s.UID != unix.Getuid() {
		if _, _, errno := unix.RawSyscall(unix.SYS_SETRESUID, uintptr(s.UID), uintptr(s.UID), uintptr(s.UID)); errno != 0 {
			return fmt.Errorf("setresuid %d: %w", s.UID, errno)
		}
	}
	return nil
}
