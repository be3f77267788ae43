package verbs

import (
	"context"
	"fmt"
	"strings"
)

// Reload is what reading the files again has led to, or, with DryRun, would lead to.
type Reload struct {
	DryRun   bool      `json:"dry_run"`
	Mistakes []string  `json:"mistakes,omitempty"` // lines for people; with any, nothing has changed
	Added    []string  `json:"added"`              // services
	Changed  []Changed `json:"changed"`
	Removed  []string  `json:"removed"`
	Kept     []string  `json:"as_before"`
	Settings []string  `json:"settings,omitempty"` // keys outside of services that have changed, and count from now on
	Fixed    []string  `json:"fixed,omitempty"`    // keys that have changed, and count when the container is started again
	Remarks  []string  `json:"remarks,omitempty"`
}

// Changed is a service with other settings than before.
type Changed struct {
	Service  string   `json:"service"`
	Keys     []string `json:"keys"`
	Restarts bool     `json:"restarts"` // for these settings it must be started again
}

// reload has the files read again.
func reload(ctx context.Context, s *Source, r *Request) Reply {
	if s.Reload == nil {
		return Reply{Error: "there is no file to read again"}
	}
	outcome, err := s.Reload(ctx, r.DryRun, r.From)
	if err != nil {
		return Reply{Error: err.Error()}
	}
	return Reply{Reload: &outcome}
}

func (r *Reload) text(*Page) (string, int) {
	var b strings.Builder
	if len(r.Mistakes) > 0 {
		return strings.Join(r.Mistakes, "\n") + "\n", 1
	}
	words := "reloaded"
	if r.DryRun {
		words = "a reload would do this"
	}
	restarts := 0
	for _, c := range r.Changed {
		if c.Restarts {
			restarts++
		}
	}
	fmt.Fprintf(&b, "%s: %d added, %d changed (%d to restart), %d removed, %d as before\n",
		words, len(r.Added), len(r.Changed), restarts, len(r.Removed), len(r.Kept))
	for _, name := range r.Added {
		fmt.Fprintf(&b, "  added      %s\n", name)
	}
	for _, c := range r.Changed {
		restarts := "restarts"
		if !c.Restarts {
			restarts = "goes on"
		}
		fmt.Fprintf(&b, "  changed    %s (%s): %s\n", c.Service, restarts, strings.Join(c.Keys, ", "))
	}
	for _, name := range r.Removed {
		fmt.Fprintf(&b, "  removed    %s\n", name)
	}
	if r.DryRun && len(r.Kept) > 0 {
		fmt.Fprintf(&b, "  as before  %s\n", strings.Join(r.Kept, ", "))
	}
	if len(r.Settings) > 0 {
		fmt.Fprintf(&b, "  settings   %s\n", strings.Join(r.Settings, ", "))
	}
	if len(r.Fixed) > 0 {
		fmt.Fprintf(&b, "  %s\n", r.FixedWords())
	}
	for _, remark := range r.Remarks {
		fmt.Fprintf(&b, "remark: %s\n", remark)
	}
	return b.String(), 0
}

// FixedWords say what does not change before the next start of the container.
func (r *Reload) FixedWords() string {
	words := "has changed, and counts"
	if len(r.Fixed) > 1 {
		words = "have changed, and count"
	}
	return fmt.Sprintf("%s %s only when the container is started again", strings.Join(r.Fixed, ", "), words)
}
