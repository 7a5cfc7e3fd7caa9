package netem

import (
	"fmt"
	"maps"
	"testing"
	"time"
)

// randomStage returns a stage of any kind with any setting.
func randomStage(roll func(n uint64) uint64) Stage {
	p := func() Probability { return Probability(roll(5)) / 4 }
	d := func() time.Duration { return time.Duration(roll(4)) * ms / 2 }
	ecn := func() bool { return roll(2) == 0 }
	pick := func() Pick { return Pick{p(), p(), int(roll(5))} }
	switch roll(23) {
	case 0:
		return Loss{Probability: p(), Correlation: p(), ECN: ecn()}
	case 1:
		return LossEvery{N: int(roll(4)), ECN: ecn()}
	case 2:
		return LossAt{Ranges: []Range{{int(roll(40)), int(roll(40))}}, ECN: ecn()}
	case 3:
		return Burst{P: p(), R: p(), Bad: p(), Good: p(), ECN: ecn()}
	case 4:
		return Delay{Base: d(), Jitter: d(), Distribution: Distribution(roll(4)), Table: []Table{nil, {-8192, 3}}[roll(2)], Correlation: p(), KeepOrder: roll(2) == 0, Ahead: pick()}
	case 5:
		return Reorder{Pick: pick(), Delay: d()}
	case 6:
		return Duplicate{Probability: p(), Correlation: p()}
	case 7:
		return Corrupt{Probability: p(), Correlation: p(), FixChecksum: roll(2) == 0}
	case 8:
		return Outage{d(), 10 * d()}
	case 9:
		return Bottleneck{Rate: Rate(roll(3)) * Mbit, LimitPackets: int(roll(4)), LimitBytes: Size(roll(3)) * 100, Overhead: Overhead{int(roll(3)) * 20, int(roll(3)) * 48, int(roll(6))}, Discipline: randomDiscipline(roll)}
	case 10:
		return Phases{Loss{Probability: p()}, []Phase{{d(), 10 * d(), Duplicate{Probability: p()}}}}
	case 11:
		return Markov{p() / 2, p() / 2, p() / 2, p(), p() / 2, ecn()}
	case 12:
		return Slots{Base: d(), Jitter: d() / 2, Distribution: Distribution(roll(4)), Packets: int(roll(3)), Bytes: Size(roll(3)) * 100}
	case 17:
		link := func() Pipe {
			for {
				if s := randomStage(roll); !isAccess(s) {
					return Pipe{{"x", s}, {"y", Loss{Probability: p() / 4}}}
				}
			}
		}
		return Access{[]Link{{"a", link()}, {}, {"a", link()}, {"b", link()}}[:roll(5)]}
	case 13:
		return Pipe{{"x", Loss{Probability: p()}}, {"x", Duplicate{Probability: p()}}}
	case 14:
		return Spells{MeanGood: 3 * d(), MeanBad: 3 * d(), Bad: p(), Good: p() / 4, ECN: ecn()}
	case 16:
		return randomReplay(roll)
	case 15:
		return Flap{d(), 10 * d(), d(), d(), ecn()}
	}
	if roll(5) == 0 {
		return Phases{Bottleneck{Rate: Rate(roll(3)) * Mbit, LimitPackets: int(roll(4)), Discipline: randomDiscipline(roll)}, []Phase{{d(), 10 * d(), Bottleneck{Rate: Rate(roll(3)) * Mbit / 3}}, {d(), 20 * d(), nil}}}
	}
	if roll(5) == 0 {
		return Phases{Delay{Base: d(), Jitter: d(), Distribution: Normal, KeepOrder: true}, []Phase{{d(), 10 * d(), Delay{Base: d(), KeepOrder: true, Ahead: pick()}}, {d(), 20 * d(), nil}}}
	}
	if roll(5) == 0 {
		return Phases{Slots{Base: d(), Packets: int(roll(3))}, []Phase{{d(), 10 * d(), nil}, {d(), 20 * d(), Slots{Base: d(), Jitter: d()}}}}
	}
	if roll(5) == 0 {
		return Phases{randomTraced(roll), []Phase{{d(), 10 * d(), Bottleneck{Rate: Rate(roll(3)) * Mbit}}, {d(), 20 * d(), randomTraced(roll)}, {d(), 30 * d(), nil}}}
	}
	match := Match{Kind: Kind(roll(9)), Nth: []Range{{int(roll(10)), int(roll(30))}}}
	switch roll(4) {
	case 0:
		match = Match{Bytes: []Range{{int(roll(1000)), 500 + int(roll(1000))}}, From: d()}
	case 1:
		match = Match{Segments: []Range{{int(roll(10)), int(roll(30))}}, To: 10 * d()}
	}
	numbers := &Pattern{rows: []fate{{2, 5, Do{Delay: d()}}, {6, 9, Do{Hold: int(roll(5))}}, {12, 12, Do{Duplicate: true}}}}
	times := &Pattern{timed: true, rows: []fate{{int64(d()), int64(5 * ms), Do{Hold: 2}}, {int64(6 * ms), int64(8 * ms), Do{Corrupt: true, Bit: int(roll(9))}}}}
	return Script{[]Rule{{match, []Do{{Drop: true}, {Delay: d()}, {Duplicate: true}, {Corrupt: true}, {Hold: int(roll(5))}, {Pattern: numbers}, {Pattern: times}}[roll(7)]}}}
}

