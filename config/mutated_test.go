package config

import (
	"flag"
	"math/rand/v2"
	"strings"
	"testing"
)

var mutations = flag.Int("mutations", 100, "how many mutations of each file TestMutatedFiles reads")

// A file with a slip in it, and with several, is read to its end: each refusal has a line of text, and
// what is not refused is a plan that keeps its promises. Nothing panics.
func TestMutatedFiles(t *testing.T) {
	words := []string{"=", "\"", "'", "[", "]", "[[", "]]", "{", "}", ",", ".", "#", "\n", "\r", "\x00", "\xff", "\u202e", "true", "-1", "0", "1e999",
		"9999999999999999999", "nan", "1979-05-27T07:32:00Z", "\"\"", "'''", "[service.a]", "[service]", "command", "needs = [\"a\"]", "\"$X\"", "${"}
	refused, taken := 0, 0
	for n, text := range seeds(t) {
		random := rand.New(rand.NewPCG(uint64(n), 1))
		for i := range *mutations {
			mutated := text
			for range 1 + random.IntN(4) {
				mutated = mutate(random, mutated, words)
			}
			func() {
				defer func() {
					if cause := recover(); cause != nil {
						t.Errorf("file %d, mutation %d: panic: %v\n%s", n, i, cause, mutated)
					}
				}()
				plan, _, err := Parse("f", []byte(mutated), ambient, Options{})
				if err == nil {
					taken++
					checkPlan(t, plan)
				} else {
					refused++
					checkMistakes(t, err, strings.Count(mutated, "\n")+1)
				}
			}()
			if t.Failed() {
				t.Fatalf("file %d, mutation %d:\n%s", n, i, mutated)
			}
		}
	}
	if refused == 0 || taken == 0 {
		t.Errorf("%d mutations were refused and %d taken: they prove nothing", refused, taken)
	}
	t.Logf("%d refused, %d taken", refused, taken)
}

// mutate makes one slip: bytes lost, doubled or changed, a word where none belongs, lines lost,
// doubled or in another's place, the end missing.
func mutate(random *rand.Rand, text string, words []string) string {
	if text == "" {
		return words[random.IntN(len(words))]
	}
	at := random.IntN(len(text))
	end := min(len(text), at+1+random.IntN(8))
	lines := strings.SplitAfter(text, "\n")
	i, j := random.IntN(len(lines)), random.IntN(len(lines))
	switch random.IntN(8) {
	case 0:
		return text[:at] + text[end:]
	case 1:
		return text[:at] + text[at:end] + text[at:]
	case 2:
		return text[:at] + string([]byte{byte(random.IntN(256))}) + text[at+1:]
	case 3:
		return text[:at] + words[random.IntN(len(words))] + text[at:]
	case 4:
		lines[i] = ""
	case 5:
		lines[i] += lines[j]
	case 6:
		lines[i], lines[j] = lines[j], lines[i]
	default:
		return text[:at]
	}
	return strings.Join(lines, "")
}
