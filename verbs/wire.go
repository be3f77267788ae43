package verbs

// Request is what a caller asks for.
type Request struct {
	Verb      string   `json:"verb"`
	Services  []string `json:"services,omitempty"`  // status, health: these alone; why: exactly one
	Live      bool     `json:"live,omitempty"`      // health: whether it lives, instead of whether it is ready
	Now       bool     `json:"now,omitempty"`       // shutdown: without the drain
	Namespace string   `json:"namespace,omitempty"` // of the sexton that is meant, as Namespace names it; "": whoever answers
}

// Reply is the answer: one of the pointers, or Error. Error says in words why the
// request was not understood, not allowed or not done.
type Reply struct {
	Error     string `json:"error,omitempty"`
	Elsewhere bool   `json:"elsewhere,omitempty"` // with Error: Request.Namespace is not ours, and nothing was done

	Status   *Status   `json:"status,omitempty"`
	Health   *Health   `json:"health,omitempty"`
	Why      *Why      `json:"why,omitempty"`
	Shutdown *Shutdown `json:"shutdown,omitempty"`
}

// answer is what a verb has to tell. text writes it for people, and gives the exit status that goes with it.
type answer interface {
	text(p *Page) (words string, status int)
}

// answer is the one in a reply; nil: there is none that this version knows.
func (r *Reply) answer() answer {
	switch {
	case r.Status != nil:
		return r.Status
	case r.Health != nil:
		return r.Health
	case r.Why != nil:
		return r.Why
	case r.Shutdown != nil:
		return r.Shutdown
	}
	return nil
}
