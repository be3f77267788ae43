package verbs

// Health is the answer to a probe. Words say what is missing, or "ready", or "live".
type Health struct {
	OK    bool   `json:"ok"`
	Words string `json:"words"`
}

func health(q *question) Reply {
	ok, words := q.now.Health(q.request.Services, q.request.Live)
	return Reply{Health: &Health{OK: ok, Words: words}}
}

func (h *Health) text(p *Page) (text string, status int) {
	text = h.Words + "\n"
	switch {
	case !h.OK && p.Live:
		text, status = "not live: "+text, 1
	case !h.OK:
		text, status = "not ready: "+text, 1
	}
	if p.Quiet {
		text = ""
	}
	return text, status
}
