package verbs

// Request is what a client asks for.
type Request struct {
	Verb      string   `json:"verb"`
	Services  []string `json:"services,omitempty"`      // status, health: only these; why: exactly one
	Live      bool     `json:"live,omitempty"`          // health: whether it lives, instead of whether it is ready
	Now       bool     `json:"now,omitempty"`           // shutdown: without the drain
	Follow    bool     `json:"follow,omitempty"`        // logs: go on with what is written from now on
	Lines     *int     `json:"lines,omitempty"`         // logs: so many of the last lines of each service; missing: all that are kept
	Since     float64  `json:"since_seconds,omitempty"` // logs: lines that are no older; 0: however old
	Signal    string   `json:"signal,omitempty"`        // signal: its name or number
	NoWait    bool     `json:"no_wait,omitempty"`       // start, stop, restart, run: do not wait for the effect
	Version   int      `json:"version,omitempty"`       // of the wire that the client speaks; 0: any
	Namespace string   `json:"namespace,omitempty"`     // the mount namespace of the sexton that is meant; "": any
	DryRun    bool     `json:"dry_run,omitempty"`       // reload: change nothing
	From      string   `json:"-"`                       // who asks, in words that follow "asked to"; the server knows
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
	Reload   *Reload   `json:"reload,omitempty"`

	// What follows comes in the lines of a streamed answer. Its last line has Done.
	Log      *Log      `json:"log,omitempty"`
	Event    *Event    `json:"event,omitempty"`
	Progress *Progress `json:"progress,omitempty"`
	Done     *Done     `json:"done,omitempty"`
	Begun    bool      `json:"begun,omitempty"` // the first line, which has nothing else

	Version int `json:"version,omitempty"` // of the wire
}

// WireVersion is the version of requests and replies. A change that a client of an older version
// would misunderstand raises it; new members do not.
const WireVersion = 1

// Done is the last line of a streamed answer. Words say why it failed, or what is worth saying.
type Done struct {
	Failed bool   `json:"failed"`
	Words  string `json:"words,omitempty"`
}

func (d *Done) text(*Page) (string, int) {
	text, status := "", 0
	if d.Words != "" {
		text = d.Words + "\n"
	}
	if d.Failed {
		status = 1
	}
	return text, status
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
	case r.Log != nil:
		return r.Log
	case r.Event != nil:
		return r.Event
	case r.Progress != nil:
		return r.Progress
	case r.Done != nil:
		return r.Done
	case r.Reload != nil:
		return r.Reload
	}
	return nil
}
