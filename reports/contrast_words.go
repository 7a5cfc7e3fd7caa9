package reports

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"

	"reliabilitylab/reports/stat"
	"reliabilitylab/scenarios"
)

// What is said of a comparison, in words and in numbers for a reader.

// Value is a median of the row for a reader.
func (r *ContrastRow) Value(v float64) string {
	switch {
	case math.IsNaN(v):
		return "–"
	case math.IsInf(v, 1):
		return "never"
	}
	return Human(v, r.Metric.Unit)
}

// Changed is by how much the metric is more or less on the other side: "+12.3 %", "×3.4" where it is more than tenfold, "from 0".
func (r *ContrastRow) Changed() string {
	switch r.Verdict {
	case Half:
		return ""
	case Turns: // a mean of the two says nothing
		return string(Turns)
	}
	return r.change(r.Change.Estimate)
}

func (r *ContrastRow) change(d float64) string {
	switch p := Percent(d); {
	case d == 0:
		return "0"
	case math.IsInf(p, 1) && math.IsInf(r.B, 1):
		return "never"
	case math.IsInf(p, 1):
		return "from 0"
	case p >= 9:
		return "×" + digits(1+p)
	case math.Abs(p) < leastPercent:
		return "<0.01 %"
	case p > 0:
		return "+" + strconv.FormatFloat(100*p, 'g', 3, 64) + " %"
	default:
		return "−" + digits(-100*p) + " %" // which is 100 only where nothing is left
	}
}

// leastPercent is the least change that is told as a number.
const leastPercent = 0.0001

// Interval is that of the change; "" where there is none.
func (r *ContrastRow) Interval() string {
	if math.IsNaN(r.Change.Low) || r.Verdict == Half || r.Verdict == Same || r.Verdict == Turns {
		return ""
	}
	low, high := r.change(r.Change.Low), r.change(r.Change.High)
	if strings.HasSuffix(low, " %") && strings.HasSuffix(high, " %") {
		low = strings.TrimSuffix(low, " %")
	}
	return low + " to " + high
}

// P is the adjusted probability for a reader; "" where no test was made, or it is about a mean that says nothing.
func (r *ContrastRow) P() string {
	switch p := r.Adjusted; {
	case math.IsNaN(p), r.Verdict == Turns:
		return ""
	case p < 0.0001:
		return "<0.0001"
	case p > 0.99:
		return "1"
	default:
		return strings.TrimRight(fmt.Sprintf("%.2g", p), " ")
	}
}

// Effect is the effect size for a reader; "" as of P.
func (r *ContrastRow) Effect() string {
	if math.IsNaN(r.Adjusted) || r.Verdict == Turns {
		return ""
	}
	return strings.Replace(fmt.Sprintf("%+.2f", r.Test.Effect), "-", "−", 1)
}

// RowLabel is what a row is called: the metric, and whose it is where there are several.
func (c *Contrast) RowLabel(r ContrastRow) string {
	words := r.Metric.Words()
	if r.Label == "" {
		return words
	}
	return r.Label + " " + words
}

// labels gives each row the name of its flow and protocol, as far as rows differ in them.
func (c *Contrast) labels() {
	flows, kinds := map[string]bool{}, map[series]bool{}
	for _, r := range c.Rows {
		flows[r.Flow], kinds[series{r.Flow, r.Protocol}] = true, true
	}
	for i := range c.Rows {
		r := &c.Rows[i]
		switch {
		case len(flows) > 1:
			r.Label = series{r.Flow, r.Protocol}.String()
		case len(kinds) > 1:
			r.Label = scenarios.ProtocolNamed(r.Protocol).Words
		}
	}
}

// TestName is the test that was made.
func (c *Contrast) TestName() string {
	if c.Seeds == 0 {
		return "Mann-Whitney rank-sum test"
	}
	return "Wilcoxon signed-rank test"
}

// EffectName is the effect size that belongs to the test.
func (c *Contrast) EffectName() string {
	if c.Seeds == 0 {
		return "Cliff's delta"
	}
	return "matched-pairs rank-biserial correlation"
}

// Observations says how much there is to compare: "10 seeds", "10 seeds at each of 5 points".
func (c *Contrast) Observations() string {
	var n string
	switch {
	case c.Seeds == 0:
		n = fmt.Sprintf("%d and %d seeds", c.A.Seeds, c.B.Seeds)
	default:
		n = fmt.Sprintf("%d %s", c.Seeds, plural("seed", c.Seeds))
	}
	if c.Points > 1 {
		n += fmt.Sprintf(" at each of %d points", c.Points)
	}
	return n
}

// Cause says where differences come from where none is in what was run; "" where there is one, or nothing differs.
func (c *Contrast) Cause() string {
	differs := slices.ContainsFunc(c.Rows, func(r ContrastRow) bool { return r.Verdict != Same })
	switch {
	case len(c.Setup) > 0 || !differs:
		return ""
	case c.A.Results.Stack == "lab" && c.Seeds > 0:
		return "Virtual time repeats exactly, so what differs comes from another version of the lab."
	case c.Seeds > 0:
		return "Real time repeats nothing exactly."
	}
	return ""
}

