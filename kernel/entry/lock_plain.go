//go:build !entry

package entry

import "runtime"

// KeepThread keeps the calling goroutine on its thread; the one in lock_entry.go
// costs less.
func KeepThread() { runtime.LockOSThread() }

// FreeThread undoes KeepThread.
func FreeThread() { runtime.UnlockOSThread() }
