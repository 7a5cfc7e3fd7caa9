package chart

import (
	"bytes"
	"fmt"
	"maps"
	"math"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"

	"reliabilitylab/netem"
	"reliabilitylab/scenarios"
)

// sweepOf makes the sweep of a scenario, measured by a function instead of a run; a nil map leaves the trial without metrics.
func sweepOf(t testing.TB, text string, measure func(at *scenarios.Scenario, m Measured) map[string]float64) *Sweep {
	t.Helper()
	s, err := scenarios.Parse("test.yaml", []byte(text))
	if err != nil {
		t.Fatal(err)
	}
	out := &Sweep{Scenario: s}
	for _, p := range s.Points() {
		at, err := s.At(p)
		if err != nil {
			t.Fatal(err)
		}
		for r := range s.Sweep.Repeat {
			for _, f := range s.Flows {
				for _, protocol := range f.Protocols {
					m := Measured{Point: map[string]string{}, Flow: f.Name, Protocol: protocol, Replicate: r + 1}
					for _, v := range p {
						m.Point[v.Key] = v.Value
					}
					m.Metrics = measure(at, m)
					out.Trials = append(out.Trials, m)
				}
			}
		}
	}
	return out
}

// luck is a number from 0 to 1 of a trial's own, the same for all protocols and variants of a replicate.
func luck(r int) float64 {
	return float64(netem.NewStream(5).At(uint64(r), 0)>>11) / (1 << 53)
}

// plausible makes metrics like those of a transfer.
func plausible(at *scenarios.Scenario, m Measured) map[string]float64 {
	loss := at.Path.Forward.Loss.Mean()
	out := map[string]float64{"delivered_ratio": 1 - loss, "goodput_bps": 8e6 * (1 - loss), "loss_ratio": loss * (0.9 + 0.2*luck(m.Replicate))}
	if m.Protocol == "tcp" {
		sack := 1.0
		if !at.Flows[0].TCP.SACK {
			sack = 0.7
		}
		rtt := (at.Path.Forward.Delay.Base + at.Path.Reverse.Delay.Base).Seconds()
		out["goodput_bps"] = sack * (0.8 + 0.4*luck(m.Replicate)) * min(9.6e6, 1448*8*1.2/math.Sqrt(loss+1e-9)/rtt)
		out["delivered_ratio"] = 1
		out["retransmissions"] = math.Round(700 * loss)
		out["completion_s"] = 8 * (1 << 20) / out["goodput_bps"]
	}
	return out
}

const lossSweep = `
path: {rate: 10Mbit, delay: 25ms}
flows: [{name: file, size: 1MiB, tcp: {congestion: reno}}]
sweep: {vary: {path.forward.loss: [0.5%, 1%, 2%, 5%, 10%]}, repeat: 10}
`

func drawSweep(t testing.TB, s *Sweep, name string) *Drawing {
	t.Helper()
	kind, metric, _ := strings.Cut(name, ".")
	d, err := s.Draw(scenarios.ChartName{Kind: kind, Metric: metric})
	if err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	return d
}

// rows are the lines of a drawing's table that have all these words.
func rows(d *Drawing, words ...string) []string {
	return slices.DeleteFunc(strings.Split(strings.TrimSpace(string(d.Points.CSV())), "\n"), func(l string) bool {
		for _, w := range words {
			if !strings.Contains(l, w) {
				return true
			}
		}
		return false
	})
}

func TestSweepGolden(t *testing.T) {
	loss := sweepOf(t, lossSweep, plausible)
	both := sweepOf(t, strings.Replace(lossSweep, "10%]}", "10%], path.delay: [10ms, 20ms, 40ms, 80ms]}", 1), plausible)
	sack := sweepOf(t, strings.Replace(lossSweep, "10%]}", "10%], flows.file.tcp.sack: [true, false]}", 1), plausible)
	for _, c := range []struct {
		s    *Sweep
		name string
	}{{loss, "sweep.goodput_bps"}, {both, "heatmap.goodput_bps"}, {sack, "paired.goodput_bps"}, {loss, "cdf.goodput_bps"}} {
		d := drawSweep(t, c.s, c.name)
		golden(t, d.Name+".csv", d.Points.CSV())
		golden(t, d.Name+".txt", []byte(d.Title+"\n"+d.Caption+"\n"))
		layOut(t, c.name, d)
		if runtime.GOARCH != "amd64" {
			continue // as TestGolden
		}
		svg, err := Save(d, "svg")
		if err != nil {
			t.Fatal(err)
		}
		golden(t, d.Name+".svg", svg)
	}
}

