package main

import (
	"context"
	"fmt"
	"io"
	"testing"
	"time"

	"reliabilitylab/lab/experiment"
	"reliabilitylab/scenarios"
)

// BenchmarkLossSweep is the shipped sweep as a user runs it, charts included, from the beginning to the folder at its place.
func BenchmarkLossSweep(b *testing.B) {
	for _, n := range []string{"1", "2"} {
		b.Run("jobs="+n, func(b *testing.B) {
			b.Chdir(b.TempDir())
			for b.Loop() {
				if status := run(context.Background(), []string{"run", "loss-sweep", "--jobs", n}, io.Discard, io.Discard); status != statusOK {
					b.Fatalf("exit status %d", status)
				}
			}
		})
	}
}

// BenchmarkSpeedUp runs and measures the trials of the shipped sweep with one worker and with several, and reports how many times as
// fast several are. The machine should have nothing else to do.
func BenchmarkSpeedUp(b *testing.B) {
	s, err := scenarios.Load("loss-sweep", scenarios.Setting{Key: "sweep.repeat", Value: "3"})
	if err != nil {
		b.Fatal(err)
	}
	grid, err := experiment.Expand(s, 0)
	if err != nil {
		b.Fatal(err)
	}
	trials := func(n int) time.Duration {
		f := &runFlags{jobs: jobs(n)}
		folder, err := f.folder(runCommand(), grid, s, b.TempDir()+"/results")
		if err != nil {
			b.Fatal(err)
		}
		defer folder.Discard()
		begun := time.Now()
		if err := runTrials(context.Background(), f.options(), grid, folder, startProgress(io.Discard, false, func() int { return 80 }, time.Now)); err != nil {
			b.Fatal(err)
		}
		return time.Since(begun)
	}
	for _, several := range []int{2, 4, 8} {
		b.Run(fmt.Sprint(several), func(b *testing.B) {
			var one, many time.Duration
			for b.Loop() {
				one += trials(1)
				many += trials(several)
			}
			b.ReportMetric(float64(one)/float64(many), "times")
		})
	}
}
