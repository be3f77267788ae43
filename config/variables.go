package config

import "sexton/expand"

// mostText bounds a value with its variables: the kernel takes no longer word or variable.
const mostText = 128<<10 - 1

// filled is the text of a value with its variables filled in; it reports what is wrong with them.
func (r *reader) filled(v *value, text string, forms expand.Forms) string {
	if !expand.Has(text, forms) {
		return text
	}
	template, faults := expand.Parse(text, forms)
	out, more := template.Fill(r.environment.lookup, mostText)
	for _, fault := range append(faults, more...) {
		r.report(v, r.part(v, text, fault.Start, fault.End), v.shown, fault.Text, fault.Mend)
	}
	return out
}

// part is the place of a part of a string in the file, or of the whole value where the file has the string with
// escapes.
func (r *reader) part(v *value, text string, from, to int) span {
	if written := v.text(); written == `"`+text+`"` || written == "'"+text+"'" {
		return span{v.at.start + 1 + from, v.at.start + 1 + to}
	}
	return v.at
}
