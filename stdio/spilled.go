package stdio

import "sexton/stdio/destination"

// spill is what a queue has on disk, behind what it has in memory: the lines, and the
// streams and counts that they belong to.
type spill struct {
	disk  *destination.Spill
	index []spilled // one for each stretch on disk
	gone  Count     // dropped when nothing was left behind which to say it
}

// spilled is a stretch on disk.
type spilled struct {
	stream *stream // of its lines
	Count
	dropped Count // what is missing before it
}

func newSpill(dir string, limit int64) *spill {
	return &spill{disk: destination.NewSpill(dir, limit)}
}

// put writes lines behind the others. What has no room is dropped, the oldest
// first, and returned. An error means that the lines were not taken.
func (p *spill) put(s *stream, lines []byte, c Count) (dropped Count, err error) {
	most := 0
	if n := len(p.index); n > 0 && p.index[n-1].stream == s && p.gone == (Count{}) {
		most = dropChunkBytes
	}
	n, joined, err := p.disk.Put(lines, most)
	for range n {
		oldest := p.index[0]
		p.index = p.index[1:]
		dropped.Add(oldest.Count)
		p.miss(oldest.Count)
		p.miss(oldest.dropped)
	}
	switch {
	case err != nil:
		return dropped, err
	case joined:
		p.index[len(p.index)-1].Count.Add(c)
	default:
		p.index = append(p.index, spilled{stream: s, Count: c, dropped: p.gone})
		p.gone = Count{}
	}
	return dropped, nil
}

// miss notes what is missing before the oldest, or before what comes next.
func (p *spill) miss(c Count) {
	if len(p.index) > 0 {
		p.index[0].dropped.Add(c)
	} else {
		p.gone.Add(c)
	}
}

// get takes the oldest stretch out. There is one.
func (p *spill) get() (lines []byte, s spilled, err error) {
	s = p.index[0]
	if p.index = p.index[1:]; len(p.index) == 0 {
		p.index = nil
	}
	lines, err = p.disk.Get()
	return lines, s, err
}
