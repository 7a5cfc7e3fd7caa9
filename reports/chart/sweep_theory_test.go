package chart

import (
	"fmt"
	"math"
	"strconv"
	"strings"
	"testing"
	"time"

	"gonum.org/v1/plot/vg/draw"

	"reliabilitylab/reports/model"
	"reliabilitylab/scenarios"
)

// A full segment takes 1.2 ms at 10 Mbit/s and its ACK of 52 bytes 41.6 µs, so that the empty path's round trip is 51.2416 ms.
const theoryRTT = 51241600 * time.Nanosecond

// curveOf returns a curve of a chart by the value of x.
func curveOf(t *testing.T, d *Drawing, series string) map[string]float64 {
	t.Helper()
	out := map[string]float64{}
	for _, l := range rows(d, ","+series+",") {
		f := strings.Split(l, ",")
		v, err := strconv.ParseFloat(f[4], 64)
		if err != nil {
			t.Fatal(err)
		}
		if f[3] == "" {
			out[f[2]] = v
		}
	}
	return out
}

// theorySweep is a sweep over loss with more of a scenario.
func theorySweep(t *testing.T, more string) *Sweep {
	return sweepOf(t, `
path: {rate: 10Mbit, delay: 25ms}
flows: [{name: file, size: 20MiB, `+more+`
sweep: {vary: {path.forward.loss: [0.05%, 0.1%, 1%, 2%, 5%, 10%, 50%]}}
`, plausible)
}

func TestTheories(t *testing.T) {
	s := theorySweep(t, "tcp: {congestion: reno}}]")
	d := drawSweep(t, s, "sweep.goodput_bps")
	conn := model.Connection{RTT: theoryRTT, T0: theoryRTT + 200*time.Millisecond, B: 1, Wmax: 4 << 20 / 1448.0}
	mathis := func(p float64) float64 { return 1448 * 8 * math.Sqrt(1.5/p) / theoryRTT.Seconds() }
	pftk := func(p float64) float64 { return 1448 * 8 * model.PFTK(p, conn) }
	for _, c := range []struct {
		series, x string
		want      float64 // 0: not there
	}{
		// 20 MiB are 14,483 segments, which meet 7.2 losses at 0.05 %, and 14.5 at 0.1 %.
		{"Mathis", "0.0005", 0}, {"Mathis", "0.001", mathis(0.001)}, {"Mathis", "0.01", mathis(0.01)}, {"Mathis", "0.02", mathis(0.02)}, {"Mathis", "0.05", 0},
		{"PFTK", "0.0005", 0}, {"PFTK", "0.01", pftk(0.01)}, {"PFTK", "0.1", pftk(0.1)}, {"PFTK", "0.5", 0},
		{"link", "0.0005", 10e6 * 1448 / 1500}, {"link", "0.5", 10e6 * 1448 / 1500},
	} {
		if got := curveOf(t, d, c.series)[c.x]; math.Abs(got-c.want) > 1e-6*c.want {
			t.Errorf("%s at %s: %v, want %v", c.series, c.x, got, c.want)
		}
	}
	for x, y := range curveOf(t, d, "Mathis") {
		if p, _ := strconv.ParseFloat(x, 64); p > 0.02 || p < 10/14483.0*0.999 || y > 9.6534e6 {
			t.Errorf("Mathis at %s: %v", x, y)
		}
	}
	for _, want := range []string{"Mathis", "1997", "2% loss", "Padhye", "RTT (51.2 ms)", "RTT + 200 ms", "1448 bytes", "b = 1", "ten losses"} {
		if !strings.Contains(d.Caption, want) {
			t.Errorf("the caption does not say %q: %s", want, d.Caption)
		}
	}
	if got := curveOf(t, drawSweep(t, s, "sweep.delivered_ratio"), "1 - loss"); got["0.05"] != 0.95 || got["0.5"] != 0.5 {
		t.Errorf("1 - loss: %v", got)
	}
	if got := curveOf(t, drawSweep(t, s, "sweep.loss_ratio"), "loss of the path"); got["0.05"] != 0.05 || got["0.001"] != 0.001 {
		t.Errorf("loss of the path: %v", got)
	}
}

