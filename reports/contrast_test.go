package reports

import (
	"bytes"
	"encoding/csv"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"gonum.org/v1/plot/vg/draw"
	"gonum.org/v1/plot/vg/recorder"

	"reliabilitylab/netem"
	"reliabilitylab/reports/stat"
)

// luck is the k-th number from 0 to 1 of a seed, the same in every test.
func luck(seed uint64, k int) float64 {
	return float64(netem.NewStream(31).At(seed, uint64(k))>>11) / (1 << 53)
}

// resultsOf makes results of TCP at these losses, with these seeds.
func resultsOf(losses []string, from, to uint64, measure func(loss string, seed uint64) map[string]float64) *Results {
	r := &Results{Version: Version, Scenario: "made", Stack: "lab", Seed: from, Source: "path: {delay: 5ms}\nflows: [{name: file}]\n"}
	for _, loss := range losses {
		for seed := from; seed <= to; seed++ {
			t := Trial{ID: fmt.Sprintf("%s_%d_tcp", loss, seed), Flow: "file", Protocol: "tcp", Point: map[string]string{}, Replicate: int(seed-from) + 1, Seed: seed}
			if len(losses) > 1 {
				t.Point["path.forward.loss"] = loss
			}
			if t.Metrics = measure(loss, seed); t.Metrics != nil {
				r.Trials = append(r.Trials, t)
			}
		}
	}
	return r
}

