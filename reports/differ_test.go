package reports

import (
	"bytes"
	"errors"
	"image"
	"image/color"
	"image/png"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// A damaged folder: what was done to it, and what must be said of it.
func TestDiffer(t *testing.T) {
	want := ran(t, tiny)
	const files = 23 // nine a trial, the chart and its table, results.json, trials.csv, the page
	write := func(name, text string) func(string) error {
		return func(dir string) error {
			return os.WriteFile(filepath.Join(dir, filepath.FromSlash(name)), []byte(text), 0o644)
		}
	}
	remove := func(name string) func(string) error {
		return func(dir string) error { return os.RemoveAll(filepath.Join(dir, filepath.FromSlash(name))) }
	}
	edit := func(name, old, new string) func(string) error {
		return func(dir string) error {
			file := filepath.Join(dir, filepath.FromSlash(name))
			b, err := os.ReadFile(file)
			if err != nil {
				return err
			}
			if !bytes.Contains(b, []byte(old)) {
				return errors.New(name + " has no " + old)
			}
			return os.WriteFile(file, bytes.Replace(b, []byte(old), []byte(new), 1), 0o644)
		}
	}
	for name, c := range map[string]struct {
		do   func(dir string) error
		want []Difference
	}{
		"nothing":     {func(string) error { return nil }, nil},
		"litter":      {write("charts/.DS_Store", "x"), nil},
		"a new file":  {write("charts/b.svg", ""), []Difference{{File: "charts/b.svg", What: "is added"}}},
		"a new trial": {func(dir string) error { return os.MkdirAll(filepath.Join(dir, "trials/x/y"), 0o755) }, []Difference{{File: "trials/x/", What: "is added"}}},
		"no trial":    {remove("trials/udp"), []Difference{{File: "trials/udp/", What: "is missing"}}},
		"no trials":   {remove("trials"), []Difference{{File: "trials/", What: "is missing"}}},
		"no page":     {remove("index.html"), []Difference{{File: "index.html", What: "is missing"}}},
		"a byte": {edit("trials/tcp/packets.csv", "\n3,", "\n4,"), []Difference{
			{File: "trials/tcp/packets.csv", What: "differs", Where: "line 4 (byte ", Has: "4,", Wants: "3,"}}},
		"an end": {edit("charts/delivery.csv", "series,time_s", ""), []Difference{
			{File: "charts/delivery.csv", What: "differs", Where: "line 1 (byte 1)", Has: ",bytes", Wants: "series,time_s,bytes"}}},
		"empty": {write("trials.csv", ""), []Difference{{File: "trials.csv", What: "differs", Where: "line 1 (byte 1)", Has: "the end", Wants: "id,"}}},
		"a capture": {edit("trials/tcp/client.pcapng", "\x0a\x0d\x0d\x0a", "\x0a\x0d\x0d\x0b"), []Difference{
			{File: "trials/tcp/client.pcapng", What: "differs", Where: "line 2 (byte 4)"}}},
		"a link": {func(dir string) error {
			return errors.Join(remove("trials/tcp/tcp.csv")(dir), os.Symlink(filepath.Join(want, "trials/tcp/tcp.csv"), filepath.Join(dir, "trials/tcp/tcp.csv")))
		}, []Difference{{File: "trials/tcp/tcp.csv", What: "is no file"}}},
		"a link to a folder": {func(dir string) error {
			return errors.Join(remove("trials")(dir), os.Symlink(filepath.Join(want, "trials"), filepath.Join(dir, "trials")))
		}, []Difference{{File: "trials", What: "is no folder"}}},
		"the record first": {func(dir string) error {
			return errors.Join(remove("charts/delivery.csv")(dir), remove("trials/udp/calls.csv")(dir))
		}, []Difference{{File: "trials/udp/calls.csv", What: "is missing"}, {File: "charts/delivery.csv", What: "is missing"}}},
	} {
		t.Run(name, func(t *testing.T) {
			dir := filepath.Join(t.TempDir(), "results")
			if err := os.CopyFS(dir, os.DirFS(want)); err != nil {
				t.Fatal(err)
			}
			if err := c.do(dir); err != nil {
				t.Fatal(err)
			}
			v, err := Differ(dir, want)
			if err != nil {
				t.Fatal(err)
			}
			if v.Files != files {
				t.Errorf("%d files, want %d", v.Files, files)
			}
			same := slices.EqualFunc(v.All, c.want, func(got, want Difference) bool {
				return got.File == want.File && got.What == want.What && strings.HasPrefix(got.Where, want.Where) &&
					strings.HasPrefix(got.Has, want.Has) && strings.HasPrefix(got.Wants, want.Wants) && (want.Has == "") == (got.Has == "")
			})
			if !same {
				t.Errorf("%+v, want %+v", v.All, c.want)
			}
		})
	}
}

// TestShades: pictures whose pixels are a shade apart are the same, with whatever is written beside the pixels; others are not.
func TestShades(t *testing.T) {
	picture := func(width int, c color.Color) []byte {
		m := image.NewNRGBA(image.Rect(0, 0, width, 3))
		for i := range width * 3 {
			m.Set(i%width, i/width, color.White)
		}
		m.Set(2, 1, c)
		var b bytes.Buffer
		if err := png.Encode(&b, m); err != nil {
			t.Fatal(err)
		}
		return b.Bytes()
	}
	grey := func(v uint8) color.Color { return color.NRGBA{v, v, v, 255} }
	ours := picture(4, grey(100))
	for name, c := range map[string]struct {
		theirs []byte
		same   bool
	}{
		"itself":            {ours, true},
		"a shade":           {picture(4, grey(100+maxShade)), true},
		"more than a shade": {picture(4, grey(100+maxShade+1)), false},
		"darker":            {picture(4, grey(100-maxShade-1)), false},
		"see-through":       {picture(4, color.NRGBA{100, 100, 100, 200}), false},
		"wider":             {picture(5, grey(100)), false},
		"huge":              {bytes.Replace(ours, []byte("IHDR\x00\x00\x00\x04"), []byte("IHDR\x7f\xff\xff\xff"), 1), false},
		"cut":               {ours[:len(ours)-30], false},
		"no picture":        {[]byte("<svg>"), false},
	} {
		if got := sameShades(bytes.NewReader(c.theirs), bytes.NewReader(ours)); got != c.same {
			t.Errorf("%s: %v, want %v", name, got, c.same)
		}
	}
}
