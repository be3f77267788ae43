// Package picture draws the pictures of DESIGN.md: the rooms of the house and the
// states of a unit. It writes SVG and uses no other program.
package picture

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

// Rooms draws rooms as boxes and their imports as arrows. floors has the rooms of
// each floor, the top floor first. An arrow that does not lead to a lower floor, and
// a room without a floor, are errors. What a room imports by way of other rooms has
// no arrow of its own.
func Rooms(floors [][]string, imports map[string][]string) (string, error) {
	height := map[string]int{}
	for i, rooms := range floors {
		for _, room := range rooms {
			height[room] = len(floors) - i
		}
	}
	for _, room := range slices.Sorted(maps.Keys(imports)) {
		for _, other := range imports[room] {
			switch {
			case height[room] == 0 || height[other] == 0:
				return "", fmt.Errorf("%q imports %q, and one of them has no floor", room, other)
			case height[other] >= height[room]:
				return "", fmt.Errorf("%q imports %q, which is not on a lower floor", room, other)
			}
		}
	}
	var rows [][]string
	var bands []int // the floor of each row
	for i, rooms := range floors {
		present := slices.DeleteFunc(slices.Clone(rooms), func(room string) bool { _, linked := imports[room]; return !linked })
		for _, row := range split(present) {
			rows, bands = append(rows, row), append(bands, len(floors)-i)
		}
	}
	return newLayout(rows, reduced(imports)).svg(bands), nil
}

// most is how many boxes stand side by side before a floor gets a second row.
const most = 7

// split cuts a long floor into rows of about the same length.
func split(rooms []string) (rows [][]string) {
	if len(rooms) == 0 {
		return nil
	}
	n := (len(rooms) + most - 1) / most
	return slices.Collect(slices.Chunk(rooms, (len(rooms)+n-1)/n))
}

// reduced returns the imports that no way through other rooms stands for.
func reduced(imports map[string][]string) (arrows [][2]string) {
	reach := map[string]map[string]bool{} // by at least one step
	var visit func(room string) map[string]bool
	visit = func(room string) map[string]bool {
		if all, seen := reach[room]; seen {
			return all
		}
		all := map[string]bool{}
		reach[room] = all
		for _, other := range imports[room] {
			all[other] = true
			maps.Copy(all, visit(other))
		}
		return all
	}
	for _, room := range slices.Sorted(maps.Keys(imports)) {
		for _, other := range slices.Sorted(slices.Values(imports[room])) {
			longer := func(through string) bool { return through != other && visit(through)[other] }
			if !slices.ContainsFunc(imports[room], longer) {
				arrows = append(arrows, [2]string{room, other})
			}
		}
	}
	return arrows
}

const (
	boxHeight  = 28
	rowHeight  = 74
	margin     = 14
	labelWidth = 64
)

func boxWidth(name string) float64 { return float64(8*len(title(name)) + 18) }

// title is what stands in the box of a room.
func title(room string) string {
	if room == "" {
		return "main"
	}
	return room
}

func (l *layout) svg(bands []int) string {
	right := 0.0
	for _, row := range l.rows {
		for _, n := range row {
			right = max(right, n.x+n.width/2)
		}
	}
	s := newSheet(int(right)+margin, len(l.rows)*rowHeight+margin)
	middle := func(row int) float64 { return float64(row*rowHeight + rowHeight/2 + margin/2) }
	for first := 0; first < len(bands); {
		last := first
		for last+1 < len(bands) && bands[last+1] == bands[first] {
			last++
		}
		top := middle(first) - rowHeight/2 + 5
		s.add(`<rect x="6" y="%.0f" width="%d" height="%.0f" rx="6" fill="#f3f1ea"/>`, top, s.width-12, middle(last)+rowHeight/2-5-top)
		s.add(`<text x="16" y="%.0f" class="note">floor %d</text>`, top+17, bands[first])
		first = last + 1
	}
	row := map[*node]int{}
	for i, nodes := range l.rows {
		for _, n := range nodes {
			row[n] = i
		}
	}
	for _, path := range l.arrows {
		s.add(`<path d="%s" class="arrow"/>`, curve(path, func(n *node) float64 { return middle(row[n]) }))
	}
	for i, nodes := range l.rows {
		for _, n := range nodes {
			if !n.point {
				s.box(title(n.name), n.x, middle(i), n.width, "#ffffff")
			}
		}
	}
	return s.String()
}

// curve draws an arrow from box to box, upright where it passes a row.
func curve(path []*node, y func(*node) float64) string {
	var b strings.Builder
	from := path[0]
	top := y(from) + boxHeight/2
	fmt.Fprintf(&b, "M%.0f,%.0f", from.x, top)
	for i, to := range path[1:] {
		bottom := y(to) - boxHeight/2
		if i == len(path)-2 {
			bottom -= arrowHead
		}
		half := (top + bottom) / 2
		fmt.Fprintf(&b, " C%.0f,%.0f %.0f,%.0f %.0f,%.0f", from.x, half, to.x, half, to.x, bottom)
		if i < len(path)-2 {
			top = y(to) + boxHeight/2
			fmt.Fprintf(&b, " L%.0f,%.0f", to.x, top)
		}
		from = to
	}
	return b.String()
}
