package chart

import (
	"fmt"
	"strings"
	"time"

	"gonum.org/v1/plot/vg/draw"

	"reliabilitylab/lab/trace"
	"reliabilitylab/netem"
)

// window is how many messages of a trial over a protocol built by hand may be under way, or 0 where nobody knows.
func (in Input) window(t Trial) int64 {
	if in.Scenario != nil {
		for i := range in.Scenario.Flows {
			if f := &in.Scenario.Flows[i]; f.Name == t.Trace.Flow && t.Protocol == "stop-and-wait" {
				return 1
			} else if f.Name == t.Trace.Flow {
				return int64(f.ARQ.Window)
			}
		}
	}
	return 0
}

// numberedExchange is exchangeOf of numbered datagrams: message n stands from n-1 to n. What is acknowledged are all messages up
// to one, as the sender knows it; of selective repeat an ACK beyond that stands by itself.
func numberedExchange(t Trial, window int64) *exchange {
	e := &exchange{trial: t, numbered: true}
	n := newNumberer()
	var back []*trace.Packet
	for i := range t.Trace.Packets {
		p := &t.Trace.Packets[i]
		switch {
		case !p.Header.Numbered():
		case p.Direction == t.Trace.Data && p.Of == 0:
			e.send(p, n.read(p))
		case p.Direction != t.Trace.Data && p.Fate == trace.Arrived && p.Harm == "" && p.Header.Flags == netem.FlagACK:
			back = append(back, p)
		}
	}
	sortByArrival(back, func(p *trace.Packet) time.Duration { return p.Arrived })
	single := t.Protocol == "selective-repeat"
	early := map[int64]bool{} // acknowledged beyond what all is
	var acked int64
	for _, p := range back {
		ack := int64(p.Header.Ack)
		switch {
		case ack <= acked:
			if ack > 0 {
				e.dups = append(e.dups, span{p.Arrived, ack, ack})
			}
		case single && ack > acked+1:
			early[ack] = true
			e.sacks = append(e.sacks, span{p.Arrived, ack - 1, ack})
		default:
			for acked = ack; early[acked+1]; acked++ {
				delete(early, acked+1)
			}
		}
		e.acks = append(e.acks, point{p.Arrived.Seconds(), float64(acked)})
		if window > 0 {
			e.window = append(e.window, point{p.Arrived.Seconds(), float64(acked + window)})
		}
		e.end = max(e.end, p.Arrived)
	}
	return e
}

// drawBeside lays several exchanges side by side: of each the whole, or its first part where all together would be too small to be
// read, the same time in all.
func drawBeside(all []*exchange, path string) *Drawing {
	subtitle := "as the senders see it"
	if path != "" {
		subtitle += "; " + path
	}
	table := newTable("trial", "item", "time_s", "from", "to")
	var parts []string
	for _, e := range all {
		e.list(&table)
		parts = append(parts, fmt.Sprintf("%s sent %d again", e.trial.Label, len(e.again)))
	}
	until := besideUntil(all)
	if until < longest(all) {
		subtitle = fmt.Sprintf("the first %s, %s", second.format(until.Seconds()), subtitle)
	}
	return &Drawing{
		Name: "time-sequence", Title: timeSequenceTitle, Width: width, Height: height, Points: table,
		Caption: "Bars are what was sent, at that instant; the lower line is what is acknowledged, the upper what may be sent. " + strings.Join(parts, ", ") + ".",
		Draw: func(c draw.Canvas) {
			c = timeSequenceLegend(frame(c, timeSequenceTitle, subtitle), all)
			tiles := draw.Tiles{Cols: len(all), Rows: 1, PadX: 18}
			panels := make([]timeSequencePanel, len(all))
			most := 0.0 // messages, the same in all panels that count them
			for i, e := range all {
				panels[i] = e.panelOf(0, until, e.end <= until)
				panels[i].title, panels[i].crowded = e.trial.Label, true
				if e.numbered {
					most = max(most, panels[i].high)
				}
			}
			for i, p := range panels {
				if p.low = 0; p.e.numbered {
					p.high = most
				}
				p.lay(tiles.At(c, i, 0), false)
			}
		},
	}
}

func longest(all []*exchange) (end time.Duration) {
	for _, e := range all {
		end = max(end, e.end+e.end/60)
	}
	return end
}

// besideUntil chooses how much time the panels show: a little more than twice what the fastest needs, so that the others are seen to
// be behind, or all where that is not much more.
func besideUntil(all []*exchange) time.Duration {
	end := longest(all)
	first := end
	for _, e := range all {
		first = min(first, e.end)
	}
	if until := first*9/4 + 1; until < end*2/3 {
		return until
	}
	return end
}
