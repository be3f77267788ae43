package main

import (
	"math"
	"testing"
	"time"
)

func TestTableIsAligned(t *testing.T) {
	x := table{head: []string{"", "boot ms"}}
	x.add("s6", "22")
	x.add("größer")
	want := "|        | boot ms |\n" +
		"| ------ | ------: |\n" +
		"| s6     |      22 |\n" +
		"| größer |         |\n"
	if got := x.String(); got != want {
		t.Errorf("got\n%swant\n%s", got, want)
	}
}

func TestTargetWithoutFigureIsNotMissed(t *testing.T) {
	for _, c := range []struct {
		target  target
		verdict string
	}{
		{target{"", "2.10x", true}, "ok"},
		{target{"", "4.00x", false}, "MISSED"},
		{target{"", times(math.NaN()), false}, "not measured"},
		{target{"", kb(math.NaN()) + " KB", false}, "not measured"},
	} {
		if got := c.target.verdict(); got != c.verdict {
			t.Errorf("%q, %v: %s, want %s", c.target.got, c.target.met, got, c.verdict)
		}
	}
}

func TestQuantiles(t *testing.T) {
	for _, c := range []struct {
		s    sample
		q    float64
		want float64
	}{
		{sample{3, 1, 2}, 0.5, 2},
		{sample{4, 1, 3, 2}, 0.5, 2.5},
		{sample{7}, 0.99, 7},
		{sample{1, 2, 3, 4, 5, 6, 7, 8, 9, 10}, 0.9, 9},
		{sample{1, 2, 3, 4, 5, 6, 7, 8, 9, 10}, 1, 10},
	} {
		if got := c.s.quantile(c.q); got != c.want {
			t.Errorf("%v, %v: %v, want %v", c.s, c.q, got, c.want)
		}
	}
	if got := (sample{}).median(); !math.IsNaN(got) {
		t.Errorf("the median of nothing is %v", got)
	}
}

func TestCallsAreCountedWithinTheSpanOnly(t *testing.T) {
	trace := "12 100.000000 restart_syscall(<... resuming interrupted read ...>) = 0\n" +
		"12 101.500000 read(3, \"\", 1) = 1\n" +
		"12 102.000000 futex(0x1, FUTEX_WAIT <unfinished ...>\n" +
		"13 102.100000 --- SIGURG {si_signo=SIGURG} ---\n" +
		"12 103.000000 <... futex resumed>) = 0\n" +
		"12 110.000000 read(3, <detached ...>\n"
	if n := callsBetween(trace, time.Unix(101, 0), time.Unix(109, 0)); n != 2 {
		t.Errorf("%d calls, want 2", n)
	}
}
