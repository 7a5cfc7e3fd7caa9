package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"unicode"

	"github.com/spf13/cobra"
	"golang.org/x/term"

	"reliabilitylab/scenarios"
)

// An asker asks for predictions: a line each, of a person at the terminal or of a file.
type asker struct {
	in     *bufio.Reader
	prompt io.Writer // nil where nobody would see it
}

func newAsker(c *cobra.Command) *asker {
	a := &asker{in: bufio.NewReader(c.InOrStdin())}
	if f, ok := c.InOrStdin().(*os.File); ok && term.IsTerminal(int(f.Fd())) {
		a.prompt = c.ErrOrStderr()
	}
	return a
}

// maxPrediction is in characters; what is longer is cut.
const maxPrediction = 1000

// ask waits for a prediction; "" if there is none, or nothing to predict. The question itself stands in the heading, above.
func (a *asker) ask(ctx context.Context, t *terminal, s *scenarios.Scenario) (string, error) {
	if strings.TrimSpace(s.Question) == "" {
		fmt.Fprintf(t.w, "  %s asks no question, so there is nothing to predict.\n", s.Name)
		return "", nil
	}
	if a.prompt != nil {
		fmt.Fprint(a.prompt, "  What do you think? ")
	}
	type answer struct {
		line string
		err  error
	}
	got := make(chan answer, 1)
	go func() { // a read cannot be interrupted: after Ctrl-C it is left to the end of the process
		line, err := a.line()
		got <- answer{line, err}
	}()
	select {
	case <-ctx.Done():
		a.newline()
		return "", ctx.Err()
	case said := <-got:
		if errors.Is(said.err, io.EOF) {
			a.newline()
			return said.line, nil
		}
		if said.err != nil {
			return "", machineError{fmt.Errorf("read the prediction: %w", said.err)}
		}
		return said.line, nil
	}
}

// newline ends the line of a prompt that nobody has answered.
func (a *asker) newline() {
	if a.prompt != nil {
		fmt.Fprintln(a.prompt)
	}
}

// line reads a line to its end, and returns as much of it as is kept.
func (a *asker) line() (string, error) {
	var kept []byte
	for {
		part, err := a.in.ReadSlice('\n')
		if len(kept) < 4*maxPrediction { // a character has four bytes at most
			kept = append(kept, part...)
		}
		if !errors.Is(err, bufio.ErrBufferFull) {
			said := []rune(oneLine(string(kept)))
			return string(said[:min(len(said), maxPrediction)]), err
		}
	}
}

// oneLine makes words of a text that somebody wrote: no control characters, which could take over a terminal, and single blanks.
func oneLine(text string) string {
	text = strings.Map(func(r rune) rune {
		switch {
		case unicode.IsSpace(r):
			return ' '
		case !unicode.IsPrint(r):
			return -1
		}
		return r
	}, strings.ToValidUTF8(text, ""))
	return strings.Join(strings.Fields(text), " ")
}
