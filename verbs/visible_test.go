package verbs

import (
	"reflect"
	"strings"
	"testing"

	"sexton/service"
)

// Every string that the wire has, now or later, is made visible; numbers stay.
func TestEveryStringOfAReplyIsMadeVisible(t *testing.T) {
	var fill func(v reflect.Value) (strings int)
	fill = func(v reflect.Value) (n int) {
		switch v.Kind() {
		case reflect.String:
			v.SetString("a\x1b[2Jb\n\u202e")
			return 1
		case reflect.Pointer:
			v.Set(reflect.New(v.Type().Elem()))
			return fill(v.Elem())
		case reflect.Slice:
			v.Set(reflect.MakeSlice(v.Type(), 1, 1))
			return fill(v.Index(0))
		case reflect.Struct:
			for i := range v.NumField() {
				n += fill(v.Field(i))
			}
		case reflect.Map, reflect.Array, reflect.Interface:
			t.Errorf("visible does not know a %v", v.Type())
		}
		return n
	}
	var r Reply
	n := fill(reflect.ValueOf(&r).Elem())
	var count func(v reflect.Value) int
	count = func(v reflect.Value) (n int) {
		switch v.Kind() {
		case reflect.String:
			if v.String() == `a\x1b[2Jb\n\u202e` {
				return 1
			}
			t.Errorf("%q", v.String())
		case reflect.Pointer:
			return count(v.Elem())
		case reflect.Slice:
			return count(v.Index(0))
		case reflect.Struct:
			for i := range v.NumField() {
				n += count(v.Field(i))
			}
		}
		return n
	}
	if got := count(reflect.ValueOf(r.Visible())); got != n || n < 15 {
		t.Errorf("%d strings of %d are visible", got, n)
	}
	if !strings.Contains(r.Error, "\x1b") {
		t.Error("the reply itself was changed")
	}
	whole := Reply{Status: &Status{Ready: true, UptimeSeconds: 3, Services: []Service{{Name: "web", PID: 7, Output: []service.Output{{LinesIn: 3}}}}}, Why: &Why{}}
	if got := whole.Visible(); !reflect.DeepEqual(got, whole) {
		t.Errorf("%+v", got)
	}
}
