package stdio

import (
	"os"
	"strconv"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"sexton/internal/await"
	"sexton/service"
)

// FIFOs whose reader stalls take no place from other files, however many there
// are: they wait in the poller.
func TestStalledFIFOsDelayNothing(t *testing.T) {
	m := newMux(t, Options{Out: -1, Err: -1, Clock: testClock()})
	t.Chdir(t.TempDir()) // the way to it is everybody's, where a FIFO is refused
	m.begin()
	m.Places(2)
	var readers []*os.File
	for i := range 5 {
		name := strconv.Itoa(i)
		path := name + ".log"
		if err := unix.Mkfifo(path, 0o600); err != nil {
			t.Fatal(err)
		}
		reader, err := os.OpenFile(path, os.O_RDWR, 0)
		if err != nil {
			t.Fatal(err)
		}
		readers = append(readers, reader)
		web := spawn(t, m, Source{Service: name, Log: service.Log{Format: service.Raw, File: service.LogFile{Path: path, Mode: 0o600}}})
		web.say(strings.Repeat("a line that stalls\n", 10000)) // 190 kB: more than two pipes and our buffer hold
	}
	const path = "file"
	web := spawn(t, m, Source{Service: "web", Log: service.Log{Format: service.Raw, File: service.LogFile{Path: path, Mode: 0o600}}})
	web.say("written\n")
	await.Until(t, "the file is written", func() bool { text, _ := os.ReadFile(path); return string(text) == "written\n" })
	await.Until(t, "all stalled ones wait in the poller", func() bool {
		m.mu.Lock()
		defer m.mu.Unlock()
		return len(m.parked) == len(readers)
	})
	m.Reopen() // returns at once
	for _, reader := range readers {
		go func() {
			buffer := make([]byte, 64<<10)
			for {
				if _, err := reader.Read(buffer); err != nil {
					return
				}
			}
		}()
	}
	await.Until(t, "all is written", func() bool {
		for i := range readers {
			if accountOfTest(t, m, strconv.Itoa(i), Stdout).Out.Lines != 10000 {
				return false
			}
		}
		return true
	})
	for _, reader := range readers {
		_ = reader.Close()
	}
}
