package stat

import (
	"encoding/csv"
	"fmt"
	"math"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"

	"reliabilitylab/netem"
)

func numbers(t *testing.T, text string) []float64 {
	t.Helper()
	var out []float64
	for _, w := range strings.Fields(text) {
		v, err := strconv.ParseFloat(w, 64)
		if w == "NA" {
			v, err = math.NaN(), nil
		}
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, v)
	}
	return out
}

func near(a, b float64) bool {
	return math.IsNaN(a) && math.IsNaN(b) || math.Abs(a-b) <= 1e-12*max(1, math.Abs(b))
}

// TestGolden holds the tests to what R comes to (testdata/golden.R).
func TestGolden(t *testing.T) {
	f, err := os.Open("testdata/golden.csv")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	rows, err := csv.NewReader(f).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	kinds := map[string]int{}
	for n, row := range rows {
		kinds[row[0]]++
		a, b, want := numbers(t, row[1]), numbers(t, row[2]), numbers(t, row[3])
		var got []float64
		switch row[0] {
		case "signed":
			m := MiddleOf(a)
			got = []float64{SignedRank(a).P, m.Estimate, m.Low, m.High}
			if math.IsNaN(want[1]) { // R has no exact interval where there are ties
				got = append(got[:1], want[1:]...)
			}
		case "sum":
			s := RankSum(a, b)
			got = []float64{s.P, s.Effect}
		case "adjust":
			got = FalseDiscovery(a)
		}
		if !slices.EqualFunc(got, want, near) {
			t.Errorf("line %d, %s of %v and %v: %v, but R has %v", n+1, row[0], a, b, got, want)
		}
	}
	if kinds["signed"] < 30 || kinds["sum"] < 14 || kinds["adjust"] != 1 {
		t.Errorf("the golden values are %v", kinds)
	}
}

// TestFalseAlarms tries all signs of ten differences, with ties and zeros among them: however they are, of all of them no larger a share than P
// has that P. It is what an exact test is.
func TestFalseAlarms(t *testing.T) {
	for _, sizes := range [][]float64{
		{1, 2, 3, 4, 5, 6, 7, 8, 9, 10}, {1, 1, 1, 1, 1, 1, 1, 1, 1, 1}, {0, 0, 0, 1, 1, 2, 2, 2, 3, 9}, {0, 0, 0, 0, 1, 2, 3, 4, 5, 6}, {0, 1, 1, 4, 4, 4, 4, 4, 8, 8},
	} {
		var all []float64
		for signs := range 1 << len(sizes) {
			x := slices.Clone(sizes)
			for i := range x {
				if signs>>i&1 == 1 {
					x[i] = -x[i]
				}
			}
			s, mirrored := SignedRank(x), slices.Clone(x)
			for i := range mirrored {
				mirrored[i] = -mirrored[i]
			}
			if o := SignedRank(mirrored); o.P != s.P || o.Effect != -s.Effect {
				t.Fatalf("%v: %+v, but the other way round %+v", x, s, o)
			}
			if s.P < s.Least {
				t.Fatalf("%v: P %v is below the least, %v", x, s.P, s.Least)
			}
			all = append(all, s.P)
		}
		slices.Sort(all)
		for i, p := range all {
			if i+1 < len(all) && all[i+1] == p {
				continue
			}
			if share := float64(i+1) / float64(len(all)); share > p*(1+1e-12) {
				t.Errorf("sizes %v: a share of %v has a P of at most %v", sizes, share, p)
			}
		}
		if least := 2 / math.Pow(2, float64(len(sizes)-count(sizes, 0))); all[0] != least {
			t.Errorf("sizes %v: the least P is %v, want %v", sizes, all[0], least)
		}
	}
}

func count(x []float64, v float64) (n int) {
	for _, w := range x {
		if w == v {
			n++
		}
	}
	return n
}

// TestRankSumChoices does the same for all choices of four of nine values.
func TestRankSumChoices(t *testing.T) {
	for _, values := range [][]float64{{1, 2, 3, 4, 5, 6, 7, 8, 9}, {0, 0, 0, 1, 1, 2, 5, 5, 9}} {
		var all []float64
		for chosen := range 1 << len(values) {
			var a, b []float64
			for i, v := range values {
				if chosen>>i&1 == 1 {
					b = append(b, v)
				} else {
					a = append(a, v)
				}
			}
			if len(b) != 4 {
				continue
			}
			s, o := RankSum(a, b), RankSum(b, a)
			if s.Effect != -o.Effect || !near(s.P, o.P) {
				t.Fatalf("%v and %v: %+v, but the other way round %+v", a, b, s, o)
			}
			all = append(all, s.P)
		}
		if len(all) != 126 {
			t.Fatalf("%d choices", len(all))
		}
		slices.Sort(all)
		for i, p := range all {
			if i+1 < len(all) && all[i+1] == p {
				continue
			}
			if share := float64(i+1) / 126; share > p*(1+1e-12) {
				t.Errorf("values %v: a share of %v has a P of at most %v", values, share, p)
			}
		}
	}
}

