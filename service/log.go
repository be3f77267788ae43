package service

import "time"

// Format says what sexton does to the lines of a service.
type Format uint8

const (
	// AutoFormat is Inherit for a container with one service whose output has no
	// destination of its own, Raw for one service with such a destination or with a
	// terminal of its own, otherwise Prefix.
	AutoFormat Format = iota
	Prefix            // the service's name before each line
	JSON              // each line becomes a JSON object
	// Raw writes the bytes as they are. Lines up to MaxLine still go out whole. If
	// another output's line must follow a longer line that has not ended yet, a newline goes
	// between the two.
	Raw
	Inherit // the service's descriptors 1 and 2 are ours: its output does not pass through sexton
)

func (f Format) String() string {
	return [...]string{"auto", "prefix", "json", "raw", "inherit"}[f]
}

// Overflow says what happens if a service writes faster than sexton can write
// out.
type Overflow uint8

const (
	Block Overflow = iota // the service waits; the default
	// Drop keeps up to 256 KiB for each output of the service. Beyond that it drops
	// the oldest lines and reports their number in their place, or on our stderr if
	// the format is Raw.
	Drop
	// Spill keeps the rest in a file of limited size, and drops as Drop does when
	// that is full.
	Spill
)

func (o Overflow) String() string { return [...]string{"block", "drop", "spill"}[o] }

// Log says where a service's output goes and how: a `log` table, with [log] as its
// defaults.
type Log struct {
	Format     Format
	Merge      bool   // JSON: a line that is a JSON object stays one, with our members added
	Timestamps bool   // Prefix: the time before the prefix; JSON always has it, Raw never
	Join       string // JSON: a line that matches this pattern belongs to the record before it; "": no line does

	// MaxLine is how long a line that we write may be in bytes, with everything
	// that we add: 256 to 16 MiB; 0 means the default, 16 KiB.
	MaxLine int

	// OneStream sends stderr where stdout goes, through one pipe, in the order
	// in which the service wrote.
	OneStream bool

	Overflow   Overflow
	SpillDir   string // the directory for the file of Spill
	SpillBytes int64  // the largest size of that file

	Recent int // how many bytes of the latest lines to keep in memory; 0: none

	File    LogFile
	Syslog  string // "unix:/dev/log", "udp:host:port"; "": no syslog
	RFC5424 bool   // Syslog: the format of RFC 5424 instead of that of syslog(3)

	Stdout, Stderr *Destination // where this output alone goes; nil: as the above says

	// Tee also sends to our stdout or stderr what goes to a file or a syslog.
	Tee bool

	// Tail are the log files that the service writes by itself: paths with a pattern as their last
	// part. Their new lines go where stdout goes.
	Tail []string
}

// Destination is where an output goes instead of to our stdout or stderr; zero: there.
type Destination struct {
	File    LogFile
	Syslog  string // "unix:/dev/log", "udp:host:port"; "": no syslog
	RFC5424 bool   // Syslog: the format of RFC 5424 instead of that of syslog(3)
}

// Away tells whether the destination is another one than our stdout or stderr.
func (d *Destination) Away() bool { return d.File.Path != "" || d.Syslog != "" }

// To is the destination of stdout, or that of stderr.
func (l *Log) To(stderr bool) Destination {
	switch {
	case stderr && l.Stderr != nil:
		return *l.Stderr
	case !stderr && l.Stdout != nil:
		return *l.Stdout
	}
	return Destination{l.File, l.Syslog, l.RFC5424}
}

// Destinations are those of stdout and of stderr. The second one is missing where it cannot differ.
func (l *Log) Destinations() []Destination {
	if l.OneStream || l.Stdout == nil && l.Stderr == nil {
		return []Destination{l.To(false)}
	}
	return []Destination{l.To(false), l.To(true)}
}

// Away tells whether any output goes to another destination than our stdout or stderr.
func (l *Log) Away() bool {
	for _, d := range l.Destinations() {
		if d.Away() {
			return true
		}
	}
	return false
}

// LogFile is a file that gets the output of a service instead of our stdout
// and stderr.
type LogFile struct {
	Path     string        // absolute; "": no file
	Size     int64         // bytes; rotate before the file becomes larger; 0: never because of the size
	Age      time.Duration // rotate at the first line after this time; 0: never because of the age
	Keep     int           // how many rotated files to keep; 0: none
	Compress bool          // compress rotated files with gzip
	Mode     uint32        // permissions of a new file
	User     string        // owner of a new file, name or number; "": our user
	Group    string        // the same for its group
}
