package scenarios

import (
	"fmt"
	"strings"
	"testing"
)

// lossy is a sweep of three points with three replicates each; groupsOf are its trials, with the goodputs that are given.
const lossy = `
flows: [{name: file}]
sweep:
  vary:
    path.forward.loss: [0.5%, 0.01, {gilbert_elliott: {p: 1%, r: 25%}}]
    flows.file.tcp.congestion: [reno, cubic]
  repeat: 2
expect: ["EXPECT"]`

func groupsOf(s *Scenario, goodput func(i int) (float64, bool)) []Group {
	var out []Group
	for _, p := range s.Points() {
		point := map[string]string{}
		for _, v := range p {
			point[v.Key] = v.Value
		}
		for range s.Sweep.Repeat {
			v, defined := goodput(len(out))
			out = append(out, Group{point, func(trial, metric string) (float64, bool, bool) {
				return v, defined && metric == "goodput_bps", trial == "tcp"
			}})
		}
	}
	return out
}

// The twelve trials have the goodputs 1, 2, … 12 Mbit/s in their order: four a loss, two a loss and congestion control.
func TestAggregates(t *testing.T) {
	for _, c := range []struct {
		text        string
		ok          bool
		left, right float64
	}{
		{"median(tcp.goodput_bps) > 2e6", true, 6.5e6, 2e6},
		{"median(tcp.goodput_bps) where loss == 1% > 6.4Mbit", true, 6.5e6, 6.4e6}, // 5, 6, 7, 8
		{"median(tcp.goodput_bps) where loss == 0.5% and congestion == cubic == 3500000", true, 3.5e6, 3.5e6},
		{"mean(tcp.goodput_bps) where path.forward.loss <= 0.01 and congestion != reno < 5e6", false, 5.5e6, 5e6}, // 3, 4, 7, 8
		{"min(tcp.goodput_bps) where loss == {gilbert_elliott: {p: 1%, r: 25%}} == 9Mbit", true, 9e6, 9e6},
		{"max( tcp.goodput_bps ) where loss == 0.5% < min(tcp.goodput_bps) where loss == 1%", true, 4e6, 5e6},
		{"p95(tcp.goodput_bps) == 12Mbit", true, 12e6, 12e6}, // 11.4 values of 12 are at most the twelfth
		{"p50(tcp.goodput_bps) == 6Mbit", true, 6e6, 6e6},
		{"p1(tcp.goodput_bps) >= 2 * max(file-tcp.goodput_bps) where tcp.congestion == reno and loss == 1%", false, 1e6, 12e6},
	} {
		s, err := Parse("x.yaml", []byte(strings.Replace(lossy, "EXPECT", c.text, 1)))
		if err != nil {
			t.Errorf("%v", err)
			continue
		}
		groups := groupsOf(s, func(i int) (float64, bool) { return 1e6 * float64(i+1), true })
		for i := range groups {
			by := groups[i].Lookup
			groups[i].Lookup = func(trial, metric string) (float64, bool, bool) {
				return by(strings.TrimPrefix(trial, "file-"), metric)
			}
		}
		ok, left, right, err := s.Expect[0].EvalOver(groups)
		if err != nil || !s.Expect[0].Aggregate() || ok != c.ok || left != c.left || right != c.right {
			t.Errorf("%s is %v (%v, %v), %v; want %v (%v, %v)", c.text, ok, left, right, err, c.ok, c.left, c.right)
		}
	}
}

func TestAggregateOfUndefined(t *testing.T) {
	s := mustParse(t, strings.Replace(lossy, "EXPECT", "median(tcp.goodput_bps) where loss == 1% > 0", 1))
	for want, groups := range map[string][]Group{
		"tcp.goodput_bps is undefined in 1 of 4 trials": groupsOf(s, func(i int) (float64, bool) { return 1, i != 6 }),
		"no trial is meant":                             nil,
	} {
		if ok, _, _, err := s.Expect[0].EvalOver(groups); ok || err == nil || !strings.HasSuffix(err.Error(), want) {
			t.Errorf("%v, %v; want %s", ok, err, want)
		}
	}
}