// dice returns the k-th number from 0 to 1 of a sample.
func dice(sample, k int) float64 {
	return float64(netem.NewStream(11).At(uint64(sample), uint64(k))>>11) / (1 << 53)
}

// TestInterval draws samples whose middle is 0 and counts how often the interval has it: with ten values 95.1 % (R: 1 - 2*psignrank(8, 10)). The
// seed is fixed (11), so the count is always the same; it may be three standard deviations off.
func TestInterval(t *testing.T) {
	const samples, n = 4000, 10
	in := 0
	for s := range samples {
		x := make([]float64, n)
		for i := range x {
			x[i] = math.Pow(2*dice(s, i)-1, 3)
		}
		if m := MiddleOf(x); m.Low <= 0 && 0 <= m.High {
			in++
		}
		if p := SignedRank(x).P; (p <= 0.05) != (MiddleOf(x).Low > 0 || MiddleOf(x).High < 0) {
			t.Fatalf("%v: the interval %+v and P = %v contradict each other", x, MiddleOf(x), p)
		}
	}
	want := 1 - 2*25/1024.0
	if got := float64(in) / samples; math.Abs(got-want) > 3*math.Sqrt(want*(1-want)/samples) {
		t.Errorf("%v of the intervals have the middle, want %v", got, want)
	}
}

// TestMany holds the normal distribution to the exact one where the one gives way to the other, and the search for Walsh averages to sorting them.
func TestMany(t *testing.T) {
	x := make([]float64, mostExact+1)
	for i := range x {
		x[i] = math.Round(100*(dice(1, i)-0.44)) / 100
	}
	sorted := slices.Sorted(slices.Values(x))
	var all []float64
	for i := range sorted {
		for j := i; j < len(sorted); j++ {
			all = append(all, (sorted[i]+sorted[j])/2)
		}
	}
	slices.Sort(all)
	for _, k := range []int{1, 2, 77, len(all) / 2, len(all) - 1, len(all)} {
		if got := walsh(sorted, k); got != all[k-1] {
			t.Errorf("Walsh average %d is %v, want %v", k, got, all[k-1])
		}
	}
	near := func(what string, exact, approximate float64) { // two points of a thousand, or a tenth of P
		if math.Abs(exact-approximate) > max(0.002, 0.1*exact) {
			t.Errorf("%s: P = %v by counting, %v by the normal distribution", what, exact, approximate)
		}
	}
	for _, shift := range []float64{0.5, 0.42, 0.35, 0.3} {
		var ranks []int
		most := 0
		for i, r := range ranked(x[:mostExact], math.Abs) {
			ranks = append(ranks, r)
			if dice(4, i) > shift+0.2 {
				most += r
			}
		}
		near(fmt.Sprint("signs ", shift), signs(ranks, min(most, mostExact*(mostExact+1)-most)), signsOfMany(ranks, most))
		some, sum := ranked(x[:mostChosen], func(v float64) float64 { return v }), 0
		for _, r := range some[:mostChosen/2] {
			sum += r
		}
		sum -= int(1000 * (0.5 - shift))
		near(fmt.Sprint("choices ", shift), chosen(some, mostChosen/2, sum), chosenOfMany(some, mostChosen/2, sum))
	}
	// R: qsignrank(0.025, c(50, 51)) is 435 and 454; the normal distribution is one off.
	if a, b := cut(mostExact), cut(mostExact+1); a != 435 || b != 453 {
		t.Errorf("cuts of 50 and 51: %d, %d", a, b)
	}
}

// TestEffects: by hand. Ranks 1 to 4, the smallest negative: (9-1)/10; two zeros take the ranks 1 and 2 (mean 1.5 each): (3+4)/10.
func TestEffects(t *testing.T) {
	for _, c := range []struct {
		x    []float64
		want float64
	}{{[]float64{-1, 2, 3, 4}, 0.8}, {[]float64{0, 0, 1, 2}, 0.7}, {[]float64{0, 0}, 0}, {[]float64{-5}, -1}} {
		if got := SignedRank(c.x).Effect; got != c.want {
			t.Errorf("%v: %v, want %v", c.x, got, c.want)
		}
	}
	for n, want := range map[int]int{1: 0, 5: 0, 6: 1, 7: 3, 8: 4, 9: 6, 10: 9, 20: 53} { // R: qsignrank(0.025, n)
		if got := cut(n); got != want {
			t.Errorf("cut of %d is %d, want %d", n, got, want)
		}
	}
	if m := MiddleOf([]float64{3}); m.Estimate != 3 || !math.IsNaN(m.Low) || !math.IsNaN(m.High) {
		t.Errorf("of one value: %+v", m)
	}
}