// Each congestion control has its own theory: CUBIC the response function of RFC 9438, up to 2 %; one without a model of its own
// what is fair beside TCP.
func TestTheoriesOfCongestionControls(t *testing.T) {
	rtt := theoryRTT.Seconds()
	cubic := func(p float64) float64 { // 1.0538 is (0.4*3.7/1.2)^¼, to five digits
		return 1448 * 8 * max(math.Pow(0.4*3.7/1.2, 0.25)*math.Pow(rtt/p, 0.75), math.Sqrt(1.5/p)) / rtt
	}
	conn := model.Connection{RTT: theoryRTT, T0: theoryRTT + 200*time.Millisecond, B: 1}
	for _, c := range []struct {
		congestion, series, x string
		want                  float64
	}{
		{"cubic", "CUBIC's response", "0.001", cubic(0.001)}, {"cubic", "CUBIC's response", "0.02", cubic(0.02)}, {"cubic", "CUBIC's response", "0.05", 0},
		{"cubic", "Mathis", "0.01", 0}, {"cubic", "PFTK", "0.01", 0}, {"cubic", "TFRC", "0.01", 0},
		{"bbr", "TFRC", "0.01", 1448 * 8 * model.TFRC(0.01, conn)}, {"bbr", "PFTK", "0.01", 0},
		{"reno", "TFRC", "0.01", 0}, {"reno", "CUBIC's response", "0.01", 0},
	} {
		d := drawSweep(t, theorySweep(t, "tcp: {congestion: "+c.congestion+"}}]"), "sweep.goodput_bps")
		if got := curveOf(t, d, c.series)[c.x]; math.Abs(got-c.want) > 1e-6*c.want {
			t.Errorf("%s: %s at %s: %v, want %v", c.congestion, c.series, c.x, got, c.want)
		}
	}
}

// Where a model does not hold it is not drawn.
func TestTheoriesKnowTheirLimits(t *testing.T) {
	for name, more := range map[string]string{
		"a short transfer":   "tcp: {congestion: reno}}]",
		"a path for all":     "tcp: {congestion: reno}}]\nsharing: together",
		"scripted fates":     "tcp: {congestion: reno}}]\nscript: [{match: {kind: data, nth: 3}, do: drop}]",
		"a path that varies": "tcp: {congestion: reno}}]\ntimeline: [{from: 1s, to: 2s, path: {rate: 1Mbit}}]",
	} {
		s := theorySweep(t, more)
		if name == "a short transfer" {
			s = sweepOf(t, strings.Replace(lossSweep, "1MiB", "100kB", 1), plausible) // 70 segments meet 7 losses at 10 %
		}
		d := drawSweep(t, s, "sweep.goodput_bps")
		if d == nil {
			t.Fatalf("%s: no chart", name)
		}
		for _, model := range []string{"Mathis", "PFTK"} {
			if got := curveOf(t, d, model); len(got) > 0 {
				t.Errorf("%s: %s is drawn: %v", name, model, got)
			}
		}
		if strings.Contains(d.Caption, "models") {
			t.Errorf("%s: the caption speaks of models: %s", name, d.Caption)
		}
	}
	held := sweepOf(t, strings.Replace(lossSweep, "delay: 25ms", "delay: 25ms, reorder: 1%", 1), plausible)
	if got := curveOf(t, drawSweep(t, held, "sweep.goodput_bps"), "PFTK"); len(got) > 0 {
		t.Errorf("with reordering PFTK is drawn: %v", got)
	}
}

