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
	width func() int // of the terminal, in characters
	now   func() time.Time
	begun time.Time
	last  time.Time          // of the latest word
	part  map[string]float64 // of the trials that are running, how far each has come
	shown bool               // a bar stands on the terminal
}

const (
	firstWord = 500 * time.Millisecond // after the beginning
	barEvery  = 100 * time.Millisecond
	lineEvery = 5 * time.Second
	guessFrom = 2 * time.Second // before, the time left is not worth a guess
)

func newProgress(w io.Writer) *progress {
	return startProgress(w, watched(w), func() int { return columns(w) }, time.Now)
}

func startProgress(w io.Writer, bar bool, width func() int, now func() time.Time) *progress {
	begun := now()
	return &progress{w: w, bar: bar, width: width, now: now, begun: begun, last: begun, part: map[string]float64{}}
}

// report implements experiment.Progress.
func (p *progress) report(r experiment.Report) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.part[r.Trial] = r.Part; r.Part >= 1 {
		delete(p.part, r.Trial)
	}
	if !p.due() {
		return
	}
	whole := float64(r.Done)
	for _, part := range p.part {
		whole += part
	}
	whole = min(float64(r.Total), whole)
	left := p.left(whole-float64(r.Before), float64(r.Total)-whole)
	what := r.Trial + left
	if r.Total > 1 { // the name last, which is long and may be cut
		what = fmt.Sprintf("%d of %d trials%s%s, %s", r.Done, r.Total, p.rate(r.Done-r.Before), left, r.Trial)
	}
	p.show(whole/float64(r.Total), what)
}

// rate says how many trials end in a second, or in a minute.
func (p *progress) rate(done int) string {
	passed := p.now().Sub(p.begun)
	if passed < guessFrom || done < 1 {
		return ""
	}
	if each := float64(done) / passed.Seconds(); each >= 1 {
		return fmt.Sprintf(", %.0f a second", each)
	}
	return fmt.Sprintf(", %.0f a minute", float64(done)/passed.Minutes())
}

// left estimates the time left from the time that the work so far took; both are in trials. A trial may end long before its longest
// duration, so it is rather too long.
func (p *progress) left(did, rest float64) string {
	passed := p.now().Sub(p.begun)
	if passed < guessFrom || did < 0.01*(did+rest) {
		return ""
	}
	left := time.Duration(float64(passed) * rest / did)
	return fmt.Sprintf(", about %v left", left.Round(time.Second))
}

// say tells what goes on now, when the trials are done or before they begin.
func (p *progress) say(what string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.bar && p.due() {
		p.show(1, what)
	}
}

// due tells whether it is time for a word.
func (p *progress) due() bool {
	now := p.now()
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

// show writes the bar, cut to one line of the terminal: a longer one would leave its beginnings behind.
func (p *progress) show(part float64, what string) {
	if !p.bar {
		fmt.Fprintf(p.w, "%3.0f %%  %s\n", 100*part, what)
		return
	}
	full := int(part * barWidth)
	line := []rune(strings.Repeat("█", full) + strings.Repeat("░", barWidth-full) + " " + what)
	if most := max(0, p.width()-1); len(line) > most {
		line = line[:most]
	}
	fmt.Fprintf(p.w, "\r\x1b[K%s", string(line))
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
