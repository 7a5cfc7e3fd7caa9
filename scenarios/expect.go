package scenarios

import (
	"errors"
	"fmt"
	"regexp"
	"strconv"
	"strings"
)

// An expectation is LEFT OP RIGHT, such as
//
//	tcp.delivered_ratio == 1
//	tcp.latency_p99_s < 200ms
//	udp.goodput_bps > 2 * tcp.goodput_bps
//	median(tcp.goodput_bps) where loss == 1% > 2e6
//
// On the left stands a metric of a trial, on the right a number (with the unit of the metric, or in the metric's own), a
// metric, or a number times a metric. The trial is a protocol, or a flow and a protocol (file-tcp or file.tcp), or a trial's whole id.
// In the place of a metric may stand an aggregate of it over the trials of a sweep (aggregate.go).

// An operand is one side: a number, or a number times a metric or an aggregate of one.
type operand struct {
	factor        float64 // the number itself where metric is ""
	trial, metric string
	over          *aggregate // nil: the metric of one trial
}

var operators = []string{"==", "!=", "<", "<=", ">", ">="}

// ParseExpect reads an expectation. Whether the scenario has such trials, and varies what where speaks of, Parse says.
func ParseExpect(text string) (Expect, error) {
	e := Expect{Text: text}
	words, err := expectWords(text)
	if err != nil {
		return e, err
	}
	at := -1
	for i := 0; i < len(words); i++ {
		switch w := words[i]; {
		case w == "where" || w == "and":
			i += 3 // a condition has an operator of its own
		case contains(operators, w):
			if at >= 0 {
				return e, fmt.Errorf("%q compares twice; write two expectations", text)
			}
			at = i
		}
	}
	if at < 0 {
		return e, noOperator(text, words)
	}
	e.Left, e.Op, e.Right = strings.Join(words[:at], " "), words[at], strings.Join(words[at+1:], " ")
	if at == 0 || at > 1 && words[1] != "where" {
		return e, fmt.Errorf("%q: on the left of %s stands one metric, such as tcp.delivered_ratio, or an aggregate of one", text, e.Op)
	}
	var unit Unit
	if e.left, unit, err = parseTerm(words[:at]); err != nil {
		return e, err
	}
	if e.right, err = parseRight(words[at+1:], words[0], unit); err != nil {
		return e, err
	}
	if e.right.metric != "" && (e.left.over == nil) != (e.right.over == nil) {
		return e, fmt.Errorf("%q: one side is of a single trial and the other over many; put %s around both", text, aggregates)
	}
	return e, nil
}

// Aggregate tells whether the expectation is about many trials together, and not about each.
func (e Expect) Aggregate() bool { return e.left.over != nil }

// noOperator says what is wrong with an expectation that compares nothing.
func noOperator(text string, words []string) error {
	if contains(words, "where") {
		return fmt.Errorf("%q: behind the conditions of where stands what to compare with, as in median(tcp.goodput_bps) where loss == 1%% > 2Mbit", text)
	}
	for _, w := range words {
		switch w {
		case "=":
			return fmt.Errorf("%q: equality is written ==", text)
		case "=<", "=>", "<>":
			return fmt.Errorf("%q: %s is written %s", text, w, map[string]string{"=<": "<=", "=>": ">=", "<>": "!="}[w])
		}
	}
	if strings.ContainsAny(text, "<>=!") {
		return fmt.Errorf("%q: put spaces around the operator (%s)", text, strings.Join(operators, " "))
	}
	return fmt.Errorf("%q compares nothing; write it like tcp.delivered_ratio == 1 (operators: %s)", text, strings.Join(operators, " "))
}

