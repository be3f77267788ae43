// Package control is the unix socket by which people, scripts and probes
// operate a running container: the server in PID 1, and the client for
// `sexton status` and the other verbs. Package verbs has the requests and replies.
//
// # The wire
//
// A client connects, writes one line, a verbs.Request as JSON, and reads one line, a
// verbs.Reply as JSON. Then the server closes. Some verbs have an answer of many lines, each of them a Reply, the
// last one with Done (stream.go). verbs.WireVersion is the version of all that. So anything that can write to a unix
// socket can ask:
//
//	echo '{"verb":"status"}' | socat - UNIX:/run/sexton.sock
//
// (HTTP would let curl ask as well, but package net/http costs more memory and more of
// every start than everything else in the binary.)
//
// # Waiting
//
// The loop of PID 1 never waits for a client. Each client has a goroutine, a bounded
// line, and a bounded time to send it. The number of clients is bounded too: when
// there are too many, the server disconnects the one that has been silent longest. Requests
// reach the loop through verbs.Loop, which answers between two turns.
package control
