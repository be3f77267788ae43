package service

// Exit statuses of sexton itself. Others are those of a service, 128+N for signal N, and 0.
// docs/exit-codes.md has them all.
const (
	ExitUsage     = 64  // wrong usage (sysexits.h, and so are the next two)
	ExitInternal  = 70  // an error of ours, or of what we cannot do without
	ExitConfig    = 78  // a wrong configuration
	ExitCannotRun = 126 // a command that cannot be executed, as shells have it
	ExitNotFound  = 127 // a command that does not exist
)
