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
//
// On the left stands a metric of a trial, on the right a number (with the unit of the metric, or in the metric's own), a
// metric, or a number times a metric. The trial is a protocol, or a flow and a protocol (file-tcp or file.tcp), or a trial's whole id.

// An operand is one side: a number, or a number times a metric.
type operand struct {
	factor        float64 // the number itself where metric is ""
	trial, metric string
}

var operators = []string{"==", "!=", "<", "<=", ">", ">="}

// ParseExpect reads an expectation. Whether the scenario has such a trial, Parse says.
func ParseExpect(text string) (Expect, error) {
	e := Expect{Text: text}
	words := strings.Fields(text)
	at := -1
	for i, w := range words {
		if contains(operators, w) {
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
	if len(words[:at]) != 1 {
		return e, fmt.Errorf("%q: on the left of %s stands one metric, such as tcp.delivered_ratio", text, e.Op)
	}
	var unit Unit
	var err error
	if e.left, unit, err = parseMetric(words[0]); err != nil {
		return e, err
	}
	e.right, err = parseRight(words[at+1:], words[0], unit)
	return e, err
}

// noOperator says what is wrong with an expectation that compares nothing.
func noOperator(text string, words []string) error {
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
	return operand{1, w[:dot], m.Name}, m.Unit, nil
}

// parseRight reads the right side of a comparison with the metric left, which counts in unit.
func parseRight(words []string, left string, unit Unit) (operand, error) {
	switch {
	case len(words) == 0:
		return operand{}, errors.New("nothing stands on the right to compare with")
	case len(words) == 3 && words[1] == "*":
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
	case len(words) != 1:
		return operand{}, fmt.Errorf("%q is neither a number, nor a metric, nor a number * a metric", strings.Join(words, " "))
	}
	w := words[0]
	if c := w[0]; c >= '0' && c <= '9' && !isTrial(w) {
		v, err := parseNumber(w, unit)
		if err != nil && unit == Count {
			return operand{}, fmt.Errorf("%s is a plain number: %w", left, err)
		}
		if err != nil {
			return operand{}, fmt.Errorf("%s is in %s: %w", left, unit, err)
		}
		return operand{factor: v}, nil
	}
	o, u, err := parseMetric(w)
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

// plainNumber reads a decimal number without a unit.
func plainNumber(w string) (float64, error) {
	if _, rest, err := readNumber(w); err != nil || rest != "" {
		return 0, fmt.Errorf("%q is not a plain number", w)
	}
	return strconv.ParseFloat(w, 64)
}

// concerns checks that the scenario has the trials that the expectation speaks of: each ends in a protocol of a flow.
func (e Expect) concerns(s *Scenario) error {
	for _, o := range []operand{e.left, e.right} {
		if o.metric == "" {
			continue
		}
		flow, protocol := "", o.trial
		if i := strings.LastIndexAny(o.trial, ".-_"); i >= 0 {
			flow, protocol = o.trial[:i], o.trial[i+1:]
		}
		switch {
		case protocol != "tcp" && protocol != "udp", flow == "" && protocol != o.trial:
			return fmt.Errorf("%q: %s names no trial: a trial is tcp, udp, or one of them behind a flow's name (file-tcp)", e.Text, o.trial)
		case flow != "" && !contains(flowNames(s), flow) && !wholeID.MatchString(flow):
			return fmt.Errorf("%q: no flow is called %s%s", e.Text, flow, suggest(flow, flowNames(s)))
		}
		if m, _ := MetricNamed(o.metric); m.Group == "tcp" && protocol == "udp" {
			return fmt.Errorf("%q: %s is measured of TCP only", e.Text, o.metric)
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

// Eval compares. lookup returns a trial's metric, the trial as the scenario names it, and false where it is undefined; that
// is an error, because what was not measured cannot be as expected. left and right are the numbers compared.
func (e Expect) Eval(lookup func(trial, metric string) (float64, bool)) (ok bool, left, right float64, err error) {
	if left, err = e.left.value(lookup); err != nil {
		return false, left, right, fmt.Errorf("expect %s: %w", e.Text, err)
	}
	if right, err = e.right.value(lookup); err != nil {
		return false, left, right, fmt.Errorf("expect %s: %w", e.Text, err)
	}
	switch e.Op {
	case "==":
		ok = left == right
	case "!=":
		ok = left != right
	case "<":
		ok = left < right
	case "<=":
		ok = left <= right
	case ">":
		ok = left > right
	case ">=":
		ok = left >= right
	default:
		return false, left, right, fmt.Errorf("expect %s: no operator %q", e.Text, e.Op)
	}
	return ok, left, right, nil
}

func (o operand) value(lookup func(trial, metric string) (float64, bool)) (float64, error) {
	if o.metric == "" {
		return o.factor, nil
	}
	v, ok := lookup(o.trial, o.metric)
	if !ok {
		return 0, fmt.Errorf("%s.%s is undefined in this run", o.trial, o.metric)
	}
	return o.factor * v, nil
}
