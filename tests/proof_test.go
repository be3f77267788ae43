package tests

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"sexton/internal/story"
)

// proofLines is how many lines TestEveryLineArrives has written. The whole
// proof: go test -run TestEveryLineArrives -proof.lines 10000000 -timeout 30m ./tests
var proofLines = flag.Int("proof.lines", 200_000, "lines that TestEveryLineArrives has written")

const diarists = 50

// Fifty services write lines as fast as they can, and are killed and restarted
// at random. Every line that was written arrives, once, whole and in the order
// of its run; and the account that is given at the end says so.
func TestEveryLineArrives(t *testing.T) {
	for _, log := range []string{"", "[log]\noverflow = \"spill\"\n"} {
		t.Run(strings.TrimSpace(log), func(t *testing.T) { everyLineArrives(t, log) })
	}
}

func everyLineArrives(t *testing.T, log string) {
	sexton, dir := provedSexton(t)
	text := log
	for i := range diarists {
		text += fmt.Sprintf("[service.s%02d]\ncommand = [%q, %q, \"%d\"]\nrestart = \"on-failure\"\ngive_up = { starts = 0 }\n"+
			"backoff = { first = \"10ms\", factor = 1.0, max = \"10ms\" }\n",
			i, filepath.Join(filepath.Dir(sexton), "keep-diary"), diaryOf(dir, i), *proofLines/diarists)
	}
	config := filepath.Join(dir, "sexton.toml")
	if err := os.WriteFile(config, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	stderr, err := os.Create(filepath.Join(dir, "stderr"))
	if err != nil {
		t.Fatal(err)
	}
	defer stderr.Close()
	init := exec.Command(sexton, "-v", "-c", config)
	init.Stderr = stderr
	out, err := init.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := init.Start(); err != nil {
		t.Fatal(err)
	}
	bound := time.AfterFunc(20*time.Minute, func() { _ = init.Process.Kill() })
	defer bound.Stop()
	over := make(chan struct{})
	killed := make(chan int)
	go func() { killed <- killDiarists(dir, over) }()
	got := readDiaries(t, bufio.NewReaderSize(out, 1<<20))
	close(over)
	kills := <-killed
	if err := init.Wait(); err != nil {
		t.Fatalf("sexton: %v\n%s", err, tail(stderr.Name()))
	}
	lines, runs := compareDiaries(t, dir, got)
	said, _ := os.ReadFile(stderr.Name())
	in, gone, dropped := accountsSaid(string(said))
	if in != lines || gone != lines || dropped != 0 {
		t.Errorf("%d lines came, and it says: %d in, %d out, %d dropped", lines, in, gone, dropped)
	}
	t.Logf("%d lines of %d runs, %d killed", lines, runs, kills)
	if kills == 0 || runs < diarists+kills/2 {
		t.Errorf("only %d runs and %d kills: that proves little", runs, kills)
	}
}

func provedSexton(t *testing.T) (path, dir string) {
	t.Helper()
	path, err := story.Sexton()
	if err != nil {
		t.Fatal(err)
	}
	return path, t.TempDir()
}

func diaryOf(dir string, i int) string { return filepath.Join(dir, fmt.Sprintf("diary-%02d", i)) }

// killDiarists kills one after the other until all is over.
func killDiarists(dir string, over chan struct{}) (kills int) {
	look := time.NewTicker(5 * time.Millisecond)
	defer look.Stop()
	for {
		select {
		case <-over:
			return kills
		case <-look.C:
		}
		name := diaryOf(dir, rand.IntN(diarists))
		diary, err := os.ReadFile(name)
		if err != nil || len(diary) < 16 {
			continue
		}
		pid := int(binary.NativeEndian.Uint64(diary[8:]))
		if command, err := os.ReadFile(fmt.Sprintf("/proc/%d/cmdline", pid)); err == nil && bytes.Contains(command, []byte(name)) {
			if unix.Kill(pid, unix.SIGKILL) == nil {
				kills++
			}
		}
	}
}

// readDiaries reads all lines and wants those of each run in order. It returns
// how many there are by service and run.
func readDiaries(t *testing.T, out *bufio.Reader) map[[2]int]int {
	got := make(map[[2]int]int)
	filler := strings.Repeat("x", 150)
	for {
		line, err := out.ReadSlice('\n')
		if err != nil {
			if len(line) > 0 {
				t.Errorf("the last line has no end: %q", line)
			}
			return got
		}
		var who, run, n int
		head, rest, ok := bytes.Cut(line, []byte(" | "))
		words := bytes.SplitN(rest, []byte(" "), 3)
		if ok = ok && len(words) == 3; ok {
			who, _ = strconv.Atoi(strings.TrimSpace(string(head[1:])))
			run, _ = strconv.Atoi(string(words[0]))
			n, _ = strconv.Atoi(string(words[1]))
		}
		key := [2]int{who, run}
		if !ok || n != got[key]+1 || string(words[2]) != filler[:n*7%150]+"\n" {
			t.Errorf("%q follows line %d", line, got[key])
			if t.Failed() && n == 0 {
				return got
			}
		}
		got[key] = n
	}
}

// compareDiaries wants of each run the lines that were written, and at most
// those that it began to write before it was killed.
func compareDiaries(t *testing.T, dir string, got map[[2]int]int) (lines, runs int) {
	for i := range diarists {
		diary, err := os.ReadFile(diaryOf(dir, i))
		if err != nil {
			t.Fatal(err)
		}
		number := func(at int) int { return int(binary.NativeEndian.Uint64(diary[8*at:])) }
		for run := 1; run <= number(0); run++ {
			began, written, came := number(2*run), number(2*run+1), got[[2]int{i, run}]
			if came < written || came > began {
				t.Errorf("run %d of s%02d: %d lines came, %d were begun and %d written", run, i, came, began, written)
			}
			lines += came
			runs++
		}
	}
	return lines, runs
}

var accountLine = regexp.MustCompile(`its stdout: (\d+) lines? \([^)]*\) came in, (\d+) lines? \([^)]*\) went out, (\d+) lines?`)

// accountsSaid sums up what sexton says of the outputs.
func accountsSaid(text string) (in, out, dropped int) {
	for _, m := range accountLine.FindAllStringSubmatch(text, -1) {
		for i, sum := range []*int{&in, &out, &dropped} {
			n, _ := strconv.Atoi(m[i+1])
			*sum += n
		}
	}
	return in, out, dropped
}

func tail(name string) string {
	text, _ := os.ReadFile(name)
	return string(text[max(0, len(text)-2000):])
}

// Stdout is not read, and 100 MB wait to be written there. TERM reaches the
// services within 100 ms anyway, and the container ends within its grace.
func TestTermWithALotOfOutputWaiting(t *testing.T) {
	sexton, dir := provedSexton(t)
	helpers := filepath.Dir(sexton)
	fifo := filepath.Join(dir, "fifo")
	if err := unix.Mkfifo(fifo, 0o600); err != nil {
		t.Fatal(err)
	}
	text := fmt.Sprintf("[init]\ngrace = \"3s\"\n[log]\noverflow = \"spill\"\nspill = { dir = %q, size = \"200MiB\" }\n"+
		"[service.loud]\noneshot = true\ncommand = [%q, \"1000000\", \"width=100\"]\n"+
		"[service.blocked]\ncommand = [%q, \"10000000\", \"width=100\"]\nlog = { overflow = \"block\" }\n"+
		"[service.web]\nneeds = [\"loud\"]\ncommand = \"exec 3>%s; trap 'echo term >&3; kill -KILL $!; exit' TERM; sleep 1000 & echo up >&3; wait\"\n",
		dir, filepath.Join(helpers, "fill-pipe"), filepath.Join(helpers, "fill-pipe"), fifo)
	config := filepath.Join(dir, "sexton.toml")
	if err := os.WriteFile(config, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	from, to, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer from.Close()
	init := exec.Command(sexton, "-c", config)
	var stderr bytes.Buffer
	init.Stdout, init.Stderr = to, &stderr
	if err := init.Start(); err != nil {
		t.Fatal(err)
	}
	to.Close()
	bound := time.AfterFunc(time.Minute, func() { _ = init.Process.Kill() })
	defer bound.Stop()
	news, err := os.Open(fifo)
	if err != nil {
		t.Fatal(err)
	}
	defer news.Close()
	lines := bufio.NewScanner(news)
	if !lines.Scan() || lines.Text() != "up" {
		t.Fatalf("web said %q; stderr: %s", lines.Text(), &stderr)
	}
	begin := time.Now()
	if err := init.Process.Signal(unix.SIGTERM); err != nil {
		t.Fatal(err)
	}
	if !lines.Scan() || lines.Text() != "term" {
		t.Fatalf("web said %q", lines.Text())
	}
	answered := time.Since(begin)
	err = init.Wait()
	took := time.Since(begin)
	t.Logf("TERM reached the service after %v, the end came after %v (%v)", answered, took, err)
	if answered > 100*time.Millisecond {
		t.Errorf("TERM reached the service after %v", answered)
	}
	if took > 3*time.Second || err != nil {
		t.Errorf("the end came after %v: %v", took, err)
	}
	if !regexp.MustCompile(`loud: up to \d{8,} bytes of its stdout were not written: nobody read them in time`).MatchString(stderr.String()) {
		t.Errorf("what is lost is not said: %s", &stderr)
	}
}
