package scenarios

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"reliabilitylab/netem"
)

// The shipped traces are known by their bare names, without any file: 20 s, of which the LTE-like one stands still for 0.8 s, the
// Wi-Fi-like one for 60 ms.
func TestShippedTraces(t *testing.T) {
	for name, c := range map[string]struct {
		low, high     netem.Rate
		period, pause time.Duration
	}{
		"lte.trace": {6 * netem.Mbit, 9 * netem.Mbit, 20 * time.Second, 800 * time.Millisecond},
		"wifi.csv":  {4 * netem.Mbit, 12 * netem.Mbit, 20 * time.Second, 60 * time.Millisecond},
	} {
		s, err := Parse("t.yaml", []byte("path: {rate: {trace: "+name+"}}\nflows: [{}]"))
		if err != nil {
			t.Fatal(err)
		}
		w := s.Path.Forward
		var period, pause time.Duration
		if w.Trace.Rates != nil {
			period, pause = w.Trace.Rates.Period(), w.Trace.Rates.Pause()
		} else {
			period, pause = w.Trace.Opportunities.Period(), w.Trace.Opportunities.Pause()
		}
		if w.Rate < c.low || w.Rate > c.high || (period-c.period).Abs() > 50*time.Millisecond || (pause-c.pause).Abs() > 10*time.Millisecond {
			t.Errorf("%s: %d bit/s, period %v, pause %v", name, w.Rate, period, pause)
		}
		if w.Trace.File != name || s.Path.Reverse.Trace != w.Trace {
			t.Errorf("%s: %+v", name, s.Path.Reverse.Trace)
		}
	}
	if got := strings.Join(shippedTraces(), " "); got != "lte.trace wifi.csv" {
		t.Errorf("shipped are %s", got)
	}
}

// A trace is read beside the scenario that names it, by Load and at each point of a sweep, and not by Parse; an error says where
// it was named, and which line of the trace is wrong.
func TestTraceFiles(t *testing.T) {
	dir := t.TempDir()
	write := func(name, text string) string {
		file := filepath.Join(dir, name)
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return file
	}
	write("good.trace", "5\n10\n")
	write("good.csv", "time_s,rate_bps\n0,1000000\n1,3000000\n")
	write("bad.trace", "5\n4\n")
	write("bad.csv", "time_s,rate_bps\n0,x\n")
	write("slow.trace", "86400000\n")
	write("lte.trace", "6\n")
	write("huge.trace", strings.Repeat("1\n", maxTrace/2+1))
	scenario := func(trace string) string {
		return write("s.yaml", "path: {forward: {rate: {trace: "+trace+"}}}\nflows: [{name: f}]\nsweep: {vary: {path.forward.rate.trace: ["+trace+", lte.trace]}}\n")
	}
	for trace, want := range map[string]netem.Rate{
		"good.trace": 2_400_000, "good.csv": 2_000_000, "./lte.trace": 2_000_000, filepath.Join(dir, "good.csv"): 2_000_000,
	} {
		s, err := Load(scenario(trace))
		if err != nil {
			t.Fatal(err)
		}
		if s.Path.Forward.Rate != want {
			t.Errorf("%s: %d bit/s, want %d", trace, s.Path.Forward.Rate, want)
		}
		var rates []netem.Rate
		for _, p := range s.Points() {
			at, err := s.At(p)
			if err != nil {
				t.Fatal(err)
			}
			rates = append(rates, at.Path.Forward.Rate)
		}
		if len(rates) != 2 || rates[0] != want || rates[1] < 6*netem.Mbit {
			t.Errorf("%s: at the points %v", trace, rates)
		}
	}
	for trace, want := range map[string]string{
		"bad.trace":  "s.yaml:1:32: path.forward.rate.trace: " + filepath.Join(dir, "bad.trace") + ", line 2: 4 ms stands behind 5 ms",
		"bad.csv":    "bad.csv, line 2: \"x\" is no whole number of bits a second",
		"slow.trace": "less than 1kbit", "huge.trace": "more than 16777216 bytes", ".": "is a directory",
		"none.csv": "(the shipped ones are lte.trace, wifi.csv)",
	} {
		_, err := Load(scenario(trace))
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: got %v\nwant %s", trace, err, want)
		}
	}
	// What was read is a part of the scenario: the folder is not asked again, and it can be parsed without.
	s, err := Load(scenario("good.csv"))
	if err != nil || len(s.Files) != 1 {
		t.Fatalf("%v, %v", s.Files, err)
	}
	os.Remove(filepath.Join(dir, "good.csv"))
	again, err := ParseWith(s.Files, s.File, s.Text)
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range []*Scenario{s, again} {
		if at, err := s.At(s.Points()[0]); err != nil || at.Path.Forward.Rate != 2_000_000 || at.Path.Forward.Trace.Rates == nil {
			t.Errorf("%+v, %v", at.Path.Forward, err)
		}
	}
	s, err = Parse("s.yaml", []byte("path: {rate: {trace: good.trace}}\nflows: [{}]"))
	if err != nil || s.Path.Forward.Rate != 0 || s.Path.Forward.Trace != (LinkTrace{File: "good.trace"}) {
		t.Errorf("Parse: %+v, %v", s.Path.Forward, err)
	}
	// A number in its place takes the trace away.
	s, err = Parse("s.yaml", []byte("path: {rate: {trace: lte.trace}, reverse: {rate: 1Mbit}}\nflows: [{}]"))
	if err != nil || s.Path.Reverse.Trace.File != "" || s.Path.Reverse.Rate != netem.Mbit {
		t.Errorf("%+v, %v", s.Path.Reverse, err)
	}
	for text, want := range map[string]string{"{}": "nothing is said of the rate", "{trace: [a]}": "the name of a file", "{trace: ''}": "the text is empty"} {
		if _, err := Parse("s.yaml", []byte("path: {rate: "+text+"}\nflows: [{}]")); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("rate: %s: %v", text, err)
		}
	}
}
