// Command bare is a program without a runtime: it runs where a seccomp filter refuses a system
// call that every other program needs. Its entry is in assembly and never reaches
// Go's runtime (go build -ldflags '-E bare_entry -checklinkname=0').
//
//	bare N [FILE]   write "hello", make FILE, exit with status N (one digit)
//	bare wN [FILE]  the same, but wait 700 ms before the exit
//	bare s [FILE]   the same, but stay until a signal ends it
package main

func main() {}