func isAccess(s Stage) bool { _, is := s.(Access); return is }

// randomTraced returns a link with a trace.
func randomTraced(roll func(n uint64) uint64) Bottleneck {
	b := Bottleneck{LimitPackets: int(roll(4)), Discipline: randomDiscipline(roll)}
	if roll(2) == 0 {
		b.Opportunities = &Opportunities{[]time.Duration{time.Duration(roll(3)) * ms, 2 * ms, time.Duration(2+roll(3)) * ms}}
	} else {
		b.Rates = &Rates{from: []time.Duration{0, ms, 3 * ms}, rate: []Rate{Rate(roll(3)) * Mbit, Rate(roll(2)) * Mbit, Mbit}, period: 5 * ms, mean: Mbit}
	}
	return b
}

// randomReplay returns fates of all sorts.
func randomReplay(roll func(n uint64) uint64) Replay {
	f := new(Fates)
	for n := range 20 + roll(30) {
		c := Class(roll(3))
		fate := func() Fate {
			return Fate{Delay: time.Duration(roll(9)) * ms / 4, Bit: uint32(roll(3) * roll(2000)), Lost: roll(4) == 0, Late: uint32(roll(4)), Marked: roll(4) == 0, Mended: roll(2) == 0}
		}
		if err := f.Add(Forward, c, 0, fate()); err != nil {
			panic(err)
		}
		for range roll(3) * (n % 2) {
			if err := f.Add(Forward, c, uint64(len(f.of[Forward][c])), fate()); err != nil {
				panic(err)
			}
		}
	}
	return Replay{Fates: f, Repeat: roll(2) == 0}
}

// randomDiscipline returns a discipline of any kind, with limits that a short test meets.
func randomDiscipline(roll func(n uint64) uint64) Discipline {
	d := time.Duration(1+roll(3)) * ms / 4
	codel := CoDel{Target: d, Interval: 4 * d, MTU: Size(1 + roll(300)), ECN: roll(2) == 0, CEThreshold: time.Duration(roll(2)) * d}
	switch roll(6) {
	case 0:
		return DropHead{}
	case 1:
		return RED{Size(roll(300)), 300 + Size(roll(300)), Probability(roll(5)) / 4, int(roll(3)), roll(2) == 0, roll(2) == 0}
	case 2:
		return codel
	case 3:
		return PIE{d, d, 1, roll(2) == 0}
	case 4:
		return FQCoDel{codel, Size(1 + roll(2000)), int(1 + roll(3))}
	}
	return nil
}

