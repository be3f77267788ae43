package main

import (
	"fmt"
	"math"
	"os"
	"path/filepath"
	"strconv"
	"time"
)

// burst is one passage of all lines through a carrier.
type burst struct {
	elapsed float64 // from the writer's start to the last byte out, nanoseconds
	cpu     float64 // of the carrier itself, nanoseconds
	audit   *audit  // nil where not everything is kept
}

// A carrier takes the lines from a writer to a sink.
type carrier struct {
	name string
	run  func(b *bench, dir string, count int) (burst, error)
}

// The figures that the targets compare: with s6-log in its fastest form.
const (
	s6LogRow  = "`s6-log t DIR`"
	s6LogFile = "`s6-log t s268435455 DIR`"
	s6LogPipe = "`s6-log t 1` to a pipe"
	prefixRow = "sexton, prefix, to a pipe"
	jsonRow   = "sexton, json, to a pipe"
)

func (b *bench) carriers() []carrier {
	all := []carrier{{"`cat` to a pipe", filter(toPipe, "", find("cat"))}}
	if log := find("s6-log"); log != "" {
		all = append(all,
			carrier{s6LogRow, filter(toNothing, "", log, "t", "DIR")},
			carrier{s6LogFile, filter(toNothing, "current", log, "t", "s268435455", "DIR")},
			carrier{s6LogPipe, filter(toPipe, "", log, "t", "1")})
	}
	if find("supervisord") != "" {
		all = append(all,
			carrier{"Supervisor to a file", boxed(supervisorBurst("DIR/out"), toNothing, "out")},
			carrier{"Supervisor to its stdout, a pipe", boxed(supervisorBurst("/dev/stdout"), toPipe, "")})
	}
	if b.sexton == "" {
		return all
	}
	rotated := `file = { path = "DIR/{service}.log", size = "10MiB", keep = 5 }`
	return append(all,
		carrier{prefixRow, boxed(sextonBurst(""), toPipe, "")},
		carrier{"sexton, prefix, stdout a file", boxed(sextonBurst(""), toFile, "")},
		carrier{"sexton, prefix, to /dev/null", boxed(sextonBurst(""), toNothing, "")},
		carrier{"sexton, prefix, rotated file", boxed(sextonBurst(rotated), toNothing, "")},
		carrier{jsonRow, boxed(sextonBurst(`format = "json"`), toPipe, "")},
		carrier{"sexton, json, to /dev/null", boxed(sextonBurst(`format = "json"`), toNothing, "")},
		carrier{"sexton, raw, to a pipe", boxed(sextonBurst(`format = "raw"`), toPipe, "")})
}

// measureOutput has one service write as fast as it can.
func measureOutput(b *bench, d *document) error {
	count := 1_000_000
	if b.quick {
		count /= 10
	}
	carriers := b.carriers()
	rows := make([]outputRow, len(carriers))
	for range b.boots() {
		for i, c := range carriers {
			if rows[i].failed != "" {
				continue
			}
			progress("%d lines, %s", count, c.name)
			if err := b.burst(c, count, &rows[i]); err != nil {
				rows[i].failed = b.clean(err.Error())
				progress("%s: %s", c.name, rows[i].failed)
			}
		}
	}
	d.say("%d lines of 120 bytes, written 64 KiB at a time: the time from the writer's start to the last byte that comes out, and the\n"+
		"CPU time of the carrier itself. The reader of a pipe only copies to memory and compares the lines with the input\n"+
		"afterwards. s6-log by itself ends when everything is written; with /dev/null and rotated files, the time ends with the writer.\n"+
		"Supervisor and sexton run the writer and an idle service; files are in memory. Medians of %d bursts; torn and\n"+
		"lost lines are those of the worst burst.", count, b.boots())
	t := table{head: []string{"", "MB/s", "lines/s", "CPU s", "CPU s/GB", "whole", "torn", "lost"}}
	measured := map[string]*outputRow{}
	for i, c := range carriers {
		t.add(rows[i].cells(c.name, count)...)
		measured[c.name] = &rows[i]
	}
	d.table(t)
	for i, c := range carriers {
		if rows[i].failed != "" {
			d.say("%s: %s.", c.name, rows[i].failed)
		}
	}
	outputTargets(d, measured)
	return nil
}

// outputRow is what a carrier's bursts gave.
type outputRow struct {
	elapsed, cpu      sample
	audited           bool
	whole, torn, lost int // of the worst burst
	failed            string
}

