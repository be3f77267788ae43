package config

import (
	"fmt"
	"math"
	"strconv"
	"strings"
)

// size reads an amount of bytes: an integer, or a string with a unit.
func (r *reader) size(v *value, least, most int64) (int64, bool) {
	var n int64
	switch data := v.data.(type) {
	case int64:
		n = data
	case string:
		var ok bool
		if n, ok = parseSize(data); !ok {
			r.wrong(v, fmt.Sprintf("%q is not a size", data), `write a number with its unit, such as "64KiB" or "10MB"`)
			return 0, false
		}
	default:
		r.wrongType(v)
		return 0, false
	}
	if n < least || n > most {
		r.wrong(v, "out of range", fmt.Sprintf("write a size from %s to %s", sizeText(least), sizeText(most)))
		return 0, false
	}
	return n, true
}

// sizeUnits are the units of a size, the longest names first.
func sizeUnits() []struct {
	name  string
	bytes float64
} {
	return []struct {
		name  string
		bytes float64
	}{
		{"KiB", 1 << 10}, {"MiB", 1 << 20}, {"GiB", 1 << 30}, {"TiB", 1 << 40},
		{"kB", 1e3}, {"KB", 1e3}, {"MB", 1e6}, {"GB", 1e9}, {"TB", 1e12}, {"B", 1},
	}
}

func parseSize(text string) (int64, bool) {
	unit := 1.0
	for _, u := range sizeUnits() {
		if rest, ok := strings.CutSuffix(text, u.name); ok {
			text, unit = strings.TrimSpace(rest), u.bytes
			break
		}
	}
	n, err := strconv.ParseFloat(text, 64)
	n *= unit
	if err != nil || n < 0 || n != math.Trunc(n) || n > 1<<60 || strings.ContainsAny(text, "xXpPeE_") {
		return 0, false
	}
	return int64(n), true
}

// sizeText writes a size as one would in the file.
func sizeText(n int64) string {
	units := []string{"B", "KiB", "MiB", "GiB", "TiB"}
	at := 0
	for at < len(units)-1 && n >= 1<<10 && n%(1<<10) == 0 {
		n, at = n>>10, at+1
	}
	return strconv.FormatInt(n, 10) + units[at]
}
