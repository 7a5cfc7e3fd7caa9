package tcp

import "time"

// westwoodInterval is the least time over which Linux's Westwood counts ACKs.
const westwoodInterval = 50 * time.Millisecond

// westwood is TCP Westwood+ (Mascolo, Grieco et al., "Performance evaluation of Westwood+ TCP congestion control",
// Performance Evaluation 55, 2004). It grows as Reno does and estimates the bandwidth from the bytes that ACKs say have
// arrived, once a round trip (at least 50 ms), through two filters that each take an eighth of what is new. A loss lowers the
// window to what the path takes without a queue: bandwidth times the least round-trip time.
//
// Linux halves at a fast retransmit, and sets window and threshold to the estimate when the recovery is over, even if
// that is more than before; here it is set at once and never raises the window. Linux guesses what a duplicate ACK has
// delivered; here SACK says it.
type westwood struct {
	begun       bool
	since       time.Duration // when this interval began
	bytes       int           // delivered in it
	fast, slow  int64         // bytes a second: after one filter, after both
	rtt, minRTT time.Duration // latest, and least; 0 before the first
	forget      bool          // the least RTT is of another path, perhaps: the next sample takes its place
}

// Sample implements Sampler.
func (k *westwood) Sample(_ *Window, s *Sample) {
	if !k.begun {
		k.begun, k.since = true, s.Now
	}
	if s.RTT > 0 {
		k.rtt = s.RTT
		if k.minRTT = least(k.minRTT, s.RTT); k.forget {
			k.minRTT, k.forget = s.RTT, false
		}
	}
	k.bytes += s.Delivered
	if d := s.Now - k.since; k.rtt > 0 && d > max(k.rtt, westwoodInterval) {
		rate := scale(int64(k.bytes), int64(time.Second), int64(d))
		if k.slow == 0 {
			k.fast, k.slow = rate, rate
		} else {
			k.fast = (7*k.fast + rate) / 8
			k.slow = (7*k.slow + k.fast) / 8
		}
		k.since, k.bytes = s.Now, 0
	}
}

// Ack implements Congestion.
func (*westwood) Ack(w *Window, a Ack) { reno{}.Ack(w, a) }

// Loss implements Congestion.
func (k *westwood) Loss(w *Window, _ time.Duration) int {
	if k.slow == 0 {
		return half(w)
	}
	return max(min(int(scale(k.slow, int64(k.minRTT), int64(time.Second))), w.Cwnd), 2*w.MSS)
}

// Timeout implements Congestion.
func (k *westwood) Timeout(w *Window, now time.Duration) int {
	k.forget = true
	return k.Loss(w, now)
}

// Undo implements Congestion.
func (k *westwood) Undo(*Window) { k.forget = false }
