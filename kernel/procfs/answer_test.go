package procfs

import (
	"net"
	"net/netip"
	"os"
	"testing"
	"time"

	"sexton/proc"
)

func TestAddressesAsTheKernelShowsThem(t *testing.T) {
	for address, want := range map[string]string{
		"127.0.0.1": "0100007F", "10.1.2.3": "0302010A", "::1": "00000000000000000000000001000000", "127.0.0.2": "0000000000000000FFFF00000200007F",
	} {
		if got, ok := fromKernelForm(want); !ok || got != netip.MustParseAddr(address) {
			t.Errorf("%s: %v, not %s", want, got, address)
		}
	}
	for _, wrong := range []string{"", "01", "0100007G", "0100007F0100007F"} {
		if got, ok := fromKernelForm(wrong); ok {
			t.Errorf("%q: %v", wrong, got)
		}
	}
}

// Only a listener of the loopback interface can be looked up, and one on the address itself comes before one on all addresses.
func TestListenersAtAnAddress(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	port := uint16(l.Addr().(*net.TCPAddr).Port)
	by := time.Now().Add(time.Minute)
	for host, want := range map[string]int{"127.0.0.1": 1, "localhost": 1, "127.0.0.2": 0, "10.1.2.3": 0, "web": 0} {
		if got := listenersAt(host, port, by); len(got) != want {
			t.Errorf("%s: %v", host, got)
		}
	}
	for host, want := range map[string]int{"127.0.0.1": 1, "127.0.0.2": 0} {
		var got int
		for _, l := range listenersInProc(port, by) {
			if l.address.String() == host {
				got++
			}
		}
		if got != want {
			t.Errorf("%s in /proc: %v", host, got)
		}
	}
	if !holds(proc.PID(os.Getpid()), listenersAt("127.0.0.1", port, by), by) {
		t.Error("we do not hold our own socket")
	}
	if who := new(View).Outsider(l.Addr().String(), Family{First: proc.PID(os.Getpid())}); who != "" {
		t.Errorf("our own socket is held by %s", who)
	}
}

func BenchmarkOutsider(b *testing.B) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		b.Fatal(err)
	}
	defer l.Close()
	for b.Loop() {
		new(View).Outsider(l.Addr().String(), Family{First: proc.PID(os.Getpid())})
	}
}
