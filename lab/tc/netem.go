package tc

import (
	"fmt"
	"math"
	"strings"

	"reliabilitylab/netem"
)

// netem's options, as tc(8)'s tc-netem page and iproute2 have them.

const (
	defaultLimit = 1000 // packets
	etherHeader  = 14   // bytes that Linux counts beside the IP packet
)

// options are netem's, in the order in which tc tries them: it takes any beginning of a word for it, so that order counts.
var options = []struct {
	name string
	read func(*reader, *words) error
}{
	{"limit", (*reader).limitOption}, {"latency", (*reader).delay}, {"delay", (*reader).delay}, {"loss", (*reader).loss},
	{"drop", (*reader).loss}, {"ecn", (*reader).ecn}, {"reorder", (*reader).reorder}, {"corrupt", (*reader).corrupt},
	{"gap", (*reader).gap}, {"duplicate", (*reader).duplicate}, {"distribution", (*reader).distribution}, {"rate", (*reader).rate},
	{"slot", (*reader).slot}, {"seed", (*reader).seed},
}

func (r *reader) readNetem(w *words) error {
	start := w.next
	if err := w.place(); err != nil {
		return err
	}
	for w.more() {
		at := w.take()
		read := (func(*reader, *words) error)(nil)
		for _, o := range options {
			if read == nil && strings.HasPrefix(o.name, at.text) {
				read = o.read
			}
		}
		if read == nil {
			var names []string
			for _, o := range options {
				names = append(names, o.name)
			}
			return w.unknown(at, "option of netem", names)
		}
		if err := read(r, w); err != nil {
			return err
		}
	}
	return r.checkNetem(w, w.all[start-1])
}

// checkNetem refuses what tc refuses, and fits to a path what that has more narrowly.
func (r *reader) checkNetem(w *words, at word) error {
	p := &r.path.Way
	switch {
	case p.Reorder.Gap > 0 && p.Reorder.Probability == 0:
		return w.wrong(at, "gap without reorder: tc refuses it (its manual's own example does so); write reorder 100%% gap %d", p.Reorder.Gap)
	case p.Reorder.Probability > 0 && p.Delay.Base == 0:
		return w.wrong(at, "reorder without delay: tc refuses it, since there is nothing to overtake")
	case p.Loss.ECN && p.Loss.Random == 0 && p.Loss.Burst == nil && p.Loss.Markov == nil:
		return w.wrong(at, "ecn without loss: tc refuses it, since nothing would be marked")
	case p.Delay.Distribution != "uniform" && (p.Delay.Jitter == 0 || p.Delay.Base == 0):
		return w.wrong(at, "distribution without delay and jitter: tc refuses it")
	}
	if p.Delay.Jitter > p.Delay.Base {
		r.note("a jitter of %v around %v would deliver packets before they are sent, which tc takes for at once; here it is %v",
			p.Delay.Jitter, p.Delay.Base, p.Delay.Base)
		p.Delay.Jitter = p.Delay.Base
	}
	p.Delay.KeepOrder = p.Delay.Jitter == 0 || p.Rate > 0
	if !p.Delay.KeepOrder {
		r.note("keep_order: false is what netem does: its jitter reorders packets; leave it out for jitter in the right order")
	}
	return nil
}

func (r *reader) limitOption(w *words) (err error) {
	r.limit, err = w.whole("limit", 1, 10_000_000)
	return err
}

func (r *reader) delay(w *words) (err error) {
	d := &r.path.Way.Delay
	if d.Base, err = w.time("delay"); err != nil || !w.number() {
		return err
	}
	if d.Jitter, err = w.time("jitter"); err != nil || !w.number() {
		return err
	}
	if d.Correlation, err = r.correlation(w); d.Correlation > 0 {
		r.note("a correlation of delays keeps their distribution here, and repeats values; netem narrows it to about %.0f %% of the jitter",
			100*math.Sqrt(float64((1-d.Correlation)/(1+d.Correlation))))
	}
	return err
}

// correlation reads one that may follow.
func (r *reader) correlation(w *words) (netem.Probability, error) {
	if !w.number() {
		return 0, nil
	}
	at := w.all[w.next]
	c, err := w.percent("correlation")
	if err == nil && c == 1 {
		return 0, w.wrong(at, "with a correlation of 100%% the first packet's draw would hold for all")
	}
	return c, err
}

func (r *reader) ecn(*words) error {
	r.path.Way.Loss.ECN = true
	return nil
}

func (r *reader) reorder(w *words) (err error) {
	o := &r.path.Way.Reorder
	o.Ahead = true
	if o.Probability, err = w.percent("share of packets that go ahead"); err != nil {
		return err
	}
	if o.Correlation, err = r.correlation(w); o.Correlation > 0 && o.Probability > 0 {
		r.honest("reorder", o.Probability, o.Correlation)
	}
	return err
}

func (r *reader) gap(w *words) error {
	n, err := w.whole("gap", 0, math.MaxInt32)
	r.path.Way.Reorder.Gap = int(min(n, 1_000_000_000))
	return err
}

func (r *reader) corrupt(w *words) (err error) {
	c := &r.path.Way.Corrupt
	if c.Probability, err = w.percent("share of packets to damage"); err != nil {
		return err
	}
	if c.Correlation, err = r.correlation(w); c.Correlation > 0 && c.Probability > 0 {
		r.honest("corrupt", c.Probability, c.Correlation)
	}
	return err
}

func (r *reader) duplicate(w *words) (err error) {
	c := &r.path.Way.Duplicate
	if c.Probability, err = w.percent("share of packets to double"); err != nil {
		return err
	}
	if c.Correlation, err = r.correlation(w); c.Correlation > 0 && c.Probability > 0 {
		r.honest("duplicate", c.Probability, c.Correlation)
	}
	return err
}

// named are the distributions that the lab has tables for; tc has others in files.
var named = []string{"uniform", "normal", "pareto", "paretonormal"}

// table reads the name of a distribution.
func (r *reader) table(w *words) (string, error) {
	at, err := w.need("distribution")
	if err != nil {
		return "", err
	}
	for _, n := range named {
		if at.text == n {
			return n, nil
		}
	}
	for _, c := range at.text {
		if !(c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || c == '_' || c == '-') {
			return "", w.wrong(at, "%q is no name of a distribution", at.text)
		}
	}
	r.note("distribution %s is a file of tc's (/usr/lib/tc/%s.dist or the like): copy it beside the scenario", at.text, at.text)
	return at.text + ".dist", nil
}

func (r *reader) distribution(w *words) (err error) {
	r.path.Way.Delay.Distribution, err = r.table(w)
	return err
}

func (r *reader) seed(w *words) error {
	at, err := w.need("seed")
	if err != nil {
		return err
	}
	var v uint64
	if n, err := fmt.Sscanf(at.text, "%d", &v); n != 1 || err != nil || fmt.Sprint(v) != at.text {
		return w.wrong(at, "%q is no seed: a whole number from 0 to %d", at.text, uint64(math.MaxUint64))
	}
	r.path.seed = at.text
	return nil
}
