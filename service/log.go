package service

import "time"

// Format says what is done to the lines of a service.
type Format uint8

const (
	// AutoFormat is Inherit for a container with one service and no place of its
	// own for the output, Raw for one service with such a place or with a terminal of
	// its own, else Prefix.
	AutoFormat Format = iota
	Prefix            // each line gets its service's name before it
	JSON              // each line becomes a JSON object
	// Raw writes the bytes as they are. Lines still go out whole, as long as
	// they are no longer than MaxLine. When a line of somebody else must follow a
	// longer one whose end has not come yet, a newline is put between the two.
	Raw
	Inherit // the service's descriptors 1 and 2 are ours: nothing in between
)

func (f Format) String() string {
	return [...]string{"auto", "prefix", "json", "raw", "inherit"}[f]
}

// Overflow says what happens when a service writes more than can be written
// out.
type Overflow uint8

const (
	Block Overflow = iota // the service waits; the default
	// Drop keeps up to 256 KiB waiting for each output of the service. When it
	// is more, the oldest lines are dropped, and their number is said in their
	// place, or on our stderr when the format is Raw.
	Drop
	// Spill keeps what is more than that in a file of bounded size, and drops
	// as Drop does when that is full.
	Spill
)

func (o Overflow) String() string { return [...]string{"block", "drop", "spill"}[o] }

// Log says what becomes of a service's output: a `log` table, with [log] laid
// under it.
type Log struct {
	Format     Format
	Merge      bool   // JSON: a line that is a JSON object passes as one, with what we add among its members
	Timestamps bool   // Prefix: the time before the prefix; JSON has it always, Raw never
	Join       string // JSON: a line that matches this pattern belongs to the record before it; "": none does

	// MaxLine is how long a line that we write may become in bytes, with all
	// that we add: 256 at least, 16 MiB at most; 0 means the default, 16 KiB.
	MaxLine int

	// OneStream sends stderr where stdout goes, through one pipe, in the order
	// in which the service wrote.
	OneStream bool

	Overflow   Overflow
	SpillDir   string // where the file of Spill is made
	SpillBytes int64  // how large it may become

	Recent int // bytes of the latest lines that are kept in memory; 0: none

	File    LogFile
	Syslog  string // "unix:/dev/log", "udp:host:port"; "": no syslog
	RFC5424 bool   // Syslog: each line as RFC 5424 has it, not as syslog(3) sends it
}

// LogFile is a file that gets the output of a service instead of our stdout
// and stderr.
type LogFile struct {
	Path     string        // absolute; "": no file
	Size     int64         // bytes; the file is rotated before it becomes larger; 0: never for that
	Age      time.Duration // the file is rotated at the first line after that; 0: never for that
	Keep     int           // rotated files that are kept; 0: none
	Compress bool          // rotated files are compressed with gzip
	Mode     uint32        // permissions of a new file
	User     string        // owner of a new file, name or number; "": we are
	Group    string        // the same for its group
}
