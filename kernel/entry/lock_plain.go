//go:build !entry

package entry

import "runtime"

// KeepThread keeps the calling goroutine on its thread; lock_entry.go does it
// for less.
func KeepThread() { runtime.LockOSThread() }

// FreeThread undoes KeepThread.
func FreeThread() { runtime.UnlockOSThread() }
