//go:build entry

package entry

import _ "unsafe" // for go:linkname

// KeepThread keeps the calling goroutine on its thread. runtime.LockOSThread does the
// same, but also starts a template thread, which makes the later threads with a clean state.
// We do not need it: the runtime makes all threads with the mask that was set when it started.
//
//go:linkname KeepThread runtime.lockOSThread
func KeepThread()

// FreeThread undoes KeepThread.
//
//go:linkname FreeThread runtime.unlockOSThread
func FreeThread()
