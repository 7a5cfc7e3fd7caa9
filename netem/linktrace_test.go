package netem

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"
)

func opportunitiesOf(t testing.TB, text string) *Opportunities {
	o, err := ParseOpportunities([]byte(text))
	if err != nil {
		t.Fatal(err)
	}
	return o
}

func ratesOf(t testing.TB, rows ...string) *Rates {
	r, err := ParseRates([]byte("time_s,rate_bps\n" + strings.Join(rows, "\n")))
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// left lists when packets came out: "1@5ms".
func left(w *world) []string {
	var out []string
	for _, e := range w.out {
		out = append(out, fmt.Sprintf("%d@%v", e.ID, e.at))
	}
	return out
}

// TestOpportunities works mahimahi's semantics by hand: 3000 bytes at 5 ms, 1500 at 7 and at 10 ms, and again every 10 ms.
func TestOpportunities(t *testing.T) {
	trace := opportunitiesOf(t, "5\n5\n# a remark\n7\n\n10\n")
	w := newWorld(1, Bottleneck{Opportunities: trace})
	put := func(at time.Duration, sizes ...int) {
		w.runTo(at)
		for _, n := range sizes {
			w.put(make([]byte, n))
		}
	}
	put(0, 1500, 700, 700, 700) // at 5 ms the first three and 100 bytes of 4, the rest of it at 7 ms; 900 bytes are not used
	put(7*ms, 100)              // too late for 7 ms
	put(12*ms, 2000)            // needs both of 15 ms; 1000 bytes are not used
	put(15*ms, 1500)
	put(123*ms, 1, 1, 1)
	put(1999*ms, 9000) // six opportunities: 2000, 2005 (two), 2007, 2010, 2015 ms
	w.run()
	want := []string{"1@5ms", "2@5ms", "3@5ms", "4@7ms", "5@10ms", "6@15ms", "7@17ms", "8@125ms", "9@125ms", "10@125ms", "11@2.015s"}
	if got := left(w); !slices.Equal(got, want) {
		t.Errorf("got  %v\nwant %v", got, want)
	}
	if w.out[3].Waited != 5*ms || w.out[4].Waited != 3*ms {
		t.Errorf("packet 4 waited %v, 5 %v: until the first of it was sent", w.out[3].Waited, w.out[4].Waited)
	}
	if trace.Period() != 10*ms || trace.Mean() != 4_800_000 || trace.Pause() != 5*ms { // 4·1500 bytes in 10 ms
		t.Errorf("period %v, mean %v, pause %v", trace.Period(), trace.Mean(), trace.Pause())
	}
	for _, c := range []struct {
		from, to time.Duration
		want     int64
	}{{0, 5*ms - 1, 0}, {0, 5 * ms, 3000}, {5 * ms, 10 * ms, 3000}, {5 * ms, 15 * ms, 6000}, {0, time.Second, 600_000}, {7 * ms, 7 * ms, 0}} {
		if got := trace.Carried(c.from, c.to); got != c.want {
			t.Errorf("from %v to %v it can carry %d bytes, want %d", c.from, c.to, got, c.want)
		}
	}
	// The last of a round and the first of the next are at one instant.
	w = newWorld(1, Bottleneck{Opportunities: opportunitiesOf(t, "0\n3")})
	put(0, 100)
	put(4*ms, 3000, 1)
	w.run()
	if got := left(w); !slices.Equal(got, []string{"1@3ms", "2@6ms", "3@9ms"}) {
		t.Errorf("around the end: %v", got)
	}
}

// TestOpportunitiesQueue: what waits for an opportunity counts for the limit, with any discipline.
func TestOpportunitiesQueue(t *testing.T) {
	for _, d := range []Discipline{nil, CoDel{}} {
		w := newWorld(1, Bottleneck{Opportunities: opportunitiesOf(t, "10"), LimitPackets: 2, Discipline: d})
		for range 4 {
			w.put(make([]byte, 1500))
		}
		w.run()
		if !slices.Equal(w.deaths(), []int{3, 4}) || !slices.Equal(w.queue, []int{1, 2, 1, 0}) || w.now != 20*ms {
			t.Errorf("%T: died %v, queue %v, over at %v", d, w.deaths(), w.queue, w.now)
		}
	}
}

// TestRates works a trace by hand: 12 Mbit/s, from 10 ms on nothing, from 20 ms on 1.2 and from 30 ms on 12 Mbit/s, and again every 40 ms.
func TestRates(t *testing.T) {
	trace := ratesOf(t, "0,12000000", "0.01,0", "0.02,1200000", "0.030,12000000")
	w := newWorld(1, Bottleneck{Rates: trace})
	w.put(make([]byte, 1500)) // a millisecond
	w.runTo(9500 * time.Microsecond)
	w.put(make([]byte, 1500)) // half of it until 10 ms, half from 20 ms on, in 5 ms
	w.put(make([]byte, 1500)) // half of it until 30 ms, half in half a millisecond
	w.runTo(40 * ms)
	w.put(make([]byte, 1500))
	w.run()
	if got, want := left(w), []string{"1@1ms", "2@25ms", "3@30.5ms", "4@41ms"}; !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
	if trace.Period() != 40*ms || trace.Mean() != 6_300_000 || trace.Pause() != 10*ms { // (120000 + 0 + 12000 + 120000) bits in 40 ms
		t.Errorf("period %v, mean %v, pause %v", trace.Period(), trace.Mean(), trace.Pause())
	}
	if got := trace.Carried(5*ms, 65*ms); got != 7500+1500+15000+15000+750 {
		t.Errorf("from 5 to 65 ms it can carry %d bytes", got)
	}
	if r := ratesOf(t, "0,5"); r.Period() != 0 || r.Mean() != 5 || r.Pause() != 0 {
		t.Errorf("one rate: period %v, mean %v, pause %v", r.Period(), r.Mean(), r.Pause())
	}
}

// TestRatesExact: a rate cut into pieces is the same rate, to the nanosecond, however many packets.
func TestRatesExact(t *testing.T) {
	times := func(b Bottleneck) []time.Duration {
		w := newWorld(1, b)
		for i := range 3000 {
			w.runTo(time.Duration(i) * 1234567 * time.Nanosecond)
			for range i % 3 {
				w.put(make([]byte, 100+i%1400))
			}
		}
		w.run()
		var out []time.Duration
		for _, e := range w.out {
			out = append(out, e.at)
		}
		return out
	}
	want := times(Bottleneck{Rate: 7654321})
	for _, r := range []*Rates{ratesOf(t, "0,7654321"), ratesOf(t, "0,7654321", "0.000000001,7654321", "0.0033,7654321")} {
		if !slices.Equal(times(Bottleneck{Rates: r}), want) {
			t.Error("the packets leave at other instants")
		}
	}
}

// TestLinkChanges: a phase may make another kind of link; what is half sent goes on there.
func TestLinkChanges(t *testing.T) {
	w := newWorld(1, Phases{Bottleneck{Opportunities: opportunitiesOf(t, "10")}, []Phase{
		{15 * ms, 100 * ms, Bottleneck{Rate: 12 * Mbit}}, {100 * ms, 200 * ms, Bottleneck{Rates: ratesOf(t, "0,1200000")}}, {200 * ms, 300 * ms, nil},
	}})
	put := func(at time.Duration, sizes ...int) {
		w.runTo(at)
		for _, n := range sizes {
			w.put(make([]byte, n))
		}
	}
	put(0, 2250, 1500)                      // 1500 bytes at 10 ms; at 20 ms the other 750 take half a millisecond, and packet 2 one
	put(99500*time.Microsecond, 1500, 1500) // 3 from 99.5 to 100.5 ms, 4 for 10 ms
	put(250*ms, 9)
	put(300*ms, 9)
	w.run()
	if got, want := left(w), []string{"1@20.5ms", "2@21.5ms", "3@100.5ms", "4@110.5ms", "5@250ms", "6@310ms"}; !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
}

// TestLinkTraceErrors: every error names the line and what is wrong with it.
func TestLinkTraceErrors(t *testing.T) {
	for text, want := range map[string]string{
		"":                       "line 1: no opportunity",
		"# nothing\n":            "line 1: no opportunity",
		"0\n0\n":                 "line 2: all opportunities are at 0 ms",
		"5\n4\n":                 "line 2: 4 ms stands behind 5 ms",
		"5\n\nx\n":               `line 3: "x" is no whole number of milliseconds`,
		"-5\n":                   `line 1: "-5" is no whole number`,
		"1.5\n":                  `line 1: "1.5" is no whole number`,
		"1\n86400001\n":          "line 2: 86400001 ms is later than 24h0m0s",
		"99999999999999999999\n": "line 1: 99999999999999999999 ms is later than",
	} {
		if _, err := ParseOpportunities([]byte(text)); err == nil || !strings.HasPrefix(err.Error(), want) {
			t.Errorf("%q: %v, want %s", text, err, want)
		}
	}
	for text, want := range map[string]string{
		"":                                               "line 1: the file is empty",
		"0,5\n":                                          `line 1: "0", "5" are no header`,
		"time_s,rate_bps\n":                              "line 2: no rate",
		"time_s,rate_bps\n0,0\n1,0\n":                    "line 2: hardly anything",
		"time_s,rate_bps\n1,5\n":                         "line 2: the first time is 1, not 0",
		"time_s,rate_bps\n# x\n0,5\n0,6\n":               "line 4: 0 s is not later",
		"time_s,rate_bps\n0,5,6\n":                       "line 2: 3 columns",
		"time_s,rate_bps\n0,5.5\n":                       `line 2: "5.5" is no whole number of bits`,
		"time_s,rate_bps\n0,5Mbit\n":                     `line 2: "5Mbit" is no whole number of bits`,
		"time_s,rate_bps\n0,1000000000001":               "line 2: 1000000000001 bit/s is more than",
		"time_s,rate_bps\n0,5\nx,5":                      `line 3: "x" is no time`,
		"time_s,rate_bps\n0,5\n.5,5":                     `line 3: ".5" is no time`,
		"time_s,rate_bps\n0,5\n,5":                       "line 3: the time is empty",
		"time_s,rate_bps\n0,5\n86400.1,5":                "line 3: 86400.1 s is later than",
		"time_s,rate_bps\n0,5\n9999999999999999999999,5": "line 3: 9999999999999999999999 s is later than",
		"time_s,rate_bps\n0,5\n0.0000000001,5":           `line 3: "0.0000000001" is no time`,
		"time_s,rate_bps\n0,\"5\n":                       "line 2: extraneous",
	} {
		if _, err := ParseRates([]byte(text)); err == nil || !strings.HasPrefix(err.Error(), want) {
			t.Errorf("%q: %v, want %s", text, err, want)
		}
	}
}

// Whatever is taken for a trace can be asked for any instant, and a packet gets through.
func FuzzOpportunities(f *testing.F) {
	for _, s := range []string{"5\n5\n7\n10\n", "0\n1", "# x\r\n3\r\n", "86400000"} {
		f.Add([]byte(s), int64(time.Hour))
	}
	f.Fuzz(func(t *testing.T, text []byte, at int64) {
		o, err := ParseOpportunities(text)
		if err != nil {
			if !strings.HasPrefix(err.Error(), "line ") {
				t.Errorf("no line: %v", err)
			}
			return
		}
		now := time.Duration(at) & (1<<60 - 1)
		next, n := o.after(now)
		if next <= now || next > now+o.Period() || n < 1 || o.Carried(now, next) != int64(n)*opportunity || o.Mean() < 0 {
			t.Errorf("after %v comes %v, %d; mean %v", now, next, n, o.Mean())
		}
	})
}

func FuzzRates(f *testing.F) {
	for _, s := range []string{"0,12000000\n0.01,0\n0.02,1200000", "0,1", "0,1\n# x\r\n0.000000001,\"1000000000000\""} {
		f.Add([]byte("time_s,rate_bps\n"+s), int64(time.Hour))
	}
	f.Fuzz(func(t *testing.T, text []byte, at int64) {
		r, err := ParseRates(text)
		if err != nil {
			if !strings.HasPrefix(err.Error(), "line ") {
				t.Errorf("no line: %v", err)
			}
			return
		}
		now := time.Duration(at) & (1<<60 - 1)
		if _, until := r.at(now); until <= now || r.Mean() <= 0 || r.Pause() < 0 {
			t.Errorf("at %v until %v; mean %v", now, until, r.Mean())
		}
	})
}
