package scenarios

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"unicode"
)

// An aggregate is a metric of many trials as one number: AGGREGATE(METRIC), and behind it perhaps
// where AXIS OP VALUE and AXIS OP VALUE, which chooses the points of the sweep. All replicates of those points count.

// aggregates are their names, for messages.
const aggregates = "median(), mean(), min(), max() or p95()"

// An aggregate is which number, and of which points.
type aggregate struct {
	name    string // median, mean, min, max; "" for a percentile
	percent int    // of a percentile, 1 to 99
	where   []*condition
}

// A condition chooses points by the value of an axis.
type condition struct {
	axis  string // as it was written: a whole key, or its end
	key   string // that of the axis; "" until it is known
	op    string
	value string // as a setting has it
}

// expectWords cuts an expectation at its blanks, but not within brackets and quotes.
func expectWords(text string) ([]string, error) {
	var words []string
	var b strings.Builder
	depth := 0
	quote := rune(0)
	for _, r := range text {
		switch {
		case quote != 0:
			if r == quote {
				quote = 0
			}
		case r == '"' || r == '\'':
			quote = r
		case strings.ContainsRune("([{", r):
			depth++
		case strings.ContainsRune(")]}", r):
			depth--
		case unicode.IsSpace(r) && depth == 0:
			if b.Len() > 0 {
				words = append(words, b.String())
				b.Reset()
			}
			continue
		}
		b.WriteRune(r)
	}
	if depth != 0 || quote != 0 {
		return nil, fmt.Errorf("%q: a bracket or a quote is open", text)
	}
	if b.Len() > 0 {
		words = append(words, b.String())
	}
	return words, nil
}

// parseAggregate reads what stands behind the name and its bracket, and the conditions behind that.
func parseAggregate(name, inner string, rest []string) (operand, Unit, error) {
	a := &aggregate{name: name}
	if n, ok := strings.CutPrefix(name, "p"); ok {
		p, err := strconv.Atoi(n)
		if err != nil || p < 1 || p > 99 {
			return operand{}, "", fmt.Errorf("%s is no percentile: write p1 to p99", name)
		}
		a.name, a.percent = "", p
	} else if known := []string{"median", "mean", "min", "max"}; !contains(known, name) {
		return operand{}, "", fmt.Errorf("no aggregate is called %q%s; there are %s", name, suggest(name, known), aggregates)
	}
	inner, ok := strings.CutSuffix(inner, ")")
	if !ok {
		return operand{}, "", fmt.Errorf("%s(%s has something behind its bracket; conditions stand behind where", name, inner)
	}
	o, unit, err := parseMetric(strings.TrimSpace(inner))
	if err != nil {
		return operand{}, "", err
	}
	for link := "where"; len(rest) > 0; link = "and" {
		if rest[0] != link || len(rest) < 4 || !contains(operators, rest[2]) {
			return operand{}, "", fmt.Errorf("%q is no condition: write %s loss == 1%% (operators: %s)", strings.Join(rest, " "), link, strings.Join(operators, " "))
		}
		a.where = append(a.where, &condition{axis: rest[1], op: rest[2], value: rest[3]})
		rest = rest[4:]
	}
	o.over = a
	return o, unit, nil
}

// concerns finds the axis of each condition in the scenario, and checks that some of its values meet the condition.
func (a *aggregate) concerns(s *Scenario) error {
	for _, c := range a.where {
		axis, err := s.axis(c.axis)
		if err != nil {
			return err
		}
		c.key = axis.Key
		v, err := settingValue(Setting{c.axis, c.value})
		if err != nil {
			return fmt.Errorf("%s: %w", c.axis, err)
		}
		c.value = written(v)
		if _, _, _, ok := Quantity(strings.Trim(c.value, `"`)); !ok && c.ordered() {
			return fmt.Errorf("where %s %s %s: words are in no order; there are == and !=", c.axis, c.op, c.value)
		}
		if !slices.ContainsFunc(axis.Values, c.meets) {
			return fmt.Errorf("no value of %s is %s %s; it has %s", c.axis, c.op, c.value, strings.Join(axis.Values, ", "))
		}
	}
	return nil
}

