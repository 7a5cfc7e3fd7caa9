package netem

import (
	"encoding/binary"
	"fmt"
	"maps"
	"slices"
	"testing"
	"time"
)

// byPort says whose a packet is by its source port: 1 is the first flow's, 0 nobody's.
func byPort(p *Packet) int { return int(p.Header.SrcPort) }

// of returns a datagram of a flow.
func of(flow uint16, payload int) []byte {
	b := udp(payload)
	binary.BigEndian.PutUint16(b[20:], flow)
	return b
}

// TestAccess: a packet of a flow with a link takes the link's time, waits in the link's queue, and dies of the link's causes; all
// others pass at once. Only what waits before the shared bottleneck counts as waiting.
func TestAccess(t *testing.T) {
	// A datagram of 72 bytes with its headers of 28 takes 100 bytes: 0.8 ms at 1 Mbit/s, 0.4 ms at 2.
	slow := Pipe{{"bottleneck", Bottleneck{Rate: Mbit, LimitPackets: 1}}, {"delay", Delay{Base: 10 * ms, KeepOrder: true}}}
	w := newWorldOf(1, Pipe{
		{"entry", Entry{Flow: byPort}}, {"access", Access{[]Link{{"a", slow}, {}}}}, {"bottleneck", Bottleneck{Rate: 2 * Mbit}},
	})
	for _, flow := range []uint16{1, 1, 1, 2, 3, 0} {
		w.put(of(flow, 72))
	}
	w.run()
	got := ""
	for _, list := range [][]event{w.out, w.dead} {
		for _, e := range list {
			got += fmt.Sprintf("%d of flow %d at %v, access %v, waited %v %s\n", e.Number, e.Flow, e.at, e.Access, e.Waited, e.cause)
		}
	}
	want := `4 of flow 2 at 400µs, access 0s, waited 0s 
5 of flow 3 at 800µs, access 0s, waited 400µs 
6 of flow 0 at 1.2ms, access 0s, waited 800µs 
1 of flow 1 at 11.2ms, access 10.8ms, waited 0s 
2 of flow 1 at 12ms, access 11.6ms, waited 0s 
3 of flow 1 at 0s, access 0s, waited 0s access queue full
`
	if got != want {
		t.Errorf("got\n%swant\n%s", got, want)
	}
	if !slices.Equal(w.queue, []int{1, 2, 1, 0}) {
		t.Errorf("the shared queue had %v packets", w.queue)
	}
}

// TestAccessWaits: what has waited before the bottleneck already, on the way to the link's host, has waited so long, and no longer.
func TestAccessWaits(t *testing.T) {
	w := newWorldOf(1, Pipe{
		{"entry", Entry{Flow: byPort}}, {"bottleneck", Bottleneck{Rate: Mbit}},
		{"access", Access{[]Link{{"a", Pipe{{"bottleneck", Bottleneck{Rate: Mbit / 2}}}}}}},
	})
	w.put(of(1, 72))
	w.put(of(1, 72))
	w.run()
	// 0.8 ms each on the shared link, then 1.6 ms each on its own: the second waits 0.8 ms before both.
	if p := w.out[1]; p.at != 4*ms || p.Waited != 800*time.Microsecond || p.Access != 2400*time.Microsecond {
		t.Errorf("out at %v, waited %v, on its link %v", p.at, p.Waited, p.Access)
	}
}

// ownFates are what the path did to the packets of a flow, in the order of sending.
func ownFates(w *world, flow int) map[uint64]string {
	all := map[uint64]string{}
	for _, list := range [][]event{w.dead, w.out} {
		for _, e := range list {
			if e.Flow == flow {
				id := e.own.number
				if e.Of != 0 {
					all[id] += fmt.Sprintf(" copied (%s%s)", e.cause, e.Harm)
				} else {
					all[id] += string(e.cause) + string(e.Harm)
				}
			}
		}
	}
	return all
}

