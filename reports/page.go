package reports

import (
	"bytes"
	"cmp"
	_ "embed"
	"fmt"
	"html/template"
	"net/url"
	"path"
	"strconv"
	"strings"
)

//go:embed page.html
var pageText string

var pageTemplate = template.Must(template.New("page").Parse(pageText))

// pageView is what the page shows, ready to be put into the template.
type pageView struct {
	Title, Question string
	About           []string // paragraphs
	Path            string   // the scenario in words
	Comparison      Comparison
	Story           []Row
	Summary         *Summary // of all trials; nil where the comparison has them all
	First           string   // the point and replicate that the comparison and the charts of single trials show
	Total           int      // trials
	Claims          []Expectation
	Failed, Held    int // expectations beside Claims
	Stories         []storyView
	Sweep, Charts   []chartView // of all trials, and of those that the comparison shows
	Trials          []trialView
	More            int // trials beside Trials
	Results         *Results
}

type chartView struct {
	Name, Title, Caption, Picture string
	Files                         []fileView
}

// A storyView is what is told of a trial.
type storyView struct {
	Column
	told
}

type trialView struct {
	Trial
	Files []fileView
}

type fileView struct{ Name, Href string }

// trialFiles are the files of a trial's folder, in the order in which to name them.
var trialFiles = []string{"client.pcapng", "server.pcapng", "packets.csv", "messages.csv", "calls.csv", "tcp.csv", "queue.csv", storyFile}

// page returns index.html. It needs nothing but the folder it stands in.
func (f *Folder) page(drawn []drawnChart, formats []string) ([]byte, error) {
	s, shown := f.scenario, f.shown()
	v := pageView{
		Title: s.Title, Question: strings.TrimSpace(s.Question), About: paragraphs(s.About), Path: s.Describe(),
		Comparison: Compare(shown), Total: len(f.results.Trials), Results: &f.results,
	}
	if v.Total > len(shown) {
		all := Summarize(f.results.Trials)
		v.Summary, v.First = &all, strings.TrimSpace(shown[0].pointLabel()+" replicate "+strconv.Itoa(shown[0].Replicate))
	}
	v.Story = v.Comparison.Story()
	v.Claims, v.Failed, v.Held = f.results.Claims()
	for i, column := range v.Comparison.Columns {
		t := f.told[i]
		t.File = fileView{storyFile, path.Join(trialsDir, url.PathEscape(shown[i].ID), storyFile)}
		v.Stories = append(v.Stories, storyView{column, t})
	}
	for _, d := range drawn {
		c := chartView{Name: d.Name, Title: d.Title, Caption: d.Caption}
		for _, format := range append(formats[:len(formats):len(formats)], "csv") {
			c.Files = append(c.Files, fileView{strings.ToUpper(format), path.Join(chartsDir, d.Name+"."+format)})
			if format == "svg" || format == "png" && c.Picture == "" {
				c.Picture = path.Join(chartsDir, d.Name+"."+format)
			}
		}
		if d.swept {
			v.Sweep = append(v.Sweep, c)
		} else {
			v.Charts = append(v.Charts, c)
		}
	}
	for _, c := range append(v.Sweep[:len(v.Sweep):len(v.Sweep)], v.Charts...) {
		f.results.Picture = cmp.Or(f.results.Picture, c.Picture)
	}
	listed := f.results.Trials[:min(maxListed, len(f.results.Trials))]
	v.More = len(f.results.Trials) - len(listed)
	for _, t := range listed {
		tv := trialView{Trial: t}
		for _, name := range trialFiles {
			if f.has(path.Join(trialsDir, t.ID, name)) {
				tv.Files = append(tv.Files, fileView{name, path.Join(trialsDir, url.PathEscape(t.ID), name)})
			}
		}
		v.Trials = append(v.Trials, tv)
	}
	var b bytes.Buffer
	if err := pageTemplate.Execute(&b, v); err != nil {
		return nil, fmt.Errorf("index.html: %w", err)
	}
	return b.Bytes(), nil
}

// maxListed is how many trials the page links to; trials.csv has them all.
const maxListed = 100

// paragraphs cuts text at blank lines.
func paragraphs(text string) []string {
	var out []string
	for _, p := range strings.Split(strings.TrimSpace(text), "\n\n") {
		if p = strings.TrimSpace(p); p != "" {
			out = append(out, p)
		}
	}
	return out
}