// Method says in one sentence what the numbers are.
func (c *Contrast) Method() string {
	interval := "; change: of the medians"
	if c.Seeds > 0 {
		interval = "; change and interval: Hodges-Lehmann"
	}
	return fmt.Sprintf("P: %s, two-sided, adjusted for %d tests (Benjamini-Hochberg: of what differs at most 5 %% is expected to be noise); effect: %s, from −1 to 1%s.",
		c.TestName(), c.Tests, c.EffectName(), interval)
}

// Words says which seeds a side has, and how many points.
func (s *Side) Words() string {
	first, last := s.seeds[0], s.seeds[len(s.seeds)-1]
	text := fmt.Sprintf("seed %d", first)
	switch n := uint64(len(s.seeds)); {
	case n > 1 && last-first == n-1:
		text = fmt.Sprintf("seeds %d to %d", first, last)
	case n > 1:
		text = fmt.Sprintf("%d seeds", n)
	}
	if len(s.points) > 1 {
		text += fmt.Sprintf(", %d points", len(s.points))
	}
	return text
}

// Shown are the rows that tell the story: of the metrics of a run's first table those that differ beyond noise; where no test can tell, those that
// differ.
func (c *Contrast) Shown() (rows []ContrastRow) {
	for _, r := range c.Rows {
		if r.Key && c.stands(r.Verdict) {
			rows = append(rows, r)
		}
	}
	return rows
}

func (c *Contrast) stands(v Verdict) bool {
	return v == Differs || v == Turns || v == Few && c.Tests == 0
}

// Sum says in one sentence what became of all metrics.
func (c *Contrast) Sum() string {
	count := map[Verdict]int{}
	hidden := -len(c.Shown())
	for _, r := range c.Rows {
		count[r.Verdict]++
		if c.stands(r.Verdict) {
			hidden++
		}
	}
	if count[Same] == len(c.Rows) {
		return fmt.Sprintf("Nothing differs: all %d metrics are the same, with %s.", len(c.Rows), c.Observations())
	}
	words := map[Verdict]string{
		Differs: "differ beyond noise", Turns: "differ one way at some points and the other way at others", Noise: "by no more than noise may",
		Few: "in too few seeds to tell", Half: "are measured on one side only", Same: "are the same",
	}
	var parts []string
	for _, v := range Verdicts {
		if n := count[v]; n > 0 {
			text := words[v]
			if len(parts) == 0 && (v == Noise || v == Few) {
				text = "differ " + text
			}
			parts = append(parts, fmt.Sprintf("%d %s", n, text))
		}
	}
	text := fmt.Sprintf("With %s, of %d metrics %s.", c.Observations(), len(c.Rows), strings.Join(parts, ", "))
	if count[Turns] > 0 {
		text += " With -o DIR each point is told by itself."
	}
	if hidden > 0 {
		text += fmt.Sprintf(" %d of those that differ are not shown: --all.", hidden)
	}
	return text
}

// Doubt says what the comparison cannot tell; "" if there is nothing to be said.
func (c *Contrast) Doubt() string {
	uncertain := 0 // rows that are not the same
	for _, r := range c.Rows {
		if r.Verdict != Same && r.Verdict != Half {
			uncertain++
		}
	}
	repeats := fmt.Sprintf("repeats (--set sweep.repeat=%d on both sides)", wanted)
	switch n := c.Seeds; {
	case uncertain == 0:
		return ""
	case n == 0 && c.Tests == 0:
		return fmt.Sprintf("They share no seed, so there are no pairs, and %s are too few to tell a difference from noise. Run both with the same seeds.", c.Observations())
	case n == 0:
		return "They share no seed, so there are no pairs: luck is not the same on both sides, and only large differences stand out. Run both with the same seeds."
	case n == 1:
		return "One seed each: these are differences, but whether they are noise needs " + repeats + "."
	case n < stat.LeastPairs:
		return fmt.Sprintf("With %d seeds the exact test cannot come below P = %s however they differ: to tell a difference from noise takes at least %d, so %s.",
			n, digits(2/float64(int(1)<<n)), stat.LeastPairs, repeats)
	}
	least := 1.0
	for _, r := range c.Rows {
		if !math.IsNaN(r.Adjusted) {
			least = min(least, r.Test.Least)
		}
	}
	differs := slices.ContainsFunc(c.Rows, func(r ContrastRow) bool { return r.Verdict == Differs || r.Verdict == Turns })
	if alone := least * float64(c.Tests); alone > Level && c.Tests > 0 && !differs {
		return fmt.Sprintf("Among %d tests one metric alone cannot stand out with %d seeds; with %d it could.", c.Tests, c.Seeds, standsOut(c.Tests))
	}
	return ""
}

// wanted is how many seeds are proposed.
const wanted = 10

// standsOut is from how many seeds on one of so many tests can differ beyond noise by itself.
func standsOut(tests int) int {
	n := stat.LeastPairs
	for math.Ldexp(float64(tests), 1-n) > Level {
		n++
	}
	return n
}
