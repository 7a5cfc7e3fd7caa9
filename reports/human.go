package reports

import (
	"math"
	"strconv"
	"strings"

	"reliabilitylab/scenarios"
)

// Human returns a metric's value for a reader: three digits that count, with the unit that suits them.
func Human(v float64, unit scenarios.Unit) string {
	switch unit {
	case scenarios.Ratio:
		return digits(100*v) + " %"
	case scenarios.Seconds:
		return scaled(v, []scale{{1, "s"}, {1e-3, "ms"}, {1e-6, "µs"}, {1e-9, "ns"}})
	case scenarios.BitRate:
		return scaled(v, []scale{{1e9, "Gbit/s"}, {1e6, "Mbit/s"}, {1e3, "kbit/s"}, {1, "bit/s"}})
	case scenarios.Bytes:
		if v < 1024 {
			return grouped(strconv.FormatFloat(v, 'f', -1, 64)) + " B"
		}
		return scaled(v, []scale{{1 << 30, "GiB"}, {1 << 20, "MiB"}, {1 << 10, "KiB"}})
	}
	if v == math.Trunc(v) {
		return grouped(strconv.FormatFloat(v, 'f', 0, 64))
	}
	return digits(v)
}

type scale struct {
	factor float64
	unit   string
}

// scaled takes the largest unit of which v has at least one.
func scaled(v float64, scales []scale) string {
	if v == 0 {
		return "0 " + scales[0].unit
	}
	for _, s := range scales {
		if math.Abs(v) >= s.factor*0.9995 {
			return digits(v/s.factor) + " " + s.unit
		}
	}
	last := scales[len(scales)-1]
	return digits(v/last.factor) + " " + last.unit
}

// digits writes three digits that count, without zeros at the end. What is nearly 100 gets more of them and is never
// rounded up to it: of a file with one byte missing, not 100 % have come.
func digits(v float64) string {
	a := math.Abs(v)
	places := 2
	switch {
	case a >= 99.95 && a < 100:
		v, places = math.Copysign(math.Min(a, 99.999), v), 3
	case a >= 100:
		places = 0
	case a >= 10:
		places = 1
	case a > 0 && a < 1:
		places = min(maxPlaces, 2-int(math.Floor(math.Log10(a))))
	case a == 0:
		return "0" // also of the negative zero
	}
	s := strconv.FormatFloat(v, 'f', places, 64)
	if strings.Contains(s, ".") {
		s = strings.TrimRight(strings.TrimRight(s, "0"), ".")
	}
	return grouped(s)
}

// maxPlaces is how many places behind the point are written: what is smaller is 0 to any reader.
const maxPlaces = 12

// grouped puts commas between thousands.
func grouped(s string) string {
	whole, rest, _ := strings.Cut(s, ".")
	if rest != "" {
		rest = "." + rest
	}
	for i := len(whole) - 3; i > 0 && whole[i-1] != '-'; i -= 3 {
		whole = whole[:i] + "," + whole[i:]
	}
	return whole + rest
}
