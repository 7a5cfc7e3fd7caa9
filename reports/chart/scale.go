package chart

import (
	"math"
	"strconv"
	"strings"
)

// A unit is what an axis counts in. Values are always in the unit itself (seconds, bytes, bits a second, ratios from 0
// to 1); the prefix is chosen where they are written.
type unit uint8

const (
	count   unit = iota // a pure number, of which the parts are of no interest
	factor              // a pure number
	second              // s, ms, µs
	byteU               // B, KiB, MiB, GiB: powers of 1024
	bitRate             // bit/s, kbit/s, Mbit/s, Gbit/s: powers of 1000
	ratio               // written in percent
)

// prefix returns the name and the size of the unit in which values up to top are best written.
func (u unit) prefix(top float64) (name string, size float64) {
	pick := func(step float64, names ...string) (string, float64) {
		size, i := 1.0, 0
		for i < len(names)-1 && top >= size*step*0.9995 {
			size, i = size*step, i+1
		}
		return names[i], size
	}
	switch u {
	case second:
		switch {
		case top >= 0.9995 || !(top > 0):
			return "s", 1
		case top >= 0.9995e-3:
			return "ms", 1e-3
		}
		return "µs", 1e-6
	case byteU:
		return pick(1024, "B", "KiB", "MiB", "GiB", "TiB")
	case bitRate:
		return pick(1000, "bit/s", "kbit/s", "Mbit/s", "Gbit/s", "Tbit/s")
	case ratio:
		return "%", 0.01
	}
	return "", 1
}

// format writes v with its best prefix and three significant digits: "24.7 ms", "5 MiB", "2%", "12,345".
func (u unit) format(v float64) string {
	if math.IsNaN(v) || math.IsInf(v, 0) {
		return "undefined"
	}
	name, size := u.prefix(math.Abs(v))
	s := three(v / size)
	if name == "" {
		return s
	}
	if u == ratio {
		return s + name
	}
	return s + " " + name
}

// three writes a number with three significant digits, or with all digits before its point, without zeros at the end.
func three(v float64) string {
	if v == 0 {
		return "0"
	}
	digits := 2 - int(math.Floor(math.Log10(math.Abs(v))))
	return plain(v, min(max(digits, 0), 9))
}

// plain writes v with at most that many decimals and a comma between thousands from 10,000 on.
func plain(v float64, decimals int) string {
	s := strconv.FormatFloat(v, 'f', decimals, 64)
	if strings.Contains(s, ".") {
		s = strings.TrimRight(strings.TrimRight(s, "0"), ".")
	}
	if s == "-0" {
		return "0"
	}
	whole, rest, point := strings.Cut(s, ".")
	sign := ""
	if whole[0] == '-' {
		sign, whole = "−", whole[1:]
	}
	if len(whole) > 4 {
		for i := len(whole) - 3; i > 0; i -= 3 {
			whole = whole[:i] + "," + whole[i:]
		}
	}
	if point {
		whole += "." + rest
	}
	return sign + whole
}

// An axis is one direction of a panel.
type axis struct {
	Label    string // what it shows, without the unit
	Unit     unit
	Min, Max float64 // the range, in the unit; anything is accepted and settled into a range that can be drawn
	Log      bool
	Zero     bool     // a logarithmic axis has a place for zero, apart from the rest, before its lower end
	Names    []string // what stands at 0, 1, 2 … of an axis of words, which goes from -½ to as many less ½
}

// Where zero lies on a logarithmic axis that has a place for it, and where the rest begins.
const (
	zeroPlace = 0.03
	afterZero = 0.09
)

// settled returns the axis with a range that can be drawn: finite, not empty, above 0 if logarithmic.
func (a axis) settled() axis {
	finite := func(v float64) bool { return !math.IsNaN(v) && !math.IsInf(v, 0) }
	if !finite(a.Min) || !finite(a.Max) || a.Max < a.Min {
		a.Min, a.Max = 0, 1
	}
	if a.Log {
		if a.Max < 1e-100 {
			a.Min, a.Max = 0.1, 1
		}
		if a.Min < a.Max*1e-30 {
			a.Min = a.Max / 1000
		}
		if a.Max < a.Min*2 { // less would leave no tick inside
			a.Min, a.Max = a.Min/2, a.Max*2
		}
		return a
	}
	if spread := a.Max - a.Min; spread <= max(1e-100, 1e-9*math.Abs(a.Min), 1e-9*math.Abs(a.Max)) {
		if math.Abs(a.Min) < 1e-100 {
			a.Min, a.Max = 0, 1
		} else {
			half := math.Abs(a.Min) / 2
			a.Min, a.Max = a.Min-half, a.Max+half
		}
	}
	return a
}

