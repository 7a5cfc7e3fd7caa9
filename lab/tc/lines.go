package tc

import (
	"fmt"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"reliabilitylab/netem"
	"reliabilitylab/scenarios"
)

// Lines are tc lines for one direction of a path.
type Lines struct {
	Text  []string // commands
	Notes []string // what is lost in translation
}

// A writer collects the words of a netem line.
type writer struct {
	words []string
	notes []string
}

func (w *writer) add(words ...string) { w.words = append(w.words, words...) }

func (w *writer) note(format string, args ...any) {
	w.notes = append(w.notes, fmt.Sprintf(format, args...))
}

// Of returns the line that comes nearest to a direction of the scenario's path, for the interface dev by which its packets leave
// their host. There is none where the path does nothing.
func Of(s *scenarios.Scenario, d netem.Direction, dev string) Lines {
	way := &s.Path.Forward
	if d == netem.Reverse {
		way = &s.Path.Reverse
	}
	w := &writer{}
	w.delay(way)
	w.loss(&way.Loss)
	w.spells(way, s.Path.MTU)
	w.rest(way)
	w.rate(way)
	w.slot(&way.Slot)
	if way.Hop.MTU > 0 && way.Hop.MTU < s.Path.MTU {
		w.note("hop_mtu: a smaller MTU in the middle is no qdisc's; on a router between them: ip link set dev %s mtu %d", dev, way.Hop.MTU)
	}
	var text []string
	if len(w.words) > 0 {
		limit := w.limit(way, s.Path.MTU)
		text = append(text, strings.Join(append([]string{"tc qdisc add dev", dev, "root netem limit", fmt.Sprint(limit)}, w.words...), " "))
	}
	if way.Replay.File != "" {
		w.note("replay: netem knows no recorded fates, so here nothing of %s happens", way.Replay.File)
	}
	w.whole(s)
	return Lines{text, w.notes}
}

// limitForDelay is the limit for a delay without a rate: packets that nobody will ever have on the way at once.
const limitForDelay = 100_000

// limit is how many packets netem may hold, which for it are those that wait for the rate and those in the delay.
func (w *writer) limit(way *scenarios.Way, mtu int) int {
	packets := way.Queue.Packets
	switch {
	case way.Rate == 0 && way.Delay.Base == 0:
		return defaultLimit
	case way.Rate == 0:
		w.note("limit %d: what netem holds beyond its limit it drops, also from its delay; the lab's delay holds any number", limitForDelay)
		return limitForDelay
	case way.Queue.Bytes > 0:
		packets = max(1, int(min(way.Queue.Bytes/netem.Size(mtu), 1_000_000)))
		w.note("queue: netem counts packets, so %s are %d full ones", scenarios.FormatSize(way.Queue.Bytes), packets)
	case packets == 0:
		w.note("queue: without limit in the lab, here a million packets")
		return 1_000_000
	}
	each := way.Rate.Time(way.Overhead.Wire(mtu))
	delayed := int((way.Delay.Base + way.Delay.Jitter + each - 1) / each)
	w.note("limit %d: the queue's %d packets, one on the wire, and %d full ones that fit into the delay, for netem counts them together; small packets need more",
		packets+1+delayed, packets, delayed)
	return packets + 1 + delayed
}

// percent writes a probability, to twelve digits: sums and products of round ones are not round.
func percent(p netem.Probability) string {
	round, err := strconv.ParseFloat(strconv.FormatFloat(float64(p), 'g', 12, 64), 64)
	if err != nil {
		panic(err) // it was written by FormatFloat
	}
	return scenarios.FormatProbability(netem.Probability(round))
}

// length writes a time in the largest unit that keeps it whole.
func length(d time.Duration) string {
	switch {
	case d%time.Second == 0 && d > 0:
		return fmt.Sprintf("%ds", d/time.Second)
	case d%time.Millisecond == 0:
		return fmt.Sprintf("%dms", d/time.Millisecond)
	case d%time.Microsecond == 0:
		return fmt.Sprintf("%dus", d/time.Microsecond)
	}
	return fmt.Sprintf("%dns", d)
}

func (w *writer) delay(way *scenarios.Way) {
	d := &way.Delay
	if d.Base == 0 {
		return
	}
	w.add("delay", length(d.Base))
	if d.Jitter == 0 {
		return
	}
	w.add(length(d.Jitter))
	if d.Correlation > 0 {
		w.add(percent(d.Correlation))
		w.note("delay: a correlation narrows netem's jitter and spoils its distribution; the lab's keeps them and repeats values")
	}
	if d.Distribution != "uniform" {
		w.add("distribution", w.table(d.Distribution))
	}
	switch inOrder := way.Rate > 0; {
	case d.KeepOrder && !inOrder:
		w.note("delay: the lab keeps the order here, but netem's jitter reorders packets (with a rate it does not)")
	case !d.KeepOrder && inOrder:
		w.note("delay: the lab's jitter reorders packets here, but netem with a rate keeps the order")
	}
}

// table is the name that tc knows a distribution by.
func (w *writer) table(name string) string {
	for _, n := range named {
		if n == name && n != "uniform" {
			return n
		}
	}
	short := strings.TrimSuffix(filepath.Base(name), ".dist")
	w.note("distribution %s: tc reads it from %s.dist in its library folder, or in that which TC_LIB_DIR names", name, short)
	return short
}

