package picture

import (
	"fmt"
	"html"
	"strings"
)

// sheet is an SVG under construction.
type sheet struct {
	width, height int
	body          strings.Builder
}

// arrowHead is how far the point of an arrow lies before the end of its line.
const arrowHead = 7

const head = `<svg xmlns="http://www.w3.org/2000/svg" width="%[1]d" height="%[2]d" viewBox="0 0 %[1]d %[2]d">
<!-- Written by make diagram; do not edit. -->
<style>
text { font: 13px ui-monospace, Menlo, Consolas, monospace; fill: #222; }
.note { font-size: 11px; fill: #777; }
.event { font-size: 12px; fill: #444; stroke: #fff; stroke-width: 3px; paint-order: stroke; }
.arrow { fill: none; stroke: #8a7a55; stroke-width: 1.2; marker-end: url(#head); }
</style>
<defs><marker id="head" viewBox="0 0 8 8" refX="1" refY="4" markerWidth="7" markerHeight="7" orient="auto"><path d="M0,0 L8,4 L0,8 z" fill="#8a7a55"/></marker></defs>
<rect width="%[1]d" height="%[2]d" fill="#ffffff"/>
`

func newSheet(width, height int) *sheet { return &sheet{width: width, height: height} }

func (s *sheet) add(format string, args ...any) { fmt.Fprintf(&s.body, format+"\n", args...) }

// box draws a name in a box around a point.
func (s *sheet) box(name string, x, y, width float64, fill string) {
	s.add(`<rect x="%.1f" y="%.1f" width="%.0f" height="%d" rx="5" fill="%s" stroke="#444"/>`, x-width/2, y-boxHeight/2, width, boxHeight, fill)
	s.add(`<text x="%.1f" y="%.1f" text-anchor="middle">%s</text>`, x, y+4.5, html.EscapeString(name))
}

func (s *sheet) String() string {
	return fmt.Sprintf(head, s.width, s.height) + s.body.String() + "</svg>\n"
}
