package procfs

import (
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

const tcpHead = "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode\n"

// tcpLine is one line of /proc/net/tcp.
func tcpLine(local, remote, state string, inode int) string {
	return fmt.Sprintf("   0: %s %s %s 00000000:00000000 00:00000000 00000000     0        0 %d 1 0000000000000000 100 0 0 10 0\n", local, remote, state, inode)
}

// fakeNet is a /proc/net of our own.
type fakeNet struct {
	t   *testing.T
	dir string
}

func (f fakeNet) write(name, text string) {
	f.t.Helper()
	if err := os.WriteFile(filepath.Join(f.dir, name), []byte(text), 0o644); err != nil {
		f.t.Fatal(err)
	}
}

func (f fakeNet) opens(n int) {
	f.write("snmp", fmt.Sprintf("Ip: Forwarding DefaultTTL\nIp: 1 64\nTcp: RtoAlgorithm ActiveOpens PassiveOpens\nTcp: 1 5 %d\n", n))
}

func expect(t *testing.T, c *connections, want int) {
	t.Helper()
	if got, err := c.fresh(); err != nil || got != want {
		t.Errorf("%d new connections, %v; not %d", got, err, want)
	}
}

// The kernel's counter counts, less what came to a port of our own.
func TestConnectionsToUsAreNotCounted(t *testing.T) {
	f := fakeNet{t, t.TempDir()}
	c := &connections{net: f.dir, own: func() map[string]bool { return map[string]bool{"77": true} }}
	listen := tcpHead + tcpLine("00000000:0050", "00000000:0000", "0A", 11) + tcpLine("00000000:2382", "00000000:0000", "0A", 77)
	f.opens(10)
	f.write("tcp", listen)
	expect(t, c, 0)
	expect(t, c, 0)
	f.opens(13)
	f.write("tcp", listen+
		tcpLine("0100007F:0050", "0100007F:C000", "01", 12)+
		tcpLine("0100007F:2382", "0100007F:C001", "06", 0)+ // TIME_WAIT: the kubelet was here
		tcpLine("0100007F:2382", "0100007F:C002", "01", 78))
	expect(t, c, 1)
	f.opens(14) // a third one for us, and the other two are still there
	f.write("tcp", listen+tcpLine("0100007F:2382", "0100007F:C001", "06", 0)+tcpLine("0100007F:2382", "0100007F:C002", "01", 78)+
		tcpLine("0100007F:2382", "0100007F:C003", "01", 79))
	expect(t, c, 0)
	f.opens(24) // too short to be seen in the table
	expect(t, c, 10)
}

// Where the kernel does not count, the tables of both families do.
func TestConnectionsAreCountedWithoutTheCounter(t *testing.T) {
	f := fakeNet{t, t.TempDir()}
	c := &connections{net: f.dir, own: func() map[string]bool { return nil }}
	if _, err := c.fresh(); err == nil {
		t.Error("no table can be read, and there is no error")
	}
	v6 := strings.Repeat("0", 24) + "01000000"
	listen, listen6 := tcpHead+tcpLine("00000000:0050", "00000000:0000", "0A", 11), tcpHead+tcpLine(strings.Repeat("0", 32)+":01BB", strings.Repeat("0", 32)+":0000", "0A", 12)
	f.write("tcp", listen)
	f.write("tcp6", listen6)
	expect(t, c, 0)
	f.write("tcp", listen+tcpLine("0100007F:0050", "0100007F:C000", "01", 12)+tcpLine("0100007F:C000", "0100007F:0050", "01", 13))
	f.write("tcp6", listen6+tcpLine(v6+":01BB", v6+":C000", "06", 0))
	expect(t, c, 2)
	expect(t, c, 0)
}

// Real connections, on whatever this machine has.
func TestRealConnectionsAreCounted(t *testing.T) {
	fresh := (&View{}).Connections()
	if _, err := fresh(); err != nil {
		t.Skip(err)
	}
	c := &connections{net: "/proc/self/net", own: func() map[string]bool { return nil }} // the listener below is ours, but must count
	_, _ = c.fresh()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Skip(err)
	}
	defer listener.Close()
	for range 3 {
		conn, err := net.DialTimeout("tcp", listener.Addr().String(), 5*time.Second)
		if err != nil {
			t.Fatal(err)
		}
		conn.Close()
	}
	if n, err := c.fresh(); err != nil || n < 3 {
		t.Errorf("%d of 3 connections, %v", n, err)
	}
}

// Whatever stands in the files, there is an answer.
func FuzzConnections(f *testing.F) {
	f.Add("Tcp: PassiveOpens\nTcp: 5\n", tcpHead+tcpLine("00000000:0050", "00000000:0000", "0A", 11))
	f.Fuzz(func(t *testing.T, snmp, tcp string) {
		n := fakeNet{t, t.TempDir()}
		n.write("snmp", snmp)
		n.write("tcp", tcp)
		c := &connections{net: n.dir, own: func() map[string]bool { return map[string]bool{"11": true} }}
		for range 2 {
			if got, err := c.fresh(); err != nil || got != 0 {
				t.Errorf("nothing has changed: %d, %v", got, err)
			}
		}
	})
}
