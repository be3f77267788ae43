package cli

import (
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"time"

	"golang.org/x/sys/unix"

	"sexton/cli/dropin"
	"sexton/container"
	pid1 "sexton/init"
	"sexton/kernel"
	"sexton/machine"
	"sexton/probe"
	"sexton/proc"
	"sexton/service"
)

// runAs is the container's life under the name of another init.
func runAs(d *dropin.Line) int {
	if d.Answered {
		_, _ = io.WriteString(os.Stdout, d.Out)
		_, _ = io.WriteString(os.Stderr, d.Err)
		return d.Status
	}
	linux := &kernel.Linux{}
	speaker := newSpeaker(d.Voices)
	refused, err := linux.Catch()
	for _, why := range refused {
		speaker.Say(machine.Warn, "", why.Error()+"; continuing without it")
	}
	if err == nil && d.ParentDeath != 0 {
		err = kernel.SetParentDeath(d.ParentDeath)
	}
	if err != nil {
		speaker.Say(machine.Error, "", err.Error())
		speaker.Flush(time.Second, time.Second, func() {})
		return 1
	}
	if d.Warning != "" && !linux.First() && !linux.AdoptsOrphans() {
		_, _ = io.WriteString(os.Stderr, d.Warning)
	}
	var nameOrphan func(proc.Dead, string)
	if d.NameOrphans { // in tini's words, which scripts look for
		nameOrphan = func(dead proc.Dead, _ string) {
			speaker.original(machine.Warn, fmt.Sprintf("Reaped zombie process with pid=%d", dead.PID))
		}
	}
	status := pid1.New(pid1.Config{
		Plan: d.Plan, Owner: starter(d), Kernel: linux, Output: speaker, Check: probe.Check, Seed: container.Seed(),
		NameOrphan: nameOrphan, NeedOrphans: !d.LeaveOrphans, LeaveOrphans: d.LeaveOrphans,
		SpawnStatus: spawnFailed(d, speaker), Threads: speaker.threads(), Verbose: d.Voices[machine.Debug].FD != 0,
	}).Run()
	if slices.Contains(d.OKCodes, status) {
		return 0
	}
	return status
}

// spawnFailed is the line's SpawnStatus, and has the speaker say why in the other's form: scripts look for
// that line. What failed before the exec has no form of theirs.
func spawnFailed(d *dropin.Line, s *speaker) func(*proc.SpawnError) int {
	if d.SpawnStatus == nil {
		return nil
	}
	return func(failed *proc.SpawnError) int {
		if errno := dropin.Errno(failed); errno != 0 {
			s.instead = strings.Replace(d.NotExecuted, "COMMAND", d.Plan.Services[0].Command[0], 1) + strerror(errno)
		}
		return d.SpawnStatus(failed)
	}
}

// starter says how the one command of a line is started.
func starter(d *dropin.Line) pid1.Fixed {
	return func(spec *service.Spec) (proc.Command, error) {
		command := container.OneCommand(spec)
		command.OurGroup = spec.OurGroup
		if d.ResetSignals {
			command.Mask, command.Ignore = 0, 0
		}
		return command, nil
	}
}

// strerror is the C library's text for an error. Go's is the same, but for the capital.
func strerror(errno unix.Errno) string {
	text := errno.Error()
	return strings.ToUpper(text[:1]) + text[1:]
}
