package model

// ARQ is what the textbooks know of a link over which a sender repeats frames until they are acknowledged (automatic repeat
// request). Times are in frames: how many the link carries meanwhile. The utilisation is the share of the link's time in which it
// carries frames that count. p is the probability that a frame, or the ACK that was to answer it, is lost, each by itself.
//
// The forms of the textbooks (Stallings, Data and Computer Communications, appendix on the performance of error control; Bertsekas
// and Gallager, Data Networks, section 2.4, argue alike) let a lost frame be noticed when its ACK should have come, after 1 + 2a:
//
//	stop-and-wait      (1-p) / (1+2a)
//	go-back-N          (1-p) / (1+2ap)                        W >= 1+2a
//	                   W(1-p) / ((1+2a)(1-p+Wp))              W <  1+2a
//	selective repeat   1-p                                    W >= 1+2a
//	                   W(1-p) / (1+2a)                        W <  1+2a
//
// A real sender has a timeout T, which counts from the last ACK or sending (RFC 6298 section 5.3). The ACK of the frame before a lost
// one comes 2a behind it, T later the sender goes back, and if the frame is lost again, once more after T. So a frame takes
//
//	t + p(1 + 2a - t) + T*p/(1-p),  t = max(1, (1+2a)/W)
//
// on average, of which stop-and-wait is the case W = 1: 1 + 2a + T*p/(1-p).
type ARQ struct {
	A float64 // the one-way delay; half of the ACK's own time belongs to it
	W float64 // frames that may be under way
	T float64 // the timeout; 0: the forms of the textbooks
}

// turn is the time of a frame where none is lost.
func (q ARQ) turn() float64 { return max(1, (1+2*q.A)/q.W) }

// StopAndWait returns the utilisation; W does not matter.
func (q ARQ) StopAndWait(p float64) float64 {
	q.W = 1
	return q.GoBackN(p)
}

// GoBackN returns the utilisation.
func (q ARQ) GoBackN(p float64) float64 {
	turn, trip := q.turn(), 1+2*q.A
	if q.T == 0 {
		return (1 - p) / (float64((1-p)*turn) + float64(p*trip))
	}
	return 1 / (turn + float64(p*(trip-turn)) + q.T*p/(1-p))
}

// SelectiveRepeat returns the utilisation of a window that no loss ever closes: one of W frames is closed by a loss at its oldest
// until that is repaired, so a real one comes to less, the more so the nearer W is to 1 + 2a and the longer the timeout.
func (q ARQ) SelectiveRepeat(p float64) float64 { return (1 - p) / q.turn() }