// With bursts p is the rate of runs, and the path's run is 1/r.
func TestTheoriesOfBursts(t *testing.T) {
	s := sweepOf(t, `
path: {rate: 10Mbit, delay: 25ms}
flows: [{name: file, size: 20MiB, tcp: {congestion: reno}}]
sweep: {vary: {path.forward.loss: [{random: 4%}, {gilbert_elliott: {p: 2.0833333333%, r: 50%}}, {gilbert_elliott: {p: 1.0416666667%, r: 25%}}]}}
`, func(at *scenarios.Scenario, m Measured) map[string]float64 {
		return map[string]float64{"goodput_bps": 1e6, "loss_burst_mean": 2}
	})
	d := drawSweep(t, s, "sweep.goodput_bps")
	if want := "Goodput against mean run of losses"; d.Title != want {
		t.Errorf("title %q, want %q", d.Title, want)
	}
	conn := model.Connection{RTT: theoryRTT, T0: theoryRTT + 200*time.Millisecond, B: 1, Wmax: 4 << 20 / 1448.0}
	if got, want := curveOf(t, d, "PFTK")["4"], 1448*8*model.PFTK(0.01, conn); math.Abs(got-want) > 1e-6*want {
		t.Errorf("PFTK at 4 %% of loss in runs of 4: %v, want that of 1 %%, %v", got, want)
	}
	if got, want := curveOf(t, d, "PFTK of every loss"), 1448*8*model.PFTK(0.04, conn); len(got) != 2 || math.Abs(got["4"]-want) > 1e-6*want {
		t.Errorf("PFTK of every loss: %v, want %v at runs of 2 and 4, and nothing of losses by themselves", got, want)
	}
	got := curveOf(t, drawSweep(t, s, "sweep.loss_burst_mean"), "run of the model")
	if fmt.Sprint(got) != "map[1.04166667:1.04166667 2:2 4:4]" {
		t.Errorf("runs of the model: %v", got)
	}
}

// Every value that a scenario can vary is read as the quantity that it is, or left a word; and what is written for a quantity
// is that quantity.
func TestSweptKeys(t *testing.T) {
	for _, c := range []struct{ key, values, label, want string }{
		{"path.forward.loss", "[2%, 0.5%, 0%]", "Loss", "0% 0.5% 2%"},
		{"path.forward.loss", "[0.02, 0.005]", "Loss", "0.5% 2%"},
		{"path.reverse.loss", "[2%, 1%]", "Loss towards the client", "1% 2%"},
		{"path.delay", "[40ms, 5ms]", "Round-trip time", "10 ms 80 ms"},
		{"path.forward.delay", "[40ms, 5ms]", "One-way delay", "5 ms 40 ms"},
		{"path.rate", "[1Gbit, 500kbit, 10Mbit]", "Rate of the path", "500 kbit/s 10 Mbit/s 1 Gbit/s"},
		{"path.rate", "[1Gbit, unlimited]", "Rate of the path", "1Gbit unlimited"},
		{"path.queue", "[100p, 9p]", "Queue (packets)", "9 100"},
		{"path.queue", "[64KiB, 3000B]", "Queue", "2.93 KiB 64 KiB"},
		{"path.queue", "[64KiB, 10p]", "Queue", "64KiB 10p"},
		{"path.mtu", "[1500, 576]", "MTU", "576 B 1.46 KiB"},
		{"flows.file.size", "[1MiB, 1kB]", "Size", "1000 B 1 MiB"},
		{"flows.file.tcp.sack", "[true, false]", "SACK", "SACK on SACK off"},
		{"flows.file.tcp.initial_window", "[10, 2]", "Initial window (segments)", "2 10"},
		{"path.forward.loss", "[1%, {gilbert_elliott: {p: 1%, r: 19%}}]", "Mean loss", "1% 5%"},
		{"path.forward.loss", "[1%, {packets: [3]}]", "Loss", "1% {packets: [3]}"},
	} {
		s := sweepOf(t, fmt.Sprintf("path: {rate: 10Mbit}\nflows: [{name: file, size: 1MiB}]\nsweep: {vary: {%s: %s}}\n", c.key, c.values), plausible)
		k := &sweptKeys(s.Scenario)[0]
		var got []string
		for i := range k.values {
			got = append(got, k.name(i))
			if k.scale > 0 {
				v, _, _, ok := quantity(k.write(k.at[i]))
				if !ok || math.Abs(v*k.scale-k.at[i]) > 1e-9*k.at[i] {
					t.Errorf("%s: %v is written %s", c.key, k.at[i], k.write(k.at[i]))
				}
			}
		}
		if strings.Join(got, " ") != c.want || k.label != c.label {
			t.Errorf("%s: %s: %s %q, want %s %q", c.key, c.values, k.label, got, c.label, c.want)
		}
	}
}

