package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"reliabilitylab/lab/experiment"
	"reliabilitylab/reports"
	"reliabilitylab/scenarios"
)

// lab grade runs again what a results folder says it is of, elsewhere, and holds the folder to what comes of that.

type gradeFlags struct {
	jobs  jobs
	limit time.Duration
}

func gradeCommand() *cobra.Command {
	g := &gradeFlags{}
	c := &cobra.Command{
		Use:   "grade RESULTS...",
		Short: "Say whether results are what their scenario gives",
		Long: "grade runs again the scenario that a results folder holds, with its seed and settings, and compares all files byte for byte. (PNG\n" +
			"pictures may be a shade apart, as between kinds of processors.) It writes nothing into the folder, and trusts nothing in it.\n" +
			"What was recorded in real time (stack: linux) cannot be repeated, and so not graded. Exit status: 0 all are the same; 1 one\n" +
			"differs; 2 one cannot be graded.",
		Example: "  lab grade results/two-percent\n  lab grade handed-in/*",
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) == 0 {
				return usagef("grade what? Name results folders, such as results/two-percent")
			}
			return nil
		},
		RunE: g.run,
	}
	c.Flags().Var(&g.jobs, "jobs", "how many trials at the same time (default: as many as there are\nprocessors)")
	c.Flags().DurationVar(&g.limit, "limit", 10*time.Minute, "how long one folder may take; what takes longer is not graded")
	return c
}

// run grades one folder after the other: a line each, and below it what differs.
func (g *gradeFlags) run(c *cobra.Command, args []string) error {
	if g.limit <= 0 {
		return usagef("--limit %v: a folder needs some time", g.limit)
	}
	t := newTerminal(c.OutOrStdout())
	width := 0
	for _, dir := range args {
		width = max(width, len([]rune(oneLine(dir))))
	}
	status := statusOK
	for _, dir := range args {
		m, err := g.grade(c, dir)
		if err != nil {
			return err
		}
		t.mark(m, dir, width)
		status = max(status, m.status)
	}
	if status != statusOK {
		return alreadyTold(status)
	}
	return nil
}

// A mark is what is said of one folder.
type mark struct {
	status  int    // statusOK, statusExpect: it differs, or statusUsage: it cannot be graded
	text    string // of what it is, or why it cannot be graded
	details []string
}

// The words for a mark's status, which the line begins with.
var marks = map[int]string{statusOK: "same", statusExpect: "differs", statusUsage: "ungraded"}

// mark prints a mark; the folder's name fills so many characters.
func (t *terminal) mark(m mark, dir string, width int) {
	looks := map[int]string{statusOK: green, statusExpect: red, statusUsage: bold}
	name := oneLine(dir)
	pad := strings.Repeat(" ", width-len([]rune(name)))
	fmt.Fprintf(t.w, "%s%s  %s%s  %s\n", t.look(looks[m.status], marks[m.status]), strings.Repeat(" ", len("ungraded")-len(marks[m.status])), name, pad, m.text)
	for _, d := range m.details {
		fmt.Fprintf(t.w, "    %s\n", d)
	}
}

// errEndless says that a folder took longer than it may.
var errEndless = errors.New("it takes too long")

// grade grades one folder. The error is this machine's, or an interrupt: of what is wrong with the folder the mark tells.
func (g *gradeFlags) grade(c *cobra.Command, dir string) (mark, error) {
	ungraded := func(err error) (mark, error) {
		first, _, _ := strings.Cut(err.Error(), "\n") // behind it a scenario's error shows the line and tells of others
		return mark{status: statusUsage, text: oneLine(first)}, nil
	}
	recipe, err := reports.ReadRecipe(dir)
	if err != nil {
		return ungraded(err)
	}
	grid, err := repeatable(recipe.Scenario, int(g.jobs))
	if err != nil {
		return ungraded(err)
	}
	ctx, cancel := context.WithTimeoutCause(c.Context(), g.limit, errEndless)
	defer cancel()
	verdict, err := g.again(ctx, c, dir, grid, recipe)
	switch {
	case c.Context().Err() != nil:
		return mark{}, c.Context().Err()
	case errors.Is(context.Cause(ctx), errEndless):
		return ungraded(fmt.Errorf("to run it again takes longer than %v; --limit sets another limit", g.limit))
	case err != nil:
		return mark{}, blame(err)
	}
	return markOf(recipe, verdict), nil
}

