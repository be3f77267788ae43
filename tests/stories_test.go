package tests

import (
	"path/filepath"
	"testing"

	"sexton/internal/story"
)

func TestMain(m *testing.M) { story.Main(m, ".") }

// stories reads testdata/stories. Each proves what it says in its first lines;
// internal/story says how to read one. To run one:
//
//	go test -run 'TestStories/exit-status$' ./tests
func stories(t *testing.T) []*story.Story {
	t.Helper()
	paths, err := filepath.Glob("testdata/stories/*.txtar")
	if err != nil {
		t.Fatal(err)
	}
	if len(paths) == 0 {
		t.Fatal("no stories in testdata/stories")
	}
	var out []*story.Story
	for _, path := range paths {
		s, err := story.Read(path)
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, s)
	}
	return out
}

func TestStories(t *testing.T) {
	for _, s := range stories(t) {
		t.Run(s.Name, func(t *testing.T) { s.Test(t, "sexton") })
	}
}

// What we promise to do as others do it, they must do as well: the same story
// runs under each of them that is installed. A story that fails here claims
// something false of a peer.
func TestStoriesHoldForPeers(t *testing.T) {
	for _, s := range stories(t) {
		for _, peer := range s.Peers {
			t.Run(s.Name+"/"+peer, func(t *testing.T) { s.Test(t, peer) })
		}
	}
}
