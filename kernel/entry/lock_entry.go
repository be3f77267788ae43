//go:build entry

package entry

import _ "unsafe" // for go:linkname

// KeepThread keeps the calling goroutine on its thread, as runtime.LockOSThread
// does, without the thread that this would start: one that makes other threads,
// with a state which the caller has not changed. Ours makes them with the mask
// that the entry saw, whatever ours is by now.
//
//go:linkname KeepThread runtime.lockOSThread
func KeepThread()

// FreeThread undoes KeepThread.
//
//go:linkname FreeThread runtime.unlockOSThread
func FreeThread()
