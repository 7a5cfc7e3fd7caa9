package netem

import (
	"encoding/binary"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"
)

// flowPacket is a datagram of n bytes, headers included, from a port.
func flowPacket(port uint16, n int) []byte {
	b := udp(n - 28)
	binary.BigEndian.PutUint16(b[20:], port)
	return b
}

// names writes the packets that came out as the letters of their flows: port 1 is A.
func names(w *world) string {
	var b strings.Builder
	for _, e := range w.out {
		b.WriteByte('A' + byte(e.Header.SrcPort) - 1)
	}
	return b.String()
}

// TestFQCoDelTurns works section 4.2 by hand, with the quantum of 1514. A1 finds the link idle and leaves 14 of its credits; A2 takes
// it to -1486, so that A gets a quantum (28) and goes behind. B, new, sends four packets of 500 bytes (1514, 1014, 514, 14) and goes behind
// with 1028; A sends one, B three, and so on: A's one packet of 1500 bytes against B's three.
func TestFQCoDelTurns(t *testing.T) {
	w := newWorld(1, Bottleneck{Rate: slow, Discipline: FQCoDel{}})
	for range 6 {
		w.put(flowPacket(1, 1500))
	}
	for range 14 {
		w.put(flowPacket(2, 500))
	}
	w.run()
	if got, want := names(w), "AA"+"BBBB"+"A"+"BBB"+"A"+"BBB"+"A"+"BBB"+"A"+"B"; got != want {
		t.Errorf("sent %s, want %s", got, want)
	}
}

// TestFQCoDelSparse: a packet of a flow that was not there goes right behind the one on the wire; a flow that sends less
// than a quantum between its turns does so every time, and waits for no more than one packet; each of the others gets the
// same share.
func TestFQCoDelSparse(t *testing.T) {
	w := newWorld(1, Bottleneck{Rate: 12 * Mbit, LimitPackets: 1000, Discipline: FQCoDel{}})
	for i := range 4000 { // flows A, B and C send together more than the link carries, D a call
		w.runTo(time.Duration(i) * ms)
		w.put(flowPacket(1, 1500))
		w.put(flowPacket(2, 750))
		w.put(flowPacket(3, 1500))
		if i%20 == 0 {
			w.put(flowPacket(4, 200))
		}
	}
	bytes := map[uint16]int{}
	for _, e := range w.out {
		if e.Header.SrcPort == 4 && e.at > 10*ms && e.Waited > ms { // at first all are new
			t.Fatalf("the call's packet %d waited %v", e.ID, e.Waited)
		}
		if e.at > time.Second {
			bytes[e.Header.SrcPort] += len(e.Data)
		}
	}
	// 3 s of 1500 bytes a millisecond, less the call's 10 kB a second: 1.49 MB each.
	for port := uint16(1); port <= 3; port++ {
		if share := bytes[port]; share < 1_480_000 || share > 1_500_000 {
			t.Errorf("flow %d got %d bytes, want 1.49 MB", port, share)
		}
	}
	for _, e := range w.dead {
		if e.Header.SrcPort == 4 {
			t.Errorf("packet %d of the call died of %q", e.ID, e.cause)
		}
	}
}

// TestFQCoDelOverload: a packet too many costs the flow with the most bytes half of its packets, from the head.
func TestFQCoDelOverload(t *testing.T) {
	w := newWorld(1, Bottleneck{Rate: slow, LimitPackets: 10, Discipline: FQCoDel{}})
	for range 10 { // one is sent, nine wait
		w.put(flowPacket(1, 1500))
	}
	w.put(flowPacket(2, 1000))
	w.put(flowPacket(2, 1000)) // the eleventh: 2 to 6 die
	if !slices.Equal(w.deaths(), []int{2, 3, 4, 5, 6}) || w.dead[0].cause != CauseQueueFull {
		t.Errorf("died %v", w.deaths())
	}
	w.run()
	if len(w.out) != 7 {
		t.Errorf("%d packets came", len(w.out))
	}
	// At most 64 at once, and by bytes.
	w = newWorld(1, Bottleneck{Rate: slow, LimitBytes: 300_000, Discipline: FQCoDel{}})
	for range 202 {
		w.put(flowPacket(1, 1500))
	}
	if len(w.dead) != 64 || w.dead[0].ID != 2 {
		t.Errorf("%d died", len(w.dead))
	}
}

// TestFQCoDelFlows: every flow has its own CoDel, an overloaded one harms no other; and what has no ports is a flow too.
func TestFQCoDelFlows(t *testing.T) {
	w := newWorld(1, Bottleneck{Rate: 12 * Mbit, Discipline: FQCoDel{}})
	for i := range 3000 {
		w.runTo(time.Duration(i) * ms)
		w.put(flowPacket(1, 1500))
		w.put(flowPacket(1, 1500))
		if i%4 == 0 {
			w.put(ipv4(ICMP, make([]byte, 100)))
		}
	}
	w.run()
	if len(w.dead) == 0 {
		t.Error("twice what the link carries, and nothing died")
	}
	for _, e := range append(w.dead, w.out...) {
		if e.Header.Protocol == ICMP && (e.cause != "" || e.Waited > 3*ms) {
			t.Fatalf("packet %d of the other flow waited %v (%q)", e.ID, e.Waited, e.cause)
		}
	}
}

// TestDisciplinesKeepOrder: no discipline lets a packet overtake another of its flow.
func TestDisciplinesKeepOrder(t *testing.T) {
	for seed := uint64(1); seed <= 100; seed++ {
		n := uint64(0)
		roll := func(below uint64) uint64 { n++; return Below(NewStream(seed).At(n, 1), below) }
		b := Bottleneck{Rate: Mbit, LimitPackets: int(roll(30)), Discipline: randomDiscipline(roll)}
		w := newWorld(seed, b)
		for range 300 {
			w.runTo(w.now + time.Duration(roll(4))*ms/2)
			w.put(flowPacket(uint16(1+roll(3)), int(100+roll(300))))
		}
		w.run()
		last := map[uint16]uint64{}
		for _, e := range w.out {
			if e.ID < last[e.Header.SrcPort] {
				t.Fatalf("seed %d: packet %d overtook %d: %+v", seed, last[e.Header.SrcPort], e.ID, b)
			}
			last[e.Header.SrcPort] = e.ID
		}
	}
}

// TestDropHead: a full queue loses the oldest, and a packet that no room is enough for itself.
func TestDropHead(t *testing.T) {
	w := newWorld(1, Bottleneck{Rate: Mbit, LimitPackets: 2, Discipline: DropHead{}})
	for range 5 {
		w.put(make([]byte, 1000))
	}
	w.runTo(8*ms - 1)
	if fmt.Sprint(w.deaths(), w.queue) != "[2 3] [1 2]" || w.dead[0].cause != CauseQueueFull {
		t.Errorf("died %v, queue %v", w.deaths(), w.queue)
	}
	w.run()
	if !slices.Equal(w.ids(), []int{1, 4, 5}) || w.out[1].Waited != 8*ms || w.out[0].Waited != 0 {
		t.Errorf("came %v", w.ids())
	}
	w = newWorld(1, Bottleneck{Rate: Mbit, LimitBytes: 1000, Discipline: DropHead{}})
	for _, n := range []int{1000, 400, 500, 600, 1001} {
		w.put(make([]byte, n))
	}
	if !slices.Equal(w.deaths(), []int{2, 3, 5}) {
		t.Errorf("died %v", w.deaths())
	}
}
