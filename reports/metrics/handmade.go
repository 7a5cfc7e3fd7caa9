package metrics

import (
	"time"

	"reliabilitylab/lab/trace"
	"reliabilitylab/netem"
)

// numbered tells whether the flow's datagrams are numbered (netem.Numbered): the flow runs over a protocol built by hand.
func (w *wire) numbered() bool {
	return len(w.all) > 0 && w.packets[w.all[0].row].Header.Numbered()
}

// handMade sets the metrics of what the sender of numbered datagrams sent, data and end; they are TCP's, with a message for a
// segment and its number for a sequence number.
//
//	segments_sent retransmissions spurious_retransmissions   as of TCP (see segments)
//	retransmissions_rto   those sent after a timeout, be it their own or, in go-back-n, that of a message before them
//	timeouts              how often nothing was heard of a message in time
func (m values) handMade(w *wire) {
	segments := make([]segment, 0, len(w.all))
	var high int64
	timeouts := 0
	for i := range w.all {
		s := &w.all[i]
		p := &w.packets[s.row]
		if p.Header.Flags&(netem.FlagPSH|netem.FlagFIN) == 0 || p.Header.Flags&netem.FlagACK != 0 {
			continue
		}
		from := int64(p.Header.Seq)
		segments = append(segments, segment{row: s.row, again: from < high, from: from, to: from + 1, sent: s.sent, taken: s.taken})
		high = max(high, from+1)
		if p.Reason == "timeout" {
			timeouts++
		}
	}
	m.segments(w, segments, cutsOf(segments))
	delete(m, "retransmissions_fast")
	delete(m, "retransmissions_tlp")
	m["timeouts"] = float64(timeouts)
}

// numberedComplete is datagramsComplete of numbered datagrams.
func (w *wire) numberedComplete(t *trace.Trace) []time.Duration {
	complete := make([]time.Duration, len(t.Messages))
	for i := range complete {
		complete[i] = trace.Never
	}
	for i := range w.all {
		s := &w.all[i]
		n := int64(w.packets[s.row].Header.Seq) - 1
		if s.taken == trace.Never || n < 0 || n >= int64(len(complete)) || t.Messages[n].Offset < 0 || s.payload != t.Messages[n].Size {
			continue
		}
		if complete[n] == trace.Never || s.taken < complete[n] {
			complete[n] = s.taken
		}
	}
	return complete
}
