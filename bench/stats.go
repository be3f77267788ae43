package main

import (
	"fmt"
	"math"
	"slices"
	"time"
)

// sample is a row of measurements, in nanoseconds, bytes or as they come.
type sample []float64

func (s *sample) add(x float64) { *s = append(*s, x) }

// addSince adds the time from one moment to another.
func (s *sample) addSince(from, to int64) { s.add(float64(to - from)) }

func (s sample) median() float64 { return s.quantile(0.5) }

func (s sample) least() float64 { return s.quantile(0) }
func (s sample) most() float64  { return s.quantile(1) }

// quantile is the smallest value that at least the share q does not exceed; at
// one half of an even number, the mean of the middle two. NaN when empty.
func (s sample) quantile(q float64) float64 {
	if len(s) == 0 {
		return math.NaN()
	}
	sorted := slices.Sorted(slices.Values(s))
	n := len(sorted)
	if q == 0.5 && n%2 == 0 {
		return (sorted[n/2-1] + sorted[n/2]) / 2
	}
	return sorted[max(0, int(math.Ceil(q*float64(n)))-1)]
}

// Each of the following writes a figure with its unit left to the table's head,
// and a dash for what was not measured.

func ms(ns float64) string {
	x := ns / float64(time.Millisecond)
	switch {
	case x >= 10:
		return figure(x, 0)
	default:
		return figure(x, 2)
	}
}

func us(ns float64) string { return figure(ns/float64(time.Microsecond), 1) }

func seconds(ns float64) string { return figure(ns/float64(time.Second), 2) }

func kb(bytes float64) string { return figure(bytes/1024, 0) }

func times(x float64) string {
	if s := figure(x, 2); s != none {
		return s + "x"
	}
	return none
}

const none = "-"

func figure(x float64, digits int) string {
	if math.IsNaN(x) || math.IsInf(x, 0) {
		return none
	}
	return fmt.Sprintf("%.*f", digits, x)
}
