// Package tc translates between Linux's traffic control and paths of scenarios: `tc qdisc … netem …` and `tbf` lines become a
// path, and a path becomes the lines that come nearest; both say what is lost in translation. It runs nothing.
//
// A line's way to a path: words with their places (words.go), the head of the line (line.go), the options of the discipline
// (netem.go, loss.go, rate.go, tbf.go, with their units in units.go) into a scenarios.Way, and that as YAML (yaml.go). Back: lines.go.
package tc

import (
	"fmt"
	"strings"
	"unicode/utf8"

	"reliabilitylab/scenarios"
)

// An Error is a word of a line that cannot be.
type Error struct {
	Line    int // from 1
	Column  int // in characters, from 1
	Width   int // characters of what is wrong, at least 1
	Text    string
	Message string
}

// Error returns the message, the line and a mark under the word.
func (e *Error) Error() string {
	// What a terminal would take for a command has no place in a message.
	clean := strings.Map(func(r rune) rune {
		if r < ' ' || r == 0x7f {
			return ' '
		}
		return r
	}, e.Text)
	return fmt.Sprintf("tc:%d:%d: %s\n  %s\n  %s^%s", e.Line, e.Column, e.Message, clean,
		strings.Repeat(" ", e.Column-1), strings.Repeat("~", max(0, e.Width-1)))
}

// A word stands at a column of its line.
type word struct {
	text   string
	column int // in characters, from 1
}

// words are those of one line that are still to be read.
type words struct {
	line int
	text string
	all  []word
	next int
}

// maxLine is how many bytes a line may have.
const maxLine = 4096

func split(n int, line string) *words {
	w := &words{line: n, text: line}
	column := 1
	for i := 0; i < len(line); {
		if line[i] == ' ' || line[i] == '\t' {
			i, column = i+1, column+1
			continue
		}
		end := i + strings.IndexAny(line[i:]+" ", " \t")
		w.all = append(w.all, word{line[i:end], column})
		column += utf8.RuneCountInString(line[i:end])
		i = end
	}
	return w
}

func (w *words) more() bool { return w.next < len(w.all) }

// take returns the next word; there must be one.
func (w *words) take() word {
	w.next++
	return w.all[w.next-1]
}

// need returns the next word, or an error that says what is missing.
func (w *words) need(what string) (word, error) {
	if w.more() {
		return w.take(), nil
	}
	return word{}, w.wrong(word{"", utf8.RuneCountInString(w.text) + 1}, "the line ends where %s should stand", what)
}

// peek returns the next word without taking it, "" at the end.
func (w *words) peek() string {
	if w.more() {
		return w.all[w.next].text
	}
	return ""
}

// number tells whether the next word begins like a number: so tc tells values that may be left out from the next option.
func (w *words) number() bool {
	p := w.peek()
	return p != "" && p[0] >= '0' && p[0] <= '9'
}

// signed is number, with a sign allowed.
func (w *words) signed() bool {
	p := w.peek()
	return w.number() || len(p) > 1 && p[0] == '-' && p[1] >= '0' && p[1] <= '9'
}

func (w *words) wrong(at word, format string, args ...any) error {
	return &Error{w.line, at.column, max(1, utf8.RuneCountInString(at.text)), w.text, fmt.Sprintf(format, args...)}
}

// unknown is the error of a word that stands where one of several should.
func (w *words) unknown(at word, what string, known []string) error {
	if near, ok := scenarios.Nearest(at.text, known); ok {
		return w.wrong(at, "%q is no %s; did you mean %s?", at.text, what, near)
	}
	return w.wrong(at, "%q is no %s; there are %s", at.text, what, strings.Join(known, ", "))
}