func (w *writer) loss(l *scenarios.Loss) {
	before := len(w.words)
	switch g := l.Burst; {
	case l.Random > 0 && l.Correlation > 0:
		same := l.Gilbert()
		w.add("loss gemodel", percent(same.P), percent(same.R))
		w.note("loss: with a correlation netem would lose next to nothing; gemodel says what it means")
	case l.Random > 0:
		w.add("loss random", percent(l.Random))
	case g != nil:
		w.add("loss gemodel", percent(g.P), percent(g.R), percent(g.Bad), percent(g.Good))
	case l.Markov != nil:
		w.add("loss state")
		for _, p := range []netem.Probability{l.Markov.P13, l.Markov.P31, l.Markov.P32, l.Markov.P23, l.Markov.P14} {
			w.add(percent(p))
		}
	case l.Every > 0 || len(l.Packets) > 0:
		w.note("loss: netem cannot lose chosen packets, so here it loses none")
	}
	if l.ECN && len(w.words) > before {
		w.add("ecn")
	}
}

// spells writes bad weather in time as a model in packets, which it is for a sender that fills the link with full ones.
func (w *writer) spells(way *scenarios.Way, mtu int) {
	m := way.Loss.Spells
	switch each := way.Rate.Time(way.Overhead.Wire(mtu)); {
	case m == nil:
	case each == 0:
		w.note("loss: netem's states change with packets and not with time; without a rate nobody knows how many packets a spell has, so here it loses none")
	default:
		leave := func(mean time.Duration) netem.Probability {
			return netem.Probability(min(1, float64(each)/float64(mean)))
		}
		w.add("loss gemodel", percent(leave(m.MeanGood)), percent(leave(m.MeanBad)), percent(m.Bad), percent(m.Good))
		if way.Loss.ECN {
			w.add("ecn")
		}
		w.note("loss: netem's states change with packets and not with time; gemodel has spells as long only while full packets fill the link, and stands still while nothing is sent")
	}
}

// rest writes damage, duplicates and reordering.
func (w *writer) rest(way *scenarios.Way) {
	if c := way.Corrupt; c.Probability > 0 {
		w.add("corrupt", percent(c.Probability))
		w.uncorrelated("corrupt", c.Correlation)
		if c.FixChecksum {
			w.note("corrupt: netem leaves the checksums wrong, so damage becomes loss; the lab mends them here")
		}
	}
	if c := way.Duplicate; c.Probability > 0 {
		w.add("duplicate", percent(c.Probability))
		w.uncorrelated("duplicate", c.Correlation)
	}
	r := way.Reorder
	switch {
	case r.Probability == 0:
	case way.Delay.Base == 0:
		w.note("reorder: netem sends packets ahead of others that it delays; without a delay it cannot reorder")
	default:
		w.add("reorder", percent(r.Probability))
		if r.Gap > 1 {
			w.add("gap", fmt.Sprint(r.Gap))
		}
		w.uncorrelated("reorder", r.Correlation)
		if !r.Ahead {
			w.note("reorder: netem sends the chosen packets ahead by the whole delay; the lab holds them back by %v, and so reorders fewer", r.Delay)
		}
	}
}

func (w *writer) uncorrelated(what string, correlation netem.Probability) {
	if correlation > 0 {
		w.note("%s: the correlation is left out, since with it netem would hit next to nothing", what)
	}
}

func (w *writer) rate(way *scenarios.Way) {
	if way.Rate == 0 {
		return
	}
	w.add("rate", strings.ToLower(scenarios.FormatRate(way.Rate)))
	if way.Trace.File != "" {
		w.note("rate: netem's does not change, so here it is the mean of %s", way.Trace.File)
	}
	if law := way.Queue.Discipline; law != "" && law != "fifo" {
		w.note("queue: netem's own is drop-tail; tc has the likes of %s as qdiscs of their own, for the host before the slow line", law)
	}
	o := way.Overhead
	w.add(fmt.Sprint(o.Packet - etherHeader))
	if o.Cell > 0 {
		w.add(fmt.Sprint(o.Cell), fmt.Sprint(o.CellOverhead))
	}
	w.note("rate: netem counts the Ethernet header's 14 bytes too, so its overhead is 14 less than the lab's %d; "+
		"on an interface without one write %d", o.Packet, o.Packet)
}

func (w *writer) slot(s *scenarios.Slot) {
	if s.Base == 0 {
		return
	}
	if s.Distribution == "uniform" {
		w.add("slot", length(s.Base-s.Jitter), length(s.Base+s.Jitter))
	} else {
		w.add("slot distribution", w.table(s.Distribution), length(s.Base), length(s.Jitter))
	}
	if s.Packets > 0 {
		w.add("packets", fmt.Sprint(s.Packets))
	}
	if s.Bytes > 0 {
		w.add("bytes", fmt.Sprint(int64(s.Bytes)))
	}
}

// whole notes what is the scenario's and not a direction's.
func (w *writer) whole(s *scenarios.Scenario) {
	if len(s.Script) > 0 {
		w.note("script: netem knows no chosen packets")
	}
	if len(s.Timeline) > 0 {
		w.note("timeline: netem changes only when tc is run again; the line is that of the beginning")
	}
	if len(s.Outages) > 0 {
		w.note("timeline: netem knows no outages; tc with loss 100%% at their instants, and without behind them, is as near as it comes")
	}
	if len(s.Sweep.Vary) > 0 {
		w.note("sweep: the line is that of the scenario without it")
	}
}
