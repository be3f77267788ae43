package service

import "time"

// Dir is a directory that is made, or changed where it differs, before each start.
type Dir struct {
	Path        string
	User, Group string // names or numbers; User "": a new one belongs to the service's user, another one stays as it is; Group "": User's own
	Mode        int    // -1: 0755 for a new one, another one stays as it is
	Recursive   bool   // everything below gets the owner too
}

// Watch is the files whose change a service takes while it runs. The zero value is none.
type Watch struct {
	Paths  []string      // files and directories
	Reload bool          // it takes them by its reload, otherwise by a restart
	Quiet  time.Duration // how long nothing must change any more
}

// Template is a file that is made from a template before each start.
type Template struct {
	From, To string
	Mode     int // -1: 0640, or 0600 with a secret in it
}
