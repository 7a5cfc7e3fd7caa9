package chart

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"

	"reliabilitylab/lab/trace"
	"reliabilitylab/netem"
)

// window: what congestion control of the data sender did. Above, the congestion window, the slow start threshold and the
// bytes in flight, on the ground of the phases; below, the round-trip time as the sender estimates it (RFC 6298) and the
// timeout that it sets.

const windowTitle = "Window: how much may be under way, and why it changes"

// A windowSeries is one connection's samples as lines over time.
type windowSeries struct {
	trial              Trial
	mss                int // as it is in the end: the handshake settles it; 0 if it is not known
	cwnd               []point
	ssthresh           [][]point // a line for each time in which there is one: undoing the first reduction takes it away again
	bounded            bool      // there is one now
	flight, offered    []point
	srtt, rtt0, rtt1   []point // the estimate, less and more by its variation
	rto                []point
	phases             []phase
	timeouts, repaired []time.Duration
	undone             []time.Duration // when it turned out that one of these was for nothing
	lost               []time.Duration // when packets with data were sent that did not get there
	marked             []time.Duration // when those were sent that got there with a congestion mark
	top                float64         // the highest cwnd and flight
	end                time.Duration
}

// A phase is a time in which congestion control did one thing.
type phase struct {
	name     string
	from, to time.Duration
}

// mostWindows is how many connections have room one below the other; then they have no room for times.
const mostWindows = 4

func newWindow(in Input) (*Drawing, error) {
	var all []*windowSeries
	table := windowTable()
	more := 0
	for _, t := range in.Trials {
		if t.Trace == nil || t.Trace.Protocol != "tcp" {
			continue
		}
		s := senderSamples(t.Trace)
		switch {
		case len(s) == 0:
		case len(all) == mostWindows:
			more++
		default:
			all = append(all, windowSeriesOf(t, s, &table))
		}
	}
	switch len(all) {
	case 0:
		return nil, nil
	case 1:
		return all[0].drawing(pathInWords(in.Scenario), table), nil
	}
	return severalWindows(all, more, pathInWords(in.Scenario), table), nil
}

func windowTable() Table {
	return newTable("trial", "time_s", "event", "phase", "cwnd_bytes", "ssthresh_bytes", "in_flight_bytes", "offered_window_bytes",
		"mss_bytes", "srtt_s", "rttvar_s", "rto_s")
}

// senderSamples returns the samples of the data sender's first connection.
func senderSamples(t *trace.Trace) []*trace.TCPSample {
	host := t.Client.Name
	if t.Data == netem.Reverse {
		host = t.Server.Name
	}
	var out []*trace.TCPSample
	for i := range t.TCP {
		s := &t.TCP[i]
		if s.Connection == nil || s.Host != host || len(out) > 0 && (out[0].Local != s.Local || out[0].Peer != s.Peer) {
			continue
		}
		out = append(out, s)
	}
	return out
}

// windowSeriesOf turns samples into lines, in bytes and seconds, and lists them in the table.
func windowSeriesOf(t Trial, samples []*trace.TCPSample, table *Table) *windowSeries {
	w := &windowSeries{trial: t, mss: samples[len(samples)-1].MSS, end: samples[len(samples)-1].At}
	id := word(t.ID)
	positive := func(n int) cell {
		if n <= 0 {
			return none
		}
		return integer(int64(n))
	}
	known := func(d time.Duration) cell {
		if d <= 0 {
			return none
		}
		return seconds(d)
	}
	for _, s := range samples {
		table.add(id, seconds(s.At), word(s.Event), word(s.Phase), positive(s.Cwnd), positive(s.Ssthresh), integer(int64(s.InFlight)),
			positive(s.SendWnd), positive(s.MSS), known(s.SRTT), known(s.RTTVar), known(s.RTO))
		w.take(s)
	}
	if n := len(w.phases); n > 0 {
		w.phases[n-1].to = w.end
	}
	if w.mss > 0 {
		size := float64(w.mss)
		for _, pts := range append([][]point{w.cwnd, w.flight, w.offered}, w.ssthresh...) {
			for i := range pts {
				pts[i].Y /= size
			}
		}
		w.top /= size
	}
	for i := range t.Trace.Packets {
		p := &t.Trace.Packets[i]
		switch {
		case p.Direction != t.Trace.Data || p.Header.Protocol != netem.TCP || p.Header.Payload == 0 || p.Of != 0:
		case p.Fate == trace.Lost:
			w.lost = append(w.lost, p.Sent)
		case p.Marked != "":
			w.marked = append(w.marked, p.Sent)
		}
	}
	return w
}

