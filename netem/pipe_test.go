package netem

import (
	"fmt"
	"slices"
	"testing"
	"time"
)

// TestPhases: who enters in a phase goes through its stage, the first in the list; the end is not in it.
func TestPhases(t *testing.T) {
	w := newWorld(1, Phases{Base: Delay{Base: ms}, Phases: []Phase{
		{10 * ms, 20 * ms, Loss{Probability: 1}},
		{15 * ms, 30 * ms, nil},
		{30 * ms, 40 * ms, Delay{Base: 100 * ms}},
	}})
	for _, at := range []time.Duration{0, 10*ms - 1, 10 * ms, 20*ms - 1, 20 * ms, 30 * ms, 40 * ms} {
		w.runTo(at)
		w.put(udp(0))
	}
	w.run()
	got := ""
	for _, e := range w.out {
		got += fmt.Sprintf("%d at %v; ", e.ID, e.at)
	}
	if want := "1 at 1ms; 2 at 10.999999ms; 5 at 20ms; 7 at 41ms; 6 at 130ms; "; got != want || fmt.Sprint(w.deaths()) != "[3 4]" {
		t.Errorf("got %sdead %v", got, w.deaths())
	}
	w = newWorld(1, Phases{})
	w.put(udp(0))
	if len(w.out) != 1 {
		t.Error("Phases without a Base lets nothing through")
	}
}

// TestPhasesBottleneck: one link with a changing rate. At 8 Mbit/s 1000 bytes take 1 ms, at 1 Mbit/s 8 ms; who is being sent
// when the rate changes is sent to the end as it began.
func TestPhasesBottleneck(t *testing.T) {
	w := newWorld(1, Phases{Bottleneck{Rate: 8 * Mbit}, []Phase{
		{2*ms + ms/2, 20 * ms, Bottleneck{Rate: Mbit, LimitPackets: 3}}, {22*ms + ms/2, 40 * ms, nil},
	}})
	put := func(at time.Duration, n int) {
		w.runTo(at)
		for range n {
			w.put(make([]byte, 1000))
		}
	}
	put(0, 4)          // at 1, 2, 3 and, at the lower rate, 11 ms
	put(3*ms+ms/2, 4)  // 19, 27 and, without limit by then, 27 again; the fourth finds three waiting
	put(27*ms+ms/2, 2) // without limit and nobody ahead: at once
	put(41*ms, 1)      // 42
	w.run()
	got := ""
	for _, e := range w.out {
		got += fmt.Sprintf("%d at %v; ", e.ID, e.at)
	}
	if want := "1 at 1ms; 2 at 2ms; 3 at 3ms; 4 at 11ms; 5 at 19ms; 6 at 27ms; 7 at 27ms; 9 at 27.5ms; 10 at 27.5ms; 11 at 42ms; "; got != want || fmt.Sprint(w.deaths()) != "[8]" {
		t.Errorf("got %sdead %v", got, w.deaths())
	}
}

// TestPhasesDelay: Delays that keep the order keep it over a change, others do not.
func TestPhasesDelay(t *testing.T) {
	for _, keep := range []bool{true, false} {
		w := newWorld(1, Phases{nil, []Phase{{0, 2 * ms, Delay{Base: 10 * ms, KeepOrder: keep}}}})
		for i := range time.Duration(4) {
			w.runTo(i * ms)
			w.put(udp(0))
		}
		w.run()
		got := ""
		for _, e := range w.out {
			got += fmt.Sprintf("%d at %v; ", e.ID, e.at)
		}
		want := "3 at 2ms; 4 at 3ms; 1 at 10ms; 2 at 11ms; "
		if keep {
			want = "1 at 10ms; 2 at 11ms; 3 at 11ms; 4 at 11ms; "
		}
		if got != want {
			t.Errorf("KeepOrder %v: %s", keep, got)
		}
	}
}