// axis returns the axis that is called that: by its key, or by an end of it that no other axis has.
func (s *Scenario) axis(name string) (*Axis, error) {
	var found []*Axis
	var known []string
	for i := range s.Sweep.Vary {
		a := &s.Sweep.Vary[i]
		known = append(known, a.Key)
		if a.Key == name {
			return a, nil
		}
		if strings.HasSuffix(a.Key, "."+name) {
			found = append(found, a)
		}
	}
	switch {
	case len(known) == 0:
		return nil, fmt.Errorf("where %s: the scenario varies nothing (--set expect=[] expects nothing)", name)
	case len(found) == 0:
		return nil, fmt.Errorf("where %s: nothing that varies is called so; there %s", name, isAre(known))
	case len(found) > 1:
		return nil, fmt.Errorf("where %s: that could be %s or %s; write the whole key", name, found[0].Key, found[1].Key)
	}
	return found[0], nil
}

// ordered tells whether the condition puts values in order, which it can do with quantities only.
func (c *condition) ordered() bool { return c.op != "==" && c.op != "!=" }

// meets tells whether a value of the axis meets the condition: as quantities where both are, as words else, of which one can only
// say that they are the same.
func (c *condition) meets(value string) bool {
	value, want := strings.Trim(value, `"`), strings.Trim(c.value, `"`)
	a, unit, bare, ok := Quantity(value)
	b, wantUnit, wantBare, wantOK := Quantity(want)
	if ok && wantOK && (bare || wantBare || unit == wantUnit) {
		return holds(a, c.op, b)
	}
	return !c.ordered() && (value == want) == (c.op == "==")
}

// A Group is the trials of one point and replicate, as an aggregate sees them.
type Group struct {
	Point map[string]string // the values of the swept keys
	// Lookup returns a trial's metric; defined is false where it is not, ran where the group has no such trial.
	Lookup func(trial, metric string) (v float64, defined, ran bool)
}

// EvalOver compares aggregates over all groups that meet their conditions. A metric that is undefined in one of the trials is
// an error: a median of the others would flatter.
func (e Expect) EvalOver(groups []Group) (ok bool, left, right float64, err error) {
	return e.compare(func(o operand) (float64, error) {
		values, err := o.values(groups)
		if err != nil {
			return 0, err
		}
		return o.over.of(values), nil
	})
}

// values returns the metric of all trials that the operand means, of which there is at least one, in their order.
func (o operand) values(groups []Group) ([]float64, error) {
	var values []float64
	undefined := 0
	for _, g := range groups {
		if slices.ContainsFunc(o.over.where, func(c *condition) bool { return !c.meets(g.Point[c.key]) }) {
			continue
		}
		switch v, defined, ran := g.Lookup(o.trial, o.metric); {
		case defined:
			values = append(values, v)
		case ran:
			undefined++
		}
	}
	switch {
	case undefined > 0:
		return nil, fmt.Errorf("%s.%s is undefined in %d of %d trials", o.trial, o.metric, undefined, undefined+len(values))
	case len(values) == 0:
		return nil, errors.New("no trial is meant")
	}
	return values, nil
}

// percentile is one of the values, the least that at least that share of them does not exceed (RFC 2330 section 11.3).
func (a *aggregate) of(values []float64) float64 {
	sorted := slices.Sorted(slices.Values(values))
	n := len(sorted)
	switch a.name {
	case "median":
		if n%2 == 0 {
			return (sorted[n/2-1] + sorted[n/2]) / 2
		}
		return sorted[n/2]
	case "mean":
		sum := 0.0
		for _, v := range values {
			sum += v
		}
		return sum / float64(n)
	case "min":
		return sorted[0]
	case "max":
		return sorted[n-1]
	}
	return sorted[(n*a.percent+99)/100-1]
}
