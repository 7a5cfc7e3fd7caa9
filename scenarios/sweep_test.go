package scenarios

import (
	"reflect"
	"strings"
	"testing"
	"time"
)

func TestSettings(t *testing.T) {
	base := `
path: {delay: 25ms, queue: 64KiB, forward: {loss: 2%}}
flows: [{name: file, size: 1MiB}, {app: stream}]
charts: [order]
expect: [tcp.timeouts == 0]`
	for _, c := range []struct {
		set  string
		read func(*Scenario) any
		want any
	}{
		{"path.delay=80ms", func(s *Scenario) any { return s.Path.Reverse.Delay.Base }, 80 * time.Millisecond},
		{"path.delay.jitter=5ms", func(s *Scenario) any { return s.Path.Forward.Delay },
			Delay{Base: 25 * time.Millisecond, Jitter: 5 * time.Millisecond, Distribution: "uniform", KeepOrder: true}}, // the short form becomes the section
		{"path.forward.loss=5%", func(s *Scenario) any { return s.Path.Forward.Loss }, Loss{Random: 0.05}},
		{"path.forward.loss={gilbert_elliott: {p: 1%, r: 25%}}", func(s *Scenario) any { return *s.Path.Forward.Loss.Burst },
			GilbertElliott{0.01, 0.25, 1, 0}},
		{"path.reverse.loss=5%", func(s *Scenario) any { return s.Path.Reverse.Loss }, Loss{Random: 0.05}},
		{"path.queue=5p", func(s *Scenario) any { return s.Path.Forward.Queue }, Queue{Packets: 5, MTU: 1500, Discipline: "fifo"}},
		{"flows.file.size=2MiB", func(s *Scenario) any { return int64(s.Flows[0].Size) }, int64(2097152)},
		{"flows.file.tcp.nagle=false", func(s *Scenario) any { return s.Flows[0].TCP.Nagle }, false},
		{"flows.stream.protocol=[udp]", func(s *Scenario) any { return s.Flows[1].Protocols }, []string{"udp"}},
		{"charts=[latency, sweep.goodput_bps]", func(s *Scenario) any { return s.Charts }, []ChartName{{Kind: "latency"}, {"sweep", "goodput_bps"}}},
		{"script=[{match: {kind: syn}, do: drop}]", func(s *Scenario) any { return s.Script[0].Do.Drop }, true},
		{"title=a: b", func(s *Scenario) any { return s.Title }, nil},
		{"expect=[]", func(s *Scenario) any { return len(s.Expect) }, 0},
		{"seed=9", func(s *Scenario) any { return s.Seed }, uint64(9)},
		{"sweep.repeat=3", func(s *Scenario) any { return s.Sweep.Repeat }, 3},
	} {
		set, err := ParseSetting(c.set)
		if err != nil {
			t.Fatal(err)
		}
		s, err := Parse("test.yaml", []byte(base), set)
		if c.want == nil {
			if err == nil {
				t.Errorf("%s: is accepted", c.set)
			}
			continue
		}
		if err != nil {
			t.Errorf("%s: %v", c.set, err)
			continue
		}
		if got := c.read(s); !reflect.DeepEqual(got, c.want) {
			t.Errorf("%s: %v, want %v", c.set, got, c.want)
		}
		if !reflect.DeepEqual(s.Settings, []Setting{set}) {
			t.Errorf("%s: the scenario says its settings were %v", c.set, s.Settings)
		}
	}
	for _, bad := range []string{"", "a", "=b", "a=", " = "} {
		if _, err := ParseSetting(bad); err == nil {
			t.Errorf("%q is a setting", bad)
		}
	}
}

// Of two settings of one key the later holds, and settings hold at every point of a sweep.
func TestSettingsAndSweep(t *testing.T) {
	text := "flows: [{name: file}]\nsweep: {vary: {path.loss: [1%, 2%]}, repeat: 2}"
	s := mustParse(t, text, Setting{"seed", "5"}, Setting{"path.delay", "1ms"}, Setting{"path.delay", "2ms"})
	points := s.Points()
	if len(points) != 2 {
		t.Fatalf("%d points", len(points))
	}
	at, err := s.At(points[1])
	if err != nil {
		t.Fatal(err)
	}
	if at.Path.Forward.Loss.Random != 0.02 || at.Seed != 5 || at.Path.Reverse.Delay.Base != 2*time.Millisecond ||
		at.Sweep.Vary != nil || at.Sweep.Repeat != 2 {
		t.Errorf("%+v", at)
	}
	if s.Path.Forward.Loss.Random != 0 {
		t.Errorf("At changed the scenario: %+v", s.Path)
	}
}

