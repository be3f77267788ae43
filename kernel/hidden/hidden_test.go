package hidden

import (
	"bytes"
	"os"
	"strings"
	"testing"
)

// mapped tells how many of our mappings are memfds of ours.
func mapped(t *testing.T) int {
	t.Helper()
	maps, err := os.ReadFile("/proc/self/maps")
	if err != nil {
		t.Skip(err)
	}
	return strings.Count(string(maps), "/memfd:sexton")
}

func open(t *testing.T) int {
	t.Helper()
	fds, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		t.Skip(err)
	}
	return len(fds)
}

func TestMemory(t *testing.T) {
	had := open(t)
	m, err := New(5000, true)
	if err != nil {
		t.Fatal(err)
	}
	all, _ := m.Map()
	if mapped(t) != 1 && m.fd >= 0 {
		t.Error("it is not mapped")
	}
	if len(all) != 5000 || !bytes.Equal(all, make([]byte, 5000)) {
		t.Fatal(len(all), "bytes, or not zero")
	}
	copy(all, "secret")
	if text := Text(all[:6]); text != "secret" {
		t.Error(text)
	}
	if m.fd < 0 {
		t.Skip("memfd_create is refused here")
	}
	m.Unmap()
	if mapped(t) != 0 {
		t.Error("it is still mapped")
	}
	if all, err = m.Map(); err != nil || string(all[:6]) != "secret" || mapped(t) != 1 {
		t.Errorf("%q, %v, %d mapped", all[:6], err, mapped(t))
	}
	m.Drop()
	m.Drop()
	if string(all[:6]) != "secret" {
		t.Error("it was wiped although somebody works with it")
	}
	m.Unmap()
	if all, err := m.Map(); err == nil {
		t.Error("it is still there:", len(all))
	}
	if mapped(t) != 0 || open(t) != had {
		t.Errorf("%d mapped, %d descriptors after %d", mapped(t), open(t), had)
	}
}

// Without a memfd the memory stays where it is, and is wiped at the end.
func TestWithoutMemfd(t *testing.T) {
	m, err := New(10, false)
	if err != nil {
		t.Fatal(err)
	}
	all, _ := m.Map()
	copy(all, "secret")
	m.Unmap()
	if all, _ = m.Map(); string(all[:6]) != "secret" {
		t.Errorf("%q", all)
	}
	m.Unmap()
	m.Drop()
	if m.all != nil {
		t.Error("it is still mapped")
	}
}

func TestNothing(t *testing.T) {
	if m, err := New(0, true); err == nil {
		t.Error(m)
	}
}
