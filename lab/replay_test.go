package main

import (
	"context"
	"errors"
	"strings"
	"testing"

	"reliabilitylab/lab/experiment"
	"reliabilitylab/scenarios"
)

// TestAFailedTrialIsNamed: the error of a sweep that a trial has ended names the trial, its seed and what happened, and the command that
// runs it by itself, which is one that runs just that.
func TestAFailedTrialIsNamed(t *testing.T) {
	s, err := scenarios.Load("loss-sweep", scenarios.Setting{Key: "sweep.repeat", Value: "2"}, scenarios.Setting{Key: "flows.file.size", Value: "10kB"})
	if err != nil {
		t.Fatal(err)
	}
	grid, err := experiment.Expand(s, 1)
	if err != nil {
		t.Fatal(err)
	}
	f := &runFlags{jobs: 1}
	folder, err := f.folder(runCommand(), grid, s, t.TempDir()+"/results")
	if err != nil {
		t.Fatal(err)
	}
	defer folder.Discard()
	broken := &experiment.TrialError{ID: "loss=1%_r2_tcp", Seed: 2, Err: errors.New("it broke"),
		Point: scenarios.Point{{Key: "path.forward.loss", Value: "1%"}}}
	said := f.stopped(context.Background(), "loss-sweep", s, folder, broken).Error()
	const want = "trial loss=1%_r2_tcp (seed 2): it broke\nby itself it is: " +
		"lab run loss-sweep --set flows.file.size=10kB --set 'sweep={}' --set 'expect=[]' --set path.forward.loss=1% --seed 2 -o results/one"
	if said != want {
		t.Fatalf("it says\n%s\nwant\n%s", said, want)
	}
	_, command, _ := strings.Cut(said, "lab run loss-sweep ")
	t.Chdir(t.TempDir())
	var words []string
	for _, w := range strings.Fields(command) {
		words = append(words, strings.Trim(w, "'"))
	}
	c := runCommand()
	c.SetArgs(append([]string{"loss-sweep", "--formats", "svg"}, words...))
	c.SetOut(new(strings.Builder))
	if err := c.Execute(); err != nil {
		t.Errorf("%s: %v", command, err)
	}
}
