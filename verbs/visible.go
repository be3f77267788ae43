package verbs

import (
	"reflect"

	"sexton/proc"
)

// Visible escapes every string of a reply so that a terminal shows it and does not act on it (see
// proc.Visible): names, states, the words of probes, the last lines of a service. It is for
// clients that print for people; --json prints exact text.
func (r Reply) Visible() Reply {
	return visible(reflect.ValueOf(r)).Interface().(Reply)
}

// visible is such a copy of v. It walks through all fields, so that a new one cannot
// be forgotten.
func visible(v reflect.Value) reflect.Value {
	copied := reflect.New(v.Type()).Elem()
	switch v.Kind() {
	case reflect.String:
		copied.SetString(proc.Visible(v.String()))
	case reflect.Pointer:
		if !v.IsNil() {
			copied.Set(reflect.New(v.Type().Elem()))
			copied.Elem().Set(visible(v.Elem()))
		}
	case reflect.Struct:
		for i := range v.NumField() {
			copied.Field(i).Set(visible(v.Field(i)))
		}
	case reflect.Slice:
		if !v.IsNil() {
			copied.Set(reflect.MakeSlice(v.Type(), v.Len(), v.Len()))
			for i := range v.Len() {
				copied.Index(i).Set(visible(v.Index(i)))
			}
		}
	default:
		copied.Set(v)
	}
	return copied
}