// Of the values 1 to n: the median, and the interval of the ranks that the sign test's tables give (10: 2 and 9; 6: 1 and
// 6); of five the least and the most; of one nothing.
func TestSweepEstimates(t *testing.T) {
	for n, want := range map[int]string{1: ",2%,1,1,,", 5: ",2%,5,3,1,5", 6: ",2%,6,3.5,1,6", 10: ",2%,10,5.5,2,9", 11: ",2%,11,6,2,10"} {
		text := strings.Replace(lossSweep, "repeat: 10", fmt.Sprint("repeat: ", n), 1)
		s := sweepOf(t, text, func(at *scenarios.Scenario, m Measured) map[string]float64 {
			return map[string]float64{"completion_s": float64(n + 1 - m.Replicate)}
		})
		want = strings.Replace(want, "2%", "0.02", 1)
		if got := rows(drawSweep(t, s, "sweep.completion_s"), "TCP,0.02"); len(got) != 1 || got[0] != ",TCP"+want {
			t.Errorf("of 1 to %d: %q, want %q", n, got, ",TCP"+want)
		}
	}
}

// What was never complete took longer than all that was: with 4 of 10 the median stands and the bar has no upper end, with 6
// of 10 there is no median. Any other metric that is undefined counts nothing.
func TestSweepOfTheUnfinished(t *testing.T) {
	s := sweepOf(t, lossSweep, func(at *scenarios.Scenario, m Measured) map[string]float64 {
		out := map[string]float64{"goodput_bps": 1000}
		limit := 6
		if at.Path.Forward.Loss.Random == 0.1 {
			limit = 4
		}
		if m.Replicate <= limit {
			out["completion_s"] = float64(m.Replicate)
		}
		if at.Path.Forward.Loss.Random == 0.05 {
			delete(out, "goodput_bps")
		}
		return out
	})
	d := drawSweep(t, s, "sweep.completion_s")
	for _, want := range []string{",TCP,0.01,10,5.5,2,", ",TCP,0.1,10,,2,"} {
		if !slices.Contains(rows(d), want) {
			t.Errorf("no row %q in\n%s", want, d.Points.CSV())
		}
	}
	if !strings.Contains(d.Caption, "A cross at the upper edge") {
		t.Errorf("the caption says nothing of the crosses: %s", d.Caption)
	}
	layOut(t, "unfinished", d)
	if got := rows(drawSweep(t, s, "sweep.goodput_bps"), "TCP,"); len(got) != 4 {
		t.Errorf("goodput has %q, want four points", got)
	}
}

// Each replicate's ratio, by hand: TCP has 1, 2, 3 Mbit/s in the replicates, UDP 4.
func TestPairs(t *testing.T) {
	text := strings.Replace(lossSweep, "repeat: 10", "repeat: 3", 1)
	s := sweepOf(t, text, func(at *scenarios.Scenario, m Measured) map[string]float64 {
		if m.Protocol == "udp" {
			return map[string]float64{"goodput_bps": 4e6, "delivered_ratio": 0.75}
		}
		return map[string]float64{"goodput_bps": float64(m.Replicate) * 1e6, "delivered_ratio": 1}
	})
	got := rows(drawSweep(t, s, "paired.goodput_bps"), "TCP / UDP,0.02")
	want := []string{"TCP / UDP,0.02,ratio,0.25,,", "TCP / UDP,0.02,ratio,0.5,,", "TCP / UDP,0.02,ratio,0.75,,", "TCP / UDP,0.02,median,0.5,,"}
	if !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
	got = rows(drawSweep(t, s, "paired.delivered_ratio"), "TCP / UDP,0.02", "difference")
	if want := "TCP / UDP,0.02,difference,0.25,,"; len(got) != 3 || got[0] != want {
		t.Errorf("of ratios: %q, want three of %q", got, want)
	}
	if d := drawSweep(t, s, "paired.retransmissions"); d != nil {
		t.Errorf("pairs of what nobody has: %s", d.Caption)
	}
}

