package main

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"reliabilitylab/reports/chart"
	"reliabilitylab/scenarios"
)

// The kinds of flags that can be wrong in ways of their own. Each implements pflag.Value.

// A seed is a whole number as it was written; "" keeps the scenario's.
type seed string

func (s *seed) Set(text string) error {
	if _, err := strconv.ParseUint(text, 10, 64); err != nil {
		return fmt.Errorf("a seed is a whole number from 0 to %d", uint64(1<<64-1))
	}
	*s = seed(text)
	return nil
}
func (s *seed) String() string { return string(*s) }
func (s *seed) Type() string   { return "N" }

// A stack is lab or linux; "" keeps the scenario's.
type stack string

var stacks = []string{"lab", "linux"}

func (s *stack) Set(text string) error {
	if !slices.Contains(stacks, text) {
		if near, ok := scenarios.Nearest(text, stacks); ok {
			return fmt.Errorf("unknown; did you mean %s?", near)
		}
		return fmt.Errorf("unknown; there are %s", strings.Join(stacks, " and "))
	}
	*s = stack(text)
	return nil
}
func (s *stack) String() string { return string(*s) }
func (s *stack) Type() string   { return "S" }

// jobs is how many trials run at a time; 0: as many as there are processors.
type jobs int

// mostJobs is far above what any machine can use.
const mostJobs = 4096

func (j *jobs) Set(text string) error {
	n, err := strconv.Atoi(text)
	if err != nil || n < 1 || n > mostJobs {
		return fmt.Errorf("a number of trials from 1 to %d", mostJobs)
	}
	*j = jobs(n)
	return nil
}
func (j *jobs) String() string {
	if *j == 0 {
		return ""
	}
	return strconv.Itoa(int(*j))
}
func (j *jobs) Type() string { return "N" }

// A shard is a part of a sweep; the zero value is all of it.
type shard struct{ scenarios.Part }

func (s *shard) Set(text string) (err error) {
	s.Part, err = scenarios.ParsePart(text)
	return err
}
func (s *shard) String() string {
	if s.N == 0 {
		return ""
	}
	return s.Part.String()
}
func (s *shard) Type() string { return "K/N" }

// formats are the charts' formats, always in the order of chart.Formats and each once, so that png,svg and svg,png leave
// the same results.
type formats []string

func (f *formats) Set(text string) error {
	var named []string
	for word := range strings.SplitSeq(text, ",") {
		word = strings.ToLower(strings.TrimSpace(word))
		if !slices.Contains(chart.Formats, word) {
			return fmt.Errorf("%q is no format; there are %s, with commas between them", word, strings.Join(chart.Formats, ", "))
		}
		named = append(named, word)
	}
	*f = nil
	for _, known := range chart.Formats {
		if slices.Contains(named, known) {
			*f = append(*f, known)
		}
	}
	return nil
}
func (f *formats) String() string { return strings.Join(*f, ",") }
func (f *formats) Type() string   { return "LIST" }

func (f *formats) flag(c *cobra.Command) {
	*f = slices.Clone(chart.Formats)
	c.Flags().Var(f, "formats", "draw the charts as these")
}
