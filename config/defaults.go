package config

import "slices"

// [defaults] lies under every service: what the service does not say, it says.

// withDefaults is the table of a service with [defaults] under it. It is a copy where there are any.
func (d *draft) withDefaults(v *value) *value {
	if d.defaults == nil {
		return v
	}
	return v.over(d.defaults.rebased(v.service))
}

// rebased is a copy of a value of [defaults] as one of a service.
func (v *value) rebased(service string) *value {
	c := *v
	c.service, c.path, c.byDefault, c.index = service, withoutDefaults(v.path), true, nil
	c.entries, c.items = slices.Clone(v.entries), slices.Clone(v.items)
	for i := range c.entries {
		c.entries[i] = c.entries[i].rebased(service)
	}
	for i := range c.items {
		c.items[i] = c.items[i].rebased(service)
	}
	return &c
}

// withoutDefaults is a path inside [defaults] as one inside a service.
func withoutDefaults(path string) string {
	if len(path) <= len("defaults.") {
		return ""
	}
	return path[len("defaults."):]
}

// over is a copy of a table with another one under it.
func (v *value) over(base *value) *value {
	c := *v
	c.entries, c.index = slices.Clone(v.entries), nil
	for _, under := range base.entries {
		i := c.indexOf(under.name)
		if i < 0 {
			c.add(under)
			continue
		}
		if entry := c.entries[i]; entry.merges() && under.merges() {
			c.entries[i] = entry.over(under)
		} else {
			entry.bottom().replaces = under
		}
	}
	return &c
}

// bottom is the value of the lowest layer that a value replaces, directly or not.
func (v *value) bottom() *value {
	for v.replaces != nil {
		v = v.replaces
	}
	return v
}

// dropDefaults removes entries from a table where they are only defaults.
func (v *value) dropDefaults(drop func(key string) bool) {
	v.entries, v.index = slices.DeleteFunc(v.entries, func(entry *value) bool { return entry.byDefault && drop(entry.name) }), nil
}

// fillDefaults leaves out what [defaults] does not say to every kind of service.
func (s *draftService) fillDefaults() {
	if once, ok := s.table.child("oneshot").isTrue(); ok && once || s.table.child("schedule") != nil {
		s.table.dropDefaults(isOneOf("restart", "shutdown_on", "watch"))
	}
	if isExternal(s.table) {
		s.table.dropDefaults(func(key string) bool { return !fitsExternal(key) })
	}
}

// readDefaults checks what services do not: they are read one by one with [defaults] under each.
func (r *reader) readDefaults(v *value) {
	if !r.table(v) {
		return
	}
	if command := v.child("command"); command != nil {
		r.wrongKey(command, "each service has a command of its own", "write it in the tables of the services")
	}
}
