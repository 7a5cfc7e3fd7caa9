package scenarios

import (
	"errors"
	"fmt"
	"math/bits"
	"strconv"
	"strings"
	"time"

	"reliabilitylab/netem"
)

// Quantities are read in whole numbers, never through floating point: 1.5Mbit is 1,500,000 bits a second exactly, and
// what has no whole number of bits or bytes is refused.

type unit struct {
	name string
	size uint64
}

var rateUnits = []unit{{"kbit", 1e3}, {"Mbit", 1e6}, {"Gbit", 1e9}}

var sizeUnits = []unit{
	{"B", 1}, {"kB", 1e3}, {"KiB", 1 << 10}, {"MB", 1e6}, {"MiB", 1 << 20}, {"GB", 1e9}, {"GiB", 1 << 30},
}

// maxRate and minRate bound what a rate may be: at 1kbit a full packet takes 12 s.
const (
	minRate = netem.Kbit
	maxRate = 1000 * netem.Gbit
)

// maxQuantity is the longest text that may be a number with a unit.
const maxQuantity = 64

// ParseRate reads a rate: a decimal number and kbit, Mbit or Gbit, with or without /s; or "unlimited", which is 0.
func ParseRate(s string) (netem.Rate, error) {
	if s == "unlimited" {
		return 0, nil
	}
	n, rest, err := readNumber(s)
	if err != nil {
		return 0, err
	}
	rest = strings.TrimSpace(rest)
	size, ok := find(rateUnits, strings.TrimSuffix(rest, "/s"))
	if !ok {
		return 0, wrongRateUnit(s, n.text, rest)
	}
	v, err := n.times(size, "bits a second")
	switch {
	case err != nil:
		return 0, err
	case v == 0:
		return 0, errors.New(`a rate of 0 would let nothing pass: for no limit write "unlimited", to cut the link write loss: 100%`)
	case v < uint64(minRate):
		return 0, fmt.Errorf("%s is less than 1kbit", s)
	case v > uint64(maxRate):
		return 0, fmt.Errorf("%s is more than 1000Gbit", s)
	}
	return netem.Rate(v), nil
}

// wrongRateUnit says why the unit is refused and what to write instead.
func wrongRateUnit(s, number, rest string) error {
	switch fold(strings.TrimSuffix(rest, "/s")) {
	case "":
		return fmt.Errorf("%s has no unit: write %skbit, %sMbit or %sGbit", s, number, number, number)
	case "kbps", "mbps", "gbps":
		letter := strings.Replace(strings.ToUpper(rest[:1]), "K", "k", 1)
		return fmt.Errorf("%s is ambiguous: %s is %sbytes a second in tc, %sbits elsewhere; write %s%sbit",
			s, rest, prefixName(letter), prefixName(letter), number, letter)
	case "b", "kb", "mb", "gb", "kib", "mib", "gib", "bytes":
		return fmt.Errorf("%s counts bytes (or might): a rate is in bits a second; write kbit, Mbit or Gbit (a byte is 8 bits)", s)
	case "kbit", "mbit", "gbit", "kbits", "mbits", "gbits":
		letter := strings.Replace(strings.ToUpper(rest[:1]), "K", "k", 1)
		return fmt.Errorf("%s: the unit is %sbit; write %s%sbit", s, letter, number, letter)
	}
	return fmt.Errorf("%s is not a rate: the units are kbit, Mbit and Gbit", s)
}

func prefixName(letter string) string {
	switch letter {
	case "k":
		return "kilo"
	case "M":
		return "mega"
	}
	return "giga"
}

// FormatRate writes a rate in the largest unit that keeps it above 1; ParseRate reads it back exactly.
func FormatRate(r netem.Rate) string {
	if r <= 0 {
		return "unlimited"
	}
	u := rateUnits[0]
	for _, v := range rateUnits {
		if uint64(r) >= v.size {
			u = v
		}
	}
	s := strconv.FormatUint(uint64(r)/u.size, 10)
	if f := uint64(r) % u.size; f > 0 {
		s += "." + strings.TrimRight(fmt.Sprintf("%0*d", len(strconv.FormatUint(u.size, 10))-1, f), "0")
	}
	return s + u.name
}

// ParseSize reads a size: a whole number of bytes, or a decimal number and B, kB, KiB, MB, MiB, GB or GiB.
func ParseSize(s string) (netem.Size, error) {
	n, rest, err := readNumber(s)
	if err != nil {
		return 0, err
	}
	rest = strings.TrimSpace(rest)
	size, ok := find(sizeUnits, rest)
	if rest == "" {
		size, ok = 1, true
	}
	if !ok {
		return 0, wrongSizeUnit(s, n.text, rest)
	}
	v, err := n.times(size, "bytes")
	if err != nil {
		return 0, err
	}
	return netem.Size(v), nil
}

func wrongSizeUnit(s, number, rest string) error {
	switch strings.ToLower(rest) {
	case "k", "kb", "kib":
		return fmt.Errorf("%s: write %skB (1000 bytes) or %sKiB (1024 bytes)", s, number, number)
	case "m", "mb", "mib":
		return fmt.Errorf("%s: write %sMB (1000000 bytes) or %sMiB (1048576 bytes)", s, number, number)
	case "g", "gb", "gib":
		return fmt.Errorf("%s: write %sGB (1000000000 bytes) or %sGiB (1073741824 bytes)", s, number, number)
	case "kbit", "mbit", "gbit":
		return fmt.Errorf("%s counts bits: a size is in bytes; write B, kB, KiB, MB or MiB", s)
	case "p", "packets":
		return fmt.Errorf("%s counts packets: here bytes are wanted; write B, kB, KiB, MB or MiB", s)
	}
	return fmt.Errorf("%s is not a size: the units are B, kB, KiB, MB, MiB, GB and GiB", s)
}