// parseMetric reads TRIAL.METRIC. The metric's name has no dot; the trial's id may have.
func parseMetric(w string) (operand, Unit, error) {
	dot := strings.LastIndexByte(w, '.')
	if dot <= 0 {
		return operand{}, "", fmt.Errorf("%q is not a metric of a trial; write it like tcp.delivered_ratio", w)
	}
	m, ok := MetricNamed(w[dot+1:])
	if !ok {
		near, ok := Nearest(w[dot+1:], metricNames())
		if ok {
			return operand{}, "", fmt.Errorf("no metric is called %s; did you mean %s.%s?", w[dot+1:], w[:dot], near)
		}
		return operand{}, "", fmt.Errorf("no metric is called %q; there %s", w[dot+1:], isAre(metricNames()))
	}
	return operand{factor: 1, trial: w[:dot], metric: m.Name}, m.Unit, nil
}

// parseTerm reads a metric, or an aggregate of one with its conditions.
func parseTerm(words []string) (operand, Unit, error) {
	if name, inner, ok := strings.Cut(words[0], "("); ok {
		return parseAggregate(name, inner, words[1:])
	}
	if len(words) > 1 {
		return operand{}, "", fmt.Errorf("where chooses among many trials: put %s around %s", aggregates, words[0])
	}
	return parseMetric(words[0])
}

// parseRight reads the right side of a comparison with the metric left, which counts in unit.
func parseRight(words []string, left string, unit Unit) (operand, error) {
	switch {
	case len(words) == 0:
		return operand{}, errors.New("nothing stands on the right to compare with")
	case len(words) >= 3 && words[1] == "*":
		factor, err := plainNumber(words[0])
		if err != nil {
			return operand{}, fmt.Errorf("before * stands a number, such as 2 or 0.5: %w", err)
		}
		o, err := parseRight(words[2:], left, unit)
		if err == nil && o.metric == "" {
			return operand{}, errors.New("behind * stands a metric")
		}
		o.factor = factor
		return o, err
	case len(words) != 1 && words[1] != "where":
		return operand{}, fmt.Errorf("%q is neither a number, nor a metric, nor a number * a metric", strings.Join(words, " "))
	}
	w := words[0]
	if c := w[0]; len(words) == 1 && c >= '0' && c <= '9' && !isTrial(w) {
		v, err := parseNumber(w, unit)
		if err != nil && unit == Count {
			return operand{}, fmt.Errorf("%s is a plain number: %w", left, err)
		}
		if err != nil {
			return operand{}, fmt.Errorf("%s is in %s: %w", left, unit, err)
		}
		return operand{factor: v}, nil
	}
	o, u, err := parseTerm(words)
	if err != nil {
		return operand{}, err
	}
	if !sameKind(u, unit) {
		return operand{}, fmt.Errorf("%s is in %s, but %s in %s", left, unit, w, u)
	}
	return o, nil
}

// isTrial tells a trial's id that begins with a digit from a number.
func isTrial(w string) bool {
	_, ok := MetricNamed(w[strings.LastIndexByte(w, '.')+1:])
	return ok
}

// sameKind tells whether metrics in these units can be compared: things that are counted all can.
func sameKind(a, b Unit) bool {
	counted := func(u Unit) bool { return u == Count || u == Packets || u == Segments }
	return a == b || counted(a) && counted(b)
}

// parseNumber reads a number in the metric's unit, or with a unit of its kind.
func parseNumber(w string, unit Unit) (float64, error) {
	if v, err := plainNumber(w); err == nil {
		return v, nil
	}
	switch unit {
	case Seconds:
		v, err := ParseDuration(w)
		return float64(v) / 1e9, err // rounded once, as the metrics are
	case BitRate:
		v, err := ParseRate(w)
		return float64(v), err
	case Bytes:
		v, err := ParseSize(w)
		return float64(v), err
	case Ratio:
		v, err := ParseProbability(w)
		return float64(v), err
	}
	return plainNumber(w)
}

// plain is a decimal number without a unit, perhaps with an exponent.
var plain = regexp.MustCompile(`^[0-9]{1,18}(\.[0-9]{1,18})?([eE][+-]?[0-9]{1,2})?$`)

