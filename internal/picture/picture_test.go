package picture

import (
	"encoding/xml"
	"fmt"
	"io"
	"strings"
	"testing"
)

var floors = [][]string{{""}, {"cli"}, {"init", "config"}, {"proc", "kernel", "paths"}}

func TestEveryRoomAndEveryNeededArrowIsDrawn(t *testing.T) {
	imports := map[string][]string{"": {"cli"}, "cli": {"init", "config", "proc"}, "init": {"proc", "kernel"}, "config": {"proc"}, "proc": nil, "kernel": nil}
	svg, err := Rooms(floors, imports)
	if err != nil {
		t.Fatal(err)
	}
	wellFormed(t, svg)
	for _, room := range []string{"main", "cli", "init", "config", "proc", "kernel"} {
		if !strings.Contains(svg, ">"+room+"</text>") {
			t.Errorf("%s has no box", room)
		}
	}
	if strings.Contains(svg, "paths") {
		t.Error("a room that is not linked has a box")
	}
	// cli needs no arrow to proc: init leads there.
	if got, want := strings.Count(svg, `class="arrow"`), 6; got != want {
		t.Errorf("%d arrows, want %d", got, want)
	}
}

func TestArrowsThatDoNotLeadDownAreRefused(t *testing.T) {
	for room, other := range map[string]string{"proc": "cli", "init": "config", "kernel": "kernel", "cli": "nowhere"} {
		if _, err := Rooms(floors, map[string][]string{room: {other}}); err == nil || !strings.Contains(err.Error(), room) {
			t.Errorf("%s imports %s: %v", room, other, err)
		}
	}
}

func TestBoxesOfARowDoNotTouch(t *testing.T) {
	var wide []string
	imports := map[string][]string{"": nil}
	for i := range 2 * most {
		name := fmt.Sprintf("a/room/of/a/long/name/%d", i)
		wide = append(wide, name)
		imports[""] = append(imports[""], name)
		imports[name] = nil
	}
	rows := append([][]string{{""}}, split(wide)...)
	l := newLayout(rows, reduced(imports))
	for _, row := range l.rows {
		for i := 1; i < len(row); i++ {
			if room := row[i].x - row[i].width/2 - row[i-1].x - row[i-1].width/2; room < gap-1 {
				t.Errorf("%q and %q are only %.1f apart", row[i-1].name, row[i].name, room)
			}
		}
	}
}

func TestEveryChangeOfStateIsDrawn(t *testing.T) {
	svg := States([]string{"down", "up"}, []Change{{"down", "up", []string{"Booted", "Asked"}}, {"up", "down", []string{"Exited"}}})
	wellFormed(t, svg)
	if got := strings.Count(svg, `class="arrow"`); got != 2 || !strings.Contains(svg, "Booted, Asked") {
		t.Errorf("%d arrows:\n%s", got, svg)
	}
}

func wellFormed(t *testing.T, svg string) {
	t.Helper()
	for d := xml.NewDecoder(strings.NewReader(svg)); ; {
		if _, err := d.Token(); err == io.EOF {
			return
		} else if err != nil {
			t.Fatal(err)
		}
	}
}