func TestCDF(t *testing.T) {
	of := func(n int) *Drawing {
		text := fmt.Sprintf("flows: [{name: file, protocol: tcp, size: 1MiB}]\nsweep: {repeat: %d}\n", n)
		return drawSweep(t, sweepOf(t, text, func(at *scenarios.Scenario, m Measured) map[string]float64 {
			return map[string]float64{"goodput_bps": float64(100 * m.Replicate)}
		}), "cdf.goodput_bps")
	}
	if of(9) != nil {
		t.Error("nine replicates have a distribution")
	}
	if got := rows(of(10), "TCP"); len(got) != 10 || got[0] != "TCP,100,0.1" || got[9] != "TCP,1000,1" {
		t.Errorf("got %q", got)
	}
}

func TestHeatmap(t *testing.T) {
	text := strings.Replace(lossSweep, "10%]}, repeat: 10", "10%], path.delay: [10ms, 20ms]}, repeat: 3", 1)
	s := sweepOf(t, text, func(at *scenarios.Scenario, m Measured) map[string]float64 {
		if m.Protocol == "udp" {
			return map[string]float64{"goodput_bps": 7}
		}
		return map[string]float64{"goodput_bps": float64(m.Replicate) + 1000*at.Path.Forward.Delay.Base.Seconds()}
	})
	d := drawSweep(t, s, "heatmap.goodput_bps")
	if got := rows(d, "TCP,0.05,"); !slices.Equal(got, []string{"TCP,0.05,0.02,12", "TCP,0.05,0.04,22"}) {
		t.Errorf("got %q", got)
	}
	if !strings.HasSuffix(d.Caption, "UDP: 7 bit/s everywhere.") || len(rows(d, "UDP")) > 0 {
		t.Errorf("UDP, the same everywhere, is not left to the caption: %s", d.Caption)
	}
	if drawSweep(t, sweepOf(t, lossSweep, plausible), "heatmap.goodput_bps") != nil {
		t.Error("one quantity has a heat map")
	}
}

// Each step of the colours is at least as bright as the one before, by the luminance of ITU-R BT.709 of linear light: a map that can be
// read in grey.
func TestHeatColorsBecomeBrighter(t *testing.T) {
	linear := func(v uint8) float64 {
		if c := float64(v) / 255; c > 0.04045 {
			return math.Pow((c+0.055)/1.055, 2.4)
		} else {
			return c / 12.92
		}
	}
	before := -1.0
	for i := range 101 {
		c := heatColor(float64(i) / 100)
		l := 0.2126*linear(c.R) + 0.7152*linear(c.G) + 0.0722*linear(c.B)
		if l < before-1e-3 {
			t.Errorf("step %d is darker than the one before", i)
		}
		before = l
		ink := linear(heatInk(float64(i) / 100).R)
		if contrast := (max(l, ink) + 0.05) / (min(l, ink) + 0.05); contrast < 3.9 {
			t.Errorf("step %d: the number's contrast is %.1f", i, contrast)
		}
	}
}

