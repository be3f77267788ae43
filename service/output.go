package service

import "time"

// Output is the account of one output of a service since sexton started: what is
// neither out nor dropped is still on its way.
type Output struct {
	Service      string `json:"-"`
	Stream       string `json:"stream"` // stdout, stderr or tail; a copy (log.tee) ends in TeeSuffix
	LinesIn      int64  `json:"lines_in"`
	LinesOut     int64  `json:"lines_out"`
	LinesDropped int64  `json:"lines_dropped"`
	BytesIn      int64  `json:"bytes_in"`
	BytesOut     int64  `json:"bytes_out"`
	BytesDropped int64  `json:"bytes_dropped"`
}

// TeeSuffix ends the name of a stream that is a copy of another one.
const TeeSuffix = "-tee"

// Piece is a part of what a service wrote: lines, or the beginning of a line.
type Piece struct {
	Service string
	Stream  string
	At      time.Time // when it was read
	Text    []byte
}