// TestAccessDice: on its link each packet of a flow meets the fate that it meets where the flow is alone, with any number of others
// between; links of one name meet the same; and what happens on the links does not shift the dice of the path that all share.
func TestAccessDice(t *testing.T) {
	link := Pipe{
		{"burst", Burst{P: .02, R: .2, Bad: .9, Good: .01}}, {"every", LossEvery{N: 50}}, {"at", LossAt{Ranges: []Range{{7, 9}}}},
		{"corrupt", Corrupt{Probability: .05}}, {"duplicate", Duplicate{Probability: .05}}, {"loss", Loss{Probability: .02, Correlation: .7}},
		{"markov", Markov{P13: .01, P31: .2, P32: .1, P23: .4, P14: .01}},
	}
	shared := Step{"loss", Loss{Probability: .1}}
	run := func(links []Link, flows ...uint16) *world {
		w := newWorldOf(42, Pipe{{"entry", Entry{Flow: byPort}}, {"access", Access{links}}, shared})
		for i := range 2000 {
			for _, f := range flows {
				for range 1 + i%int(f) {
					w.put(of(f, 72))
				}
			}
		}
		w.run()
		return w
	}
	links := []Link{{"a", link}, {"b", link}, {"a", link}}
	apart := func(w *world, flow int) map[uint64]string { // without what the shared path does
		f := ownFates(w, flow)
		for k, v := range f {
			if v == string(CauseLoss) {
				f[k] = ""
			}
		}
		return f
	}
	// A copy may be lost behind the link, where its original is not; fates are compared as far as the link makes them.
	noShared := func(flows ...uint16) *world {
		keep := shared
		shared = Step{"loss", Loss{}}
		defer func() { shared = keep }()
		return run(links, flows...)
	}
	alone := apart(noShared(1), 1)
	if len(alone) != 2000 {
		t.Fatalf("%d packets", len(alone))
	}
	if together := apart(noShared(3, 1, 2), 1); !maps.Equal(alone, together) {
		t.Error("a flow meets other fates on its link when others are there")
	}
	third := apart(noShared(3), 3)
	second := apart(noShared(2), 2)
	same, other := 0, 0
	for k, v := range alone {
		if third[k] == v {
			same++
		}
		if second[k] == v {
			other++
		}
	}
	if same != 2000 || other == 2000 {
		t.Errorf("of 2000 fates %d are those of the link of the same name, and %d those of another", same, other)
	}

	free := run(make([]Link, 3), 1, 2, 3)
	lost := map[uint64]bool{}
	for _, e := range free.dead {
		lost[e.ID] = true
	}
	w := run(links, 1, 2, 3)
	met := 0
	ids := map[uint64]uint64{} // by number in the direction: the packets' IDs differ, since links make copies
	for _, e := range append(slices.Clone(free.dead), free.out...) {
		ids[e.Number] = e.ID
	}
	for _, list := range [][]event{w.dead, w.out} {
		for _, e := range list {
			if e.Of == 0 && (e.cause == "" || e.cause == CauseLoss) {
				met++
				if (e.cause == CauseLoss) != lost[ids[e.Number]] {
					t.Fatalf("packet %d meets another fate on the shared path because of the links", e.Number)
				}
			}
		}
	}
	if met < 6000 {
		t.Errorf("only %d packets came through the links", met)
	}
}

// BenchmarkAccess is what a link that delays costs, beside the same delay for all.
func BenchmarkAccess(b *testing.B) {
	delay := Pipe{{"delay", Delay{Base: ms, KeepOrder: true}}}
	for _, c := range []struct {
		name string
		pipe Pipe
	}{
		{"shared", append(Pipe{{"entry", Entry{}}}, delay...)},
		{"of-a-flow", Pipe{{"entry", Entry{Flow: byPort}}, {"access", Access{[]Link{{"a", delay}}}}}},
	} {
		b.Run(c.name, func(b *testing.B) {
			w := new(world)
			w.env = Env{Clock: w, Rand: NewStream(1), Drop: func(*Packet, Cause) {}, Copy: w.pool.Copy}
			port := c.pipe.Attach(w.env, w.pool.Put)
			data := of(1, 72)
			b.ReportAllocs()
			for range b.N {
				p := w.pool.Get(len(data))
				copy(p.Data, data)
				port(p)
				w.run()
			}
		})
	}
}