// oddSweeps are sweeps at the edge of what there is.
func oddSweeps(t testing.TB) map[string]*Sweep {
	vary := func(vary string, repeat int, measure func(*scenarios.Scenario, Measured) map[string]float64) *Sweep {
		return sweepOf(t, fmt.Sprintf("path: {rate: 10Mbit, delay: 25ms}\nflows: [{name: file, size: 1MiB, tcp: {congestion: reno}}]\nsweep: {vary: {%s}, repeat: %d}\n", vary, repeat), measure)
	}
	only := func(v float64) func(*scenarios.Scenario, Measured) map[string]float64 {
		return func(*scenarios.Scenario, Measured) map[string]float64 {
			return map[string]float64{"goodput_bps": v, "delivered_ratio": min(v, 1), "completion_s": v, "retransmissions": math.Floor(v)}
		}
	}
	var fifty, manyLosses []string
	for i := range 50 {
		fifty = append(fifty, fmt.Sprintf("%d%%", i))
	}
	for i := range 12 {
		manyLosses = append(manyLosses, fmt.Sprintf("%d%%", 1+5*i))
	}
	gaps := func(at *scenarios.Scenario, m Measured) map[string]float64 {
		if m.Protocol == "tcp" && at.Path.Forward.Loss.Random > 0.015 || m.Replicate > 3 {
			return nil
		}
		return plausible(at, m)
	}
	zeros := func(at *scenarios.Scenario, m Measured) map[string]float64 {
		out := plausible(at, m)
		if at.Path.Forward.Loss.Random >= 0.05 {
			for k := range maps.Keys(out) {
				out[k] = 0
			}
		}
		return out
	}
	flows := "path: {rate: 10Mbit}\nflows: ["
	for i := range 7 {
		flows += fmt.Sprintf("{name: a-rather-long-name-%d, size: 1MiB}, ", i)
	}
	return map[string]*Sweep{
		"nothing measured": vary("path.forward.loss: [1%, 2%]", 3, func(*scenarios.Scenario, Measured) map[string]float64 { return nil }),
		"one point":        vary("path.forward.loss: [1%]", 3, plausible),
		"no sweep":         sweepOf(t, "flows: [{size: 1MiB}]\n", plausible),
		"one replicate":    vary("path.forward.loss: [1%, 2%]", 1, plausible),
		"gaps":             vary("path.forward.loss: [0%, 1%, 2%]", 5, gaps),
		"zeros":            vary("path.forward.loss: [0%, 0.1%, 1%, 5%, 10%]", 6, zeros),
		"all zero":         vary("path.forward.loss: [0%, 1%]", 6, only(0)),
		"all the same":     vary("path.forward.loss: [0%, 1%]", 6, only(17)),
		"huge":             vary("path.forward.loss: [0%, 1%]", 6, only(3e12)),
		"tiny":             vary("path.forward.loss: [0%, 1%]", 6, only(1e-12)),
		"fifty points":     vary("path.forward.loss: ["+strings.Join(fifty, ", ")+"]", 2, plausible),
		"words":            vary("flows.file.tcp.sack: [true, false]", 7, plausible),
		"two words":        vary("flows.file.tcp.sack: [true, false], flows.file.tcp.nagle: [true, false]", 7, plausible),
		"loss models":      vary("path.forward.loss: [{random: 2%}, {gilbert_elliott: {p: 1%, r: 49%}}, {gilbert_elliott: {p: 0.5%, r: 24.5%}}]", 6, plausible),
		"mixed losses":     vary("path.forward.loss: [0%, 1%, {packets: [3]}]", 6, plausible),
		"chances":          vary("path.forward.loss.gilbert_elliott: [{p: 1%, r: 49%}, {p: 1%, r: 25%}]", 6, plausible),
		"two quantities":   vary("path.forward.loss: ["+strings.Join(manyLosses, ", ")+"], path.delay: [0s, 1ms, 10ms, 100ms, 1s]", 1, plausible),
		"large map":        vary("path.forward.loss: ["+strings.Join(fifty, ", ")+"], path.queue: [1p, 2p, 4p, 8p, 16p, 32p, 64p]", 1, plausible),
		"three axes":       vary("path.forward.loss: [0%, 1%, 2%], path.rate: [1Mbit, 2Mbit, 5Mbit, 10Mbit, 20Mbit, 50Mbit], flows.file.tcp.sack: [true, false]", 2, plausible),
		"four axes":        vary("path.forward.loss: [0%, 1%], path.rate: [1Mbit, 2Mbit], flows.file.tcp.sack: [true, false], flows.file.tcp.delayed_ack: [0s, 40ms]", 2, plausible),
		"many lines":       vary("path.forward.loss: ["+strings.Join(manyLosses, ", ")+"], path.rate: [1Mbit, 2Mbit, 3Mbit, 4Mbit, 5Mbit, 6Mbit, 7Mbit, 8Mbit]", 2, plausible),
		"many flows":       sweepOf(t, flows+"]\nsweep: {vary: {path.forward.loss: [1%, 2%]}, repeat: 10}\n", plausible),
		"many replicates":  vary("path.forward.loss: [1%, 2%]", 400, plausible),
		"initial windows":  vary("flows.file.tcp.initial_window: [1, 2, 4, 10, 30]", 6, plausible),
	}
}

// TestSweepLayout draws every chart of sweeps at the edge: none may fail, and each text must be alone in its place, inside the
// picture and large enough.
func TestSweepLayout(t *testing.T) {
	for name, s := range oddSweeps(t) {
		for _, kind := range Sweeps {
			for _, metric := range []string{"goodput_bps", "delivered_ratio", "completion_s", "retransmissions"} {
				d := drawSweep(t, s, kind.Name+"."+metric)
				if d == nil {
					continue
				}
				if d.Title == "" || d.Caption == "" || d.Name != kind.Name+"-"+metric || d.Points.Rows == 0 || d.Width*9 != d.Height*16 {
					t.Errorf("%s: %+v", name, d)
				}
				layOut(t, name, d)
			}
		}
	}
}

