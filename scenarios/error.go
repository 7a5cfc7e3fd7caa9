package scenarios

import (
	"fmt"
	"slices"
	"strings"
	"unicode"

	"gopkg.in/yaml.v3"
)

// What is wrong with a scenario is told where it is wrong: file:line:column, the line itself with the wrong piece
// underlined, and what was meant. All that is wrong is told at once.

// An Error is one thing that is wrong with a scenario.
type Error struct {
	File    string // the scenario's file, or "--set" with the number of the setting as its line
	Line    int    // from 1
	Column  int    // from 1, in characters
	Message string
	Excerpt string // the line and, under it, the wrong piece underlined; "" where there is no line to show
	NotYet  bool   // a key of the format that this version cannot run yet
}

// Error returns "file:line:column: message", then the line and its underline.
func (e *Error) Error() string {
	s := fmt.Sprintf("%s:%d:%d: %s", e.File, e.Line, e.Column, e.Message)
	if e.Excerpt != "" {
		s += "\n" + e.Excerpt
	}
	return s
}

// Errors is all that is wrong with a scenario, in the order of the file. It is never empty.
type Errors []*Error

// maxErrors is how many errors are told; a broken file can have thousands.
const maxErrors = 20

// Error returns all errors, one below the other.
func (l Errors) Error() string {
	var b strings.Builder
	for i, e := range l {
		if i == maxErrors {
			fmt.Fprintf(&b, "\nand %d more", len(l)-maxErrors)
			break
		}
		if i > 0 {
			b.WriteByte('\n')
		}
		b.WriteString(e.Error())
	}
	return b.String()
}

// Unwrap returns the errors one by one.
func (l Errors) Unwrap() []error {
	out := make([]error, len(l))
	for i, e := range l {
		out[i] = e
	}
	return out
}

// sorted orders the errors by their place and drops repetitions. Errors in settings come behind those in the file.
func (l Errors) sorted(file string) Errors {
	slices.SortStableFunc(l, func(a, b *Error) int {
		if (a.File == file) != (b.File == file) {
			if a.File == file {
				return -1
			}
			return 1
		}
		if a.Line != b.Line {
			return a.Line - b.Line
		}
		return a.Column - b.Column
	})
	return slices.CompactFunc(l, func(a, b *Error) bool { return *a == *b })
}

// A source is a text that errors point into.
type source struct {
	name  string
	lines []string
}

func newSource(name, text string) *source {
	lines := strings.Split(text, "\n")
	for i, l := range lines {
		lines[i] = strings.TrimSuffix(l, "\r")
	}
	return &source{name, lines}
}

// A place is a piece of one line of a source.
type place struct {
	src       *source
	line, col int // from 1
	width     int // characters, at least 1
}

// maxMessageText is how many bytes a message has at most: it may quote what the file says.
const maxMessageText = 600

func (p place) errorf(format string, args ...any) *Error {
	m := fmt.Sprintf(format, args...)
	if len(m) > maxMessageText {
		m = strings.ToValidUTF8(m[:maxMessageText], "") + " …"
	}
	m = strings.ReplaceAll(m, "\n", " ")
	return &Error{File: p.src.name, Line: p.line, Column: p.col, Message: m, Excerpt: p.excerpt()}
}

// excerptWidth is how many characters of a line an error shows.
const excerptWidth = 100

// excerpt shows the line, cut around the place if it is long, and underlines the place.
func (p place) excerpt() string {
	if p.line < 1 || p.line > len(p.src.lines) {
		return ""
	}
	text := []rune(p.src.lines[p.line-1])
	col := min(max(p.col-1, 0), len(text))
	if len(text) == 0 {
		return ""
	}
	from := 0
	var line, under strings.Builder
	if col > excerptWidth*3/4 {
		from = col - excerptWidth/2
		line.WriteString("… ")
		under.WriteString("  ")
	}
	to := min(len(text), from+excerptWidth)
	for i, r := range text[from:to] {
		switch {
		case r == '\t':
		case unicode.IsPrint(r):
		default:
			r = '\uFFFD'
		}
		line.WriteRune(r)
		switch at := from + i; {
		case at < col && r == '\t':
			under.WriteByte('\t')
		case at < col:
			under.WriteByte(' ')
		}
	}
	width := max(1, min(p.width, to-col))
	return "    " + line.String() + "\n    " + under.String() + "^" + strings.Repeat("~", width-1)
}

// place returns where a node stands.
func (d *decoder) place(n *yaml.Node) place {
	if p, ok := d.placed[n]; ok {
		return p
	}
	return d.src.of(n)
}

// of returns the place of a node that was read from the source.
func (s *source) of(n *yaml.Node) place {
	p := place{s, max(n.Line, 1), max(n.Column, 1), 1}
	if p.line > len(s.lines) {
		return p
	}
	text := []rune(s.lines[p.line-1])
	if p.col > len(text) {
		return p
	}
	rest := text[p.col-1:]
	switch {
	case n.Kind == yaml.ScalarNode && n.Style&(yaml.SingleQuotedStyle|yaml.DoubleQuotedStyle) != 0:
		p.width = quotedWidth(rest)
	case n.Kind == yaml.ScalarNode && n.Value != "" && strings.HasPrefix(string(rest), n.Value):
		p.width = len([]rune(n.Value))
	case n.Style&yaml.FlowStyle != 0:
		p.width = bracketWidth(rest)
	}
	return p
}

// quotedWidth returns the length of the quoted text that begins the line, or 1 if it ends on another line.
func quotedWidth(text []rune) int {
	for i := 1; i < len(text); i++ {
		switch {
		case text[0] == '"' && text[i] == '\\':
			i++
		case text[i] == text[0]:
			return i + 1
		}
	}
	return 1
}

// bracketWidth returns the length of the bracketed text that begins the line, or 1 if it ends on another line.
func bracketWidth(text []rune) int {
	depth := 0
	for i, r := range text {
		switch r {
		case '[', '{':
			depth++
		case ']', '}':
			depth--
			if depth == 0 {
				return i + 1
			}
		}
	}
	return 1
}
