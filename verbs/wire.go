package verbs

// Request is what a client asks for.
type Request struct {
	Verb      string   `json:"verb"`
	Services  []string `json:"services,omitempty"`  // status, health: only these; why: exactly one
	Live      bool     `json:"live,omitempty"`      // health: whether it lives, instead of whether it is ready
	Now       bool     `json:"now,omitempty"`       // shutdown: without the drain
	Namespace string   `json:"namespace,omitempty"` // the mount namespace of the sexton that is meant; "": any
}

// Reply is the answer: one of the pointers, or Error, which says why sexton did not
// understand, allow or carry out the request.
type Reply struct {
	Error     string `json:"error,omitempty"`
	Elsewhere bool   `json:"elsewhere,omitempty"` // with Error: Request.Namespace is not ours, and nothing was done

	Status   *Status   `json:"status,omitempty"`
	Health   *Health   `json:"health,omitempty"`
	Why      *Why      `json:"why,omitempty"`
	Shutdown *Shutdown `json:"shutdown,omitempty"`
}

// answer is the content of a reply. text writes it for people, and returns the exit status that goes with it.
type answer interface {
	text(p *Page) (words string, status int)
}

// answer is the content of a reply; nil: this version knows none in it.
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
