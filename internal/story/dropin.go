package story

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
)

// dropIn finds sexton under the name of another init whose manners it then has:
// a link, beside the directory of the programs so that nobody meets it in PATH.
// ok is false for any other name.
func dropIn(name string) (path string, ok bool, err error) {
	switch name {
	case "tini", "tini-static", "docker-init", "podman-init", "dumb-init", "catatonit":
	default:
		return "", false, nil
	}
	binary, err := Sexton()
	if err != nil {
		return "", true, err
	}
	path = filepath.Join(filepath.Dir(filepath.Dir(binary)), "drop-in", name)
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return "", true, err
	}
	if err := os.Symlink(binary, path); err != nil && !errors.Is(err, fs.ErrExist) {
		return "", true, err
	}
	return path, true, nil
}