func TestPoints(t *testing.T) {
	s := mustParse(t, `
flows: [{name: file}]
sweep:
  vary:
    path.loss: [0%, {gilbert_elliott: {p: 1%, r: "25%"}}]
    flows.file.protocol: [[tcp], [tcp, udp]]
    flows.file.size: [1MiB, 2MiB]`)
	var got []string
	for _, p := range s.Points() {
		got = append(got, p.String())
		if at, err := s.At(p); err != nil {
			t.Errorf("%v: %v", p, err)
		} else if p[0].Value != "0%" && at.Path.Forward.Loss.Burst.R != 0.25 {
			t.Errorf("%v: %+v", p, at.Path.Forward.Loss)
		}
	}
	burst := `path.loss={gilbert_elliott: {p: 1%, r: "25%"}}, `
	want := []string{
		"path.loss=0%, flows.file.protocol=[tcp], flows.file.size=1MiB",
		"path.loss=0%, flows.file.protocol=[tcp], flows.file.size=2MiB",
		"path.loss=0%, flows.file.protocol=[tcp, udp], flows.file.size=1MiB",
		"path.loss=0%, flows.file.protocol=[tcp, udp], flows.file.size=2MiB",
		burst + "flows.file.protocol=[tcp], flows.file.size=1MiB",
		burst + "flows.file.protocol=[tcp], flows.file.size=2MiB",
		burst + "flows.file.protocol=[tcp, udp], flows.file.size=1MiB",
		burst + "flows.file.protocol=[tcp, udp], flows.file.size=2MiB",
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
	if p := mustParse(t, "flows: [{}]").Points(); len(p) != 1 || len(p[0]) != 0 {
		t.Errorf("without a sweep: %v", p)
	}
}

// Values that are possible alone and impossible together are an error of At.
func TestImpossiblePoint(t *testing.T) {
	s := mustParse(t, `
path: {delay: {base: 10ms, jitter: 1ms}}
flows: [{}]
sweep: {vary: {path.delay.base: [2ms, 10ms], path.delay.jitter: [1ms, 5ms]}}`)
	bad := 0
	for _, p := range s.Points() {
		if _, err := s.At(p); err != nil {
			bad++
			if !strings.Contains(err.Error(), "point:2:19: path.delay: a jitter of 5ms around a base of 2ms") {
				t.Errorf("%v", err)
			}
		}
	}
	if bad != 1 {
		t.Errorf("%d impossible points, want 1", bad)
	}
}

// Keys in one mapping of a list vary together; the mappings are combined.
func TestZippedAxes(t *testing.T) {
	s := mustParse(t, `
flows: [{name: file}]
sweep:
  vary:
    - path.rate: [1Mbit, 10Mbit]
      path.queue: [10p, 100p]
    - path.forward.loss: [0%, 1%]
    - script: [[], [{match: {kind: syn, nth: 1}, do: drop}]]
  repeat: 3`)
	var got []string
	for _, p := range s.Points() {
		got = append(got, p.String())
		at, err := s.At(p)
		if err != nil {
			t.Fatal(err)
		}
		if w := at.Path.Forward; (w.Rate == 10_000_000) != (w.Queue.Packets == 100) {
			t.Errorf("%v: rate %v, queue %v", p, w.Rate, w.Queue)
		}
	}
	drop := "script=[{match: {kind: syn, nth: 1}, do: drop}]"
	want := []string{
		"path.rate=1Mbit, path.queue=10p, path.forward.loss=0%, script=[]", "path.rate=1Mbit, path.queue=10p, path.forward.loss=0%, " + drop,
		"path.rate=1Mbit, path.queue=10p, path.forward.loss=1%, script=[]", "path.rate=1Mbit, path.queue=10p, path.forward.loss=1%, " + drop,
		"path.rate=10Mbit, path.queue=100p, path.forward.loss=0%, script=[]", "path.rate=10Mbit, path.queue=100p, path.forward.loss=0%, " + drop,
		"path.rate=10Mbit, path.queue=100p, path.forward.loss=1%, script=[]", "path.rate=10Mbit, path.queue=100p, path.forward.loss=1%, " + drop,
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
	if n := s.Sweep.Count(); n != 8 {
		t.Errorf("%d points are counted, want 8", n)
	}
	if text := s.Describe(); !strings.Contains(text, "48: 8 points x 3 replicates x 2 flows and protocols") || !strings.Contains(text, "seeds 1 to 3") {
		t.Error(text)
	}
}

// Each value of zipped axes is tried together with those beside it: alone it might be impossible.
func TestZippedValuesAreTriedTogether(t *testing.T) {
	mustParse(t, `
flows: [{}]
sweep: {vary: [{path.delay.jitter: [5ms, 15ms], path.delay.base: [10ms, 20ms]}]}`)
	_, err := Parse("x.yaml", []byte(`
flows: [{}]
sweep:
  vary:
  - {path.delay.jitter: [5ms, 25ms], path.delay.base: [10ms, 20ms]}`))
	if err == nil || !strings.Contains(err.Error(), "x.yaml:5:3") || !strings.Contains(err.Error(), "with path.delay.jitter=25ms, path.delay.base=20ms: path.delay: a jitter of 25ms") {
		t.Errorf("%v", err)
	}
}

func TestSweepErrors(t *testing.T) {
	for vary, want := range map[string]string{
		"{path.loss: [1%, 2%, 1%]}":                             "x.yaml:2:36: sweep.vary: path.loss=1% is there twice; for more trials of one point use repeat",
		"[{path.rate: [1Mbit, 2Mbit], path.delay: [1ms]}]":      "x.yaml:2:56: sweep.vary: path.delay has 1 values, but path.rate, with which it varies, has 2",
		"[{path.rate: [1Mbit, 1Mbit], path.delay: [1ms, 1ms]}]": "path.rate=1Mbit, path.delay=1ms is there twice",
		"[{path.rate: [1Mbit]}, {path.rate: [2Mbit]}]":          "path.rate varies already",
		"[path.rate]": "or a list of such mappings, in each of which the keys vary together",
		"path.rate":   "this is a single value; give it a mapping of keys",
	} {
		_, err := Parse("x.yaml", []byte("flows: [{}]\nsweep: {vary: "+vary+"}"))
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v\nwant %s", vary, err, want)
		}
	}
	for _, ok := range []string{"[{path.rate: [1Mbit, 1Mbit], path.delay: [1ms, 2ms]}]", "[]", "{}"} {
		mustParse(t, "flows: [{}]\nsweep: {vary: "+ok+"}")
	}
}
