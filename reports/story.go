package reports

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"reliabilitylab/lab/trace"
	"reliabilitylab/reports/story"
)

// storyFile has all stories of a trial, one a line.
const storyFile = "story.txt"

// mostStories is how many of a trial the page tells; it sums up the others.
const mostStories = 5

// told is what the page tells of a trial.
type told struct {
	First, More []string
	File        fileView
	Number      int // stories in all
}

// tell writes the stories of a trial into its folder and returns the few that the page tells.
func (f *Folder) tell(id string, tr *trace.Trace) (told, error) {
	all := story.Of(tr)
	first, more := story.Pick(all, mostStories)
	t := told{More: more, Number: len(all)}
	for _, s := range first {
		t.First = append(t.First, s.Text)
	}
	var b strings.Builder
	if len(all) == 0 {
		t.First = []string{story.Nothing}
		fmt.Fprintln(&b, story.Nothing)
	}
	for _, s := range all {
		fmt.Fprintln(&b, s.Text)
	}
	return t, os.WriteFile(filepath.Join(f.place.temp, trialsDir, id, storyFile), []byte(b.String()), 0o644)
}