func TestAggregateErrors(t *testing.T) {
	for text, want := range map[string]string{
		"medain(tcp.goodput_bps) > 1":                                   "no aggregate is called \"medain\"; did you mean median?",
		"p100(tcp.goodput_bps) > 1":                                     "p100 is no percentile",
		"median(tcp.goodput_bp) > 1":                                    "did you mean tcp.goodput_bps?",
		"median(tcp.goodput_bps > 1":                                    "a bracket or a quote is open",
		"median(tcp.goodput_bps)x > 1":                                  "something behind its bracket",
		"median(tcp.goodput_bps) where loss > 1":                        "behind the conditions of where stands what to compare with",
		"median(tcp.goodput_bps) where loss is 1% > 1":                  "is no condition: write where loss == 1%",
		"median(tcp.goodput_bps) where loss == 1% or loss == 2% > 1":    "compares twice",
		"median(tcp.goodput_bps) where delay == 1ms > 1":                "where delay: nothing that varies is called so",
		"median(tcp.goodput_bps) where loss == 7% > 1":                  "no value of loss is == 7%; it has 0.5%, 0.01, {gilbert_elliott: {p: 1%, r: 25%}}",
		"median(tcp.goodput_bps) where congestion > reno > 1":           "words are in no order",
		"median(tcp.goodput_bps) where loss == 1% > 1s":                 "median(tcp.goodput_bps) is in bit/s",
		"median(tcp.goodput_bps) > tcp.goodput_bps":                     "one side is of a single trial",
		"tcp.goodput_bps where loss == 1% > 1":                          "where chooses among many trials",
		"tcp.goodput_bps > median(tcp.goodput_bps)":                     "one side is of a single trial",
		"tcp.goodput_bps > 2 * 3":                                       "behind * stands a metric",
		"median(udp.timeouts) > 1":                                      "timeouts is not measured over udp",
		"median(tcp.goodput_bps) where loss == {gilbert_elliott: > 1} ": "behind the conditions",
	} {
		_, err := Parse("x.yaml", []byte(strings.Replace(lossy, "EXPECT", text, 1)))
		if err == nil || !strings.Contains(err.Error(), want) || !strings.HasPrefix(err.Error(), "x.yaml:8:10: ") {
			t.Errorf("%s: %v\nwant %s", text, err, want)
		}
	}
	_, err := Parse("x.yaml", []byte("flows: [{}]\nexpect: [median(tcp.timeouts) where loss == 1% == 0]"))
	if err == nil || !strings.Contains(err.Error(), "the scenario varies nothing") {
		t.Errorf("%v", err)
	}
	s := mustParse(t, "flows: [{name: a}]\nsweep: {vary: {path.forward.loss: [1%], path.reverse.loss: [1%]}}")
	if _, err := s.axis("loss"); err == nil || !strings.Contains(err.Error(), "path.forward.loss or path.reverse.loss") {
		t.Errorf("%v", err)
	}
}

// Whatever the text: no panic, and what is read is read again from its own words as the same.
func FuzzExpect(f *testing.F) {
	for _, text := range []string{
		"tcp.delivered_ratio == 1", "udp.loss_ratio > 1%", "tcp.goodput_bps > 2 * udp.goodput_bps", "a.b = c", "== == ==", "median(tcp.goodput_bps) where loss == 1% > 2e6",
		"p95(tcp.timeouts) where a == {b: [c, \"d e\"]} and f <= 3 != 0.5 * min(tcp.timeouts) where x > 1", "where and == ( * )", "'", "a( . )",
	} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		e, err := ParseExpect(text)
		if err != nil {
			return
		}
		again, err := ParseExpect(e.Left + " " + e.Op + " " + e.Right)
		if err != nil || again.Left != e.Left || again.Op != e.Op || again.Right != e.Right || again.Aggregate() != e.Aggregate() {
			t.Errorf("%q is read as %q %q %q, and that as %q %q %q, %v", text, e.Left, e.Op, e.Right, again.Left, again.Op, again.Right, err)
		}
		s := mustParse(t, "flows: [{}]\nsweep: {vary: {path.loss: [1%]}}")
		_ = e.concerns(s) // it may fail, not panic
		if _, left, _, err := e.Eval(func(string, string) (float64, bool) { return 1, true }); err != nil || left != 1 {
			t.Errorf("%q: %v, %v", text, left, err)
		}
		if e.Aggregate() {
			one := Group{map[string]string{"path.loss": "1%"}, func(string, string) (float64, bool, bool) { return 1, true, true }}
			if _, _, _, err := e.EvalOver([]Group{one, one}); err != nil && !strings.Contains(err.Error(), "no trial") {
				t.Error(fmt.Errorf("%q: %w", text, err))
			}
		}
	})
}
