package reports

import (
	"cmp"
	"math"
	"slices"

	"reliabilitylab/reports/metrics"
	"reliabilitylab/reports/stat"
	"reliabilitylab/scenarios"
)

// One seed is one observation. At several points of a sweep the same seed throws the same dice, so what it came to at one is no news
// at the next: a hundred pairs of ten seeds are ten observations. What a seed came to is the mean of its differences over the points.
//
// A difference is relative, so that a mean over points makes sense: of a to b it is (b-a) / ((a+b)/2), from -2 to 2. Unlike b/a - 1
// it is the same, but for the sign, if the two change places, as a test of signs must have it, and it bears zeros (Törnqvist, Vartia and
// Vartia, How Should Relative Changes Be Measured?, 1985). It is shown as what it makes of A: 2/3 is +100 %, twice as much.

// A Verdict is what is said of a metric.
type Verdict string

// The verdicts, the most certain first.
const (
	Differs Verdict = "differs"       // beyond noise
	Turns   Verdict = "both ways"     // at some points one way, at others the other, both beyond noise
	Noise   Verdict = "may be noise"  // it is not the same, but may be by chance
	Few     Verdict = "too few seeds" // it is not the same, but so few seeds differ that no test can tell
	Half    Verdict = "on one side"   // the other does not define it
	Same    Verdict = "the same"      // exactly, in every pair
)

// Verdicts are all of them, in the order in which to tell them.
var Verdicts = []Verdict{Differs, Turns, Few, Noise, Half, Same}

// Level is the share of noise that is borne with among what is called different.
const Level = 0.05

// A ContrastRow is one metric of a flow over a protocol.
type ContrastRow struct {
	Flow, Protocol string
	Label          string // of flow and protocol, as far as rows differ in them
	Point          string // "": all that both have
	Metric         scenarios.Metric
	Key            bool        // among the few that tell the story
	Seeds, Pairs   int         // that define it on both sides
	A, B           float64     // medians; +Inf: never, NaN: undefined
	Difference     float64     // of a seed, in the metric's unit, median; NaN where it is not finite
	Change         stat.Middle // of a seed, relative as above
	Test           stat.Test
	Adjusted       float64 // its P, among all tests; NaN where none was made, or of one point
	Least, Most    float64 // of the changes at each of several points
	Verdict        Verdict
	turns          bool
}

// Percent is a relative difference as what it makes of A: 0.25 is a quarter more; +Inf where A is 0.
func Percent(d float64) float64 { return (2+d)/(2-d) - 1 }

// relative is the difference of a and b as above.
func relative(a, b float64) float64 {
	switch {
	case a == b: // both may be infinite
		return 0
	case math.IsInf(b, 1):
		return 2
	case math.IsInf(a, 1):
		return -2
	}
	return (b - a) / (math.Abs(a)/2 + math.Abs(b)/2)
}

// measure makes all rows.
func (c *Contrast) measure(all []series, points []string, seeds []uint64) {
	for _, s := range all {
		for _, m := range scenarios.Metrics {
			row, ok := c.row(s, m, points, seeds)
			if !ok {
				continue
			}
			c.Rows = append(c.Rows, row)
			if len(points) == 1 {
				continue
			}
			var at []ContrastRow
			for _, p := range points {
				if detail, ok := c.row(s, m, []string{p}, seeds); ok {
					detail.Point = c.A.written[p]
					at = append(at, detail)
				}
			}
			whole := &c.Rows[len(c.Rows)-1]
			whole.turns = turns(at)
			whole.Least, whole.Most = reach(at)
			c.Detail = append(c.Detail, at...)
		}
	}
	c.judge()
	c.labels()
}

// row compares one metric; ok is false where neither side defines it.
func (c *Contrast) row(s series, m scenarios.Metric, points []string, seeds []uint64) (ContrastRow, bool) {
	r := ContrastRow{
		Flow: s.flow, Protocol: s.protocol, Metric: m, Key: slices.Contains(keyMetrics, m.Name),
		Difference: math.NaN(), Adjusted: math.NaN(), Change: stat.Middle{Estimate: math.NaN(), Low: math.NaN(), High: math.NaN()},
	}
	if len(seeds) == 0 {
		c.unpaired(&r, s, points)
	} else {
		c.paired(&r, s, points, seeds)
	}
	if r.Pairs > 0 {
		return r, true
	}
	r.A, r.B, r.Verdict = median(c.A.values(s, m, points)), median(c.B.values(s, m, points)), Half
	return r, !math.IsNaN(r.A) || !math.IsNaN(r.B)
}

// paired compares the trials of one seed with each other.
func (c *Contrast) paired(r *ContrastRow, s series, points []string, seeds []uint64) {
	var as, bs, changes, differences []float64
	same := true
	for _, seed := range seeds {
		change, difference, n := 0.0, 0.0, 0
		for _, p := range points {
			a, okA := value(c.A.trials[cell{s, p, seed}], r.Metric)
			b, okB := value(c.B.trials[cell{s, p, seed}], r.Metric)
			if !okA || !okB {
				continue
			}
			n++
			as, bs = append(as, a), append(bs, b)
			change += relative(a, b)
			if a != b {
				same = false
				difference += b - a
			}
		}
		if n > 0 {
			r.Seeds, r.Pairs = r.Seeds+1, r.Pairs+n
			changes, differences = append(changes, change/float64(n)), append(differences, difference/float64(n))
		}
	}
	if r.Pairs == 0 {
		return
	}
	r.A, r.B, r.Difference = median(as), median(bs), median(differences)
	r.Change, r.Test = stat.MiddleOf(changes), stat.SignedRank(changes)
	r.Verdict = Few
	if same {
		r.Verdict = Same
	}
}