// plainNumber reads a decimal number without a unit.
func plainNumber(w string) (float64, error) {
	if !plain.MatchString(w) {
		return 0, fmt.Errorf("%q is not a plain number", w)
	}
	return strconv.ParseFloat(w, 64)
}

// concerns checks that the scenario has the trials that the expectation speaks of, each of which ends in a protocol of a flow, and
// finds the keys that its conditions mean.
func (e Expect) concerns(s *Scenario) error {
	for _, o := range []operand{e.left, e.right} {
		if o.metric == "" {
			continue
		}
		if o.over != nil {
			if err := o.over.concerns(s); err != nil {
				return fmt.Errorf("%q: %w", e.Text, err)
			}
		}
		flow, protocol := splitTrial(o.trial)
		switch {
		case protocol == "":
			return fmt.Errorf("%q: %s names no trial: a trial is %s, or one of them behind a flow's name (file-tcp)", e.Text, o.trial, strings.Join(protocolNames(), ", "))
		case flow != "" && !contains(flowNames(s), flow) && !wholeID.MatchString(flow):
			return fmt.Errorf("%q: no flow is called %s%s", e.Text, flow, suggest(flow, flowNames(s)))
		}
		switch m, _ := MetricNamed(o.metric); {
		case !m.measuredOf(protocol):
			return fmt.Errorf("%q: %s is not measured over %s", e.Text, o.metric, protocol)
		case m.Group == "together" && !s.Together:
			return fmt.Errorf("%q: %s is measured of flows on one path only; say sharing: together", e.Text, o.metric)
		}
		runs := false
		for _, f := range s.Flows {
			named := flow == "" || !contains(flowNames(s), flow) || f.Name == flow
			runs = runs || named && contains(f.Protocols, protocol)
		}
		if !runs {
			return fmt.Errorf("%q: no flow runs over %s here", e.Text, protocol)
		}
	}
	return nil
}

// wholeID is what a trial's whole id has in front of its flow: the swept values, the replicate.
var wholeID = regexp.MustCompile(`=|^r[0-9]+(_|$)`)

func flowNames(s *Scenario) []string {
	out := make([]string, len(s.Flows))
	for i, f := range s.Flows {
		out[i] = f.Name
	}
	return out
}

// Eval compares the metrics of single trials. lookup returns a trial's metric, the trial as the scenario names it, and false where it
// is undefined; that is an error, because what was not measured cannot be as expected. left and right are the numbers compared.
func (e Expect) Eval(lookup func(trial, metric string) (float64, bool)) (ok bool, left, right float64, err error) {
	return e.compare(func(o operand) (float64, error) {
		v, ok := lookup(o.trial, o.metric)
		if !ok {
			return 0, fmt.Errorf("%s.%s is undefined in this run", o.trial, o.metric)
		}
		return v, nil
	})
}

// compare evaluates both sides and compares them.
func (e Expect) compare(value func(operand) (float64, error)) (ok bool, left, right float64, err error) {
	side := func(o operand) (float64, error) {
		if o.metric == "" {
			return o.factor, nil
		}
		v, err := value(o)
		return o.factor * v, err
	}
	if left, err = side(e.left); err != nil {
		return false, 0, 0, fmt.Errorf("expect %s: %w", e.Text, err)
	}
	if right, err = side(e.right); err != nil {
		return false, left, 0, fmt.Errorf("expect %s: %w", e.Text, err)
	}
	if !contains(operators, e.Op) {
		return false, left, right, fmt.Errorf("expect %s: no operator %q", e.Text, e.Op)
	}
	return holds(left, e.Op, right), left, right, nil
}

// holds tells whether two numbers stand in the relation.
func holds(a float64, op string, b float64) bool {
	switch op {
	case "==":
		return a == b
	case "!=":
		return a != b
	case "<":
		return a < b
	case "<=":
		return a <= b
	case ">":
		return a > b
	}
	return a >= b
}
