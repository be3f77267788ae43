package container

import (
	"context"
	"os"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"sexton/internal/simkernel"
	"sexton/service"
	"sexton/verbs"
)

// running is a container with web whose files are read by read. It lives until the test ends.
func running(t *testing.T, read func() Fresh) (*Container, watched) {
	t.Helper()
	sim := simkernel.New(1)
	if err := sim.Catch(); err != nil {
		t.Fatal(err)
	}
	sim.Behaves = func([]string) simkernel.Habit { return simkernel.Habit{Polite: true} }
	trace := make(watched, 10000)
	c := Load(Options{Plan: plan(polite("web")), Kernel: sim, Getenv: func(string) string { return "" }, Verbosity: -1, Trace: trace, Read: read})
	over := make(chan struct{})
	go func() {
		c.Run()
		close(over)
	}()
	trace.await(t, " started run=1 ")
	t.Cleanup(func() {
		go func() {
			for range trace {
			}
		}()
		_, _ = c.loop.Shutdown(context.Background(), true, "")
		<-over
	})
	return c, trace
}

// Who asks while the files are read gets what a later reading finds, and that is one reading for all of them.
func TestOneReadingAtATime(t *testing.T) {
	begun, gate := make(chan bool), make(chan bool)
	readings := 0
	c, _ := running(t, func() Fresh {
		readings++
		begun <- true
		<-gate
		other := polite("web")
		other.Env = []string{"N=" + strings.Repeat("1", readings)}
		return Fresh{Plan: plan(other)}
	})
	type reply struct {
		verbs.Reload
		err error
	}
	replies := make(chan reply, 10)
	ask := func(dryRun bool) {
		r, err := c.Reload(t.Context(), dryRun, " by us")
		replies <- reply{r, err}
	}
	go ask(false)
	<-begun
	for range 3 {
		go ask(false)
	}
	go ask(true)
	c.ReadAgain("SIGHUP")
	for asked := 0; asked < 4; {
		c.reads.mu.Lock()
		asked = len(c.reads.waiting)
		c.reads.mu.Unlock()
	}
	gate <- true
	<-begun
	gate <- true
	dry := 0
	for range 5 {
		r := <-replies
		if r.err != nil || len(r.Changed) != 1 || !slices.Equal(r.Changed[0].Keys, []string{"env.N"}) || !r.Changed[0].Restarts {
			t.Errorf("%+v", r)
		}
		if r.DryRun {
			dry++
		}
	}
	if readings != 2 || dry != 1 {
		t.Errorf("%d readings, %d dry runs", readings, dry)
	}
}

// A client that gives up has its reload all the same; one that only wanted to know, and a panic, change nothing.
func TestReloadThatTakesLong(t *testing.T) {
	begun, gate := make(chan bool, 10), make(chan bool)
	c, trace := running(t, func() Fresh {
		begun <- true
		if !<-gate {
			panic("a bug")
		}
		return Fresh{Plan: plan(polite("web"), polite("db"))}
	})
	short, cancel := context.WithTimeout(t.Context(), time.Millisecond)
	defer cancel()
	if _, err := c.Reload(short, true, " by us"); err == nil || !strings.Contains(err.Error(), "still being read") {
		t.Errorf("the answer is %v", err)
	}
	if _, err := c.Reload(short, false, " by us"); err == nil || !strings.Contains(err.Error(), "in the log") {
		t.Errorf("the answer is %v", err)
	}
	<-begun
	gate <- false
	<-begun
	gate <- true
	if text := trace.await(t, " started run=2 "); strings.Count(text, " adopt ") != 1 {
		t.Errorf("the client that gave up:\n%s", text)
	}
}

// Each field of a service that can differ has the name of a key, which is not a word of ours.
func TestEachChangeHasAKey(t *testing.T) {
	was := edition{spec: polite("web")}
	docs, err := os.ReadFile("../docs/config.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, field := range reflect.VisibleFields(reflect.TypeFor[service.Spec]()) {
		if key, special := keyOf[field.Name]; field.Anonymous || special && key == "" {
			continue
		}
		is := was
		if !differ(reflect.ValueOf(&is.spec).Elem().FieldByIndex(field.Index)) {
			t.Fatalf("%s: the test cannot change it", field.Name)
		}
		if keys := changedKeys(&was, &is); len(keys) != 1 || keys[0] == "" || keys[0] != strings.ToLower(keys[0]) && field.Name != "Env" {
			t.Errorf("%s: %q", field.Name, keys)
		} else if field.Name != "Env" && !strings.Contains(string(docs), "`"+keys[0]+"`") {
			t.Errorf("%s: docs/config.md has no key %s", field.Name, keys[0])
		}
	}
}

// differ puts another value into v.
func differ(v reflect.Value) bool {
	switch v.Kind() {
	case reflect.Bool:
		v.SetBool(!v.Bool())
	case reflect.String:
		v.SetString(v.String() + "X")
	case reflect.Slice:
		v.Set(reflect.MakeSlice(v.Type(), v.Len()+1, v.Len()+1))
	case reflect.Pointer:
		v.Set(reflect.New(v.Type().Elem()))
	case reflect.Array:
		return differ(v.Index(v.Len() - 1))
	case reflect.Struct:
		return slices.ContainsFunc(reflect.VisibleFields(v.Type()), func(f reflect.StructField) bool { return differ(v.FieldByIndex(f.Index)) })
	default:
		switch {
		case v.CanUint():
			v.SetUint(v.Uint() + 1)
		case v.CanInt():
			v.SetInt(v.Int() + 1)
		case v.CanFloat():
			v.SetFloat(v.Float() + 1)
		default:
			return false
		}
	}
	return true
}
