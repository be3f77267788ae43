package picture

import (
	"cmp"
	"math"
	"slices"
)

// node is a box of a row, or a point at which an arrow passes through a row.
type node struct {
	name       string
	point      bool
	x          float64 // its middle
	width      float64
	above, low []*node // its neighbours in the rows above and below
}

// layout holds rows of nodes, the top row first, and arrows as the nodes that they
// pass, one in each row.
type layout struct {
	rows   [][]*node
	arrows [][]*node
}

// gap is the least room between two neighbours in a row.
const gap = 16

// newLayout puts boxes into rows and gives every arrow (from, to) a point in
// each row between its ends.
func newLayout(rows [][]string, arrows [][2]string) *layout {
	l := &layout{rows: make([][]*node, len(rows))}
	boxes, row := map[string]*node{}, map[string]int{}
	for i, names := range rows {
		for _, name := range names {
			n := &node{name: name, width: boxWidth(name)}
			boxes[name], row[name] = n, i
			l.rows[i] = append(l.rows[i], n)
		}
	}
	for _, a := range arrows {
		path := []*node{boxes[a[0]]}
		for i := row[a[0]] + 1; i < row[a[1]]; i++ {
			point := &node{point: true, width: 2}
			l.rows[i] = append(l.rows[i], point)
			path = append(path, point)
		}
		path = append(path, boxes[a[1]])
		for i := 1; i < len(path); i++ {
			path[i-1].low = append(path[i-1].low, path[i])
			path[i].above = append(path[i].above, path[i-1])
		}
		l.arrows = append(l.arrows, path)
	}
	l.order()
	l.place()
	return l
}

// order sorts the nodes of each row by the middle of their neighbours, until no
// round finds fewer crossings.
func (l *layout) order() {
	best, least := l.copyRows(), math.MaxInt
	for round := range 60 {
		down := round%2 == 0
		l.number()
		for i := range l.rows {
			if !down {
				i = len(l.rows) - 1 - i
			}
			for _, n := range l.rows[i] {
				if near := n.neighbours(down); len(near) > 0 {
					n.x = middle(near)
				}
			}
			slices.SortStableFunc(l.rows[i], func(a, b *node) int { return cmp.Compare(a.x, b.x) })
			for k, n := range l.rows[i] {
				n.x = float64(k)
			}
		}
		if n := l.crossings(); n < least {
			best, least = l.copyRows(), n
		}
	}
	l.rows = best
}

func (n *node) neighbours(above bool) []*node {
	if above {
		return n.above
	}
	return n.low
}

func middle(nodes []*node) float64 {
	sum := 0.0
	for _, n := range nodes {
		sum += n.x
	}
	return sum / float64(len(nodes))
}

func (l *layout) copyRows() [][]*node {
	rows := make([][]*node, len(l.rows))
	for i, row := range l.rows {
		rows[i] = slices.Clone(row)
	}
	return rows
}

// number sets each x to the place in the row.
func (l *layout) number() {
	for _, row := range l.rows {
		for k, n := range row {
			n.x = float64(k)
		}
	}
}

func (l *layout) crossings() int {
	count := 0
	for _, row := range l.rows {
		var lines [][2]float64
		for _, n := range row {
			for _, below := range n.low {
				lines = append(lines, [2]float64{n.x, below.x})
			}
		}
		for i, a := range lines {
			for _, b := range lines[:i] {
				if (a[0]-b[0])*(a[1]-b[1]) < 0 {
					count++
				}
			}
		}
	}
	return count
}

// place gives each node its x: as near to its neighbours as the order and the
// widths allow.
func (l *layout) place() {
	l.number()
	for _, row := range l.rows {
		spread(row)
	}
	for round := range 40 {
		for i := range l.rows {
			down := round%2 == 0
			if !down {
				i = len(l.rows) - 1 - i
			}
			for _, n := range l.rows[i] {
				if near := n.neighbours(down); len(near) > 0 {
					n.x = middle(near)
				}
			}
			spread(l.rows[i])
		}
	}
	left := math.Inf(1)
	for _, row := range l.rows {
		for _, n := range row {
			left = min(left, n.x-n.width/2)
		}
	}
	for _, row := range l.rows {
		for _, n := range row {
			n.x = math.Round(n.x - left + margin + labelWidth)
		}
	}
}

// spread moves the nodes of a row apart where they overlap, and no farther than
// it must: neighbours that collide form a block, which moves to the mean of what
// its nodes want.
func spread(row []*node) {
	type block struct {
		start, sum float64 // of the first node; of what all want for the first one
		n          int
	}
	offset := make([]float64, len(row)) // from the first node of the row, if all touch
	for i := 1; i < len(row); i++ {
		offset[i] = offset[i-1] + row[i-1].width/2 + gap + row[i].width/2
	}
	var blocks []block
	for i, n := range row {
		want := n.x - offset[i]
		b := block{want, want, 1}
		for len(blocks) > 0 && blocks[len(blocks)-1].start > b.start {
			last := blocks[len(blocks)-1]
			blocks = blocks[:len(blocks)-1]
			b = block{sum: last.sum + b.sum, n: last.n + b.n}
			b.start = b.sum / float64(b.n)
		}
		blocks = append(blocks, b)
	}
	i := 0
	for _, b := range blocks {
		for range b.n {
			row[i].x = b.start + offset[i]
			i++
		}
	}
}
