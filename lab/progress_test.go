package main

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"reliabilitylab/lab/experiment"
)

// A watch is a clock in the hand.
type watch struct{ t time.Time }

func (w *watch) now() time.Time          { return w.t }
func (w *watch) forward(d time.Duration) { w.t = w.t.Add(d) }
func wide(n int) func() int              { return func() int { return n } }
func at(done, total int, trial string, part float64) experiment.Report {
	return experiment.Report{Trial: trial, Done: done, Total: total, Part: part}
}

func TestProgressKeepsSilentAboutShortWork(t *testing.T) {
	for _, bar := range []bool{true, false} {
		var b bytes.Buffer
		w := &watch{time.Unix(1e9, 0)}
		p := startProgress(&b, bar, wide(80), w.now)
		for range 499 {
			w.forward(time.Millisecond)
			p.report(at(0, 2, "tcp", 0.5))
			p.say("drawing charts")
		}
		p.clear()
		if b.Len() > 0 {
			t.Errorf("bar %v: after 499 ms it has said %q", bar, b.String())
		}
	}
}

func TestProgressBar(t *testing.T) {
	var b bytes.Buffer
	w := &watch{time.Unix(1e9, 0)}
	p := startProgress(&b, true, wide(80), w.now)
	said := func() string {
		defer b.Reset()
		return b.String()
	}
	w.forward(500 * time.Millisecond)
	p.report(at(1, 4, "udp", 0.5)) // 1.5 of 4: 11.25 of 30 characters
	if got, want := said(), "\r\x1b[K"+strings.Repeat("█", 11)+strings.Repeat("░", 19)+" 1 of 4 trials, udp"; got != want {
		t.Errorf("%q, want %q", got, want)
	}
	w.forward(99 * time.Millisecond)
	p.report(at(1, 4, "udp", 0.6))
	if got := said(); got != "" {
		t.Errorf("again after 99 ms: %q", got)
	}
	// At 3 s, 2.4 of 4 are done (udp 0.6 is still running, tcp 0.8): 3 s / 0.6 - 3 s = 2 s are left.
	w.forward(2401 * time.Millisecond)
	p.report(at(1, 4, "tcp", 0.8))
	if got, want := said(), strings.Repeat("█", 18)+strings.Repeat("░", 12)+" 1 of 4 trials, 20 a minute, about 2s left, tcp"; !strings.HasSuffix(got, want) {
		t.Errorf("%q, want %q", got, want)
	}
	// A finished trial counts once.
	w.forward(time.Second)
	p.report(at(2, 4, "tcp", 1)) // 2.6 of 4: 19.5 of 30
	if got := said(); strings.Count(got, "█") != 19 {
		t.Errorf("%q", got)
	}
	w.forward(time.Second)
	p.say("drawing charts")
	if got, want := said(), "\r\x1b[K"+strings.Repeat("█", 30)+" drawing charts"; got != want {
		t.Errorf("%q, want %q", got, want)
	}
	p.clear()
	if got := said(); got != "\r\x1b[K" {
		t.Errorf("clear: %q", got)
	}
	p.clear()
	if got := said(); got != "" {
		t.Errorf("clear of nothing: %q", got)
	}
}

func TestProgressBarStaysOnItsLine(t *testing.T) {
	for _, width := range []int{1, 20, 33, 40, 80, 200} {
		var b bytes.Buffer
		w := &watch{time.Unix(1e9, 0)}
		p := startProgress(&b, true, wide(width), w.now)
		w.forward(time.Minute)
		p.report(at(3, 1000, strings.Repeat("ü", 300), 0.5))
		if n := len([]rune(strings.TrimPrefix(b.String(), "\r\x1b[K"))); n >= width {
			t.Errorf("%d characters on a terminal of %d", n, width)
		}
	}
}

func TestProgressLines(t *testing.T) {
	var b bytes.Buffer
	w := &watch{time.Unix(1e9, 0)}
	p := startProgress(&b, false, wide(80), w.now)
	for range 110 { // 11 s
		w.forward(100 * time.Millisecond)
		p.report(at(0, 1, "tcp", 0.25))
		p.say("drawing charts") // is too small a matter for a line
	}
	p.clear()
	// A quarter is done: three times as long is left, of 5 s 15 s, of 10 s 30 s.
	if got, want := b.String(), " 25 %  tcp, about 15s left\n 25 %  tcp, about 30s left\n"; got != want {
		t.Errorf("%q, want %q", got, want)
	}
}

// TestProgressOfAResumedSweep: rate and time left are of the trials that this run has done.
func TestProgressOfAResumedSweep(t *testing.T) {
	var b bytes.Buffer
	w := &watch{time.Unix(1e9, 0)}
	p := startProgress(&b, false, wide(80), w.now)
	w.forward(10 * time.Second)
	p.report(experiment.Report{Trial: "r9_tcp", Before: 600, Done: 800, Total: 1000, Part: 1}) // 200 in 10 s, 200 to come
	if got, want := b.String(), " 80 %  800 of 1000 trials, 20 a second, about 10s left, r9_tcp\n"; got != want {
		t.Errorf("%q, want %q", got, want)
	}
}
