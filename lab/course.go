package main

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"reliabilitylab/lab/experiment"
	"reliabilitylab/reports"
	"reliabilitylab/scenarios"
)

// lab run --all runs the course. Of it and of any other several scenarios a table at the end tells how they went.

// named wants scenarios, or --all and none.
func (f *runFlags) named(c *cobra.Command, args []string) error {
	if f.all && len(args) > 0 {
		return usagef("--all runs all shipped scenarios; %s beside it is one too many", args[0])
	}
	if f.all && f.shard.N > 0 {
		return usagef("--shard is of one sweep, and --all is all scenarios")
	}
	if f.all {
		return nil
	}
	return named(c, args)
}

func names(all []*scenarios.Scenario) []string {
	var out []string
	for _, s := range all {
		out = append(out, s.Name)
	}
	return out
}

// withoutEndless leaves out the sweeps that would run in real time, and says so.
func withoutEndless(c *cobra.Command, all []*scenarios.Scenario) []*scenarios.Scenario {
	var out []*scenarios.Scenario
	var left []string
	for _, s := range all {
		if experiment.RealTime(s) && s.Sweep.Multiplies() {
			left = append(left, s.Name)
		} else {
			out = append(out, s)
		}
	}
	if len(left) > 0 {
		fmt.Fprintf(c.ErrOrStderr(), "lab: in real time the course is without its sweeps: %s\n", strings.Join(left, ", "))
	}
	return out
}

// A lesson is a scenario that has been run.
type lesson struct {
	reports.Lesson
	took time.Duration // on the wall
}

// byChapter sorts the lessons of the course into its chapters.
func byChapter(lessons []lesson) []reports.CourseChapter {
	var out []reports.CourseChapter
	for _, c := range scenarios.Chapters() {
		chapter := reports.CourseChapter{Title: c.Title}
		for _, s := range c.Scenarios {
			if i := slices.IndexFunc(lessons, func(l lesson) bool { return l.Name == s.Name }); i >= 0 {
				chapter.Lessons = append(chapter.Lessons, lessons[i].Lesson)
			}
		}
		if len(chapter.Lessons) > 0 {
			out = append(out, chapter)
		}
	}
	return out
}

// lessons tells how several scenarios went.
func (t *terminal) lessons(all []lesson) {
	rows := [][]string{{"scenario", "held", "failed", "time"}}
	var took time.Duration
	held, failed := 0, 0
	for _, l := range all {
		rows = append(rows, []string{l.Name, strconv.Itoa(l.Held), strconv.Itoa(l.Failed), seconds(l.took)})
		held, failed, took = held+l.Held, failed+l.Failed, took+l.took
	}
	rows = append(rows, []string{fmt.Sprintf("all %d", len(all)), strconv.Itoa(held), strconv.Itoa(failed), seconds(took)})
	fmt.Fprintln(t.w)
	t.table(rows)
}

func seconds(d time.Duration) string { return fmt.Sprintf("%.1f s", d.Seconds()) }
