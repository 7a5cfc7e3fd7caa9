package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"runtime"
	"syscall"

	"golang.org/x/term"
)

// An output is standard output or standard error. After its first error it takes what comes and drops it: a reader that has
// gone away must not stop a run whose results stand in files.
type output struct {
	w   io.Writer
	err error
}

func (o *output) Write(b []byte) (int, error) {
	if o.err == nil {
		_, o.err = o.w.Write(b)
	}
	return len(b), nil
}

// failed returns the first error of a write, unless it only says that nobody reads any more.
func (o *output) failed() error {
	if o.err == nil || closedPipe(o.err) {
		return nil
	}
	return machineError{fmt.Errorf("write the output: %w", o.err)}
}

// closedPipe tells whether an error says that the pipe's reader has gone.
func closedPipe(err error) bool {
	if runtime.GOOS == "windows" { // ERROR_BROKEN_PIPE and ERROR_NO_DATA
		return errors.Is(err, syscall.Errno(109)) || errors.Is(err, syscall.Errno(232))
	}
	return errors.Is(err, syscall.EPIPE)
}

// file is the file behind w; nil if there is none.
func file(w io.Writer) *os.File {
	if o, ok := w.(*output); ok {
		w = o.w
	}
	f, _ := w.(*os.File)
	return f
}

// watched tells whether a person looks at what is written to w, and wants to see it coloured and moving.
func watched(w io.Writer) bool {
	f := file(w)
	return f != nil && os.Getenv("NO_COLOR") == "" && os.Getenv("TERM") != "dumb" && term.IsTerminal(int(f.Fd())) && understandsEscapes(f)
}

// columns is how wide the terminal behind w is, in characters.
func columns(w io.Writer) int {
	if f := file(w); f != nil {
		if width, _, err := term.GetSize(int(f.Fd())); err == nil && width > 0 {
			return width
		}
	}
	return 80
}
