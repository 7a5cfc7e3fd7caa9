package netem

import (
	"math/big"
	"slices"
	"testing"
	"time"
)

// TestControlLaw: Interval/sqrt(count), worked out by hand for small counts and held against its definition for others.
func TestControlLaw(t *testing.T) {
	for count, want := range map[uint32]time.Duration{0: 100 * ms, 1: 100 * ms, 2: 70710678, 3: 57735026, 4: 50 * ms, 5: 44721359, 100: 10 * ms} {
		if got := controlLaw(100*ms, count); got != want {
			t.Errorf("100 ms / sqrt(%d) is %d ns, want %d", count, got, want)
		}
	}
	for i := range uint64(300) {
		r := NewStream(i)
		interval, count := int64(1+r.At(0, 0)>>(22+i%40)), int64(2+r.At(1, 0)>>(33+i%30))
		d := int64(controlLaw(time.Duration(interval), uint32(count)))
		square := func(v int64) *big.Int {
			b := big.NewInt(v)
			return b.Mul(b, b).Mul(b, big.NewInt(count))
		}
		whole := new(big.Int).Mul(big.NewInt(interval), big.NewInt(interval))
		if square(d).Cmp(whole) > 0 || square(d+1).Cmp(whole) <= 0 {
			t.Errorf("%d / sqrt(%d) is said to be %d", interval, count, d)
		}
	}
}

// slow sends a full packet in 10 ms, so that what happens when can be worked out by hand.
const slow = 1200 * Kbit

// puts gives n full packets to the world at one instant; each has the ECN codepoint.
func puts(w *world, at time.Duration, n int, e ECN) {
	w.runTo(at)
	for range n {
		b := udp(1472)
		b[1] = byte(e)
		w.put(b)
	}
}

// TestCoDelDrops follows RFC 8289 section 5.5 by hand. Fifty packets come at once; the k-th to be sent has waited (k-1)·10 ms.
// At 10 ms the wait is first above 5 ms, so at 110 ms the packet next in line, number 12, is dropped and 13 sent. The next drops are
// due at 210 ms, 210+100/√2 = 280.7, 280.7+100/√3 = 338.4, 388.4 and 433.2 ms, and happen when a packet is next to be sent: at 210
// (number 23), 290 (32), 340 (38) and 390 (44). At 440 one full packet is left, and the dropping ends.
func TestCoDelDrops(t *testing.T) {
	first := []int{12, 23, 32, 38, 44}
	for _, c := range []struct {
		name   string
		second time.Duration // when fifty more come
		want   []int         // which of those die
	}{
		// 677 ms after the last drop was due: the count begins with the 5-1 that it grew by: due at 1110, 1160, 1204.7, 1245.5,
		// 1283.3, 1318.7, 1352.0, 1383.6 ms.
		{"soon", time.Second, []int{62, 68, 74, 79, 84, 88, 93, 97}},
		// More than 16 intervals after: it begins with 1 again.
		{"late", 2 * time.Second, []int{62, 73, 82, 88, 94}},
	} {
		w := newWorld(1, Bottleneck{Rate: slow, Discipline: CoDel{}})
		puts(w, 0, 50, NotECT)
		puts(w, c.second, 50, NotECT)
		w.run()
		if want := append(slices.Clone(first), c.want...); !slices.Equal(w.deaths(), want) {
			t.Errorf("%s: dropped %v, want %v", c.name, w.deaths(), want)
		}
		for _, e := range w.dead {
			if e.cause != CauseCoDel {
				t.Errorf("packet %d died of %q", e.ID, e.cause)
			}
		}
		if d := w.dead[1]; d.at != 210*ms || d.Waited != 210*ms {
			t.Errorf("packet 23 died at %v having waited %v", d.at, d.Waited)
		}
	}
}

// TestCoDelMarks: with ECN what would die is marked and sent, so there is one packet more between two marks than between two
// drops. What does not take marks dies as before.
func TestCoDelMarks(t *testing.T) {
	marked := func(set CoDel, e ECN) (ids, dead []int) {
		w := newWorld(1, Bottleneck{Rate: slow, Discipline: set})
		puts(w, 0, 50, e)
		w.run()
		for _, p := range w.out {
			if p.Marked == CauseCoDel && p.Header.ECN == CE {
				ids = append(ids, int(p.ID))
			}
		}
		return ids, w.deaths()
	}
	if ids, dead := marked(CoDel{ECN: true}, ECT0); !slices.Equal(ids, []int{12, 22, 30, 35, 40, 45}) || len(dead) > 0 {
		t.Errorf("marked %v, dropped %v", ids, dead)
	}
	if ids, dead := marked(CoDel{ECN: true}, NotECT); len(ids) > 0 || !slices.Equal(dead, []int{12, 23, 32, 38, 44}) {
		t.Errorf("of packets that take no marks: marked %v, dropped %v", ids, dead)
	}
	if ids, dead := marked(CoDel{}, ECT0); len(ids) > 0 || !slices.Equal(dead, []int{12, 23, 32, 38, 44}) {
		t.Errorf("without ECN: marked %v, dropped %v", ids, dead)
	}
	// The threshold marks everything that waits longer, from the first: number 6 waits 50 ms, which is not longer.
	ids, dead := marked(CoDel{CEThreshold: 50 * ms}, ECT1)
	if len(ids) != 39 || ids[0] != 7 || !slices.Equal(dead, []int{12, 23, 32, 38, 44}) {
		t.Errorf("beyond the threshold: marked %v, dropped %v", ids, dead)
	}
}

// TestCoDelSparesTheLast: with no more than a full packet behind it nothing is dropped, however long it waits.
func TestCoDelSparesTheLast(t *testing.T) {
	w := newWorld(1, Bottleneck{Rate: slow / 100, Discipline: CoDel{}}) // a packet takes a second
	for i := range 30 {
		puts(w, time.Duration(i)*time.Second, 1+i%2*2, NotECT) // never more than two wait
		w.runTo(time.Duration(i)*time.Second + ms)
		if i%2 == 1 {
			w.runTo(w.now + 2*time.Second)
		}
	}
	w.run()
	if len(w.dead) > 0 && w.dead[0].at < 2*time.Second {
		t.Errorf("dropped %v", w.deaths())
	}
	// And a queue longer than its limit is simply full.
	w = newWorld(1, Bottleneck{Rate: slow, LimitPackets: 3, Discipline: CoDel{}})
	puts(w, 0, 6, ECT0)
	w.run()
	if !slices.Equal(w.deaths(), []int{5, 6}) || w.dead[0].cause != CauseQueueFull {
		t.Errorf("of a full queue died %v", w.deaths())
	}
}
