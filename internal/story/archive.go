package story

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// Story is one story file, read.
type Story struct {
	Name  string   // the file's name without its extension
	Path  string   // where it was read
	Says  string   // what it proves, in its own words
	Peers []string // other programs that it holds for
	Needs []string // what must be there to run it
	Alone bool     // nothing else may run at the same time

	// Awaits says what sexton must learn before the story can be true of it;
	// "": nothing. Such a story is run anyway: that it has come true
	// is a failure too, until the line is removed.
	Awaits string

	lines []line
	files []file
}

// line is one line of the script.
type line struct {
	number int
	text   string
}

type file struct {
	name, text string
}

// Read reads a story. Its mistakes in form are errors; those in its words show
// when it is run.
func Read(path string) (*Story, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	s := &Story{Name: strings.TrimSuffix(filepath.Base(path), filepath.Ext(path)), Path: path}
	inHeader := true
	for i, text := range strings.SplitAfter(string(text), "\n") {
		if name, ok := sectionName(text); ok {
			s.files = append(s.files, file{name: name})
			continue
		}
		if n := len(s.files); n > 0 {
			s.files[n-1].text += text
			continue
		}
		text = strings.TrimSpace(text)
		switch {
		case strings.HasPrefix(text, "#"):
			if inHeader {
				if err := s.header(strings.TrimSpace(text[1:])); err != nil {
					return nil, fmt.Errorf("%s:%d: %w", path, i+1, err)
				}
			}
		case text != "":
			inHeader = false
			s.lines = append(s.lines, line{number: i + 1, text: text})
		}
	}
	if s.Says == "" {
		return nil, fmt.Errorf("%s: says not what it proves; begin with a line of comment", path)
	}
	if len(s.lines) == 0 {
		return nil, fmt.Errorf("%s: has no script", path)
	}
	return s, nil
}

// sectionName reads "-- NAME --".
func sectionName(text string) (string, bool) {
	text = strings.TrimRight(text, "\r\n ")
	name, ok := strings.CutPrefix(text, "-- ")
	if !ok {
		return "", false
	}
	name, ok = strings.CutSuffix(name, " --")
	name = strings.TrimSpace(name)
	return name, ok && name != ""
}

func (s *Story) header(text string) error {
	key, value, ok := strings.Cut(text, ":")
	if !ok {
		key = ""
	}
	switch key {
	case "peers":
		s.Peers = strings.Fields(value)
		for _, name := range s.Peers {
			if _, ok := Peers[name]; !ok {
				return fmt.Errorf("peer %q is not known", name)
			}
		}
	case "needs":
		s.Needs = strings.Fields(value)
	case "awaits":
		s.Awaits = strings.TrimSpace(value)
	case "alone":
		s.Alone = true
	default:
		s.Says = strings.TrimSpace(s.Says + " " + text)
	}
	return nil
}

// write puts the files of the story into dir.
func (s *Story) write(dir string) error {
	for _, f := range s.files {
		path := filepath.Join(dir, f.name)
		if !strings.HasPrefix(path, dir+"/") {
			return fmt.Errorf("file %q is outside of the story's directory", f.name)
		}
		if err := os.MkdirAll(filepath.Dir(path), 0o777); err != nil {
			return err
		}
		mode := os.FileMode(0o644)
		if strings.HasPrefix(f.text, "#!") {
			mode = 0o755
		}
		if err := os.WriteFile(path, []byte(strings.ReplaceAll(f.text, "@WORK@", dir)), mode); err != nil {
			return err
		}
	}
	return nil
}

// split cuts a line into words. lookup gives the value of a variable.
func split(text string, lookup func(string) (string, bool)) ([]string, error) {
	var words []string
	for rest := strings.TrimLeft(text, " \t"); rest != ""; rest = strings.TrimLeft(rest, " \t") {
		var word strings.Builder
		for rest != "" && rest[0] != ' ' && rest[0] != '\t' {
			var piece string
			var err error
			if piece, rest, err = cutPiece(rest, lookup); err != nil {
				return nil, err
			}
			word.WriteString(piece)
		}
		words = append(words, word.String())
	}
	return words, nil
}

// cutPiece takes the next quoted or plain piece of a word off rest.
func cutPiece(rest string, lookup func(string) (string, bool)) (piece, remains string, err error) {
	if quote := rest[0]; quote == '\'' || quote == '"' {
		piece, remains, closed := strings.Cut(rest[1:], string(quote))
		if !closed {
			return "", "", fmt.Errorf("quote %c is not closed", quote)
		}
		if quote == '"' {
			piece, err = expand(piece, lookup)
		}
		return piece, remains, err
	}
	end := strings.IndexAny(rest, " \t'\"")
	if end < 0 {
		end = len(rest)
	}
	piece, err = expand(rest[:end], lookup)
	return piece, rest[end:], err
}

func expand(text string, lookup func(string) (string, bool)) (string, error) {
	var unknown []string
	out := os.Expand(text, func(name string) string {
		value, ok := lookup(name)
		if !ok {
			unknown = append(unknown, name)
		}
		return value
	})
	if len(unknown) > 0 {
		return "", fmt.Errorf("no variable is called %s", strings.Join(slices.Compact(unknown), ", "))
	}
	return out, nil
}
