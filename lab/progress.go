package main

import (
	"fmt"
	"io"
	"strings"
	"sync"
	"time"

	"reliabilitylab/lab/experiment"
)

// A progress tells how long work goes on: a bar that moves on a terminal, a plain line now and then elsewhere. Work that
// is over soon is not spoken of.
type progress struct {
	mu    sync.Mutex
	w     io.Writer
	bar   bool
	begun time.Time
	last  time.Time // of the latest word
	shown bool      // a bar stands on the terminal
}

const (
	firstWord = 500 * time.Millisecond // after the beginning
	barEvery  = 100 * time.Millisecond
	lineEvery = 5 * time.Second
)

func newProgress(w io.Writer) *progress {
	now := time.Now()
	return &progress{w: w, bar: isTerminal(w), begun: now, last: now}
}

// report implements experiment.Progress.
func (p *progress) report(r experiment.Report) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if !p.due() {
		return
	}
	if r.Total == 1 || r.Total == r.Done {
		p.show(r.Part, r.Trial)
		return
	}
	p.show(float64(r.Done)/float64(r.Total), fmt.Sprintf("%d of %d trials, %s%s", r.Done, r.Total, r.Trial, p.left(r)))
}

// left estimates the time left from the time that the finished trials took.
func (p *progress) left(r experiment.Report) string {
	if r.Done == 0 {
		return ""
	}
	left := time.Since(p.begun) / time.Duration(r.Done) * time.Duration(r.Total-r.Done)
	return fmt.Sprintf(", about %v left", left.Round(time.Second))
}

// say tells what goes on now.
func (p *progress) say(what string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.bar && p.due() {
		p.show(1, what)
	}
}

// due tells whether it is time for a word.
func (p *progress) due() bool {
	now := time.Now()
	every := lineEvery
	if p.bar {
		every = barEvery
	}
	if now.Sub(p.begun) < firstWord || now.Sub(p.last) < every {
		return false
	}
	p.last = now
	return true
}

// barWidth is in characters.
const barWidth = 30

func (p *progress) show(part float64, what string) {
	if !p.bar {
		fmt.Fprintf(p.w, "%3.0f %%  %s\n", 100*part, what)
		return
	}
	full := min(barWidth, int(part*barWidth))
	fmt.Fprintf(p.w, "\r\x1b[K%s%s %s", strings.Repeat("█", full), strings.Repeat("░", barWidth-full), what)
	p.shown = true
}

// clear takes the bar away.
func (p *progress) clear() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.shown {
		fmt.Fprint(p.w, "\r\x1b[K")
		p.shown = false
	}
}
