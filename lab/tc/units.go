package tc

import (
	"math"
	"strconv"
	"strings"
	"time"

	"reliabilitylab/netem"
)

// tc's units (tc(8), section UNITS). Numbers are decimal; names of units are the same in capitals.

// number cuts the number off the front of a word. Neither signs nor exponents are numbers here.
func number(s string) (v float64, unit string, ok bool) {
	end := 0
	for end < len(s) && (s[end] >= '0' && s[end] <= '9' || s[end] == '.') {
		end++
	}
	v, err := strconv.ParseFloat(s[:end], 64)
	return v, strings.ToLower(s[end:]), err == nil && !math.IsInf(v, 0)
}

// percent reads a probability: 1 is 1%, with a percent sign or without.
func (w *words) percent(what string) (netem.Probability, error) {
	at, err := w.need(what)
	if err != nil {
		return 0, err
	}
	v, unit, ok := number(at.text)
	if !ok || unit != "" && unit != "%" {
		return 0, w.wrong(at, "%q is no %s: a percentage, such as 2%%", at.text, what)
	}
	if v > 100 {
		return 0, w.wrong(at, "%s is more than 100%%", at.text)
	}
	// The decimal point is moved in the text: the nearest number to 0.3% is not that to 0.3 divided by 100.
	p, err := strconv.ParseFloat(strings.TrimSuffix(at.text, "%")+"e-2", 64)
	if err != nil {
		return 0, w.wrong(at, "%q is no %s: a percentage, such as 2%%", at.text, what)
	}
	return netem.Probability(p), nil
}

// maxTime is the longest time that a path has.
const maxTime = time.Hour

// time reads a time with its unit.
func (w *words) time(what string) (time.Duration, error) {
	at, err := w.need(what)
	if err != nil {
		return 0, err
	}
	v, unit, ok := number(at.text)
	var of time.Duration
	switch unit {
	case "s", "sec", "secs":
		of = time.Second
	case "ms", "msec", "msecs":
		of = time.Millisecond
	case "us", "usec", "usecs":
		of = time.Microsecond
	case "ns", "nsec", "nsecs":
		of = time.Nanosecond
	case "":
		if ok && v != 0 {
			return 0, w.wrong(at, "%s has no unit, and versions of tc differ about what it then is; write %sms or %sus", at.text, at.text, at.text)
		}
	}
	if !ok || of == 0 && v != 0 {
		return 0, w.wrong(at, "%q is no %s: a time, such as 25ms, 1.5s or 800us", at.text, what)
	}
	d := math.Round(v * float64(of))
	if d > float64(maxTime) {
		return 0, w.wrong(at, "%s is more than an hour", at.text)
	}
	return time.Duration(d), nil
}

// rateUnits are the bits a second of the units of rates. B and k alone are not among them.
var rateUnits = map[string]float64{
	"": 1, "bit": 1, "kbit": 1e3, "mbit": 1e6, "gbit": 1e9, "tbit": 1e12, "kibit": 1 << 10, "mibit": 1 << 20, "gibit": 1 << 30, "tibit": 1 << 40,
	"bps": 8, "kbps": 8e3, "mbps": 8e6, "gbps": 8e9, "tbps": 8e12, "kibps": 8 << 10, "mibps": 8 << 20, "gibps": 8 << 30, "tibps": 8 << 40,
}

// rate reads a rate; kbps and the like are bytes a second in tc.
func (w *words) rate(what string) (netem.Rate, error) {
	at, err := w.need(what)
	if err != nil {
		return 0, err
	}
	v, unit, ok := number(at.text)
	of, known := rateUnits[unit]
	switch {
	case ok && unit == "%":
		return 0, w.wrong(at, "%s of the interface's speed, which is not known here: write the rate", at.text)
	case !ok || !known:
		return 0, w.wrong(at, "%q is no %s, such as 10mbit", at.text, what)
	}
	switch r := math.Round(v * of); {
	case r < float64(netem.Kbit):
		return 0, w.wrong(at, "%s is less than 1kbit, the least that a path has", at.text)
	case r > float64(1000*netem.Gbit):
		return 0, w.wrong(at, "%s is more than 1000gbit, the most that a path has", at.text)
	default:
		return netem.Rate(r), nil
	}
}

// sizeUnits are the bytes of the units of sizes; k is 1024 here.
var sizeUnits = map[string]float64{
	"": 1, "b": 1, "k": 1 << 10, "kb": 1 << 10, "m": 1 << 20, "mb": 1 << 20, "g": 1 << 30, "gb": 1 << 30,
	"kbit": 1 << 10 / 8, "mbit": 1 << 20 / 8, "gbit": 1 << 30 / 8,
}

// size reads a size in bytes, at least 1.
func (w *words) size(what string) (netem.Size, error) {
	at, err := w.need(what)
	if err != nil {
		return 0, err
	}
	text, _, _ := strings.Cut(at.text, "/") // tbf's burst may have its cell behind a slash
	v, unit, ok := number(text)
	of, known := sizeUnits[unit]
	if !ok || !known {
		return 0, w.wrong(at, "%q is no %s: bytes, such as 32kb", at.text, what)
	}
	n := math.Round(v * of)
	if n < 1 || n > math.MaxUint32 {
		return 0, w.wrong(at, "%s is not from 1 byte to 4 GiB", at.text)
	}
	return netem.Size(n), nil
}

// whole reads a whole number from min to max.
func (w *words) whole(what string, min, max int64) (int64, error) {
	at, err := w.need(what)
	if err != nil {
		return 0, err
	}
	v, err := strconv.ParseInt(at.text, 10, 64)
	switch {
	case err != nil:
		return 0, w.wrong(at, "%q is no %s: a whole number", at.text, what)
	case v < min || v > max:
		return 0, w.wrong(at, "%s is no %s from %d to %d", at.text, what, min, max)
	}
	return v, nil
}
