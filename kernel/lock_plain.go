//go:build !entry

package kernel

import "runtime"

// lockThread keeps the calling goroutine on its thread; lock_entry.go does it
// for less.
func lockThread() { runtime.LockOSThread() }
