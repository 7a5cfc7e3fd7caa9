package main

import (
	"fmt"
	"io"
	"path/filepath"
	"strings"
	"unicode/utf8"

	"reliabilitylab/reports"
	"reliabilitylab/scenarios"
)

// A terminal is where results are told.
type terminal struct {
	w      io.Writer
	colour bool
}

func newTerminal(w io.Writer) *terminal {
	return &terminal{w, watched(w)}
}

// The looks of words, as terminals know them (ECMA-48, SGR).
const (
	bold  = "1"
	faint = "2"
	red   = "31"
	green = "32"
)

func (t *terminal) look(sgr, s string) string {
	if !t.colour {
		return s
	}
	return "\x1b[" + sgr + "m" + s + "\x1b[0m"
}

// heading tells what will run, and asks its question, so that one can predict the answer.
func (t *terminal) heading(s *scenarios.Scenario) {
	fmt.Fprintln(t.w, t.look(bold, wrap(s.Title, 78, "")))
	if q := strings.TrimSpace(s.Question); q != "" {
		fmt.Fprintln(t.w, wrap(q, 78, "  "))
	}
	if s.Sweep.Multiplies() {
		fmt.Fprintf(t.w, "  %d points, %s\n", s.Sweep.Count(), s.Seeds())
	}
}

// results tells what came out.
func (t *terminal) results(r *reports.Results, s *scenarios.Scenario, dir string) {
	var rows [][]string
	if len(r.Trials) <= maxColumns {
		rows = sideBySide(reports.Compare(r.Trials))
	}
	if rows != nil && width(rows) <= maxWidth {
		fmt.Fprintln(t.w)
		t.table(rows)
		fmt.Fprintln(t.w)
		t.stories(r)
	} else {
		t.summary(reports.Summarize(r.Trials))
	}
	t.errors(r)
	for _, trial := range r.Trials {
		if text := trial.Scope(); text != "" {
			fmt.Fprintln(t.w, wrap(text, 78, ""))
		}
	}
	if r.Late() {
		fmt.Fprintf(t.w, "%s %s\n", t.look(red, "!"), strings.TrimSpace(wrap(r.Timing()+".", 80, "  ")))
	}
	if r.Prediction != "" {
		fmt.Fprintln(t.w, t.look(bold, wrap("You said: "+oneLine(r.Prediction), 78, "  ")))
	}
	t.claims(r)
	fmt.Fprintf(t.w, "%s\n", filepath.Join(dir, "index.html"))
}

// maxErrors is how many trials' errors are told.
const maxErrors = 20

// errors tells how programs failed, of the first trials in which they did.
func (t *terminal) errors(r *reports.Results) {
	failed := 0
	for _, trial := range r.Trials {
		if len(trial.Errors) == 0 {
			continue
		}
		if failed++; failed > maxErrors {
			continue
		}
		for _, e := range trial.Errors {
			fmt.Fprintf(t.w, "%s %s (seed %d), %s\n", t.look(red, "!"), trial.ID, trial.Seed, e)
		}
	}
	if more := failed - maxErrors; more > 0 {
		fmt.Fprintf(t.w, "%s and in %d more trials: results.json has all\n", t.look(red, "!"), more)
	}
}

// stories tells of each trial what it is most worth to be told of it.
func (t *terminal) stories(r *reports.Results) {
	some := false
	for _, trial := range r.Trials {
		if trial.Story != "" {
			fmt.Fprintf(t.w, "  %s\n", strings.TrimSpace(wrap(trial.ID+": "+trial.Story, 78, "    ")))
			some = true
		}
	}
	if some {
		fmt.Fprintln(t.w)
	}
}

// maxColumns is how many trials stand side by side, if maxWidth characters are enough for them; more are summed up.
const (
	maxColumns = 4
	maxWidth   = 80
)

// sideBySide is the comparison as a table: a row a metric, a column a trial.
func sideBySide(c reports.Comparison) [][]string {
	rows := [][]string{{""}}
	for _, col := range c.Columns {
		rows[0] = append(rows[0], col.Label)
	}
	for _, r := range c.Story() {
		rows = append(rows, append([]string{r.Label}, r.Cells...))
	}
	return rows
}

// maxRows is how many rows a summary shows.
const maxRows = 40

// summary prints many trials: a row a point, flow and protocol, with the medians of the replicates.
func (t *terminal) summary(s reports.Summary) {
	rows := [][]string{{""}}
	for _, m := range s.Metrics {
		rows[0] = append(rows[0], m.Label)
	}
	most := 1
	for _, r := range s.Rows[:min(len(s.Rows), maxRows)] {
		row := []string{r.Label}
		for _, c := range r.Cells {
			row = append(row, c.Median)
		}
		rows = append(rows, row)
		most = max(most, r.Replicates)
	}
	fmt.Fprintln(t.w)
	t.table(rows)
	if more := len(s.Rows) - maxRows; more > 0 {
		fmt.Fprintf(t.w, "  … and %d more rows: index.html has them all\n", more)
	}
	if most > 1 {
		fmt.Fprintf(t.w, "  medians of %d replicates; trials.csv has every trial\n", most)
	}
	fmt.Fprintln(t.w)
}

// widths are those of a table's columns, in characters.
func widths(rows [][]string) []int {
	out := make([]int, len(rows[0]))
	for _, r := range rows {
		for i, cell := range r {
			out[i] = max(out[i], utf8.RuneCountInString(cell))
		}
	}
	return out
}

// width is that of a table's lines.
func width(rows [][]string) int {
	sum := 0
	for _, w := range widths(rows) {
		sum += 2 + w
	}
	return sum
}

// table prints rows, the first of them as a heading: the first column to the left, the others to the right.
func (t *terminal) table(rows [][]string) {
	width := widths(rows)
	for n, r := range rows {
		line := "  " + r[0] + strings.Repeat(" ", width[0]-utf8.RuneCountInString(r[0]))
		for i, cell := range r[1:] {
			pad := strings.Repeat(" ", width[i+1]-utf8.RuneCountInString(cell))
			if n == 0 && cell != "" {
				cell = t.look(bold, cell)
			}
			line += "  " + pad + cell
		}
		fmt.Fprintln(t.w, strings.TrimRight(line, " "))
	}
}

// claims tells of the expectations: each where they are few, else only those that failed.
func (t *terminal) claims(r *reports.Results) {
	shown, failed, held := r.Claims()
	for _, e := range shown {
		mark := t.look(green, "✓")
		if !e.OK {
			mark = t.look(red, "✗")
		}
		fmt.Fprintf(t.w, "%s %s  %s\n", mark, e.Text, t.look(faint, e.Found()))
	}
	if failed > 0 {
		fmt.Fprintf(t.w, "%s and %d more expectations do not hold\n", t.look(red, "✗"), failed)
	}
	switch {
	case held > 0 && len(shown) > 0:
		fmt.Fprintf(t.w, "%s %d other expectations hold\n", t.look(green, "✓"), held)
	case held > 0:
		fmt.Fprintf(t.w, "%s all %d expectations hold\n", t.look(green, "✓"), held)
	}
}

// wrap breaks text into lines of at most so many characters, each with an indent.
func wrap(text string, width int, indent string) string {
	var lines []string
	line := indent
	for _, w := range strings.Fields(text) {
		if utf8.RuneCountInString(line)+1+utf8.RuneCountInString(w) > width && line != indent {
			lines = append(lines, line)
			line = indent
		}
		if line != indent {
			line += " "
		}
		line += w
	}
	return strings.Join(append(lines, line), "\n")
}
