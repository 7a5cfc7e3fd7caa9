package main

import (
	"fmt"
	"strings"
	"unicode/utf8"

	"github.com/spf13/cobra"

	"reliabilitylab/reports"
)

// compareFlags are the flags of lab compare.
type compareFlags struct {
	out     string
	all     bool
	formats formats
}

func compareCommand() *cobra.Command {
	f := &compareFlags{}
	c := &cobra.Command{
		Use:   "compare A B",
		Short: "Say what differs between two results, and whether it is noise",
		Long: "compare puts two folders of results beside each other: first what differs in what was run, then in what came out.\n" +
			"Trials are paired by flow, protocol, point of the sweep and seed; with six seeds or more each metric is tested.\n" +
			"Shown are the metrics of a run's own table that differ beyond noise, the largest change first.",
		Example: "  lab run two-percent --set sweep.repeat=10 -o results/reno\n" +
			"  lab run two-percent --set sweep.repeat=10 --set flows.file.tcp.congestion=cubic -o results/cubic\n" +
			"  lab compare results/reno results/cubic -o results/reno-and-cubic",
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) != 2 {
				return usagef("compare what? Name two results folders, such as results/reno results/cubic")
			}
			return nil
		},
		RunE: f.run,
	}
	c.Flags().StringVarP(&f.out, "output", "o", "", "write every row as a table (compare.csv), and a picture, into `DIR`")
	c.Flags().BoolVar(&f.all, "all", false, "every metric, and every key that differs")
	f.formats.flag(c)
	return c
}

func (f *compareFlags) run(c *cobra.Command, args []string) error {
	if c.Flags().Changed("formats") && f.out == "" {
		return usagef("--formats says how to draw the picture, which needs a place: -o DIR")
	}
	dirs := [2]string(args)
	var results [2]*reports.Results
	for i, dir := range dirs {
		r, err := reports.ReadResults(dir)
		if err != nil {
			return blame(err)
		}
		results[i] = r
	}
	k, err := reports.Beside(dirs, results)
	if err != nil {
		return usageError{fmt.Errorf("compare %s with %s: %w", dirs[0], dirs[1], err)}
	}
	var files []string
	if f.out != "" {
		if files, err = k.Write(f.out, f.formats); err != nil {
			return blame(err)
		}
	}
	t := newTerminal(c.OutOrStdout())
	t.setup(k, f.all)
	t.contrast(k, f.all)
	for _, name := range files {
		fmt.Fprintln(t.w, name)
	}
	return nil
}

// maxKeys is how many keys of the set-up are told of.
const maxKeys = 12

// setup tells what was run on both sides, and in what that differs.
func (t *terminal) setup(k *reports.Contrast, all bool) {
	for _, s := range []*reports.Side{&k.A, &k.B} {
		fmt.Fprintf(t.w, "%s  %s: %s, stack %s, %s\n", t.look(bold, s.Name), s.Dir, s.Results.Scenario, s.Results.Stack, s.Words())
	}
	fmt.Fprintln(t.w)
	if len(k.Setup) == 0 {
		fmt.Fprintln(t.w, wrap("Nothing differs in what was run. "+k.Cause(), 78, ""))
	} else {
		rows := [][]string{{"What was run", k.A.Name, k.B.Name}}
		shown := len(k.Setup)
		if !all {
			shown = min(shown, maxKeys)
		}
		for _, d := range k.Setup[:shown] {
			rows = append(rows, []string{brief(d.Key), brief(d.A), brief(d.B)})
		}
		t.table(rows)
		if more := len(k.Setup) - shown; more > 0 {
			fmt.Fprintf(t.w, "  … and %d more keys: --all\n", more)
		}
	}
	for _, text := range k.Alone {
		fmt.Fprintln(t.w, wrap("Not compared: "+text, 78, ""))
	}
	for _, s := range []*reports.Side{&k.A, &k.B} {
		if s.Results.Late() {
			fmt.Fprintf(t.w, "%s %s\n", t.look(red, "!"), strings.TrimSpace(wrap(s.Name+". "+s.Results.Timing()+".", 80, "  ")))
		}
	}
	fmt.Fprintln(t.w)
}

// brief is a value cut to what a column has room for; "–" where it is not given.
func brief(v string) string {
	const most = 36
	v = strings.Join(strings.Fields(v), " ")
	if v == "" {
		return "–"
	}
	if utf8.RuneCountInString(v) > most {
		return string([]rune(v)[:most-2]) + " …"
	}
	return v
}

// contrast tells what differs in what came out.
func (t *terminal) contrast(k *reports.Contrast, all bool) {
	rows := [][]string{{"What came out", k.A.Name, k.B.Name, "change", "95 % interval", "P", "effect", ""}}
	shown := k.Shown()
	if all {
		shown = k.Rows
	}
	for _, r := range shown {
		rows = append(rows, []string{k.RowLabel(r), r.Value(r.A), r.Value(r.B), r.Changed(), r.Interval(), r.P(), r.Effect(), string(r.Verdict)})
	}
	rows = narrowed(rows, all, columns(t.w))
	if len(rows) > 1 {
		t.table(rows)
		fmt.Fprintln(t.w)
	}
	fmt.Fprintln(t.w, wrap(k.Sum(), 78, ""))
	if text := k.Doubt(); text != "" {
		fmt.Fprintln(t.w, wrap(text, 78, ""))
	}
	if k.Tests > 0 {
		fmt.Fprintln(t.w, t.look(faint, wrap(k.Method(), 78, "")))
	}
}

// narrowed leaves out what no row has and, of the short table, the verdicts, which all are one, and the intervals where the screen has no
// room for them.
func narrowed(rows [][]string, all bool, room int) [][]string {
	last := len(rows[0]) - 1
	keep := func(column int) bool {
		if column < 3 {
			return true
		}
		if column == last {
			return all
		}
		for _, r := range rows[1:] {
			if r[column] != "" {
				return true
			}
		}
		return false
	}
	cut := func(keep func(int) bool) (out [][]string) {
		for _, r := range rows {
			var row []string
			for i, v := range r {
				if keep(i) {
					row = append(row, v)
				}
			}
			out = append(out, row)
		}
		return out
	}
	if out := cut(keep); all || width(out) <= room {
		return out
	}
	return cut(func(i int) bool { return keep(i) && i != 4 })
}
