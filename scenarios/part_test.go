package scenarios

import (
	"strings"
	"testing"
)

func TestParsePart(t *testing.T) {
	for text, want := range map[string]string{
		"1/1": "", "2/8": "", "1000/1000": "",
		"":                               "want which part of how many: K/N, such as 2/8",
		"2":                              "want which part",
		"2/":                             "want which part",
		"/8":                             "want which part",
		"2/8/9":                          "want which part",
		"02/8":                           "want which part",
		"+2/8":                           "want which part",
		"2/8 ":                           "want which part",
		"a/b":                            "want which part",
		"0/8":                            "of 8 parts the first is 1/8, the last 8/8",
		"9/8":                            "of 8 parts the first is 1/8, the last 8/8",
		"-1/8":                           "of 8 parts the first",
		"0/0":                            "there may be 1 to 1000 parts",
		"1/1001":                         "there may be 1 to 1000 parts",
		"3/-3":                           "there may be 1 to 1000 parts",
		"1/1" + "0000000000000000000000": "want which part",
	} {
		p, err := ParsePart(text)
		switch {
		case want == "" && (err != nil || p.String() != text):
			t.Errorf("%q: %v, %v", text, p, err)
		case want != "" && (err == nil || !strings.Contains(err.Error(), want) || p != Part{}):
			t.Errorf("%q: %v, %v; want %s", text, p, err, want)
		}
	}
}

// FuzzPart: what is read is a part, and is written as it was.
func FuzzPart(f *testing.F) {
	for _, s := range []string{"1/1", "2/8", "0/3", "4/3", "+1/3", "1/03", "1/1001", "9999999999999999999/1", "/", "٢/٨"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		p, err := ParsePart(text)
		if err == nil && (p.String() != text || p.K < 1 || p.K > p.N || p.N > maxParts) || err != nil && p != (Part{}) {
			t.Errorf("%q: %+v, %v", text, p, err)
		}
	})
}

// deals are sweeps by their axes' lengths, with replicates.
var deals = []struct {
	axes   []int
	repeat int
}{{nil, 7}, {[]int{20}, 10}, {[]int{5, 4}, 1}, {[]int{8, 8}, 1}, {[]int{16, 4}, 3}, {[]int{3, 2, 5}, 2}, {[]int{2, 2, 2}, 1}}

func dealt(axes []int, repeat int) *Sweep {
	s := &Sweep{Repeat: repeat}
	for i, n := range axes {
		s.Vary = append(s.Vary, Axis{Key: string(rune('a' + i)), Values: make([]string, n)})
		if i == 0 { // one that goes together with the first
			s.Vary = append(s.Vary, Axis{Key: "with", Values: make([]string, n), With: true})
		}
	}
	return s
}

// TestDealIsEven: each part has as many as another, or one more. What has one value of an axis is spread, too, though not always as evenly, for a round's last
// have little choice: of these grids no part has more than three above its share.
func TestDealIsEven(t *testing.T) {
	for _, d := range deals {
		for _, n := range []int{1, 2, 3, 4, 5, 7, 8, 10, 16, 100} {
			s := dealt(d.axes, d.repeat)
			parts := s.Deal(n)
			if len(parts) != s.Count()*d.repeat {
				t.Fatalf("%v: %d are dealt", d, len(parts))
			}
			all := make([]int, n)
			of := map[[3]int]int{} // by axis, value and part
			for i, part := range parts {
				all[part-1]++
				point := i / d.repeat
				for a := len(d.axes) - 1; a >= 0; a-- {
					of[[3]int{a, point % d.axes[a], part}]++
					point /= d.axes[a]
				}
			}
			for part, got := range all {
				if least := len(parts) / n; got < least || got > least+1 {
					t.Errorf("%v: part %d/%d has %d of %d", d, part+1, n, got, len(parts))
				}
			}
			for key, got := range of {
				if share := len(parts) / d.axes[key[0]] / n; got > share+3 {
					t.Errorf("%v: part %d/%d has %d with value %d of axis %d, its share is %d", d, key[2], n, got, key[1], key[0], share)
				}
			}
		}
	}
}

// TestDealSpreadsWhatIsDear: of 20 rows of eight values, of which the last costs twenty times the others, or each half as much again as the one before,
// no part has more than 1.15 shares: of eight some have three of the twenty dearest, and others two, which nobody can do better. Dealt like cards,
// one of eight would have all twenty, and six shares.
func TestDealSpreadsWhatIsDear(t *testing.T) {
	for _, n := range []int{2, 4, 5, 8} {
		parts := dealt([]int{20, 8}, 1).Deal(n)
		for name, cost := range map[string]func(row, value int) float64{
			"the last value": func(_, v int) float64 { return []float64{1, 1, 1, 1, 1, 1, 1, 20}[v] },
			"each value":     func(_, v int) float64 { return []float64{1, 1.5, 2.25, 3.375, 5.06, 7.59, 11.4, 17.1}[v] },
			"rows as well":   func(r, v int) float64 { return float64((1 + r) * (1 + v)) },
		} {
			sum, most := 0.0, 0.0
			of := make([]float64, n)
			for i, part := range parts {
				c := cost(i/8, i%8)
				sum += c
				of[part-1] += c
			}
			for _, c := range of {
				most = max(most, c)
			}
			t.Logf("%d parts, %s is dear: the dearest has %.2f shares", n, name, most*float64(n)/sum)
			if most*float64(n)/sum > 1.15 {
				t.Errorf("%d parts, %s is dear: the dearest has %.2f shares", n, name, most*float64(n)/sum)
			}
		}
	}
}
