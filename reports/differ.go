package reports

import (
	"bufio"
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"image"
	"image/png"
	"io"
	"io/fs"
	"os"
	"path"
	"slices"
	"strings"
)

// A Difference is one file in which a results folder is not what it should be.
type Difference struct {
	File  string // within the folder, with slashes; of a folder that should not be there it ends in one
	What  string // "is missing", "is added", "differs", "is no file", "is no folder", "cannot be read"
	Where string // of one that differs: the first place in which it does
	Has   string // of one that is text: what stands there
	Wants string // and what should; both are cut, and may hold anything
}

// Differences are those of a results folder from another one.
type Differences struct {
	Files  int          // that should be there
	All    []Difference // first those of the record (trials/), of which all else is made
	Shades int          // PNG pictures whose pixels are a shade apart, as between kinds of processors, and that count as the same
}

// Differ holds the results in a folder, of whoever they are, to those that it should have, byte for byte. It follows no link and
// leaves the folder by none.
func Differ(dir, wanted string) (*Differences, error) {
	got, err := os.OpenRoot(dir)
	if err != nil {
		return nil, err
	}
	defer got.Close()
	want, err := os.OpenRoot(wanted)
	if err != nil {
		return nil, err
	}
	defer want.Close()
	v := &Differences{}
	known, gone := map[string]bool{}, map[string]bool{} // gone: a folder that is not there, and all in it
	err = fs.WalkDir(want.FS(), ".", func(name string, e fs.DirEntry, err error) error {
		if known[name] = true; err != nil {
			return err
		}
		if !e.IsDir() {
			v.Files++
		}
		switch {
		case gone[path.Dir(name)] && name != ".":
			gone[name] = e.IsDir()
		case e.IsDir():
			gone[name] = !v.folder(got, name)
		default:
			return v.hold(got, want, name)
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	err = fs.WalkDir(got.FS(), ".", func(name string, e fs.DirEntry, err error) error {
		switch {
		case err != nil:
			v.note(name+"/", "cannot be read")
		case known[name] || slices.Contains(litter, e.Name()):
		case e.IsDir():
			v.note(name+"/", "is added")
			return fs.SkipDir
		default:
			v.note(name, "is added")
		}
		return nil
	})
	slices.SortStableFunc(v.All, func(a, b Difference) int {
		return cmp.Or(cmp.Compare(rank(a.File), rank(b.File)), cmp.Compare(a.File, b.File))
	})
	return v, err
}

// rank is 0 of the record, 1 of what is made of it.
func rank(file string) int {
	if strings.HasPrefix(file, trialsDir+"/") {
		return 0
	}
	return 1
}

// note notes down a difference that there is no more to say of.
func (v *Differences) note(file, what string) {
	v.All = append(v.All, Difference{File: file, What: what})
}

// folder tells whether a folder is there, and no link to one.
func (v *Differences) folder(got *os.Root, name string) bool {
	switch st, err := got.Lstat(name); {
	case errors.Is(err, fs.ErrNotExist):
		v.note(name+"/", "is missing")
	case err != nil:
		v.note(name+"/", "cannot be read")
	case !st.IsDir():
		v.note(name, "is no folder")
	default:
		return true
	}
	return false
}

// hold compares one file, whose folder is there. The error is that of reading the one that is wanted.
func (v *Differences) hold(got, want *os.Root, name string) error {
	switch st, err := got.Lstat(name); {
	case errors.Is(err, fs.ErrNotExist):
		v.note(name, "is missing")
		return nil
	case err == nil && !st.Mode().IsRegular():
		v.note(name, "is no file")
		return nil
	}
	a, err := got.Open(name)
	if err != nil {
		v.note(name, "cannot be read")
		return nil
	}
	defer a.Close()
	b, err := want.Open(name)
	if err != nil {
		return err
	}
	defer b.Close()
	d, err := firstDifference(a, b)
	switch {
	case err != nil || d == nil:
		return err
	case path.Ext(name) == ".png" && sameShades(a, b):
		v.Shades++
		return nil
	case slices.Contains([]string{".png", ".pdf", ".pcapng"}, path.Ext(name)):
		d.Has, d.Wants = "", "" // no text
	}
	d.File = name
	v.All = append(v.All, *d)
	return nil
}

// excerpt is how much is shown of what differs, in bytes.
const excerpt = 40

// firstDifference finds the first byte in which two files differ; nil if there is none.
func firstDifference(a, b io.Reader) (*Difference, error) {
	x, y := bufio.NewReaderSize(a, 1<<16), bufio.NewReaderSize(b, 1<<16)
	line, word := 1, []byte{} // word: what the files have in common since the last blank, comma or the like
	for at := int64(1); ; at++ {
		p, errA := x.ReadByte()
		q, errB := y.ReadByte()
		if errA == io.EOF && errB == io.EOF {
			return nil, nil
		}
		for _, err := range []error{errA, errB} {
			if err != nil && err != io.EOF {
				return nil, err
			}
		}
		if p == q && errA == nil && errB == nil {
			switch {
			case p == '\n':
				line++
				fallthrough
			case bytes.IndexByte([]byte(" ,;:\"'<>()\t"), p) >= 0:
				word = word[:0]
			case len(word) < excerpt:
				word = append(word, p)
			}
			continue
		}
		return &Difference{
			What: "differs", Where: fmt.Sprintf("line %d (byte %d)", line, at), Has: upTo(word, p, x, errA), Wants: upTo(word, q, y, errB),
		}, nil
	}
}

// upTo shows a file around a byte: what comes before it, the byte, and what is behind it on its line.
func upTo(before []byte, b byte, behind *bufio.Reader, end error) string {
	if end != nil {
		return "the end"
	}
	rest, _ := behind.Peek(excerpt) // fewer at the end
	shown, _, _ := bytes.Cut(append(append(slices.Clone(before), b), rest...), []byte{'\n'})
	return string(shown[:min(len(shown), excerpt)])
}

// maxShade is how far a channel of a pixel may be from what was drawn here, of 255. Drawn on amd64 and on arm64, which round products
// of floating point in different places, pictures were at most 7 apart, in a thousand pixels of two million.
const maxShade = 16

// sameShades tells whether two PNG files show the same picture, give or take a shade. b is ours.
func sameShades(a, b io.ReadSeeker) bool {
	for _, f := range []io.Seeker{a, b} {
		if _, err := f.Seek(0, io.SeekStart); err != nil {
			return false
		}
	}
	ours, err := png.Decode(b)
	if err != nil {
		return false
	}
	// A picture that claims to be of another size is not decoded: it may claim anything.
	if head, err := png.DecodeConfig(a); err != nil || head.Width != ours.Bounds().Dx() || head.Height != ours.Bounds().Dy() {
		return false
	}
	if _, err := a.Seek(0, io.SeekStart); err != nil {
		return false
	}
	theirs, err := png.Decode(a)
	return err == nil && theirs.Bounds() == ours.Bounds() && alike(theirs, ours)
}

// alike compares two pictures of the same size.
func alike(a, b image.Image) bool {
	near := func(x, y uint32) bool { return max(x, y)>>8-min(x, y)>>8 <= maxShade }
	for y := b.Bounds().Min.Y; y < b.Bounds().Max.Y; y++ {
		for x := b.Bounds().Min.X; x < b.Bounds().Max.X; x++ {
			r, g, b1, alpha := a.At(x, y).RGBA()
			r2, g2, b2, alpha2 := b.At(x, y).RGBA()
			if !near(r, r2) || !near(g, g2) || !near(b1, b2) || !near(alpha, alpha2) {
				return false
			}
		}
	}
	return true
}
