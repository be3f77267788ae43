package picture

import (
	"html"
	"strings"
)

// Change is a change of state, with the events that make it.
type Change struct {
	From, To string
	Events   []string
}

const (
	column     = 84 // from state to state
	changeRow  = 22
	changesTop = margin + boxHeight + 14
)

// States draws states as columns and each change as an arrow from column to column,
// with its events at the right. Changes stand in the order in which they are given.
func States(states []string, changes []Change) string {
	longest := 0
	for _, c := range changes {
		longest = max(longest, len(strings.Join(c.Events, ", ")))
	}
	right := margin + len(states)*column
	s := newSheet(right+8*longest+margin, changesTop+len(changes)*changeRow+margin)
	x := map[string]float64{}
	for i, state := range states {
		x[state] = float64(margin + column/2 + i*column)
	}
	top := float64(changesTop)
	for first := 0; first < len(changes); { // a band for each state that changes
		last := first
		for last+1 < len(changes) && changes[last+1].From == changes[first].From {
			last++
		}
		s.add(`<rect x="6" y="%.0f" width="%d" height="%d" rx="6" fill="#f3f1ea"/>`, top+float64(first*changeRow)+2, s.width-12, (last-first+1)*changeRow-4)
		first = last + 1
	}
	for _, state := range states {
		s.add(`<line x1="%.0f" y1="%d" x2="%.0f" y2="%d" stroke="#ccc"/>`, x[state], margin+boxHeight, x[state], s.height-margin)
		s.box(state, x[state], margin+boxHeight/2, column-12, "#ffffff")
	}
	for i, c := range changes {
		y := top + (float64(i)+0.5)*changeRow
		end := x[c.To] - arrowHead
		if x[c.To] < x[c.From] {
			end = x[c.To] + arrowHead
		}
		s.add(`<circle cx="%.0f" cy="%.0f" r="3.5" fill="#8a7a55"/>`, x[c.From], y)
		s.add(`<path d="M%.0f,%.0f H%.0f" class="arrow"/>`, x[c.From], y, end)
		s.add(`<text x="%d" y="%.0f" class="event">%s</text>`, right, y+4, html.EscapeString(strings.Join(c.Events, ", ")))
	}
	return s.String()
}