// TestConservation drives random pipes: at every instant packets in + copies = out + deaths + held, and in the end nothing
// is held; no packet is in two places.
func TestConservation(t *testing.T) {
	for seed := uint64(1); seed <= 500; seed++ {
		n := uint64(0)
		roll := func(below uint64) uint64 { n++; return Below(NewStream(seed).At(n, 0), below) }
		pipe := Pipe{{"entry", Entry{Flow: byPort}}}
		inside := map[*Packet]bool{}
		for range 1 + roll(6) {
			pipe = append(pipe, Step{fmt.Sprint(roll(3)), randomStage(roll)})
		}
		w := newWorldOf(seed, pipe)
		drop, dup := w.env.Drop, w.env.Copy
		left := func(p *Packet) {
			if !inside[p] {
				t.Fatalf("seed %d: packet %d leaves twice or was never in: %v", seed, p.ID, pipe)
			}
			delete(inside, p)
		}
		w.env.Drop = func(p *Packet, c Cause) { left(p); drop(p, c) }
		w.env.Copy = func(p *Packet) *Packet { c := dup(p); inside[c] = true; return c }
		port := pipe.Attach(w.env, func(p *Packet) { left(p); w.out = append(w.out, event{w.now, "", p}) })
		w.port = func(p *Packet) { inside[p] = true; port(p) }
		for range 60 {
			w.runTo(w.now + time.Duration(roll(3))*ms/3)
			b := udp(int(roll(200)))
			if roll(3) > 0 {
				b = tcp(FlagACK|Flags(roll(8)), uint32(100+100*roll(20)), int(roll(200)))
			}
			b[1], b[21] = byte(roll(4)), byte(roll(6)) // its ECN, its flow; the header's checksum is not looked at
			w.put(b)
			if w.in+w.copies != len(w.out)+len(w.dead)+len(inside) {
				t.Fatalf("seed %d: %d in, %d copies, %d out, %d dead, %d held: %v", seed, w.in, w.copies, len(w.out), len(w.dead), len(inside), pipe)
			}
		}
		w.run()
		if len(inside) != 0 || w.in+w.copies != len(w.out)+len(w.dead) {
			t.Fatalf("seed %d: %d in, %d copies, %d out, %d dead, %d held for ever: %v", seed, w.in, w.copies, len(w.out), len(w.dead), len(inside), pipe)
		}
	}
}

// traffic puts 3000 packets of new data in, a millisecond apart, and between them so many retransmissions and ACKs.
func traffic(w *world, overUDP bool, retransmissions, acks func(i int) int) {
	for i := range 3000 {
		w.runTo(time.Duration(i) * ms)
		if overUDP {
			w.put(udp(100))
			continue
		}
		w.put(tcp(FlagACK, 100+100*uint32(i), 100))
		for range retransmissions(i) {
			w.put(tcp(FlagACK, 100, 100))
		}
		for range acks(i) {
			w.put(tcp(FlagACK, 100+100*uint32(i+1), 0))
		}
	}
	w.run()
}

// fates are what became of the packets of new data, by number: the causes of death and harm, and whether there is a copy.
func fates(w *world) map[uint64]string {
	f := map[uint64]string{}
	for _, list := range [][]event{w.dead, w.out} {
		for _, e := range list {
			switch {
			case e.Header.Class() != ClassData:
			case e.Of != 0:
				f[e.Number] += " copied"
			default:
				f[e.Number] += string(e.cause) + string(e.Harm)
			}
		}
	}
	return f
}

func none(int) int { return 0 }

// TestPairing: the fates of new data are the same in TCP and UDP, and whatever ACKs and retransmissions are on the way.
// The stages are those that decide by dice and number alone.
func TestPairing(t *testing.T) {
	pipe := Pipe{
		{"entry", Entry{}}, {"spells", Spells{MeanGood: 90 * ms, MeanBad: 10 * ms, Bad: .5, Good: .01}}, {"burst", Burst{P: .02, R: .2, Bad: .9, Good: .01}}, {"loss", Loss{Probability: .03}}, {"every", LossEvery{N: 50}}, {"at", LossAt{Ranges: []Range{{7, 9}}}},
		{"corrupt", Corrupt{Probability: .05}}, {"duplicate", Duplicate{Probability: .05}}, {"reorder", Reorder{Pick: Pick{Probability: .05}, Delay: 3 * ms}}, {"delay", Delay{Base: 5 * ms, Jitter: 5 * ms, Distribution: Normal}},
		{"markov", Markov{P13: .01, P31: .2, P32: .1, P23: .4, P14: .01}}, {"correlated", Loss{Probability: .02, Correlation: .7}},
		{"correlated damage", Corrupt{Probability: .02, Correlation: .7}}, {"correlated copies", Duplicate{Probability: .02, Correlation: .7}},
	}
	run := func(overUDP bool, retransmissions, acks func(int) int) map[uint64]string {
		w := newWorldOf(42, pipe)
		traffic(w, overUDP, retransmissions, acks)
		return fates(w)
	}
	want := run(true, none, none)
	if len(want) != 3000 {
		t.Fatalf("%d of 3000 packets have a fate", len(want))
	}
	for name, got := range map[string]map[uint64]string{
		"TCP":                      run(false, none, none),
		"TCP with ACKs":            run(false, none, func(i int) int { return i % 3 }),
		"TCP with retransmissions": run(false, func(i int) int { return i % 7 % 4 }, none),
		"TCP with everything":      run(false, func(i int) int { return i % 5 % 2 }, func(i int) int { return i % 2 }),
	} {
		if !maps.Equal(got, want) {
			t.Errorf("%s: new data meets other fates than over UDP", name)
		}
	}
}

