//go:build entry && (!go1.26 || go1.27)

package entry

// The entry changes tables of Go's runtime and reads its messages, so only the Go releases that it knows may build
// it. The line below does not compile on purpose.
var _ int = "this Go release is not known to kernel/entry: see HACKING.md, A new Go release"