func (b *bench) burst(c carrier, count int, r *outputRow) error {
	dir, err := os.MkdirTemp(b.fast, "burst-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	got, err := c.run(b, dir, count)
	if err != nil {
		return err
	}
	r.elapsed.add(got.elapsed)
	r.cpu.add(got.cpu)
	if got.audit != nil {
		lost := got.audit.lost(count)
		if !r.audited || got.audit.torn+lost > r.torn+r.lost {
			r.whole, r.torn, r.lost = got.audit.whole, got.audit.torn, lost
		}
		r.audited = true
	}
	return nil
}

func (r *outputRow) cells(name string, count int) []string {
	gigabytes := float64(count) * lineBytes / 1e9
	elapsed := r.elapsed.median() / 1e9
	cells := []string{name, figure(gigabytes*1000/elapsed, 0), figure(float64(count)/elapsed, 0),
		figure(r.cpu.median()/1e9, 3), figure(r.cpu.median()/1e9/gigabytes, 2)}
	if !r.audited {
		return append(cells, none, none, none)
	}
	return append(cells, strconv.Itoa(r.whole), strconv.Itoa(r.torn), strconv.Itoa(r.lost))
}

func outputTargets(d *document, rows map[string]*outputRow) {
	prefix, json := rows[prefixRow], rows[jsonRow]
	if rows[s6LogRow] == nil || prefix == nil {
		return
	}
	elapsed, burnt := math.Inf(1), math.Inf(1)
	for _, name := range []string{s6LogRow, s6LogFile, s6LogPipe} {
		elapsed, burnt = min(elapsed, rows[name].elapsed.median()), min(burnt, rows[name].cpu.median())
	}
	faster := func(r *outputRow) float64 { return elapsed / r.elapsed.median() }
	d.target("prefix at least 2x the lines per second of s6-log in its fastest form", times(faster(prefix)), faster(prefix) >= 2)
	d.target("json at least the lines per second of s6-log in its fastest form", times(faster(json)), faster(json) >= 1)
	for _, r := range []struct {
		name string
		row  *outputRow
	}{{"prefix", prefix}, {"json", json}} {
		cpu := r.row.cpu.median() / burnt
		d.target(r.name+": CPU per GB at most s6-log's", times(cpu), cpu <= 1)
		got := none
		if r.row.audited {
			got = fmt.Sprintf("%d torn, %d lost", r.row.torn, r.row.lost)
		}
		d.target(r.name+": no line torn or lost", got, r.row.torn+r.row.lost == 0)
	}
}

// supervisorBurst configures Supervisor with the writer and an idle service.
func supervisorBurst(file string) configure {
	return func(b *bench, dir string, count int) ([]string, error) {
		conf := fmt.Sprintf("[program:busy]\ncommand=%s lines %d 0\nautorestart=false\nstartsecs=0\nstdout_logfile=%s\n"+
			"stdout_logfile_maxbytes=0\n[program:idle]\ncommand=%s service\nstdout_logfile=NONE\n",
			b.worker, count, inDir(file, dir), b.worker)
		return b.supervisorConf(dir, conf)
	}
}

// sextonBurst does the same for ourselves, with these lines under [log].
func sextonBurst(log string) configure {
	return func(b *bench, dir string, count int) ([]string, error) {
		text := fmt.Sprintf("[service.busy]\ncommand = [%q, \"lines\", \"%d\", \"0\"]\nrestart = \"never\"\n\n"+
			"[service.idle]\ncommand = [%q, \"service\"]\n", b.worker, count, b.worker)
		if log != "" {
			text += "\n[log]\n" + inDir(log, dir) + "\n"
		}
		return b.sextonFile(dir, text)
	}
}

// filter is a carrier between two pipes, an ordinary child. In argv, DIR is its
// directory; kept names the file in it that has all lines, if one has.
func filter(to sink, kept string, argv ...string) func(*bench, string, int) (burst, error) {
	return func(b *bench, dir string, count int) (burst, error) {
		in, out, err := os.Pipe()
		if err != nil {
			return burst{}, err
		}
		defer in.Close()
		defer out.Close()
		words := make([]string, len(argv))
		for i, w := range argv {
			words[i] = inDir(w, dir)
		}
		s, err := b.openSink(to, dir, count)
		if err != nil {
			return burst{}, err
		}
		defer s.close()
		carrier, err := b.start(spec{argv: words, plain: true, stdin: in, stdout: s.file, bound: 2 * time.Minute})
		if err != nil {
			return burst{}, err
		}
		defer carrier.destroy()
		if _, err := carrier.enteredAt(); err != nil {
			return burst{}, err
		}
		time.Sleep(50 * time.Millisecond)
		argv := []string{b.worker, "lines", strconv.Itoa(count), "0"}
		writer, err := b.start(spec{argv: argv, plain: true, stdout: out, reports: true, bound: 2 * time.Minute})
		if err != nil {
			return burst{}, err
		}
		defer writer.destroy()
		out.Close() // the writer's end is the last: the carrier sees its end
		started, err := writer.ask("start", 1, 10*time.Second)
		if err != nil {
			return burst{}, err
		}
		<-carrier.over
		if !carrier.state.Success() {
			return burst{}, fmt.Errorf("%v; %s", carrier.state, carrier.lastWords())
		}
		end := s.finish(carrier.ended)
		cpu := carrier.state.UserTime() + carrier.state.SystemTime()
		a, err := s.check(filepath.Join(dir, kept), kept != "")
		return burst{float64(end - started[0].at), float64(cpu), a}, err
	}
}
