package tcp

import (
	"math/bits"
	"sort"
	"time"
)

// cubic is the congestion control of RFC 9438. In congestion avoidance the window is a cubic function of the time since
// the last reduction: it rises fast towards the window at which the network lost something (W_max), stays near it, and
// then goes on, faster and faster, to look for more. Where a Reno of the same average would have a larger window, that is
// followed (the Reno-friendly region). Slow start is HyStart++'s (hystart.go).
//
// The unit is the byte, so the equations of the RFC are multiplied by the MSS; the window itself moves in whole segments.
// All of it is integer arithmetic, rounded down, with time in microseconds.
type cubic struct {
	cubicState
	before cubicState // what it was before the last reduction, for Undo
	slow   hystart
}

// A cubicState is what RFC 9438 section 4.1.2 calls the variables of interest, but for those that the Window has.
type cubicState struct {
	epoch  bool          // congestion avoidance has begun since the last reduction
	start  time.Duration // when it did (t_epoch), on the Window's clock
	k      time.Duration // K: from start until the cubic function reaches max
	max    int           // W_max; 0 where no loss has told it
	prior  int           // cwnd_prior
	est    int64         // W_est, in 1/1024 of a byte
	credit int64         // growth that is not a whole segment yet, in bytes times bytes of the window
}

// Ack implements Congestion.
func (c *cubic) Ack(w *Window, a Ack) {
	n := a.Bytes
	if w.SlowStart() {
		if n = c.slowStart(w, a); n == 0 {
			return
		}
	}
	if a.Limited {
		c.avoid(w, a, n)
	}
}

// slowStart grows the window below the threshold and returns the bytes that were left over there.
func (c *cubic) slowStart(w *Window, a Ack) int {
	if w.Ssthresh != Unlimited { // HyStart++ is for the first slow start (RFC 9406 section 4.3)
		if !a.Limited {
			return 0
		}
		return growSlowStart(w, a.Bytes)
	}
	grow, over := c.slow.ack(w.MSS, a)
	if a.Limited {
		w.Cwnd += grow
	}
	if over { // section 4.10: W_max is undefined, and congestion avoidance begins here with K = 0
		w.Ssthresh = w.Cwnd
		c.prior = w.Cwnd
	}
	return 0
}

// avoid is congestion avoidance (sections 4.2 to 4.5).
func (c *cubic) avoid(w *Window, a Ack, n int) {
	if !c.epoch {
		c.begin(w)
	}
	c.credit += int64(n) * int64(c.target(w, a)-w.Cwnd)
	c.est += c.friendly(w, n)
	t := w.Clock - c.start
	if est := int(c.est >> 10); c.curve(w.MSS, t) < est {
		// The Reno-friendly region (section 4.3): the window is W_est, in whole segments.
		c.credit = 0
		if est > w.Cwnd {
			w.Cwnd += (est - w.Cwnd) / w.MSS * w.MSS
		}
		return
	}
	if whole := int64(w.Cwnd) * int64(w.MSS); c.credit >= whole {
		k := c.credit / whole
		c.credit -= k * whole
		w.Cwnd += int(k) * w.MSS
	}
}

// begin begins an epoch of congestion avoidance with the window there is: cwnd_epoch.
func (c *cubic) begin(w *Window) {
	c.epoch, c.start, c.credit = true, w.Clock, 0
	c.est = int64(w.Cwnd) << 10
	c.prior = max(c.prior, w.Cwnd)
	if c.max <= w.Cwnd { // after a timeout, or where the window was not lowered (sections 4.8 and 4.10)
		c.max, c.k = w.Cwnd, 0
		return
	}
	// K is the cube root of (W_max - cwnd_epoch) / C (equation 2): the time in which the function rises so far.
	up := c.max - w.Cwnd
	c.k = time.Microsecond * time.Duration(sort.Search(int(longestRise/time.Microsecond), func(us int) bool {
		return rise(w.MSS, time.Duration(us)*time.Microsecond) >= up
	}))
}

// target is where the window should be a round trip from now, at least what it is and at most half as much more
// (section 4.2).
func (c *cubic) target(w *Window, a Ack) int {
	return min(max(c.curve(w.MSS, w.Clock-c.start+a.SRTT), w.Cwnd), w.Cwnd+w.Cwnd/2)
}

// curve is W_cubic(t), equation 1.
func (c *cubic) curve(mss int, t time.Duration) int {
	if t < c.k {
		return c.max - rise(mss, c.k-t)
	}
	return c.max + rise(mss, t-c.k)
}

// longestRise is enough for the cubic function to rise by any window: by 10 million segments.
const longestRise = 300 * time.Second

// rise is C d³ segments of that size, with the recommended C of 0.4 a second³ (section 5.1): 2 mss d³ / 5, with d in
// microseconds.
func rise(mss int, d time.Duration) int {
	us := uint64(min(d, longestRise) / time.Microsecond)
	hi, lo := bits.Mul64(us*us, 2*uint64(mss)*us)
	q, _ := bits.Div64(hi, lo, 5e18)
	return int(q)
}

// friendly is by how much n bytes acknowledged raise W_est (section 4.3): alpha segments a window of them. Alpha is
// 3 (1-beta)/(1+beta) = 9/17, until the estimate has come back to the window of the last reduction; then it is 1.
func (c *cubic) friendly(w *Window, n int) int64 {
	up := int64(n) * int64(w.MSS) << 10
	if c.est>>10 < int64(c.prior) {
		return up * 9 / (17 * int64(w.Cwnd))
	}
	return up / int64(w.Cwnd)
}

// Loss implements Congestion: section 4.6, with beta 0.7 of what is in flight, and fast convergence (section 4.7): a flow
// that loses something before it is where it was the last time leaves room for others.
func (c *cubic) Loss(w *Window, _ time.Duration) int {
	c.before = c.cubicState
	c.epoch = false
	c.prior = w.Cwnd
	if w.Cwnd < c.max {
		c.max = w.Cwnd * 17 / 20
	} else {
		c.max = w.Cwnd
	}
	return max(min(w.Flight, w.Cwnd)*7/10, 2*w.MSS)
}

// Timeout implements Congestion: as a loss, but of W_max nothing is known any more (section 4.8).
func (c *cubic) Timeout(w *Window, now time.Duration) int {
	ssthresh := c.Loss(w, now)
	c.max = 0
	return ssthresh
}

// Undo implements Congestion (section 4.9).
func (c *cubic) Undo(*Window) { c.cubicState = c.before }