// repeatable expands a scenario that comes to the same bytes whenever it runs.
func repeatable(s *scenarios.Scenario, jobs int) (*experiment.Grid, error) {
	if len(s.Missing) > 0 {
		return nil, fmt.Errorf("the scenario names %s, and results.json does not say what was in it", strconv.Quote(s.Missing[0]))
	}
	real := experiment.RealTime(s)
	for _, a := range s.Sweep.Vary {
		first, _, _ := strings.Cut(a.Key, ".")
		real = real || first == "stack"
	}
	if real {
		return nil, errors.New("it ran in real time, on the kernel's stack, and no two such runs are the same to the bit")
	}
	return experiment.Expand(s, jobs)
}

// again runs the recipe in a folder of its own, which goes when it is over, and compares.
func (g *gradeFlags) again(ctx context.Context, c *cobra.Command, dir string, grid *experiment.Grid, recipe *reports.Recipe) (_ *reports.Differences, err error) {
	temp, err := os.MkdirTemp("", "lab-grade-")
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(temp)) }()
	bar := newProgress(c.ErrOrStderr())
	defer bar.clear()
	fresh := filepath.Join(temp, "results")
	folder, err := reports.Create(fresh, recipe.Scenario)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, folder.Discard()) }()
	folder.Remark(recipe.Remarks)
	if err := runTrials(ctx, experiment.Options{Jobs: int(g.jobs)}, grid, folder, bar); err != nil {
		return nil, err
	}
	bar.say("comparing " + oneLine(dir))
	if _, err := folder.Finish(recipe.Formats, interruptible(ctx, experiment.Each(int(g.jobs)))); err != nil {
		return nil, err
	}
	return reports.Differ(dir, fresh)
}

// maxDetails is how many differences are told one by one.
const maxDetails = 8

// markOf says what a comparison comes to.
func markOf(r *reports.Recipe, v *reports.Differences) mark {
	m := mark{text: what(r.Scenario)}
	version := versions(r.Program, release())
	if len(v.All) == 0 {
		m.text += fmt.Sprintf("; %d files", v.Files)
		if v.Shades > 0 {
			m.text += fmt.Sprintf(", %d PNG a shade apart", v.Shades)
		}
		if version != "" {
			m.details = append(m.details, version)
		}
		return m
	}
	m.status = statusExpect
	m.text += fmt.Sprintf("; %s, %d files", count(len(v.All), "difference"), v.Files)
	for _, d := range v.All[:min(len(v.All), maxDetails)] {
		m.details = append(m.details, detail(d))
	}
	if more := len(v.All) - maxDetails; more > 0 {
		m.details = append(m.details, fmt.Sprintf("and %d more", more))
	}
	if version == "" && r.Program == "" {
		version = "it does not say which version of the lab recorded it: another one may leave other bytes"
	}
	if version != "" {
		m.details = append(m.details, version)
	}
	return m
}

// what says of which scenario results are.
func what(s *scenarios.Scenario) string {
	text := s.Name
	switch shipped, ok := scenarios.Shipped(s.Name); {
	case ok && string(shipped) == string(s.Text):
		text += " as shipped"
	case ok:
		text += ", not as shipped"
	default:
		text += ", a scenario of its own"
	}
	text += fmt.Sprintf(", seed %d", s.Seed)
	for _, set := range s.Settings {
		if set.Key != "seed" {
			text += ", " + set.String()
		}
	}
	if text = oneLine(text); len([]rune(text)) > maxWhat {
		text = string([]rune(text)[:maxWhat-1]) + "…"
	}
	return text
}

// maxWhat is in characters.
const maxWhat = 200

// versions says that results were recorded by another version of the lab than this one; "" where that is not so, or not known.
func versions(recorded, this string) string {
	if recorded == "" || this == "" || recorded == this {
		return ""
	}
	return fmt.Sprintf("recorded by version %s, graded by %s: another version may leave other bytes", oneLine(recorded), this)
}

// detail says what is the matter with one file.
func detail(d reports.Difference) string {
	file := oneLine(d.File)
	switch {
	case d.Has != "":
		return fmt.Sprintf("%s differs at %s: %#q, and should be %#q", file, d.Where, d.Has, d.Wants)
	case d.Where != "":
		return fmt.Sprintf("%s differs at %s", file, d.Where)
	}
	return file + " " + d.What
}

func count(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return fmt.Sprintf("%d %ss", n, what)
}
