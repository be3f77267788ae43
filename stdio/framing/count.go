package framing

import "strconv"

// Count is an amount of output: bytes of the stream, without what the frame adds, and
// lines. A line that is too long counts once for each of its pieces.
type Count struct{ Bytes, Lines int64 }

// String says it in words: "1 line (80 B)", "312 lines (40 kB)".
func (c Count) String() string {
	return linesText(c.Lines) + " (" + bytesText(c.Bytes) + ")"
}

// Add adds another amount.
func (c *Count) Add(d Count) {
	c.Bytes += d.Bytes
	c.Lines += d.Lines
}

func linesText(n int64) string {
	if n == 1 {
		return "1 line"
	}
	return strconv.FormatInt(n, 10) + " lines"
}

func bytesText(n int64) string {
	units := [...]string{" B", " kB", " MB", " GB", " TB"}
	unit, value := 0, float64(n)
	for value >= 999.5 && unit < len(units)-1 {
		value /= 1000
		unit++
	}
	places := 0
	if unit > 0 && value < 9.95 {
		places = 1
	}
	return strconv.FormatFloat(value, 'f', places, 64) + units[unit]
}
