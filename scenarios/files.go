package scenarios

import (
	"fmt"
	"io"
	"os"
	"path/filepath"
)

// Files that a scenario names: tables of delays, traces of rates. They stand beside it, and are read once: what was read is a part
// of the scenario, so that a run can be told again where they are not.

// read returns a file that the scenario names, at most max bytes of it, and where it stands; nil without an error where it is not
// known and none are read.
func (d *decoder) read(name string, max int64) (text []byte, file string, err error) {
	if text, ok := d.files[name]; ok {
		return text, name, nil
	}
	if d.folder == "" {
		d.missing[name] = true
		return nil, name, nil
	}
	if file = name; !filepath.IsAbs(file) {
		file = filepath.Join(d.folder, file)
	}
	text, err = readUpTo(file, max)
	switch {
	case err != nil:
		return nil, file, err
	case int64(len(text)) > max:
		return nil, file, fmt.Errorf("%s has more than %d bytes", file, max)
	}
	d.files[name] = text
	return text, file, nil
}

// readUpTo reads a regular file, but not much more than max bytes of it.
func readUpTo(name string, max int64) ([]byte, error) {
	f, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	if info, err := f.Stat(); err == nil && info.IsDir() {
		return nil, fmt.Errorf("%s is a directory", name)
	}
	return io.ReadAll(io.LimitReader(f, max+1))
}
