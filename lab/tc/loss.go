package tc

import (
	"reliabilitylab/netem"
	"reliabilitylab/scenarios"
)

// netem's models of loss.

func (r *reader) loss(w *words) (err error) {
	at := w.all[w.next-1]
	l := &r.path.Way.Loss
	if l.Random > 0 || l.Burst != nil || l.Markov != nil {
		return w.wrong(at, "a second loss: netem has one model at a time")
	}
	switch model := w.peek(); {
	case model == "state":
		w.take()
		return r.lossState(w)
	case model == "gemodel":
		w.take()
		return r.lossBurst(w)
	case model == "random":
		w.take()
	case !w.number() && w.more():
		return w.unknown(w.take(), "model of loss", []string{"random", "state", "gemodel"})
	}
	if l.Random, err = w.percent("loss"); err != nil {
		return err
	}
	if l.Correlation, err = r.correlation(w); l.Correlation > 0 && l.Random > 0 {
		r.honest("loss", l.Random, l.Correlation)
	}
	return err
}

// honest notes what netem makes of a correlation.
func (r *reader) honest(what string, p, rho netem.Probability) {
	real := netem.LinuxRate(p, rho)
	if p == 1 {
		return
	}
	r.note("%s %s %s really hits %.2g %% of the packets in netem, whose correlation is broken; here it is %s, in runs of %.3g",
		what, scenarios.FormatProbability(p), scenarios.FormatProbability(rho), 100*real, scenarios.FormatProbability(p),
		scenarios.Loss{Random: p, Correlation: rho}.MeanBurst())
}

// label passes over the name of a value, which `tc qdisc show` prints.
func (w *words) label(name string) {
	if w.peek() == name {
		w.take()
	}
}

func (r *reader) lossState(w *words) (err error) {
	m := &scenarios.Markov{P23: 1}
	r.path.Way.Loss.Markov = m
	at := w.all[w.next-1]
	w.label("p13")
	if m.P13, err = w.percent("p13"); err != nil {
		return err
	}
	m.P31 = 1 - m.P13
	for _, p := range []struct {
		name string
		of   *netem.Probability
	}{{"p31", &m.P31}, {"p32", &m.P32}, {"p23", &m.P23}, {"p14", &m.P14}} {
		if w.label(p.name); !w.number() {
			break
		}
		if *p.of, err = w.percent(p.name); err != nil {
			return err
		}
	}
	switch {
	case m.P13+m.P14 > 1, m.P31+m.P32 > 1:
		return w.wrong(at, "the ways out of a state are more than 100%% together: p13 and p14, or p31 and p32")
	case m.P13 > 0 && m.P31 == 0:
		return w.wrong(at, "with p31 of 0%% a burst never ends")
	case m.P32 > 0 && m.P23 == 0:
		return w.wrong(at, "with p23 of 0%% state 2 never ends, and nothing is lost any more")
	}
	return nil
}

func (r *reader) lossBurst(w *words) (err error) {
	g := &scenarios.GilbertElliott{Bad: 1}
	r.path.Way.Loss.Burst = g
	at := w.all[w.next-1]
	w.label("p")
	if g.P, err = w.percent("p"); err != nil {
		return err
	}
	g.R = 1 - g.P
	for _, p := range []struct {
		name string
		of   *netem.Probability
	}{{"r", &g.R}, {"1-h", &g.Bad}, {"1-k", &g.Good}} {
		if w.label(p.name); !w.number() {
			break
		}
		if *p.of, err = w.percent(p.name); err != nil {
			return err
		}
	}
	if g.P > 0 && g.R == 0 {
		return w.wrong(at, "with r of 0%% a bad spell never ends")
	}
	return nil
}
