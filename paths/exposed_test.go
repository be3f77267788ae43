package paths

import (
	"os"
	"testing"
)

// In a sticky directory of root's, what belongs to us cannot be replaced; in all others that
// another user can write to, it can.
func TestExposed(t *testing.T) {
	trusted(t)
	do(t, os.Mkdir("own", 0o755), shared("open"), os.Mkdir("open/own", 0o755),
		os.Mkdir("sticky", 0o700), os.Chmod("sticky", 0o777|os.ModeSticky), os.Mkdir("sticky/own", 0o755),
		os.Mkdir("sticky/open", 0o700), os.Chmod("sticky/open", 0o777), os.Mkdir("sticky/open/own", 0o755))
	want := map[string]string{
		"own/a": "", "open/a": "open", "open/own/a": "open", "sticky/a": "sticky", "sticky/own/a": "",
		"sticky/open/a": "sticky/open", "sticky/open/own/a": "sticky/open",
	}
	if os.Geteuid() == 0 {
		do(t, os.Mkdir("sticky/theirs", 0o755), os.Chown("sticky/theirs", 1234, 1234),
			os.Mkdir("their-sticky", 0o755), os.Chmod("their-sticky", 0o755|os.ModeSticky), os.Mkdir("their-sticky/own", 0o755), os.Chown("their-sticky", 1234, 1234))
		want["sticky/theirs/a"], want["their-sticky/own/a"] = "sticky", "their-sticky"
	}
	for name, dir := range want {
		got := ""
		if exposed := place(t, name).Exposed; exposed != nil {
			got = exposed.Dir
		}
		if got != dir {
			t.Errorf("%s: exposed in %q, not %q", name, got, dir)
		}
	}
}