// FormatSize writes a size in the largest unit that divides it; ParseSize reads it back exactly.
func FormatSize(n netem.Size) string {
	u := sizeUnits[0]
	for _, v := range sizeUnits {
		if n > 0 && uint64(n)%v.size == 0 {
			u = v
		}
	}
	return strconv.FormatInt(int64(n)/int64(u.size), 10) + u.name
}

// ParseProbability reads a probability: 2% or 0.02, exactly the same number. A bare 1 is refused, because it is as
// likely to mean 1% as 100%.
func ParseProbability(s string) (netem.Probability, error) {
	n, rest, err := readNumber(s)
	if err != nil {
		return 0, err
	}
	rest = strings.TrimSpace(rest)
	percent := rest == "%"
	if !percent && rest != "" {
		return 0, fmt.Errorf("%s is not a probability: write 2%% or 0.02", s)
	}
	shift := 0
	if percent {
		shift = 2
	}
	f, err := strconv.ParseFloat(fmt.Sprintf("%de-%d", n.mantissa, n.scale+shift), 64) // correctly rounded
	switch {
	case err != nil:
		return 0, fmt.Errorf("%s is not a probability: %w", s, err)
	case percent && f > 1:
		return 0, fmt.Errorf("%s is more than 100%%", s)
	case f > 1:
		return 0, fmt.Errorf("%s is more than 1, the certainty; did you mean %s%%?", s, n.text)
	case !percent && s == "1":
		return 0, errors.New("1 could be 1% or certainty: write 1% or 100%")
	}
	return netem.Probability(f), nil
}

// FormatProbability writes a probability as a percentage; ParseProbability reads it back exactly.
func FormatProbability(p netem.Probability) string {
	s := strconv.FormatFloat(float64(p), 'f', -1, 64)
	whole, frac, _ := strings.Cut(s, ".")
	for len(frac) < 2 {
		frac += "0"
	}
	whole = strings.TrimLeft(whole+frac[:2], "0")
	if whole == "" {
		whole = "0"
	}
	if frac = frac[2:]; frac != "" {
		whole += "." + frac
	}
	return whole + "%"
}

// ParseDuration reads a duration as Go writes it (1.5s, 200ms, 1m30s); it is never negative.
func ParseDuration(s string) (time.Duration, error) {
	if len(s) > maxQuantity {
		return 0, errors.New("too long for a duration")
	}
	if strings.HasPrefix(s, "-") {
		return 0, fmt.Errorf("%s is negative", s)
	}
	d, err := time.ParseDuration(s)
	if err == nil {
		return d, nil
	}
	if n, rest, err := readNumber(s); err == nil {
		switch strings.TrimSpace(rest) {
		case "":
			return 0, fmt.Errorf("%s has no unit: write %sms or %ss", s, n.text, n.text)
		case "ns", "us", "µs", "ms", "s", "m", "h":
			if strings.Contains(rest, " ") {
				return 0, fmt.Errorf("%s: write it without the space", s)
			}
			return 0, fmt.Errorf("%s is too long", s)
		case "sec", "secs", "second", "seconds", "S":
			return 0, fmt.Errorf("%s: write %ss", s, n.text)
		case "msec", "millis", "milliseconds", "Ms", "MS", "mS":
			return 0, fmt.Errorf("%s: write %sms", s, n.text)
		case "min", "mins", "minute", "minutes":
			return 0, fmt.Errorf("%s: write %sm", s, n.text)
		}
	}
	return 0, fmt.Errorf("%s is not a duration: write it like 25ms, 1.5s or 2m", s)
}

func find(units []unit, name string) (size uint64, ok bool) {
	for _, u := range units {
		if u.name == name {
			return u.size, true
		}
	}
	return 0, false
}

// A number is a decimal number, mantissa / 10^scale.
type number struct {
	mantissa uint64
	scale    int
	text     string // as it was written
}

// readNumber reads the unsigned decimal number at the beginning of s and returns what stands behind it.
func readNumber(s string) (n number, rest string, err error) {
	if len(s) > maxQuantity {
		return n, "", errors.New("too long for a number")
	}
	i, digits, point := 0, 0, -1
	for ; i < len(s); i++ {
		switch c := s[i]; {
		case c >= '0' && c <= '9':
			if digits++; digits > 18 {
				return n, "", fmt.Errorf("%s has too many digits", s)
			}
			n.mantissa = n.mantissa*10 + uint64(c-'0')
		case c == '.' && point < 0:
			point = digits
		default:
			goto done
		}
	}
done:
	n.text, rest = s[:i], s[i:]
	switch {
	case strings.HasPrefix(s, "-"):
		return n, "", fmt.Errorf("%s is negative", s)
	case digits == 0 || point == digits || point == 0:
		return n, "", fmt.Errorf("%q is not a number", s)
	case point > 0:
		n.scale = digits - point
	}
	return n, rest, nil
}

// times multiplies the number by a unit; the product must be whole and fit 63 bits.
func (n number) times(size uint64, what string) (uint64, error) {
	hi, lo := bits.Mul64(n.mantissa, size)
	div := uint64(1)
	for range n.scale {
		div *= 10
	}
	if hi >= div {
		return 0, fmt.Errorf("%s is too large", n.text)
	}
	q, rem := bits.Div64(hi, lo, div)
	switch {
	case rem != 0:
		return 0, fmt.Errorf("this is not a whole number of %s", what)
	case q > 1<<62:
		return 0, fmt.Errorf("%s is too large", n.text)
	}
	return q, nil
}
