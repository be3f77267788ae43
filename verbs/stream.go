package verbs

import (
	"context"
	"fmt"
	"strings"

	"sexton/service"
)

// Some verbs have an answer of many lines: each is a Reply, and the last one has Done.

// Stream answers a request line by line. send waits for the client, and its error means that the client
// has gone; from says who asked, in words that follow "asked to". ctx ends with the client.
func (v *Verb) Stream(ctx context.Context, s *Source, r *Request, from string, send func(Reply) error) {
	if send(Reply{Begun: true}) != nil {
		return
	}
	done := Done{}
	if err := v.stream(ctx, &exchange{Source: s, request: r, from: from, send: send}); err != nil {
		done = Done{Failed: true, Words: err.Error()}
	}
	_ = send(Reply{Done: &done})
}

// Streams tells whether the answer has many lines.
func (v *Verb) Streams() bool { return v.stream != nil }

// exchange is a request that is being answered line by line.
type exchange struct {
	*Source
	request *Request
	from    string
	send    func(Reply) error
}

// targets are the services that the request means, in the order of the file, and how everything is; nil: all.
func (e *exchange) targets(ctx context.Context) (names []string, now service.Answer, err error) {
	ctx, cancel := context.WithTimeout(ctx, AnswerWithin)
	defer cancel()
	if now, err = e.Loop.Look(ctx, ""); err != nil {
		return nil, now, err
	}
	names, err = Targets(&now.Report, e.request.Services)
	return names, now, err
}

// Targets are the services that words mean: names, groups, web@* for the replicas of web, and all. They come in the order of
// the report, each once; nil for no words.
func Targets(r *service.Report, words []string) (names []string, err error) {
	meant := make(map[string]bool)
	for _, word := range words {
		found := false
		for _, name := range r.Named(word) {
			for i := range r.Services {
				if s := &r.Services[i]; s.Name == name || word == everyService && !s.External || isReplica(s.Name, name) {
					meant[s.Name], found = true, true
				}
			}
		}
		if !found {
			return nil, fmt.Errorf("%s", unknown(word, r))
		}
	}
	for i := range r.Services {
		if meant[r.Services[i].Name] {
			names = append(names, r.Services[i].Name)
		}
	}
	return names, nil
}

// everyService is the word for all services.
const everyService = "all"

// isReplica tells whether a pattern, web@*, means a service.
func isReplica(name, pattern string) bool {
	base, all := strings.CutSuffix(pattern, "@*")
	rest, replica := strings.CutPrefix(name, base+"@")
	return all && replica && rest != ""
}