// FuzzQuantity: whatever stands there, it is a finite number or a word.
func FuzzQuantity(f *testing.F) {
	for _, s := range []string{"", "2%", "0.02", "25ms", "10Mbit", "100p", "64KiB", "unlimited", "reno", "-1", "1e400", "NaN", "{random: 1%}", "p", "%"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		v, u, _, ok := quantity(s)
		if ok && (math.IsNaN(v) || math.IsInf(v, 0)) {
			t.Errorf("%q is %v", s, v)
		}
		if _ = u.format(v); !ok && v != 0 {
			t.Errorf("%q is no quantity, and yet %v", s, v)
		}
	})
}

// FuzzSweep draws charts of any metrics whatever: no coordinate is no number, and nothing fails.
func FuzzSweep(f *testing.F) {
	f.Add(0.0, 1.0, -1.0, uint8(3))
	f.Add(1e-300, 1e300, 5.0, uint8(0))
	f.Add(1.0, 1.0000001, 1.0, uint8(255))
	f.Add(-5.0, -1e-9, 0.0, uint8(17))
	f.Fuzz(func(t *testing.T, a, b, c float64, holes uint8) {
		for _, v := range []float64{a, b, c} {
			if math.IsNaN(v) || math.IsInf(v, 0) || math.Abs(v) > 1e15 || v != 0 && math.Abs(v) < 1e-15 {
				t.Skip("no metric is so large or so small")
			}
		}
		n := 0
		s := sweepOf(t, strings.Replace(lossSweep, "10%]}", "10%], path.delay: [1ms, 2ms]}", 1), func(at *scenarios.Scenario, m Measured) map[string]float64 {
			if n++; holes>>(n%8)&1 == 1 {
				return nil
			}
			v := []float64{a, b, c}[n%3]
			return map[string]float64{"goodput_bps": v, "completion_s": v, "delivered_ratio": v}
		})
		for _, kind := range Sweeps {
			for _, m := range []string{"goodput_bps", "completion_s", "delivered_ratio"} {
				if d := drawSweep(t, s, kind.Name+"."+m); d != nil {
					l := &layout{turn: []float64{0}}
					d.Draw(draw.NewCanvas(l, d.Width, d.Height))
					if l.bad != "" {
						t.Errorf("%s: not a place: %s", d.Name, l.bad)
					}
				}
			}
		}
	})
}

// What a queue of full packets allows Reno, and how long one waits behind it: a full segment takes 1.2 ms at 10 Mbit/s, so that the
// product is 51.2416/1.2 = 42.7 packets.
func TestQueueTheories(t *testing.T) {
	const product = 51.2416 / 1.2
	sweep := func(more string) *Sweep {
		return sweepOf(t, `
path: {rate: 10Mbit, delay: 25ms, `+more+`}
flows: [{name: file, size: 100MiB, protocol: [tcp, udp]}]
sweep: {vary: {path.forward.queue.limit: [4p, 20p, 42p, 43p, 400p], flows.file.tcp.congestion: [reno, cubic]}}
`, func(at *scenarios.Scenario, m Measured) map[string]float64 {
			return map[string]float64{"goodput_bps": 5e6, "queue_delay_p99_s": 0.01}
		})
	}
	got := curveOf(t, drawSweep(t, sweep("queue: 4p"), "sweep.goodput_bps"), "sawtooth")
	for x, queue := range map[string]float64{"4": 4, "20": 20, "42": 42} {
		if want := 10e6 * 1448 / 1500 * model.Sawtooth(queue/product); math.Abs(got[x]-want) > 1e-6*want {
			t.Errorf("sawtooth at %s packets: %v, want %v", x, got[x], want)
		}
	}
	if len(got) != 3 {
		t.Errorf("the sawtooth is drawn at %v, but a queue of more than a product needs no model", got)
	}
	got = curveOf(t, drawSweep(t, sweep("queue: 4p"), "sweep.queue_delay_p99_s"), "full queue")
	if fmt.Sprint(got) != "map[20:0.024 4:0.0048 400:0.48 42:0.0504 43:0.0516]" {
		t.Errorf("full queue: %v", got)
	}
	for _, more := range []string{"forward: {loss: 1%}", "reverse: {loss: 1%}", "forward: {queue: {limit: 9p, discipline: codel}}"} {
		if got := curveOf(t, drawSweep(t, sweep(more), "sweep.goodput_bps"), "sawtooth"); len(got) > 0 {
			t.Errorf("with %s the queue's end is not all that loses packets, and yet there is a sawtooth: %v", more, got)
		}
	}
}
