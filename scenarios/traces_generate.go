//go:build ignore

// This program writes the shipped link traces into traces/. They are made up, not measured: each is a model of a few lines
// with fixed dice.
package main

import (
	"bytes"
	"fmt"
	"log"
	"math"
	"os"
)

// dice are SplitMix64 (Steele, Lea, Flood 2014).
type dice uint64

func (d *dice) next() uint64 {
	*d += 0x9e3779b97f4a7c15
	x := uint64(*d)
	x = (x ^ x>>30) * 0xbf58476d1ce4e5b9
	x = (x ^ x>>27) * 0x94d049bb133111eb
	return x ^ x>>31
}

// uniform is from 0 up to 1.
func (d *dice) uniform() float64 { return float64(d.next()>>11) / (1 << 53) }

// normal is nearly a standard normal variable: twelve uniform ones, less their mean.
func (d *dice) normal() float64 {
	sum := -6.0
	for range 12 {
		sum += d.uniform()
	}
	return sum
}

// lte is 20 s of a phone that is carried about: the logarithm of the rate wanders around that of 6 Mbit/s with a memory of
// half a second (drawn anew every 20 ms), from 0.3 to 30 Mbit/s; and at 8 s and at 15 s a handover stops everything.
func lte() []byte {
	var b bytes.Buffer
	fmt.Fprintln(&b, "# An LTE-like link, made by traces_generate.go: a line an opportunity to deliver 1500 bytes, ms.")
	d := dice(4)
	const memory, spread = 0.96, 0.9
	x, credit := 0.0, 0.0
	for ms := 1; ms <= 20000; ms++ {
		if ms%20 == 1 {
			x = memory*x + spread*math.Sqrt(1-memory*memory)*d.normal()
		}
		rate := min(max(6e6*math.Exp(x), 0.3e6), 30e6)
		if ms >= 8000 && ms < 8300 || ms >= 15000 && ms < 15800 {
			rate = 0
		}
		for credit += rate / 1000 / 12000; credit >= 1; credit-- {
			fmt.Fprintln(&b, ms)
		}
	}
	return b.Bytes()
}

// wifi is 20 s of a laptop in a busy house: every 100 ms the modulation goes up or down a step or stays, of which 60 % is
// left for packets; every second or so another number of neighbours, up to three, share the air; and now and then a
// microwave oven takes 60 ms.
func wifi() []byte {
	var b bytes.Buffer
	fmt.Fprintln(&b, "# A Wi-Fi-like link, made by traces_generate.go: 802.11n's rates of one stream, shared with neighbours.")
	fmt.Fprintln(&b, "time_s,rate_bps")
	d := dice(11)
	modulation := [...]float64{6.5e6, 13e6, 19.5e6, 26e6, 39e6, 52e6, 58.5e6, 65e6}
	step, neighbours := 5, 1
	for tenth := range 200 {
		step = min(max(step+int(d.uniform()*3)-1, 0), len(modulation)-1)
		if d.uniform() < 0.1 {
			neighbours = int(d.uniform() * 4)
		}
		rate := int64(0.6 * modulation[step] / float64(1+neighbours))
		if d.uniform() < 0.04 {
			fmt.Fprintf(&b, "%d.%d,0\n%d.%d6,%d\n", tenth/10, tenth%10, tenth/10, tenth%10, rate)
			continue
		}
		fmt.Fprintf(&b, "%d.%d,%d\n", tenth/10, tenth%10, rate)
	}
	return b.Bytes()
}

func main() {
	for name, text := range map[string][]byte{"lte.trace": lte(), "wifi.csv": wifi()} {
		if err := os.WriteFile("traces/"+name, text, 0o644); err != nil {
			log.Fatal(err)
		}
	}
}
