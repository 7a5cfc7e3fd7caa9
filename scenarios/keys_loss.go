package scenarios

import (
	"time"

	"gopkg.in/yaml.v3"

	"reliabilitylab/netem"
)

// path.loss: one model a section.

var lossKeys = []key[Loss]{
	{name: "random", take: value(probability, func(l *Loss) *netem.Probability { return &l.Random })},
	{name: "correlation", take: value(correlation, func(l *Loss) *netem.Probability { return &l.Correlation })},
	{name: "gilbert_elliott", take: takeBurst},
	{name: "markov", take: takeMarkov},
	{name: "every", take: value(whole("every how many packets one is lost", 1, maxOrdinal), func(l *Loss) *int { return &l.Every })},
	{name: "packets", take: func(d *decoder, n *yaml.Node, l *Loss) { takeRanges(d, n, &l.Packets) }},
	{name: "ecn", take: value(yesOrNo, func(l *Loss) *bool { return &l.ECN })},
}

// maxRanges is how many numbers or ranges one list may have.
const maxRanges = 10_000

func takeRanges(d *decoder, n *yaml.Node, into *[]Range) {
	var l []Range
	list(d, n, ranges, maxRanges, &l)
	*into = union(l)
}

func takeLoss(d *decoder, n *yaml.Node, w *Way) {
	short(Loss{}, probability, func(l *Loss) *netem.Probability { return &l.Random }, lossKeys,
		func(w *Way) *Loss { return &w.Loss })(d, n, w)
	if n.Kind != yaml.MappingNode {
		return
	}
	models := 0
	for i := 0; i < len(n.Content); i += 2 {
		if k := n.Content[i].Value; k != "correlation" && k != "ecn" {
			models++
		}
	}
	if models != 1 {
		d.wrong(n, "%d loss models; give one of random, gilbert_elliott, markov, every and packets", models)
	} else if gives(n, "correlation") && !gives(n, "random") {
		d.wrong(child(n, "correlation"), "correlation goes with random; the other models have bursts of their own")
	}
}

// A burstDraft is the two-state model before it is known whether its states change with packets or with time.
type burstDraft struct {
	GilbertElliott
	meanGood, meanBad time.Duration
}

// minSpell is the least mean of a spell: a world makes a row of spells as long as its trial.
const minSpell = time.Millisecond

var burstKeys = []key[burstDraft]{
	{name: "p", take: value(probability, func(g *burstDraft) *netem.Probability { return &g.P })},
	{name: "r", take: value(probability, func(g *burstDraft) *netem.Probability { return &g.R })},
	{name: "mean_good", take: value(span(minSpell, maxDuration), func(g *burstDraft) *time.Duration { return &g.meanGood })},
	{name: "mean_bad", take: value(span(minSpell, maxDuration), func(g *burstDraft) *time.Duration { return &g.meanBad })},
	{name: "bad", take: value(probability, func(g *burstDraft) *netem.Probability { return &g.Bad })},
	{name: "good", take: value(probability, func(g *burstDraft) *netem.Probability { return &g.Good })},
}

func takeBurst(d *decoder, n *yaml.Node, l *Loss) {
	g := burstDraft{GilbertElliott: GilbertElliott{Bad: 1}}
	before := len(d.errs)
	section(d, n, burstKeys, &g)
	if len(d.errs) > before {
		return
	}
	inTime := gives(n, "mean_good") || gives(n, "mean_bad")
	switch {
	case inTime && (gives(n, "p") || gives(n, "r")):
		d.wrong(n, "p and r count packets, mean_good and mean_bad time: give two of one sort")
	case inTime && !(gives(n, "mean_good") && gives(n, "mean_bad")):
		d.wrong(n, "mean_good and mean_bad go together: how long a good spell and a bad one last on average")
	case inTime:
		l.Spells = &Spells{g.meanGood, g.meanBad, g.Bad, g.Good}
	}
	if inTime {
		return
	}
	for _, k := range []string{"p", "r"} {
		if !gives(n, k) {
			d.wrong(n, "%s is missing: p is how probably a good spell turns bad, r how probably a bad one ends, at each packet "+
				"(or give mean_good and mean_bad, for spells in time)", k)
			return
		}
	}
	if g.P > 0 && g.R == 0 {
		d.wrong(child(n, "r"), "with r of 0%% a bad spell never ends; for a mean burst of 4 packets write 25%%")
	}
	l.Burst = &g.GilbertElliott
}

var markovKeys = []key[Markov]{
	{name: "p13", take: value(probability, func(m *Markov) *netem.Probability { return &m.P13 })},
	{name: "p31", take: value(probability, func(m *Markov) *netem.Probability { return &m.P31 })},
	{name: "p32", take: value(probability, func(m *Markov) *netem.Probability { return &m.P32 })},
	{name: "p23", take: value(probability, func(m *Markov) *netem.Probability { return &m.P23 })},
	{name: "p14", take: value(probability, func(m *Markov) *netem.Probability { return &m.P14 })},
}

// takeMarkov has tc's defaults.
func takeMarkov(d *decoder, n *yaml.Node, l *Loss) {
	m := Markov{P23: 1}
	before := len(d.errs)
	section(d, n, markovKeys, &m)
	l.Markov = &m
	switch {
	case len(d.errs) > before:
		return
	case !gives(n, "p13"):
		d.wrong(n, "p13 is missing: how probably, at each packet, a gap between bursts turns into a burst")
		return
	case !gives(n, "p31"):
		m.P31 = 1 - m.P13
	}
	switch {
	case m.P13+m.P14 > 1:
		d.wrong(n, "p13 and p14 are the ways out of state 1: together they are at most 100%%, not %s", FormatProbability(m.P13+m.P14))
	case m.P31+m.P32 > 1 && gives(n, "p31"):
		d.wrong(n, "p31 and p32 are the ways out of state 3: together they are at most 100%%, not %s", FormatProbability(m.P31+m.P32))
	case m.P31+m.P32 > 1:
		d.wrong(n, "give p31: without it is 100%% less p13, which leaves no more than %s for p32", FormatProbability(m.P13))
	case m.P13 > 0 && m.P31 == 0:
		d.wrong(n, "with p31 of 0%% a burst never ends")
	case m.P32 > 0 && m.P23 == 0:
		d.wrong(n, "with p23 of 0%% state 2 never ends, and nothing is lost any more")
	}
}
