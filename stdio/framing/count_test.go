package framing

import "testing"

func TestCountInWords(t *testing.T) {
	tests := []struct {
		count Count
		want  string
	}{
		{Count{}, "0 lines (0 B)"},
		{Count{80, 1}, "1 line (80 B)"},
		{Count{999, 2}, "2 lines (999 B)"},
		{Count{40_000, 312}, "312 lines (40 kB)"},
		{Count{1_250, 312}, "312 lines (1.2 kB)"},
		{Count{999_600, 1}, "1 line (1.0 MB)"},
		{Count{3_000_000_000_000_000, 1}, "1 line (3000 TB)"},
	}
	for _, test := range tests {
		if got := test.count.String(); got != test.want {
			t.Errorf("%+v: got %q, want %q", test.count, got, test.want)
		}
	}
}
