package stdio

import (
	"sync/atomic"

	"sexton/stdio/framing"
)

// Names of the two outputs of a service, as they stand in Account and Leftover.
const (
	Stdout = "stdout"
	Stderr = "stderr"
)

// Count is an amount of output, in bytes of the service and in lines.
type Count = framing.Count

// Account tells what became of one output of one service, over all its runs.
// In is what was read, Out what was written, Dropped what was given up. Bytes
// that are in none of the two wait to be written; lines are counted as In
// when they are complete.
type Account struct {
	Service          string
	Stream           string // Stdout or Stderr
	In, Out, Dropped Count
}

// Pending is what was read and neither written nor dropped yet.
func (a Account) Pending() Count {
	return Count{
		Bytes: a.In.Bytes - a.Out.Bytes - a.Dropped.Bytes,
		Lines: a.In.Lines - a.Out.Lines - a.Dropped.Lines,
	}
}

// Accounts returns the account of every output that was opened, in the order
// in which they first were.
func (m *Mux) Accounts() []Account {
	m.mu.Lock()
	defer m.mu.Unlock()
	all := make([]Account, len(m.order))
	for i, a := range m.order {
		all[i] = a.now()
	}
	return all
}

type accountKey struct{ service, stream string }

// account is an Account that is being kept.
type account struct {
	service, stream  string
	in, out, dropped counter
	streams          []*stream // under Mux.mu: those that are open, oldest first
}

// accountOf finds or opens an account. The caller holds m.mu.
func (m *Mux) accountOf(service, stream string) *account {
	key := accountKey{service, stream}
	a := m.accounts[key]
	if a == nil {
		a = &account{service: service, stream: stream}
		m.accounts[key] = a
		m.order = append(m.order, a)
	}
	return a
}

// now reads what went out before what came in, so that nothing seems to have
// gone out that never came.
func (a *account) now() Account {
	out, dropped := a.out.now(), a.dropped.now()
	return Account{Service: a.service, Stream: a.stream, In: a.in.now(), Out: out, Dropped: dropped}
}

type counter struct{ bytes, lines atomic.Int64 }

func (c *counter) add(d Count) {
	c.bytes.Add(d.Bytes)
	c.lines.Add(d.Lines)
}

func (c *counter) now() Count { return Count{Bytes: c.bytes.Load(), Lines: c.lines.Load()} }
