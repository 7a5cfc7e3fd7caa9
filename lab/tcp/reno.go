package tcp

import "time"

// reno is the congestion control of RFC 5681, counting bytes (RFC 3465): one segment more for each segment acknowledged
// in slow start, one more for each window acknowledged in congestion avoidance, half on a loss.
type reno struct{}

func (reno) Ack(w *Window, a Ack) {
	if !a.Limited {
		return
	}
	n := a.Bytes
	if w.SlowStart() {
		n = growSlowStart(w, n)
	}
	growLinear(w, n)
}

// growSlowStart grows the window by the n bytes acknowledged, by two segments an ACK at most (RFC 3465 section 2.3's
// L = 2; 1 after a timeout), and not beyond the threshold. It returns the bytes that were left over there.
func growSlowStart(w *Window, n int) int {
	limit := 2 * w.MSS
	if w.Phase == Loss {
		limit = w.MSS
	}
	grow := min(n, limit)
	if room := w.Ssthresh - w.Cwnd; grow > room {
		w.Cwnd = w.Ssthresh
		return n - room
	}
	w.Cwnd += grow
	return 0
}

// growLinear grows the window by one segment for each window of bytes acknowledged (RFC 3465 section 2.1).
func growLinear(w *Window, n int) {
	w.grown += n
	if w.grown >= w.Cwnd {
		w.grown -= w.Cwnd
		w.Cwnd += w.MSS
	}
}

func (reno) Loss(w *Window, _ time.Duration) int { return half(w) }

func (reno) Timeout(w *Window, _ time.Duration) int { return half(w) }

func (reno) Undo(*Window) {}

// half is RFC 5681's equation (4): half of what is in flight, at least two segments. What limited transmit has sent
// beyond the window does not count (RFC 3042).
func half(w *Window) int { return max(min(w.Flight, w.Cwnd)/2, 2*w.MSS) }