// TestPhasesDice: a packet meets the same draws in Base and in every phase.
func TestPhasesDice(t *testing.T) {
	lost := func(s Stage) (ids []int) {
		w := newWorld(1, s)
		for i := range time.Duration(1000) {
			w.runTo(i)
			w.put(udp(0))
		}
		return w.deaths()
	}
	few, many := lost(Loss{Probability: .1}), lost(Loss{Probability: .5})
	var want []int
	for _, id := range few {
		if id <= 500 {
			want = append(want, id)
		}
	}
	for _, id := range many {
		if id > 500 {
			want = append(want, id)
		}
	}
	ramp := []Phase{{500, 600, Loss{Probability: .5}}, {600, 2000, Loss{Probability: .5}}}
	if got := lost(Phases{Loss{Probability: .1}, ramp}); !slices.Equal(got, want) {
		t.Errorf("lost %v, want those of 10%% and from 501 on those of 50%%: %v", got, want)
	}
	for _, id := range few {
		if !slices.Contains(many, id) {
			t.Errorf("packet %d is lost with 10%%, and not with 50%%", id)
		}
	}
}

// TestPhasesOverlap: the first in the list counts, whatever the order of their instants, and empty ones never do.
func TestPhasesOverlap(t *testing.T) {
	s := Phases{Phases: []Phase{{5, 9, nil}, {2, 7, nil}, {3, 3, nil}, {8, 4, nil}, {0, 20, nil}, {30, 40, nil}}}
	times := s.timetable()
	for now := range time.Duration(50) {
		if got, want := times.at(now), s.at(now); got != want {
			t.Errorf("at %d stage %d is in force, want %d", now, got, want)
		}
	}
}

// TestPipe: stages are met from first to last, each has its own dice, by its name.
func TestPipe(t *testing.T) {
	saw := ""
	tap := func(s string) Step { return Step{s, Tap{func(p *Packet) { saw += s }}} }
	w := newWorldOf(1, Pipe{tap("a"), tap("b"), {"pipe", Pipe{tap("c"), tap("d")}}, tap("e")})
	w.put(udp(0))
	if saw != "abcde" || len(w.out) != 1 {
		t.Errorf("met %s", saw)
	}
	pipe := Pipe{tap("a"), tap("b")}
	if !pipe.Has("b") || pipe.Has("c") {
		t.Error("Has does not know the names")
	}
	var keys []Stream
	note := func(name string) Step { return Step{name, streamNote{&keys}} }
	w = newWorldOf(1, Pipe{note("x"), note("x"), note("y"), note("x")})
	want := map[Stream]string{}
	for _, name := range []string{"x", "x#2", "y", "x#3"} {
		want[w.env.Rand.Sub(name)] = name
	}
	for _, k := range keys {
		if want[k] == "" {
			t.Error("a stage got dice of no name, or of a name that another has")
		}
		delete(want, k)
	}
}

type streamNote struct{ keys *[]Stream }

func (n streamNote) Attach(env Env, next Port) Port {
	*n.keys = append(*n.keys, env.Rand)
	return next
}

func TestPool(t *testing.T) {
	var pool Pool
	p := pool.Get(10)
	copy(p.Data, "0123456789")
	p.Header.Kind, p.Number, p.Dice, p.Reason, p.Harm, p.Sound = KindData, 3, 4, "new", CauseCorrupt, true
	a, b := pool.Copy(p), pool.Copy(p)
	if a.ID != 2 || b.ID != 3 || a.Of != 1 || b.Of != 1 || string(a.Data) != "0123456789" || a.Header.Kind != KindData ||
		a.Number != 3 || a.Reason != "new" || a.Harm != CauseCorrupt || !a.Sound {
		t.Errorf("copies are %+v and %+v", a, b)
	}
	a.Data[0] = 'x'
	if p.Data[0] != '0' || b.Data[0] != '0' {
		t.Error("a copy shares its bytes")
	}
	if a.Dice == p.Dice || b.Dice == p.Dice || a.Dice == b.Dice {
		t.Error("copies share dice")
	}
	if c := pool.Copy(a); c.Dice == b.Dice || c.Of != a.ID {
		t.Error("a copy of a copy is confused with a second copy")
	}
	if c, d := pool.Copy(a), pool.Copy(b); c.Dice != mix(a.Dice+golden+golden) || d.Dice != mix(b.Dice+golden) {
		t.Error("the dice of a copy's copy depend on the copies of others")
	}
	pool.Put(p)
	q := pool.Get(5000)
	if q != p || q.ID != 7 || len(q.Data) != 5000 || q.Harm != "" || q.Number != 0 {
		t.Errorf("a packet comes back as %+v", q)
	}
}

func TestNames(t *testing.T) {
	if got := fmt.Sprint(Forward, Reverse, KindOther, KindSYNACK); got != "forward reverse other syn-ack" {
		t.Error(got)
	}
}
