// Package probe checks once whether a service is ready: by a TCP connection, by
// an HTTP request, or by looking for a file. It keeps no schedule and no count:
// the machine decides when to check again, and the caller how long to wait.
//
// HTTP is spoken by hand, and net/http and the packages for TLS are not
// imported: they would cost every start of the container half a millisecond,
// and the image several megabytes, for one line of an answer.
// Package net is imported for DNS and for its careful dialler (it notices when a
// port was connected to itself, which makes a port without a listener look
// ready).
package probe

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"strings"
	"sync/atomic"
	"syscall"

	"sexton/service"
)

// Check makes one attempt, and returns nil if the service is ready. Otherwise the
// error says in a few words what it saw: "connection refused", "HTTP 503",
// "no such file", "no answer within 1s".
//
// It returns when ctx is done, except for a file on a network file system that
// hangs, because no system call obeys ctx. p.Timeout only appears in the error
// when the time of ctx is over. Kinds other than TCPProbe, HTTPProbe, UnixProbe and FileProbe
// are an error.
//
// before is what Look saw at the path of a FileProbe just before the service was started: a
// file that is still the same was left by another process. nil: any file counts.
func Check(ctx context.Context, p service.Probe, before *service.FileMark) error {
	switch p.Kind {
	case service.TCPProbe:
		return checkTCP(ctx, p)
	case service.HTTPProbe:
		return checkHTTP(ctx, p)
	case service.UnixProbe:
		return checkUnix(ctx, p)
	case service.FileProbe:
		return checkFile(ctx, p, before)
	default:
		return fmt.Errorf("internal error: package probe cannot make a probe of kind %q", p.Kind)
	}
}

func checkTCP(ctx context.Context, p service.Probe) error {
	conn, err := dial(ctx, p, p.Target)
	if err != nil {
		return err
	}
	_ = conn.Close()
	return nil
}

func checkUnix(ctx context.Context, p service.Probe) error {
	var d net.Dialer
	conn, err := d.DialContext(ctx, "unix", p.Target)
	if err != nil {
		return inWords(ctx, p, err)
	}
	_ = conn.Close()
	return nil
}

// fileChecks bounds the looks at files at one time. A look at a disk that hangs
// keeps a thread until the disk answers, and threads are few (pid1 reserves
// them).
var fileChecks = make(chan struct{}, 2)

func checkFile(ctx context.Context, p service.Probe, before *service.FileMark) error {
	mark, err := Look(ctx, p.Target)
	switch {
	case err != nil:
		return inWords(ctx, p, err)
	case !mark.There:
		return errors.New("no such file")
	case before != nil && mark == *before:
		return errors.New("an old file: it was there before this start, and has not changed since")
	}
	return nil
}

// Look is what exists at a path; it follows a symbolic link. It does not compare times with
// a clock: file systems keep coarser times, or those of another machine. So a file that is
// touched twice within one tick of its file system (often 4 ms, before Linux 6.13)
// looks the same.
//
// It may take longer than ctx, see Check.
func Look(ctx context.Context, path string) (service.FileMark, error) {
	if err := ctx.Err(); err != nil {
		return service.FileMark{}, err
	}
	select {
	case fileChecks <- struct{}{}:
		defer func() { <-fileChecks }()
	case <-ctx.Done():
		return service.FileMark{}, ctx.Err()
	}
	info, err := os.Stat(path)
	switch {
	case errors.Is(err, syscall.ENOENT):
		return service.FileMark{}, nil
	case err != nil:
		return service.FileMark{}, errno(err)
	}
	mark := service.FileMark{There: true}
	if stat, ok := info.Sys().(*syscall.Stat_t); ok {
		mark.Device, mark.Inode = stat.Dev, stat.Ino
		mark.Modified, mark.Changed = stat.Mtim.Nano(), stat.Ctim.Nano()
	}
	return mark, nil
}

// errno is the system's own error, without the operation and path around it.
func errno(err error) error {
	var errno syscall.Errno
	if errors.As(err, &errno) {
		return errno
	}
	return err
}

// dial connects to host:port. Its error is in words.
//
// "localhost" needs no name server and no /etc/hosts, which an image made from
// scratch may lack (RFC 6761, 6.3).
func dial(ctx context.Context, p service.Probe, address string) (net.Conn, error) {
	var names names
	dialer := net.Dialer{KeepAlive: -1, Resolver: &net.Resolver{PreferGo: true, Dial: names.dial}}
	host, port, err := net.SplitHostPort(address)
	if err != nil {
		return nil, err
	}
	if host != "localhost" {
		conn, err := dialer.DialContext(ctx, "tcp", address)
		return conn, names.inWords(ctx, p, err)
	}
	conn, first := dialer.DialContext(ctx, "tcp", net.JoinHostPort("127.0.0.1", port))
	if first == nil {
		return conn, nil
	}
	if conn, err = dialer.DialContext(ctx, "tcp", net.JoinHostPort("::1", port)); err != nil {
		return nil, inWords(ctx, p, first)
	}
	return conn, nil
}

// names remembers which name server was asked last: if none answers, the error of
// package net does not name it. It is for one check; dial may run concurrently.
type names struct {
	asked atomic.Value // string
}

func (n *names) dial(ctx context.Context, network, address string) (net.Conn, error) {
	n.asked.Store(address)
	var dialer net.Dialer
	return dialer.DialContext(ctx, network, address)
}

// inWords is inWords for a check that may have looked up a name. It tells a silent name
// server from a silent service.
func (n *names) inWords(ctx context.Context, p service.Probe, err error) error {
	var name *net.DNSError
	if errors.Is(ctx.Err(), context.Canceled) || !errors.As(err, &name) || !name.IsTimeout {
		return inWords(ctx, p, err)
	}
	server, _ := n.asked.Load().(string)
	if address, ok := strings.CutSuffix(server, ":53"); ok {
		server = address
	}
	if server != "" {
		server = " " + server
	}
	within := ""
	if p.Timeout > 0 {
		within = fmt.Sprintf(" within %v", p.Timeout)
	}
	return fmt.Errorf("the name %q is not resolved: no answer from the name server%s%s", name.Name, server, within)
}

// inWords says in a few words what an error means for the readiness of the service.
// It leaves out the address, which the reader knows.
func inWords(ctx context.Context, p service.Probe, err error) error {
	var name *net.DNSError
	var errno syscall.Errno
	var timeout interface{ Timeout() bool }
	switch {
	case err == nil:
		return nil
	case errors.Is(ctx.Err(), context.Canceled):
		return errors.New("cancelled")
	case errors.As(err, &name) && !name.IsTimeout:
		return nameInWords(name)
	case errors.As(err, &timeout) && timeout.Timeout():
		if p.Timeout > 0 {
			return fmt.Errorf("no answer within %v", p.Timeout)
		}
		return errors.New("no answer in time")
	case errors.Is(err, io.EOF):
		return errors.New("connection closed without an answer")
	case errors.As(err, &errno):
		return errno
	}
	return err
}

func nameInWords(err *net.DNSError) error {
	if err.IsNotFound {
		return fmt.Errorf("no such host: %q", err.Name)
	}
	return fmt.Errorf("cannot look up %q: %s", err.Name, err.Err)
}