// TestSweepChoice: which charts sweeps have by themselves, and which when asked.
func TestSweepChoice(t *testing.T) {
	sweeps := oddSweeps(t)
	sweeps["loss"] = sweepOf(t, lossSweep, plausible)
	for _, c := range []struct{ sweep, asked, want string }{
		{"loss", "", "sweep.goodput_bps sweep.delivered_ratio sweep.retransmissions paired.goodput_bps cdf.goodput_bps"},
		{"loss", "delivery", "sweep.goodput_bps sweep.delivered_ratio sweep.retransmissions paired.goodput_bps cdf.goodput_bps"},
		{"loss", "delivery paired", "paired.goodput_bps"},
		{"loss", "cdf.completion_s sweep.completion_s", "cdf.completion_s sweep.completion_s"},
		{"two quantities", "", "heatmap.goodput_bps cdf.goodput_bps"},
		{"no sweep", "", ""}, {"no sweep", "sweep", ""},
		{"nothing measured", "", ""},
		{"all the same", "", "sweep.goodput_bps paired.goodput_bps cdf.goodput_bps"},
	} {
		var asked []scenarios.ChartName
		for _, a := range strings.Fields(c.asked) {
			kind, metric, _ := strings.Cut(a, ".")
			asked = append(asked, scenarios.ChartName{Kind: kind, Metric: metric})
		}
		var got []string
		for _, n := range sweeps[c.sweep].Choose(asked) {
			got = append(got, n.String())
		}
		if strings.Join(got, " ") != c.want {
			t.Errorf("%s, asked for %q: %q, want %q", c.sweep, c.asked, got, c.want)
		}
	}
}

// TestSweepSaveRepeats: the same bytes from another making, and from several savings at once.
func TestSweepSaveRepeats(t *testing.T) {
	s := oddSweeps(t)["three axes"]
	for _, kind := range Sweeps {
		d, again := drawSweep(t, s, kind.Name+".goodput_bps"), drawSweep(t, s, kind.Name+".goodput_bps")
		if d == nil {
			continue
		}
		want, err := Save(d, "svg")
		if err != nil {
			t.Fatal(err)
		}
		var all sync.WaitGroup
		for n := range 4 {
			all.Go(func() {
				if got, err := Save([]*Drawing{d, again}[n%2], "svg"); err != nil || !bytes.Equal(got, want) {
					t.Errorf("%s differs when saved again: %v", d.Name, err)
				}
			})
		}
		all.Wait()
	}
}

// Keys that go together are one axis: of rates in ascending order, each with its own queue.
func TestZippedKeysAreOneAxis(t *testing.T) {
	s := sweepOf(t, `
path: {delay: 10ms}
flows: [{name: file, protocol: tcp}]
sweep:
  vary:
    - {path.rate: [100Mbit, 1Mbit, 10Mbit], path.queue: [1000p, 10p, 100p]}
    - {flows.file.tcp.congestion: [reno, reno, cubic], flows.file.tcp.sack: [true, false, true]}
  repeat: 2`, func(at *scenarios.Scenario, m Measured) map[string]float64 {
		v := float64(at.Path.Forward.Rate) + float64(at.Path.Forward.Queue.Packets)
		if !at.Flows[0].TCP.SACK {
			v /= 2
		}
		return map[string]float64{"goodput_bps": v}
	})
	d, err := s.Draw(scenarios.ChartName{Kind: "sweep", Metric: "goodput_bps"})
	if err != nil {
		t.Fatal(err)
	}
	table := string(d.Points.CSV())
	for _, row := range []string{
		",\"reno, true\",1000000,2,1000010,", ",\"reno, true\",10000000,2,10000100,", ",\"reno, true\",100000000,2,100001000,",
		",\"reno, false\",1000000,2,500005,", ",\"cubic, true\",100000000,2,100001000,",
	} {
		if !strings.Contains(table, row) {
			t.Errorf("no %s in\n%s", row, table)
		}
	}
}
