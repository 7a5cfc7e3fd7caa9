package chart

import (
	"time"

	"reliabilitylab/lab/trace"
	"reliabilitylab/netem"
	"reliabilitylab/scenarios"
)

// A made describes a trace to be made for a test: messages of 1448 bytes over 10 Mbit/s and 25 ms.
type made struct {
	messages              int
	loss, late, duplicate float64
	heldBack              time.Duration
	rate                  netem.Rate // UDP's
}

// The path that the made traces resemble.
const (
	madeDelay   = 25 * time.Millisecond
	madeRate    = 10 * netem.Mbit
	madePayload = 1448
)

func madeScenario(udp netem.Rate) *scenarios.Scenario {
	way := scenarios.Way{Rate: madeRate, Delay: scenarios.Delay{Base: madeDelay}, Queue: scenarios.Queue{Packets: 100}}
	s := &scenarios.Scenario{Name: "two-percent", Title: "Two percent of loss", Seed: 1}
	s.Path = scenarios.Path{MTU: 1500, Forward: way, Reverse: way}
	s.Path.Forward.Loss.Random = 0.02
	s.Flows = []scenarios.Flow{{
		Name: "file", App: "transfer", Protocols: []string{"tcp", "udp"}, From: "client",
		UDP: scenarios.UDP{Rate: udp, Payload: madePayload},
	}}
	return s
}

// hit tosses for packet i with stream's own dice.
func hit(stream string, i int, p float64) bool {
	return netem.Probability(p).Hit(netem.NewStream(7).Sub(stream).At(uint64(i), 0))
}

func (m made) blank(protocol string) *trace.Trace {
	return &trace.Trace{Trial: protocol, Flow: "file", Protocol: protocol, Offered: int64(m.messages) * madePayload}
}

// tcp makes a transfer whose window grows by one a round and halves at a loss; what is lost comes a round later, and what
// is behind it waits.
func (m made) tcp() *trace.Trace {
	t := m.blank("tcp")
	round, window, next := 50*time.Millisecond, 10, 0
	gap := madeRate.Time(madePayload + 52)
	var again []int
	arrive := make([]time.Duration, m.messages)
	for now := time.Duration(0); next < m.messages || len(again) > 0; now += max(round, time.Duration(window)*gap) {
		lost := []int{}
		for k := range window {
			i, fresh := next, true
			if len(again) > 0 {
				i, again, fresh = again[0], again[1:], false
			} else if next == m.messages {
				break
			} else {
				next++
			}
			sent := now + time.Duration(k)*gap
			p := trace.Packet{ID: uint64(len(t.Packets) + 1), Length: madePayload + 52, Sent: sent, Arrived: trace.Never, Fate: trace.Lost, Note: &trace.Note{Cause: netem.CauseLoss}}
			if fresh {
				t.Messages = append(t.Messages, trace.Message{Number: uint64(i + 1), Offset: int64(i) * madePayload, Size: madePayload, Sent: sent, Intact: true})
			}
			if hit("loss", len(t.Packets), m.loss) {
				lost = append(lost, i)
			} else {
				arrive[i] = sent + gap + madeDelay
				p.Arrived, p.Fate, p.Cause = arrive[i], trace.Arrived, ""
			}
			t.Packets = append(t.Packets, p)
		}
		if len(lost) > 0 {
			window = max(window/2, 2)
		} else {
			window++
		}
		again = append(again, lost...)
	}
	for i, at := range arrive {
		if i > 0 {
			at = max(at, t.Messages[i-1].Delivered)
		}
		t.Messages[i].Delivered, t.Messages[i].Copies, t.Messages[i].Place, t.Messages[i].Intact = at, 1, int32(i+1), true
		t.End = at + madeDelay
	}
	return t
}

// udp makes datagrams at an even rate: lost, held back and doubled independently.
func (m made) udp() *trace.Trace {
	t := m.blank("udp")
	gap := m.rate.Time(madePayload)
	for i := range m.messages {
		sent := time.Duration(i) * gap
		g := trace.Message{Number: uint64(i + 1), Offset: int64(i) * madePayload, Size: madePayload, Sent: sent, Delivered: trace.Never}
		p := trace.Packet{ID: uint64(i + 1), Length: madePayload + 28, Sent: sent, Arrived: trace.Never, Fate: trace.Lost, Note: &trace.Note{Cause: netem.CauseLoss}}
		if !hit("loss", i, m.loss) {
			g.Delivered, g.Copies, g.Intact = sent+madeRate.Time(madePayload+28)+madeDelay, 1, true
			if hit("late", i, m.late) {
				g.Delivered += m.heldBack
			}
			if hit("duplicate", i, m.duplicate) {
				g.Copies = 2
			}
			p.Arrived, p.Fate, p.Cause = g.Delivered, trace.Arrived, ""
			t.End = g.Delivered
		}
		t.Messages, t.Packets = append(t.Messages, g), append(t.Packets, p)
	}
	for place, i := range byDelivery(t.Messages) {
		t.Messages[i].Place = int32(place + 1)
	}
	return t
}

// madePair is the run of the shipped scenario "two-percent", roughly: 5 MiB over TCP and UDP.
func madePair() Input {
	m := made{messages: 3621, loss: 0.02, late: 0.01, duplicate: 0.005, heldBack: 12 * time.Millisecond, rate: 8 * netem.Mbit}
	return m.pair()
}

// pair is the same messages over both protocols.
func (m made) pair() Input {
	return Input{Scenario: madeScenario(m.rate), Trials: []Trial{
		{ID: "tcp", Label: "TCP", Protocol: "tcp", Trace: m.tcp()},
		{ID: "udp", Label: "UDP", Protocol: "udp", Trace: m.udp()},
	}}
}