func beside(t *testing.T, a, b *Results) *Contrast {
	t.Helper()
	c, err := Beside([2]string{"a", "b"}, [2]*Results{a, b})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func (c *Contrast) of(metric string) ContrastRow {
	for _, r := range c.Rows {
		if r.Metric.Name == metric {
			return r
		}
	}
	return ContrastRow{}
}

// onePoint is a sweep without axes, manyPoints one with three.
var (
	onePoint   = []string{"1%"}
	manyPoints = []string{"1%", "2%", "5%"}
)

// TestVerdicts has one metric of each kind.
func TestVerdicts(t *testing.T) {
	of := func(b bool) *Results {
		return resultsOf(onePoint, 1, 12, func(_ string, seed uint64) map[string]float64 {
			m := map[string]float64{"messages_sent": 10, "goodput_bps": 1e6 * (1 + luck(seed, 1)), "latency_p50_s": 0.1, "timeouts": 1, "completion_s": 5}
			if b {
				m["goodput_bps"] *= 1.25
				m["latency_p50_s"] += 0.01 * luck(seed, 2) * (float64(seed%2) - 0.5)
				if seed < 4 {
					m["timeouts"] = 2
				}
				if delete(m, "completion_s"); seed%2 == 0 {
					m["completion_s"] = 5
				}
				m["handshake_s"] = 1
			}
			return m
		})
	}
	c := beside(t, of(false), of(true))
	for metric, want := range map[string]Verdict{
		"goodput_bps": Differs, "latency_p50_s": Noise, "timeouts": Few, "messages_sent": Same, "handshake_s": Half, "completion_s": Differs,
	} {
		if r := c.of(metric); r.Verdict != want {
			t.Errorf("%s: %s, want %s: %+v", metric, r.Verdict, want, r)
		}
	}
	g := c.of("goodput_bps")
	if g.Changed() != "+25 %" || g.Interval() != "+25 to +25 %" || g.Effect() != "+1.00" || g.Seeds != 12 || math.Abs(g.Difference/(g.B-g.A)-1) > 0.2 {
		t.Errorf("goodput: %s, %s, %s, %+v", g.Changed(), g.Interval(), g.Effect(), g)
	}
	if n := c.of("completion_s"); n.Value(n.A) != "5 s" || n.Value(n.B) != "never" {
		t.Errorf("completion: from %s to %s", n.Value(n.A), n.Value(n.B))
	}
	if c.Rows[0].Verdict != Differs || c.Rows[len(c.Rows)-1].Verdict != Same {
		t.Error("the rows are in another order")
	}
	back := beside(t, of(true), of(false))
	for _, r := range c.Rows {
		if o := back.of(r.Metric.Name); o.Verdict != r.Verdict || o.Test.P != r.Test.P || o.Test.Effect != -r.Test.Effect ||
			math.Abs(o.Change.Estimate+r.Change.Estimate) > 1e-12 {
			t.Errorf("%+v is the other way round %+v", r, o)
		}
	}
	if same := beside(t, of(true), of(true)); len(same.Shown()) > 0 || same.Cause() != "" || same.Sum() != "Nothing differs: all 6 metrics are the same, with 12 seeds." {
		t.Errorf("the same beside itself: %s %s", same.Sum(), same.Cause())
	}
	if c.Cause() == "" { // the same scenario and seeds in virtual time, and yet
		t.Error("nothing is said of where the differences come from")
	}
}

// TestPairs pairs by seed and not by replicate, and by what values mean and not by how they are written.
func TestPairs(t *testing.T) {
	measure := func(loss string, seed uint64) map[string]float64 {
		return map[string]float64{"goodput_bps": float64(seed) * map[string]float64{"1%": 1, "0.02": 2, "2%": 2, "3%": 3}[loss]}
	}
	a := resultsOf([]string{"1%", "2%"}, 1, 8, measure)
	b := resultsOf([]string{"3%", "0.02"}, 3, 10, measure)
	c := beside(t, a, b)
	if r := c.of("goodput_bps"); c.Seeds != 6 || c.Points != 1 || r.Pairs != 6 || r.Verdict != Same {
		t.Errorf("%d seeds, %d points: %+v", c.Seeds, c.Points, r)
	}
	want := "only a has the point loss=1%; only b has the point loss=3%; only a has the seeds 1, 2; only b has the seeds 9, 10"
	if got := strings.Join(c.Alone, "; "); got != want {
		t.Errorf("%s\nwant %s", got, want)
	}
	one := resultsOf([]string{"2%"}, 3, 8, measure) // no axis: its scenario says what the loss is
	one.Settings = []string{"path.forward.loss=2%"}
	if c := beside(t, a, one); c.Seeds != 6 || c.of("goodput_bps").Verdict != Same {
		t.Errorf("%d seeds: %+v", c.Seeds, c.Rows)
	}
	if got := fmt.Sprint(beside(t, a, one).Setup); !strings.Contains(got, "{path.forward.loss  2%}") || !strings.Contains(got, "{seed 1 3}") {
		t.Errorf("the set-up differs in %s", got)
	}
	swept := resultsOf([]string{"1%", "2%"}, 1, 6, measure)
	for i := range swept.Trials { // an axis of one value is what they differ in, and no axis
		swept.Trials[i].Point["flows.file.tcp.congestion"] = "cubic"
	}
	if c := beside(t, a, swept); c.Seeds != 6 || c.Points != 2 {
		t.Errorf("%d seeds, %d points", c.Seeds, c.Points)
	}
}

func TestNoPairs(t *testing.T) {
	measure := func(loss string, seed uint64) map[string]float64 { return map[string]float64{"goodput_bps": 1} }
	a := resultsOf(manyPoints, 1, 2, measure)
	other := resultsOf(manyPoints, 1, 2, measure)
	for i := range other.Trials {
		other.Trials[i].Flow = "call"
	}
	twice := resultsOf(manyPoints, 1, 2, measure)
	twice.Trials[1].Seed = 1
	bad := resultsOf(manyPoints, 1, 2, measure)
	bad.Source = "path: ["
	for name, c := range map[string]struct {
		b    *Results
		want string
	}{
		"flow":  {other, "they have no flow in common: a has file TCP, b has call TCP"},
		"point": {resultsOf([]string{"7%", "8%"}, 1, 2, measure), "no point of one is one of the other: a has loss=1%, loss=2%, loss=5%, b has loss=7%, loss=8%"},
		"axis":  {resultsOf(onePoint, 1, 2, measure), "b does not say path.forward.loss, which varies in the other: there is no telling which trials belong together"},
		"twice": {twice, "the results are damaged: b: the trials 1%_1_tcp and 1%_2_tcp have the same place"},
		"text":  {bad, "the results are damaged: the scenario in b"},
	} {
		if _, err := Beside([2]string{"a", "b"}, [2]*Results{a, c.b}); err == nil || !strings.HasPrefix(err.Error(), c.want) {
			t.Errorf("%s: %v, want %s", name, err, c.want)
		}
	}
}

// TestFewSeeds says what cannot be told instead of calling it insignificant.
func TestFewSeeds(t *testing.T) {
	of := func(factor float64, n uint64) *Results {
		return resultsOf(manyPoints, 1, n, func(loss string, seed uint64) map[string]float64 {
			return map[string]float64{"goodput_bps": factor * float64(seed)}
		})
	}
	for n, want := range map[uint64]string{
		1: "One seed each: these are differences, but whether they are noise needs repeats (--set sweep.repeat=10 on both sides).",
		5: "With 5 seeds the exact test cannot come below P = 0.0625 however they differ: to tell a difference from noise takes at least 6, so repeats (--set sweep.repeat=10 on both sides).",
		6: "",
	} {
		c := beside(t, of(1, n), of(2, n))
		if got := c.Doubt(); got != want {
			t.Errorf("%d seeds: %s", n, got)
		}
		if r := c.of("goodput_bps"); (r.Verdict == Differs) != (n == 6) || r.Changed() != "+100 %" || (r.P() == "") != (n < 6) {
			t.Errorf("%d seeds: %+v", n, r)
		}
	}
	if standsOut(1) != 6 || standsOut(29) != 11 || standsOut(100) != 12 { // 2^-5 = 0.031; 29/2^10 = 0.028; 100/2^11 = 0.049
		t.Errorf("stands out from %d, %d, %d", standsOut(1), standsOut(29), standsOut(100))
	}
}

// TestBothWays: more at one point and less at another is no noise, though the mean over the points may be nothing.
func TestBothWays(t *testing.T) {
	of := func(b bool) *Results {
		return resultsOf([]string{"1%", "2%"}, 1, 10, func(loss string, seed uint64) map[string]float64 {
			v := 1 + luck(seed, 1)
			if b && loss == "1%" {
				v *= 1.5 + 0.1*luck(seed, 2)
			} else if b {
				v /= 1.5 + 0.1*luck(seed, 3)
			}
			return map[string]float64{"goodput_bps": v}
		})
	}
	c := beside(t, of(false), of(true))
	if r := c.of("goodput_bps"); r.Verdict != Turns || r.Changed() != "both ways" || r.P()+r.Effect()+r.Interval() != "" || Percent(r.Least) > -0.3 || Percent(r.Most) < 0.5 || len(c.Shown()) != 1 || len(c.Detail) != 2 {
		t.Errorf("%+v", c.Rows)
	}
}

// TestNoSharedSeeds tests without pairs, and finds a large difference only.
func TestNoSharedSeeds(t *testing.T) {
	of := func(from uint64, factor float64) *Results {
		return resultsOf(manyPoints, from, from+9, func(loss string, seed uint64) map[string]float64 {
			return map[string]float64{"goodput_bps": factor * (1 + 0.5*luck(seed, 1)), "latency_p50_s": 1 + luck(seed, 2), "timeouts": 2}
		})
	}
	c := beside(t, of(1, 1), of(100, 3))
	if r := c.of("goodput_bps"); c.Seeds != 0 || r.Verdict != Differs || r.Test.Effect != 1 || r.Interval() != "" {
		t.Errorf("%+v", r)
	}
	if l, s := c.of("latency_p50_s"), c.of("timeouts"); l.Verdict != Noise || s.Verdict != Same {
		t.Errorf("%+v\n%+v", l, s)
	}
	if !strings.Contains(c.Method(), "Mann-Whitney") || !strings.Contains(c.Method(), "Cliff") || !strings.HasPrefix(c.Doubt(), "They share no seed") {
		t.Errorf("%s %s", c.Method(), c.Doubt())
	}
}

// TestFalseAlarmsOfAll compares what does not differ: 200 times two runs of 10 seeds at three points, with 20 metrics that go up and down
// together, as metrics do, and a seed's luck the same at all points. In at most 5 % of them anything is called different, three standard
// deviations more at most. Of one metric by itself it is the share that the test can come to, 25 of 512 signs, up to three standard deviations;
// were each pair taken for an observation of its own it would be several times that. The seed of all luck is fixed (31).
func TestFalseAlarmsOfAll(t *testing.T) {
	const runs = 200
	names := []string{"latency_p50_s", "latency_p95_s", "latency_p99_s", "latency_max_s", "goodput_bps", "hol_wait_p50_s", "hol_wait_p99_s", "owd_p50_s", "owd_p99_s",
		"jitter_s", "queue_max_packets", "queue_mean_packets", "queue_delay_p50_s", "queue_delay_p99_s", "srtt_mean_s", "cwnd_mean_segments", "handshake_s",
		"retransmissions", "timeouts", "recoveries"}
	alarms, single, naive := 0, 0, 0
	for run := range runs {
		of := func(side int) *Results {
			return resultsOf(manyPoints, 1, 10, func(loss string, seed uint64) map[string]float64 {
				own := uint64(run*1000+side*100) + seed
				m := map[string]float64{}
				for k, name := range names {
					m[name] = 1 + luck(own, 0) + 0.5*luck(own, 1+k) + 0.1*luck(own, 100+k*10+len(loss)+int(loss[0]))
				}
				return m
			})
		}
		a, b := of(0), of(1)
		c := beside(t, a, b)
		if len(c.Shown()) > 0 || strings.Contains(c.Sum(), "beyond noise") {
			alarms++
		}
		if c.of("goodput_bps").Test.P <= Level {
			single++
		}
		var pairs []float64
		for i := range a.Trials {
			pairs = append(pairs, relative(a.Trials[i].Metrics["goodput_bps"], b.Trials[i].Metrics["goodput_bps"]))
		}
		if stat.SignedRank(pairs).P <= Level {
			naive++
		}
	}
	if most := Level + 3*math.Sqrt(Level*(1-Level)/runs); float64(alarms)/runs > most {
		t.Errorf("%d of %d comparisons of the same find a difference", alarms, runs)
	}
	if want := 25.0 / 512; math.Abs(float64(single)/runs-want) > 3*math.Sqrt(want*(1-want)/runs) {
		t.Errorf("one metric differs in %d of %d comparisons of the same, want a share of %.3f", single, runs, want)
	}
	if float64(naive)/runs < 0.15 {
		t.Errorf("pairs of one seed taken for observations alarm in %d of %d, which is no reason not to", naive, runs)
	}
	t.Logf("%d of %d comparisons of the same find a difference; of one metric %d, by pairs %d", alarms, runs, single, naive)
}

// TestContrastFiles writes the files, holds the table to its columns, and leaves results alone.
func TestContrastFiles(t *testing.T) {
	c := beside(t, resultsOf(manyPoints, 1, 8, func(loss string, seed uint64) map[string]float64 {
		return map[string]float64{"goodput_bps": float64(seed)}
	}), resultsOf(manyPoints, 1, 8, func(loss string, seed uint64) map[string]float64 {
		return map[string]float64{"goodput_bps": float64(seed) + luck(seed, 1)}
	}))
	dir := filepath.Join(t.TempDir(), "new", "folder")
	for range 2 { // the second time over the first
		if names, err := c.Write(dir, []string{"svg"}); err != nil || len(names) != 2 {
			t.Fatal(names, err)
		}
	}
	entries, err := os.ReadDir(dir)
	if err != nil || len(entries) != 2 {
		t.Errorf("%v, %v", entries, err)
	}
	b, err := os.ReadFile(filepath.Join(dir, "compare.csv"))
	if err != nil {
		t.Fatal(err)
	}
	rows, err := csv.NewReader(bytes.NewReader(b)).ReadAll()
	if err != nil || len(rows) != 1+1+3 {
		t.Fatalf("%v, %v", rows, err)
	}
	doc, err := os.ReadFile("../docs/compare.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, column := range rows[0] {
		if !strings.Contains(string(doc), "`"+column+"`") {
			t.Errorf("docs/compare.md: the column %s of compare.csv is not documented", column)
		}
	}
	for _, v := range Verdicts {
		if !strings.Contains(string(doc), "\n| "+string(v)+" | ") {
			t.Errorf("docs/compare.md: the verdict %q is not documented", v)
		}
	}
	results := t.TempDir()
	if err := os.WriteFile(filepath.Join(results, resultsFile), nil, 0o644); err != nil {
		t.Fatal(err)
	}
	if _, err := c.Write(results, []string{"svg"}); err == nil || !strings.Contains(err.Error(), "holds the results of a run") {
		t.Error(err)
	}
}

// FuzzBeside: whatever two files hold that pass for results, they are compared or refused, and what is said of them is finite.
func FuzzBeside(f *testing.F) {
	seed := func(r *Results) []byte {
		var b bytes.Buffer
		if err := r.encode(&b); err != nil {
			f.Fatal(err)
		}
		return b.Bytes()
	}
	plain := seed(resultsOf(manyPoints, 1, 7, func(loss string, seed uint64) map[string]float64 {
		return map[string]float64{"messages_sent": 1, "goodput_bps": float64(seed), "timeouts": 0}
	}))
	odd := bytes.ReplaceAll(bytes.ReplaceAll(plain, []byte(`"goodput_bps": 3`), []byte(`"goodput_bps": -1e308`)), []byte(`"timeouts": 0`), []byte(`"completion_s": 1e308`))
	f.Add(plain, plain)
	f.Add(plain, odd)
	f.Add(odd, bytes.ReplaceAll(odd, []byte("1e308"), []byte("5e-324")))
	f.Add(plain, bytes.ReplaceAll(plain, []byte(`"seed": `), []byte(`"seed": 7`)))
	f.Add(plain, bytes.ReplaceAll(plain, []byte(`path: `), []byte(`sweep: {vary: [`)))
	f.Fuzz(func(t *testing.T, one, two []byte) {
		a, err := decode(one)
		if err != nil {
			return
		}
		b, err := decode(two)
		if err != nil {
			return
		}
		c, err := Beside([2]string{"a", "b"}, [2]*Results{a, b})
		if err != nil {
			return
		}
		for _, r := range c.Rows {
			if !(r.Test.P >= 0 && r.Test.P <= 1 && math.Abs(r.Test.Effect) <= 1) && r.Verdict != Half {
				t.Errorf("%+v", r)
			}
			if r.Changed() == "" != (r.Verdict == Half) {
				t.Errorf("%+v: %q", r, r.Changed())
			}
		}
		c.Sum()
		c.Doubt()
		c.Method()
		if d := c.forest().Draw(); d != nil {
			d.Draw(draw.NewCanvas(new(recorder.Canvas), d.Width, d.Height))
		}
		if _, err := csv.NewReader(bytes.NewReader(c.table())).ReadAll(); err != nil {
			t.Error(err)
		}
	})
}
