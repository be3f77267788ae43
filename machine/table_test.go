package machine

import (
	"fmt"
	"reflect"
	"runtime"
	"strings"
	"testing"

	"sexton/internal/golden"
	"sexton/service"
)

func TestEveryCellIsWritten(t *testing.T) {
	for s := range service.StateCount {
		for e := range kindCount {
			if table[s][e] == nil {
				t.Errorf("%v/%v: write a step, ignore, or broken", s, e)
			}
		}
	}
}

// stepName is the name of the function in a cell.
func stepName(s step) string {
	name := runtime.FuncForPC(reflect.ValueOf(s).Pointer()).Name()
	name = strings.TrimSuffix(name[strings.LastIndex(name, ".")+1:], "-fm")
	if name == "broken" {
		return "-"
	}
	return name
}

func TestTableIsAsTheGoldenFileShowsIt(t *testing.T) {
	var b strings.Builder
	fmt.Fprintf(&b, "%-12s", "")
	for e := range kindCount {
		fmt.Fprintf(&b, " %-16s", e)
	}
	b.WriteString("\n")
	for s := range service.StateCount {
		fmt.Fprintf(&b, "%-12s", s)
		for e := range kindCount {
			fmt.Fprintf(&b, " %-16s", stepName(table[s][e]))
		}
		b.WriteString("\n")
	}
	text := ""
	for _, line := range strings.SplitAfter(b.String(), "\n") {
		text += strings.TrimRight(line, " \n") + "\n"
	}
	golden.File(t, "../testdata/table.golden", strings.TrimRight(text, "\n")+"\n")
}
