package metrics_test

import (
	"math/rand/v2"
	"slices"
	"testing"

	"reliabilitylab/reports/metrics"
)

// sequences calls f with arrival sequences of all kinds: some numbers lost, the rest displaced by little or by much.
func sequences(t *testing.T, f func(*rand.Rand, []int)) {
	for seed := range uint64(300) {
		r := rand.New(rand.NewPCG(seed, 4737))
		n := r.IntN(40)
		var sequence []int
		for i := range n {
			if r.IntN(5) > 0 {
				sequence = append(sequence, i+1)
			}
		}
		for range r.IntN(n + 1) {
			if len(sequence) < 2 {
				break
			}
			i := r.IntN(len(sequence))
			j := min(len(sequence)-1, i+r.IntN(8))
			sequence[i], sequence[j] = sequence[j], sequence[i]
		}
		f(r, sequence)
		if t.Failed() {
			t.Fatalf("seed %d: %v", seed, sequence)
		}
	}
}

// Reorder against the words of RFC 4737, read literally and slowly: sections 3.3 (NextExp), 4.2.3 and 5.3.
func TestReorderIsAsDefined(t *testing.T) {
	sequences(t, func(_ *rand.Rand, s []int) {
		late := metrics.Reorder(s).Late
		expected := 0
		for i := range s {
			if s[i] >= expected {
				expected = s[i] + 1
				continue
			}
			if len(late) == 0 || late[0].Index != i || late[0].Number != s[i] {
				t.Fatalf("arrival %d is reordered and not reported", i)
			}
			l := late[0]
			late = late[1:]
			first := 0
			for s[first] < s[i] {
				first++
			}
			if l.Extent != i-first {
				t.Errorf("arrival %d: extent %d, want %d", i, l.Extent, i-first)
			}
			for n := 1; n <= i; n++ { // n-reordered, for every n: so n-reordered implies n'-reordered for n' < n
				all := true
				for j := i - n; j < i; j++ {
					all = all && s[j] > s[i]
				}
				if all != (n <= l.N) {
					t.Errorf("arrival %d: N = %d, but %d-reordered is %v", i, l.N, n, all)
				}
			}
		}
		if len(late) > 0 {
			t.Errorf("reported and not reordered: %v", late)
		}
	})
}

// Degrees fall with n, and 1-reordering has at most the reordered ratio (RFC 4737 section 5.3).
func TestDegreesFall(t *testing.T) {
	sequences(t, func(_ *rand.Rand, s []int) {
		r := metrics.Reorder(s)
		last, ok := r.Ratio()
		for n := 1; ok && n < 10; n++ {
			degree, _ := r.Degree(n)
			if degree > last {
				t.Errorf("degree %v of %d-reordering above the one before, %v", degree, n, last)
			}
			last = degree
		}
	})
}

// Duplicates that come behind what they copy change nothing: neither RFC 4737's reordering nor RFC 5236's densities.
func TestDuplicatesChangeNothing(t *testing.T) {
	sequences(t, func(r *rand.Rand, s []int) {
		doubled := slices.Clone(s)
		for range r.IntN(5) {
			if len(doubled) > 0 {
				i := r.IntN(len(doubled))
				doubled = slices.Insert(doubled, i+1+r.IntN(len(doubled)-i), doubled[i])
			}
		}
		check(t, "without its duplicates", metrics.FirstCopies(doubled), s)
		wide := len(doubled) + 50
		check(t, "RD", metrics.ReorderDensity(doubled, wide), metrics.ReorderDensity(s, wide))
		check(t, "RBD", metrics.BufferDensity(doubled, wide), metrics.BufferDensity(s, wide))
	})
}

// A density with room for every displacement is the receive index less the number, read literally; whatever the
// threshold, shares add up to 1 and the walk comes to an end.
func TestDensities(t *testing.T) {
	sequences(t, func(r *rand.Rand, s []int) {
		wide := len(s) + 50
		index := slices.Sorted(slices.Values(s)) // receive indexes skip the lost numbers
		want := make([]float64, 2*wide+1)
		for i := range s {
			want[index[i]-s[i]+wide]++
		}
		for i := range want {
			want[i] /= float64(len(s))
		}
		if len(s) > 0 {
			check(t, "RD", metrics.ReorderDensity(s, wide), want)
		}
		for _, density := range [][]float64{metrics.ReorderDensity(s, r.IntN(4)), metrics.BufferDensity(s, r.IntN(4))} {
			sum := 0.0
			for _, d := range density {
				sum += d
			}
			if density != nil && (sum < 1-1e-9 || sum > 1+1e-9) {
				t.Errorf("shares add up to %v", sum)
			}
		}
	})
}

// Losses add up: the lengths to the losses, the distances to the way from the first lost to the last.
func TestLossPatternAddsUp(t *testing.T) {
	for seed := range uint64(100) {
		r := rand.New(rand.NewPCG(seed, 3357))
		lost := make([]bool, r.IntN(60))
		first, last, count := -1, -1, 0
		for i := range lost {
			if lost[i] = r.IntN(3) == 0; lost[i] {
				if count == 0 {
					first = i
				}
				last = i
				count++
			}
		}
		p := metrics.Losses(lost)
		if sum(p.Length) != count || len(p.Distance) != count || len(p.Period) != count || sum(p.Distance) != last-first {
			t.Fatalf("seed %d: %v of %v", seed, p, lost)
		}
	}
}

func sum(values []int) int {
	n := 0
	for _, v := range values {
		n += v
	}
	return n
}
