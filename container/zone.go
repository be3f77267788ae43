package container

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"sync"
	"time"
)

// Zones loads time zones, each one once: the loop must not read files, and the check of a file
// has read them before.
type Zones struct {
	mu    sync.Mutex
	known map[string]*time.Location
}

// Load is the zone called name, for example "Europe/Berlin"; "" is that of /etc/localtime.
func (z *Zones) Load(name string) (*time.Location, error) {
	z.mu.Lock()
	defer z.mu.Unlock()
	if at := z.known[name]; at != nil {
		return at, nil
	}
	at, err := z.read(name)
	if err != nil {
		return nil, err
	}
	if z.known == nil {
		z.known = make(map[string]*time.Location)
	}
	z.known[name] = at
	return at, nil
}

func (z *Zones) read(name string) (*time.Location, error) {
	if name == "" {
		return localtime()
	}
	at, err := time.LoadLocation(name)
	if err != nil || name == "Local" { // Go's own word for "none given"
		return nil, fmt.Errorf("the time zone %q is not known here", name)
	}
	return at, nil
}

// localtime is the zone of /etc/localtime, and UTC where that is missing.
func localtime() (*time.Location, error) {
	data, err := os.ReadFile("/etc/localtime")
	if errors.Is(err, fs.ErrNotExist) {
		return time.UTC, nil
	}
	if err != nil {
		return nil, err
	}
	at, err := time.LoadLocationFromTZData("Local", data)
	if err != nil {
		return nil, errors.New("/etc/localtime holds no time zone")
	}
	return at, nil
}
