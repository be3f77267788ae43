// Package control is the unix socket by which people, scripts and probes
// operate a running container: the words on the wire, the server in PID 1, and
// the client that `sexton status` and its like are.
//
// # The wire
//
// A caller connects, writes one line, a Request as JSON, and reads one line, a
// Reply as JSON. Then the server closes. So anything that can write to a unix
// socket can ask:
//
//	echo '{"verb":"status"}' | socat - UNIX:/run/sexton.sock
//
// (HTTP would let curl ask as well, but package net/http costs more memory and more of
// every start than everything else in the binary.)
//
// # Who waits for whom
//
// The loop of PID 1 waits for nobody. Each caller has a goroutine, a bounded
// line, and a moment to say it; there is a bounded number of callers, and when
// there are too many, who has been silent longest has to go. What a caller wants
// goes to the loop by Loop, which answers between two turns.
package control