// take adds one sample.
func (w *windowSeries) take(s *trace.TCPSample) {
	x := s.At.Seconds()
	add := func(pts *[]point, v int) {
		if v > 0 || len(*pts) > 0 {
			*pts = append(*pts, point{x, float64(v)})
		}
	}
	add(&w.cwnd, s.Cwnd)
	w.threshold(x, s.Ssthresh)
	add(&w.offered, s.SendWnd)
	w.flight = append(w.flight, point{x, float64(s.InFlight)})
	w.top = max(w.top, float64(s.Cwnd), float64(s.InFlight))
	if s.SRTT > 0 {
		w.srtt = append(w.srtt, point{x, s.SRTT.Seconds()})
		w.rtt0 = append(w.rtt0, point{x, max(0, s.SRTT-s.RTTVar).Seconds()})
		w.rtt1 = append(w.rtt1, point{x, (s.SRTT + s.RTTVar).Seconds()})
	}
	if s.RTO > 0 {
		w.rto = append(w.rto, point{x, s.RTO.Seconds()})
	}
	was := ""
	if n := len(w.phases); n > 0 {
		was = w.phases[n-1].name
	}
	switch s.Event {
	case "timeout":
		w.timeouts = append(w.timeouts, s.At)
	case "spurious recovery", "spurious timeout":
		w.undone = append(w.undone, s.At)
	}
	if s.Phase == was || s.Phase == "" || s.Cwnd <= 0 { // until the handshake is over there is nothing to control
		return
	}
	if s.Phase == "recovery" {
		w.repaired = append(w.repaired, s.At)
	}
	if n := len(w.phases); n > 0 {
		w.phases[n-1].to = s.At
	}
	w.phases = append(w.phases, phase{s.Phase, s.At, s.At})
}

// threshold adds the slow start threshold at an instant; 0 is none.
func (w *windowSeries) threshold(x float64, v int) {
	n := len(w.ssthresh)
	switch {
	case v > 0 && w.bounded:
		w.ssthresh[n-1] = append(w.ssthresh[n-1], point{x, float64(v)})
	case v > 0:
		w.ssthresh = append(w.ssthresh, []point{{x, float64(v)}})
	case w.bounded: // the line ends here
		last := w.ssthresh[n-1]
		w.ssthresh[n-1] = append(last, point{x, last[len(last)-1].Y})
	}
	w.bounded = v > 0
}

func (w *windowSeries) drawing(path string, table Table) *Drawing {
	subtitle := w.trial.Label
	if path != "" {
		subtitle += "; " + path
	}
	return &Drawing{
		Name: "window", Title: windowTitle, Width: width, Height: height, Points: table,
		Caption: fmt.Sprintf("%d recoveries and %d timeouts; each lets fewer bytes be in flight, and then the window grows again.", len(w.repaired), len(w.timeouts)),
		Draw: func(c draw.Canvas) {
			c = frame(c, windowTitle, subtitle)
			upper, lower := c, c
			lower.Max.Y = c.Min.Y + (c.Max.Y-c.Min.Y)*0.4
			upper.Min.Y = lower.Max.Y + 8
			w.paintWindow(upper)
			w.paintTimes(lower)
		},
	}
}

// severalWindows draws connections one below the other, in the same scales.
func severalWindows(all []*windowSeries, more int, path string, table Table) *Drawing {
	common := windowSeries{mss: all[0].mss}
	for _, w := range all {
		common.end, common.top = max(common.end, w.end), max(common.top, w.top)
		common.phases = append(common.phases, w.phases...)
		common.ssthresh = append(common.ssthresh, w.ssthresh...)
		common.timeouts, common.repaired = append(common.timeouts, w.timeouts...), append(common.repaired, w.repaired...)
		common.undone = append(common.undone, w.undone...)
		common.lost, common.marked = append(common.lost, w.lost...), append(common.marked, w.marked...)
		if w.mss != common.mss {
			common.mss = 0
		}
	}
	bound := slices.ContainsFunc(all, (*windowSeries).bound)
	subtitle := path
	if more > 0 {
		subtitle += fmt.Sprintf(" (%d of %d connections)", len(all), len(all)+more)
	}
	return &Drawing{
		Name: "window", Title: windowTitle, Width: width, Height: height, Points: table,
		Caption: fmt.Sprintf("%d recoveries and %d timeouts in all; each lets fewer bytes be in flight, and then the window grows again.", len(common.repaired), len(common.timeouts)),
		Draw: func(c draw.Canvas) {
			c = common.legend(frame(c, windowTitle, subtitle), bound)
			const gap = 12
			numbers := 1.2 * sizeTick // below the last panel
			high := (c.Max.Y - c.Min.Y - 2*numbers - vg.Length(len(all)-1)*gap) / vg.Length(len(all))
			for i, w := range all {
				part := c
				part.Max.Y = c.Max.Y - vg.Length(i)*(high+gap)
				part.Min.Y = part.Max.Y - high
				axes := w.axes(common.end.Seconds(), common.top)
				axes.Title, axes.Above = w.trial.Label, true
				axes.Y.Label, _, _ = strings.Cut(axes.Y.Label, " ") // the whole of it is longer than the panel is high
				if i == len(all)-1 {
					part.Min.Y, axes.Above, axes.X.Label = c.Min.Y, false, "Time"
				}
				w.paint(part, axes)
			}
		},
	}
}

// phaseColors are the grounds of the phases, light enough to write on; a phase without one stays white.
var phaseColors = map[string]uint32{"slow start": 0xdcefe6, "recovery": 0xfde8c8, "loss": 0xf6d5cc, "congestion avoidance": 0xeaf2fa}

// phaseNames are the phases in the order of the legend.
var phaseNames = [...]string{"slow start", "congestion avoidance", "recovery", "loss"}

// usedPhases returns which of phaseNames occur.
func (w *windowSeries) usedPhases() []string {
	var out []string
	for _, name := range phaseNames {
		if slices.ContainsFunc(w.phases, func(p phase) bool { return p.name == name }) {
			out = append(out, name)
		}
	}
	return out
}

// windowLeft is the room for numbers at the left of both panels, so that their times line up.
const windowLeft vg.Length = 66
