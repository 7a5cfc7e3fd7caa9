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
	switch roll(15) {
	case 0:
		return Loss{p()}
	case 1:
		return LossEvery{int(roll(4))}
	case 2:
		return LossAt{[]Range{{int(roll(40)), int(roll(40))}}}
	case 3:
		return Burst{p(), p(), p(), p()}
	case 4:
		return Delay{d(), d(), Distribution(roll(4)), roll(2) == 0}
	case 5:
		return Reorder{p(), d()}
	case 6:
		return Duplicate{p()}
	case 7:
		return Corrupt{p(), roll(2) == 0}
	case 8:
		return Outage{d(), 10 * d()}
	case 9:
		return Bottleneck{Rate(roll(3)) * Mbit, int(roll(4)), Size(roll(3)) * 100}
	case 10:
		return Phases{Loss{p()}, []Phase{{d(), 10 * d(), Duplicate{p()}}}}
	case 11:
		return Pipe{{"x", Loss{p()}}, {"x", Duplicate{p()}}}
	}
	if roll(5) == 0 {
		return Phases{Bottleneck{Rate(roll(3)) * Mbit, int(roll(4)), 0}, []Phase{{d(), 10 * d(), Bottleneck{Rate: Rate(roll(3)) * Mbit / 3}}, {d(), 20 * d(), nil}}}
	}
	if roll(5) == 0 {
		return Phases{Delay{d(), d(), Normal, true}, []Phase{{d(), 10 * d(), Delay{d(), 0, 0, true}}, {d(), 20 * d(), nil}}}
	}
	match := Match{Kind: Kind(roll(9)), Nth: []Range{{int(roll(10)), int(roll(30))}}}
	return Script{[]Rule{{match, []Do{{Drop: true}, {Delay: d()}, {Duplicate: true}, {Corrupt: true}, {Hold: int(roll(5))}}[roll(5)]}}}
}

// TestConservation drives random pipes: at every instant packets in + copies = out + deaths + held, and in the end nothing
// is held; no packet is in two places.
func TestConservation(t *testing.T) {
	for seed := uint64(1); seed <= 500; seed++ {
		n := uint64(0)
		roll := func(below uint64) uint64 { n++; return Below(NewStream(seed).At(n, 0), below) }
		pipe := Pipe{{"entry", Entry{}}}
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
			if roll(3) == 0 {
				w.put(udp(int(roll(200))))
			} else {
				w.put(tcp(FlagACK|Flags(roll(8)), uint32(100+100*roll(20)), int(roll(200))))
			}
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
		{"entry", Entry{}}, {"burst", Burst{.02, .2, .9, .01}}, {"loss", Loss{.03}}, {"every", LossEvery{50}}, {"at", LossAt{[]Range{{7, 9}}}},
		{"corrupt", Corrupt{Probability: .05}}, {"duplicate", Duplicate{.05}}, {"reorder", Reorder{.05, 3 * ms}}, {"delay", Delay{5 * ms, 5 * ms, Normal, false}},
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
		{"burst", Burst{.02, .2, .9, .01}}, {"loss", Loss{.03}}, {"duplicate", Duplicate{.05}}, {"corrupt", Corrupt{Probability: .05}},
		{"reorder", Reorder{.05, 3 * ms}}, {"bottleneck", Bottleneck{Rate: Mbit, LimitPackets: 2}}, {"script", Script{[]Rule{{Match{Nth: []Range{{2, 9}}}, Do{Drop: true}}}}},
	}
	for _, judged := range steps[:4] {
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
