package chart

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"gonum.org/v1/plot/vg/draw"

	"reliabilitylab/lab/trace"
	"reliabilitylab/netem"
	"reliabilitylab/scenarios"
)

// queue: what waits before the bottleneck in the direction of the data. A column a trial, all with the same axes: above, how
// many packets wait, and which of the trial's packets the queue dropped or marked; below, how long each of them had waited
// when it left.

const queueTitle = "Queue: what waits before the bottleneck, and how long"

// mostQueues is how many trials stand side by side; of more, the first of each protocol do.
const mostQueues = 3

// A queueSeries is one trial's queue.
type queueSeries struct {
	trial         Trial
	length        []point // over time
	waits         []point // of the packets with data: when they were sent or died, and how long they had waited
	full, early   []point // those that died, because the queue was full or earlier, at the length it had then
	marked        []point
	longest, mean float64
	median        time.Duration
	end           float64
}

func newQueue(in Input) (*Drawing, error) {
	table := newTable("trial", "item", "time_s", "packets", "id", "wait_s", "cause")
	var all []*queueSeries
	for _, t := range queueTrials(in.Trials) {
		all = append(all, queueSeriesOf(t, &table))
	}
	if len(all) == 0 {
		return nil, nil
	}
	set := in.way(all[0].trial.Trace).Queue
	words := pathInWords(in.Scenario)
	return &Drawing{
		Name: "queue", Title: queueTitle, Width: width, Height: height, Points: table, Caption: queueCaption(all),
		Draw: func(c draw.Canvas) { paintQueues(frame(c, queueTitle, words), all, set) },
	}, nil
}

// queueTrials returns the trials that stand in the chart: of those with a queue that was ever used.
func queueTrials(trials []Trial) []Trial {
	var used []Trial
	for _, t := range trials {
		if t.Trace != nil && slices.ContainsFunc(t.Trace.Queue, func(q trace.QueueLength) bool { return q.Direction == t.Trace.Data }) {
			used = append(used, t)
		}
	}
	if len(used) <= mostQueues {
		return used
	}
	var out []Trial
	for _, p := range scenarios.Protocols {
		if i := slices.IndexFunc(used, func(t Trial) bool { return t.Protocol == p.Name }); i >= 0 && len(out) < mostQueues {
			out = append(out, used[i])
		}
	}
	return out
}

// queueSeriesOf reads one trial and lists it.
func queueSeriesOf(t Trial, table *Table) *queueSeries {
	q := &queueSeries{trial: t, length: []point{{0, 0}}}
	id := word(t.ID)
	var area float64
	for i := range t.Trace.Queue {
		s := &t.Trace.Queue[i]
		if s.Direction != t.Trace.Data {
			continue
		}
		table.add(id, word("queue"), seconds(s.At), integer(int64(s.Packets)), none, none, none)
		p, last := point{s.At.Seconds(), float64(s.Packets)}, q.length[len(q.length)-1]
		area += float64(last.Y * float64(p.X-last.X))
		q.length = append(q.length, p)
		q.longest = max(q.longest, p.Y)
	}
	q.end = q.length[len(q.length)-1].X
	if q.end > 0 {
		q.mean = area / q.end
	}
	q.packets(table)
	return q
}

// packets reads what became of the packets with data, in the order in which they left the queue.
func (q *queueSeries) packets(table *Table) {
	t := q.trial.Trace
	var rows []*trace.Packet
	for i := range t.Packets {
		p := &t.Packets[i]
		if p.Direction == t.Data && p.Header.Payload > 0 && p.Of == 0 && p.Fate != trace.InFlight {
			rows = append(rows, p)
		}
	}
	slices.SortStableFunc(rows, func(a, b *trace.Packet) int { return cmp.Compare(a.Left(), b.Left()) })
	var waits []time.Duration
	at := 0 // in length
	for _, p := range rows {
		x := p.Left().Seconds()
		for at+1 < len(q.length) && q.length[at+1].X <= x {
			at++
		}
		there := point{x, q.length[at].Y}
		item := "sent"
		switch {
		case p.Fate == trace.Lost && p.Cause == netem.CauseQueueFull:
			item, q.full = "dropped", append(q.full, there)
		case p.Fate == trace.Lost && slices.Contains(earlyCauses, p.Cause):
			item, q.early = "dropped", append(q.early, there)
		case p.Marked != "":
			item, q.marked = "marked", append(q.marked, there)
		}
		why := p.Cause
		if item == "marked" {
			why = p.Marked
		} else if item == "sent" {
			why = "" // what happened to it behind the queue is not this chart's
		}
		table.add(word(q.trial.ID), word(item), seconds(p.Left()), integer(int64(there.Y)), integer(int64(p.ID)), seconds(p.Waited), word(string(why)))
		if item != "dropped" {
			q.waits = append(q.waits, point{x, p.Waited.Seconds()})
			waits = append(waits, p.Waited)
		}
		q.end = max(q.end, x)
	}
	if n := len(waits); n > 0 {
		slices.Sort(waits)
		q.median = waits[(n-1)/2]
	}
}

// earlyCauses are those of queues that drop before they are full.
var earlyCauses = []netem.Cause{netem.CauseRED, netem.CauseCoDel, netem.CausePIE}

func queueCaption(all []*queueSeries) string {
	var parts []string
	for _, q := range all {
		s := fmt.Sprintf("%s: %s packets wait on average and %s at most, half of what is sent longer than %s",
			q.trial.Label, count.format(q.mean), count.format(q.longest), second.format(q.median.Seconds()))
		if n := len(q.full) + len(q.early); n > 0 {
			s += fmt.Sprintf("; %s dropped", count.format(float64(n)))
		}
		if n := len(q.marked); n > 0 {
			s += fmt.Sprintf("; %s marked", count.format(float64(n)))
		}
		parts = append(parts, s)
	}
	return strings.Join(parts, ". ") + "."
}