// place returns where v lies between the ends of the axis, from 0 to 1; outside values lie outside. On a logarithmic axis
// zero and less, which have no place, lie at the lower end.
func (a axis) place(v float64) float64 {
	if !a.Log {
		return (v - a.Min) / (a.Max - a.Min)
	}
	begin := 0.0
	if a.Zero {
		if v <= 0 {
			return zeroPlace
		}
		begin = afterZero
	}
	if v <= a.Min {
		return begin
	}
	return begin + float64((1-begin)*math.Log(v/a.Min))/math.Log(a.Max/a.Min)
}

// A tick is one mark of an axis.
type tick struct {
	Value float64
	Label string
}

// ticks returns at most n+1 marks (of a small n, 3) at 1, 2 or 5 times a power of ten of the axis's prefixed unit, and the axis title
// with that unit. On a logarithmic axis each mark carries its own unit.
func (a axis) ticks(n int) ([]tick, string) {
	if a.Names != nil {
		return a.nameTicks(n), a.Label
	}
	if a.Log {
		ts := a.logTicks(n)
		if a.Zero {
			ts = append([]tick{{0, a.Unit.format(0)}}, ts...)
		}
		return ts, a.Label
	}
	name, size := a.Unit.prefix(math.Max(math.Abs(a.Min), math.Abs(a.Max)))
	low, high := a.Min/size, a.Max/size
	n = max(n, 2)
	step := niceStep((high - low) / float64(2*n))
	for math.Floor(high/step+1e-9)-math.Ceil(low/step-1e-9) > float64(n) {
		step = niceStep(step * 1.5)
	}
	if a.Unit == count && step < 1 {
		step = 1
	}
	decimals := max(0, -int(math.Floor(math.Log10(step)+1e-9)))
	var ts []tick
	for k := math.Ceil(low/step - 1e-9); k*step <= high+step*1e-9; k++ {
		ts = append(ts, tick{k * step * size, plain(k*step, decimals)})
	}
	if name == "" || a.Label == "" {
		return ts, a.Label
	}
	return ts, a.Label + " (" + name + ")"
}

// niceStep returns the smallest of 1, 2 and 5 times a power of ten that is not below least.
func niceStep(least float64) float64 {
	p := math.Pow(10, math.Floor(math.Log10(least)))
	for _, m := range [...]float64{1, 2, 5} {
		if m*p >= least*(1-1e-9) {
			return m * p
		}
	}
	return 10 * p
}

// nameTicks are the names, or every second, third … where there are more than n.
func (a axis) nameTicks(n int) []tick {
	var ts []tick
	for i, every := 0, (len(a.Names)-1)/max(n, 1)+1; i < len(a.Names); i += every {
		ts = append(ts, tick{float64(i), a.Names[i]})
	}
	return ts
}

func (a axis) logTicks(n int) []tick {
	steps := []float64{1, 2, 5}
	decades := math.Log10(a.Max / a.Min)
	every := 1
	switch {
	case 9*decades <= float64(n):
		steps = []float64{1, 2, 3, 4, 5, 6, 7, 8, 9}
	case 3*decades > float64(n):
		steps = steps[:1]
		every = max(1, int(math.Ceil(decades/float64(max(n, 1)))))
	}
	var ts []tick
	first := int(math.Floor(math.Log10(a.Min) + 1e-9))
	for e := first; e <= first+400; e++ {
		if (e%every+every)%every != 0 {
			continue
		}
		for _, m := range steps {
			v := m * math.Pow10(e)
			if v > a.Max*(1+1e-9) {
				return ts
			}
			if v >= a.Min*(1-1e-9) {
				ts = append(ts, tick{v, a.Unit.format(v)})
			}
		}
	}
	return ts
}