// unpaired compares trials that share no dice: where each seed stands at each point, beside the median of all that both came to there.
// There is no interval, since nothing says which of A belongs to which of B.
func (c *Contrast) unpaired(r *ContrastRow, s series, points []string) {
	stand := [2]map[uint64][]float64{{}, {}}
	var both [2][]float64
	change, n, same := 0.0, 0, true
	for _, p := range points {
		a, b := c.A.values(s, r.Metric, []string{p}), c.B.values(s, r.Metric, []string{p})
		if len(a) == 0 || len(b) == 0 {
			continue
		}
		n++
		all := slices.Concat(a, b)
		both[0], both[1] = append(both[0], a...), append(both[1], b...)
		change += relative(median(a), median(b))
		same = same && slices.Min(all) == slices.Max(all)
		middle := median(all)
		for i, side := range []*Side{&c.A, &c.B} {
			for _, seed := range side.seeds {
				if v, ok := value(side.trials[cell{s, p, seed}], r.Metric); ok {
					stand[i][seed] = append(stand[i][seed], relative(middle, v))
				}
			}
		}
	}
	if n == 0 {
		return
	}
	var mean [2][]float64
	for i, side := range []*Side{&c.A, &c.B} {
		for _, seed := range side.seeds {
			if all := stand[i][seed]; len(all) > 0 {
				sum := 0.0
				for _, v := range all {
					sum += v
				}
				mean[i] = append(mean[i], sum/float64(len(all)))
			}
		}
	}
	r.Seeds, r.Pairs = min(len(mean[0]), len(mean[1])), n
	r.A, r.B = median(both[0]), median(both[1])
	if d := r.B - r.A; !math.IsInf(d, 0) {
		r.Difference = d
	}
	r.Change.Estimate, r.Test = change/float64(n), stat.RankSum(mean[0], mean[1])
	r.Verdict = Few
	if same {
		r.Verdict = Same
	}
}

// value is a trial's metric; ok is false where it is not defined. What was never completed took longer than all that was.
func value(t *Trial, m scenarios.Metric) (v float64, ok bool) {
	if t == nil {
		return 0, false
	}
	if v, ok = t.Metrics[m.Name]; ok {
		return v, true
	}
	if _, program := t.Metrics["messages_sent"]; program && m.Name == "completion_s" {
		return math.Inf(1), true
	}
	return 0, false
}

// values are those of all seeds at these points.
func (s *Side) values(of series, m scenarios.Metric, points []string) []float64 {
	var out []float64
	for _, p := range points {
		for _, seed := range s.seeds {
			if v, ok := value(s.trials[cell{of, p, seed}], m); ok {
				out = append(out, v)
			}
		}
	}
	return out
}

// median is NaN of nothing, and where it would be the mean of two infinities.
func median(values []float64) float64 {
	if len(values) == 0 {
		return math.NaN()
	}
	return metrics.Median(slices.Sorted(slices.Values(values)))
}

// turns tells whether of the points by themselves one at least is more and one less, beyond noise among so many points (Bonferroni): the
// mean over the points would hide that.
func turns(at []ContrastRow) bool {
	more, less := false, false
	for _, r := range at {
		if r.Verdict == Few && r.Test.P*float64(len(at)) <= Level {
			more, less = more || r.Test.Effect > 0, less || r.Test.Effect < 0
		}
	}
	return more && less
}

// reach returns the least and the greatest change of some points.
func reach(at []ContrastRow) (least, most float64) {
	least, most = math.Inf(1), math.Inf(-1)
	for _, r := range at {
		if v := r.Change.Estimate; !math.IsNaN(v) {
			least, most = min(least, v), max(most, v)
		}
	}
	return least, most
}

// judge adjusts the tests that can tell anything, and says of each row what it is; then the rows come in the order in which to tell them.
// Which tests can is known from the sizes of the differences alone, without their signs, so leaving out the others is no choice among results
// (Tarone 1990).
func (c *Contrast) judge() {
	var made []*ContrastRow
	var p []float64
	for i := range c.Rows {
		if r := &c.Rows[i]; r.Verdict == Few && r.Test.Least <= Level {
			made, p = append(made, r), append(p, r.Test.P)
		}
	}
	c.Tests = len(made)
	for i, q := range stat.FalseDiscovery(p) {
		made[i].Adjusted, made[i].Verdict = q, Noise
		if q <= Level {
			made[i].Verdict = Differs
		}
	}
	for i := range c.Rows {
		if r := &c.Rows[i]; r.turns {
			r.Verdict = Turns
		}
	}
	slices.SortStableFunc(c.Rows, func(a, b ContrastRow) int {
		return cmp.Or(
			cmp.Compare(slices.Index(Verdicts, a.Verdict), slices.Index(Verdicts, b.Verdict)),
			cmp.Compare(math.Abs(b.Change.Estimate), math.Abs(a.Change.Estimate)),
		)
	})
}
