package main

import (
	"fmt"
	"slices"
	"strings"

	"reliabilitylab/reports"
	"reliabilitylab/scenarios"
)

// One trial of a sweep is a scenario of its own: the sweep's, without its sweep, at the trial's point and with its seed.

// replay is the command that runs the trials of one point and seed of a scenario, which the user calls by that name. What is expected of
// many trials makes no sense of one, so nothing is expected.
func replay(name string, s *scenarios.Scenario, point scenarios.Point, seed uint64) string {
	words := []string{"lab run", word(name)}
	set := func(key, value string) { words = append(words, "--set", word(key+"="+value)) }
	for _, v := range s.Settings {
		if first, _, _ := strings.Cut(v.Key, "."); first != "seed" && first != "sweep" && first != "expect" {
			set(v.Key, v.Value)
		}
	}
	set("sweep", "{}")
	set("expect", "[]")
	for _, v := range point {
		set(v.Key, v.Value)
	}
	return strings.Join(append(words, fmt.Sprintf("--seed %d -o results/one", seed)), " ")
}

// word quotes a word for a shell, where it needs that.
func word(s string) string {
	plain := func(r rune) bool {
		return r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || strings.ContainsRune("_-./=:%+,@", r)
	}
	if s != "" && strings.IndexFunc(s, func(r rune) bool { return !plain(r) }) < 0 {
		return s
	}
	return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'"
}

// replay tells, of a sweep, how to run by itself the first trial that failed, or whose expectation did.
func (t *terminal) replay(r *reports.Results, name string, s *scenarios.Scenario) {
	if !s.Sweep.Multiplies() {
		return
	}
	i := slices.IndexFunc(r.Trials, func(t reports.Trial) bool { return len(t.Errors) > 0 })
	if i < 0 {
		e := slices.IndexFunc(r.Expect, func(e reports.Expectation) bool { return !e.OK && e.Replicate > 0 })
		if e < 0 {
			return
		}
		i = r.Group(r.Expect[e])
	}
	var point scenarios.Point
	for _, a := range s.Sweep.Vary {
		point = append(point, scenarios.Setting{Key: a.Key, Value: r.Trials[i].Point[a.Key]})
	}
	fmt.Fprintf(t.w, "the first that failed is by itself: %s\n", replay(name, s, point, r.Trials[i].Seed))
}
