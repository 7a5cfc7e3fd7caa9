package main

import (
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"unicode/utf8"

	"golang.org/x/term"

	"reliabilitylab/reports"
	"reliabilitylab/scenarios"
)

// isTerminal tells whether a person looks at what is written to w.
func isTerminal(w io.Writer) bool {
	f, ok := w.(*os.File)
	return ok && term.IsTerminal(int(f.Fd()))
}

// A terminal is where results are told.
type terminal struct {
	w      io.Writer
	colour bool
}

func newTerminal(w io.Writer) *terminal {
	return &terminal{w, isTerminal(w) && os.Getenv("NO_COLOR") == "" && os.Getenv("TERM") != "dumb"}
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
	fmt.Fprintln(t.w, t.look(bold, s.Title))
	if q := strings.TrimSpace(s.Question); q != "" {
		fmt.Fprintln(t.w, wrap(q, 78, "  "))
	}
}

// results tells what came out.
func (t *terminal) results(r *reports.Results, s *scenarios.Scenario, dir string) {
	if len(r.Trials) <= maxColumns {
		t.sideBySide(reports.Compare(r.Trials))
	} else {
		t.list(r.Trials)
	}
	for _, trial := range r.Trials {
		for _, e := range trial.Errors {
			fmt.Fprintf(t.w, "%s %s, %s\n", t.look(red, "!"), trial.ID, e)
		}
	}
	t.claims(r)
	fmt.Fprintf(t.w, "%s\n", filepath.Join(dir, "index.html"))
}

// maxColumns is how many trials stand side by side; more are listed below each other.
const maxColumns = 4

// sideBySide prints the comparison: a row a metric, a column a trial.
func (t *terminal) sideBySide(c reports.Comparison) {
	width := make([]int, len(c.Columns)+1)
	rows := c.Story()
	for _, r := range rows {
		width[0] = max(width[0], utf8.RuneCountInString(r.Label))
		for i, cell := range r.Cells {
			width[i+1] = max(width[i+1], utf8.RuneCountInString(cell), utf8.RuneCountInString(c.Columns[i].Label))
		}
	}
	fmt.Fprintf(t.w, "\n  %-*s", width[0], "")
	for i, col := range c.Columns {
		fmt.Fprintf(t.w, "  %s%s", strings.Repeat(" ", width[i+1]-utf8.RuneCountInString(col.Label)), t.look(bold, col.Label))
	}
	fmt.Fprintln(t.w)
	for _, r := range rows {
		fmt.Fprintf(t.w, "  %s%s", r.Label, strings.Repeat(" ", width[0]-utf8.RuneCountInString(r.Label)))
		for i, cell := range r.Cells {
			fmt.Fprintf(t.w, "  %s%s", strings.Repeat(" ", width[i+1]-utf8.RuneCountInString(cell)), cell)
		}
		fmt.Fprintln(t.w)
	}
	fmt.Fprintln(t.w)
}

// listMetrics are the columns of the list.
var listMetrics = []string{"delivered_ratio", "completion_s", "goodput_bps", "loss_ratio", "retransmissions", "timeouts"}

// maxListed is how many trials the list shows.
const maxListed = 40

// list prints a row a trial.
func (t *terminal) list(trials []reports.Trial) {
	rows := [][]string{{"trial"}}
	for _, m := range listMetrics {
		rows[0] = append(rows[0], strings.ReplaceAll(strings.TrimSuffix(strings.TrimSuffix(m, "_s"), "_bps"), "_", " "))
	}
	for i := range trials[:min(len(trials), maxListed)] {
		row := []string{trials[i].ID}
		for _, name := range listMetrics {
			m, _ := scenarios.MetricNamed(name)
			cell := "–"
			if v, ok := trials[i].Metrics[name]; ok {
				cell = reports.Human(v, m.Unit)
			}
			row = append(row, cell)
		}
		rows = append(rows, row)
	}
	width := make([]int, len(rows[0]))
	for _, r := range rows {
		for i, cell := range r {
			width[i] = max(width[i], utf8.RuneCountInString(cell))
		}
	}
	fmt.Fprintln(t.w)
	for n, r := range rows {
		line := "  " + r[0] + strings.Repeat(" ", width[0]-utf8.RuneCountInString(r[0]))
		for i, cell := range r[1:] {
			line += "  " + strings.Repeat(" ", width[i+1]-utf8.RuneCountInString(cell)) + cell
		}
		if n == 0 {
			line = t.look(bold, line)
		}
		fmt.Fprintln(t.w, line)
	}
	if more := len(trials) - maxListed; more > 0 {
		fmt.Fprintf(t.w, "  … and %d more: trials.csv has them all\n", more)
	}
	fmt.Fprintln(t.w)
}

// claims tells of the expectations: each where they are few, else only those that failed.
func (t *terminal) claims(r *reports.Results) {
	failed := r.Failed()
	if len(failed) == 0 && len(r.Expect) > 12 {
		fmt.Fprintf(t.w, "%s all %d expectations hold\n", t.look(green, "✓"), len(r.Expect))
		return
	}
	shown := r.Expect
	if len(r.Expect) > 12 {
		shown = failed[:min(len(failed), maxListed)]
	}
	for _, e := range shown {
		mark := t.look(green, "✓")
		if !e.OK {
			mark = t.look(red, "✗")
		}
		fmt.Fprintf(t.w, "%s %s  %s\n", mark, e.Text, t.look(faint, e.Found()))
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