// A judge is a stage that notes what another one does to originals of new data, by number.
type judge struct {
	Stage
	did map[uint64]string
}

func (j judge) Attach(env Env, next Port) Port {
	drop, dup := env.Drop, env.Copy
	env.Drop = func(p *Packet, c Cause) {
		if p.Of == 0 {
			j.did[p.Number] += string(c)
		}
		drop(p, c)
	}
	env.Copy = func(p *Packet) *Packet {
		j.did[p.Number] += "copied"
		return dup(p)
	}
	sound := map[uint64]bool{}
	port := j.Stage.Attach(env, func(p *Packet) {
		if p.Of == 0 && sound[p.Number] && !p.Sound {
			j.did[p.Number] += fmt.Sprintf("%s %x", p.Harm, p.Data)
		}
		next(p)
	})
	return func(p *Packet) {
		if p.Of == 0 {
			j.did[p.Number] += "met "
			sound[p.Number] = p.Sound
		}
		port(p)
	}
}

// TestPairingStages: what one stage does to a packet does not depend on which other stages there are, before it or behind.
// All packets that reach it are compared.
func TestPairingStages(t *testing.T) {
	steps := Pipe{
		{"burst", Burst{P: .02, R: .2, Bad: .9, Good: .01}}, {"loss", Loss{Probability: .03}}, {"duplicate", Duplicate{Probability: .05}}, {"corrupt", Corrupt{Probability: .05}},
		{"markov", Markov{P13: .01, P31: .2, P32: .1, P23: .4, P14: .01}}, {"correlated", Loss{Probability: .02, Correlation: .7}},
		{"gap", Reorder{Pick: Pick{Probability: .3, Correlation: .3, Gap: 4}, Delay: 3 * ms}}, {"slots", Slots{Base: 3 * ms, Jitter: ms, Packets: 4}},
		{"delay", Delay{Base: 5 * ms, Jitter: 5 * ms, Correlation: .5, Ahead: Pick{Probability: .1}}},
		{"spells", Spells{MeanGood: 90 * ms, MeanBad: 10 * ms, Bad: .9, Good: .01}}, {"flap", Flap{10 * ms, time.Second, 90 * ms, 10 * ms, true}},
		{"reorder", Reorder{Pick: Pick{Probability: .05}, Delay: 3 * ms}}, {"bottleneck", Bottleneck{Rate: Mbit, LimitPackets: 2}}, {"script", Script{[]Rule{{Match{Nth: []Range{{2, 9}}}, Do{Drop: true}}}}},
		{"red", Bottleneck{Rate: Mbit, Discipline: RED{Min: 100, Max: 300, Probability: 1, Weight: 1}}}, {"pie", Bottleneck{Rate: Mbit, Discipline: PIE{}}},
	}
	for _, judged := range steps[:6] {
		run := func(before, behind Pipe) map[uint64]string {
			did := map[uint64]string{}
			pipe := append(Pipe{{"entry", Entry{}}}, before...)
			pipe = append(pipe, Step{judged.Name, judge{judged.Stage, did}})
			w := newWorldOf(42, append(pipe, behind...))
			traffic(w, true, none, none)
			return did
		}
		alone := run(nil, nil)
		for _, other := range steps {
			if other.Name == judged.Name {
				continue
			}
			for i, got := range []map[uint64]string{run(Pipe{other}, nil), run(nil, Pipe{other})} {
				if len(got) < 2000 {
					t.Errorf("%s with %s: only %d packets came to it", judged.Name, other.Name, len(got))
				}
				for n, fate := range got {
					if fate != alone[n] {
						t.Fatalf("%s with %s (behind it: %v): packet %d gets %q, alone %q", judged.Name, other.Name, i == 1, n, fate, alone[n])
					}
				}
			}
		}
	}
}
