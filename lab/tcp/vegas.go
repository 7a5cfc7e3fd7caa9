package tcp

import "time"

// The parameters of Vegas as Linux has them, in segments.
const (
	vegasAlpha = 2
	vegasBeta  = 4
	vegasGamma = 1
)

// vegas is the congestion control of Brakmo and Peterson ("TCP Vegas: End to End Congestion Avoidance on a Global
// Internet", IEEE JSAC 13(8), 1995), with the parameters and the once-a-round-trip rhythm of Linux: cwnd (RTT-base)/RTT is what
// lies in the queue, and the window moves by a segment so that it is from alpha to beta. The least round-trip time ever is
// taken for that of the empty path. Slow start ends when more than gamma lies in the queue. A loss halves, as in Reno.
//
// Linux computes cwnd (RTT-base)/base, which is the same where the queue is short, and so does this; Linux forgets
// the base when a connection has been idle, which here it does not, and lets the window grow where the program leaves it
// unused, which here it does not.
type vegas struct {
	base, min time.Duration // least RTT ever, and of this round trip; 0 before the first sample
	samples   int           // of this round trip
	end       Seq           // this round trip ends when this is acknowledged
	begun     bool          // there is one: no loss came since
}

// Ack implements Congestion.
func (v *vegas) Ack(w *Window, a Ack) {
	if a.RTT > 0 {
		v.base = least(v.base, a.RTT)
		v.min = least(v.min, a.RTT)
		v.samples++
	}
	switch {
	case !v.begun:
		v.round(a)
	case v.end.Less(a.Una):
		v.adjust(w, a)
		v.round(a)
		return
	}
	if a.Limited && w.SlowStart() {
		growSlowStart(w, a.Bytes)
	}
}

// round begins a round trip.
func (v *vegas) round(a Ack) { v.begun, v.end, v.min, v.samples = true, a.Next, 0, 0 }

// adjust moves the window at the end of a round trip.
func (v *vegas) adjust(w *Window, a Ack) {
	if v.samples <= 2 { // perhaps all of them delayed ACKs: as Reno
		reno{}.Ack(w, a)
		return
	}
	queued := int(scale(int64(w.Cwnd), int64(v.min-v.base), int64(v.base)))
	switch {
	case w.SlowStart() && queued > vegasGamma*w.MSS:
		w.Cwnd = min(w.Cwnd, int(scale(int64(w.Cwnd), int64(v.base), int64(v.min)))+w.MSS)
		v.lower(w)
	case w.SlowStart():
		if a.Limited {
			growSlowStart(w, a.Bytes)
		}
	case queued > vegasBeta*w.MSS:
		w.Cwnd -= w.MSS
		v.lower(w)
	case queued < vegasAlpha*w.MSS && a.Limited:
		w.Cwnd += w.MSS
	}
	w.Cwnd = max(w.Cwnd, 2*w.MSS)
}

// lower keeps the threshold below the window, so that slow start does not come back.
func (v *vegas) lower(w *Window) { w.Ssthresh = max(min(w.Ssthresh, w.Cwnd-w.MSS), 2*w.MSS) }

// Loss implements Congestion.
func (v *vegas) Loss(w *Window, _ time.Duration) int {
	v.begun = false
	return half(w)
}

// Timeout implements Congestion.
func (v *vegas) Timeout(w *Window, now time.Duration) int { return v.Loss(w, now) }

// Undo implements Congestion.
func (*vegas) Undo(*Window) {}

// least is the lesser of two samples, of which a may be none.
func least(a, b time.Duration) time.Duration {
	if a == 0 || b < a {
		return b
	}
	return a
}
