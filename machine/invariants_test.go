package machine

import (
	"reflect"
	"slices"
	"testing"
)

// A new field comes with what must be true of it.
func TestEveryFieldHasAnInvariant(t *testing.T) {
	var unitFields, probeFields, hookFields, shutdownFields []string
	for _, rule := range unitRules {
		unitFields = append(unitFields, rule.field)
	}
	for _, rule := range probeRules {
		probeFields = append(probeFields, rule.field)
	}
	for _, rule := range hookRules {
		hookFields = append(hookFields, rule.field)
	}
	for _, rule := range shutdownRules {
		shutdownFields = append(shutdownFields, rule.field)
	}
	for _, c := range []struct {
		of    any
		rules []string
	}{{unit{}, unitFields}, {probe{}, probeFields}, {hook{}, hookFields}, {shutdown{}, shutdownFields}} {
		var fields []string
		for _, f := range reflect.VisibleFields(reflect.TypeOf(c.of)) {
			fields = append(fields, f.Name)
		}
		if !slices.Equal(fields, c.rules) {
			t.Errorf("%T has the fields\n%v, and the invariants are of\n%v", c.of, fields, c.rules)
		}
	}
}
