package tcp

import "time"

// The parameters of HyStart++ as RFC 9406 section 4.3 recommends them.
const (
	hystartMinThresh = 4 * time.Millisecond
	hystartMaxThresh = 16 * time.Millisecond
	hystartDivisor   = 8
	hystartSamples   = 8
	cssGrowthDivisor = 4
	cssRounds        = 5
	hystartL         = 8 // segments an ACK may count for, where nothing paces
)

// A hystart is HyStart++ (RFC 9406): a first slow start that looks at the round-trip time and ends before it has filled
// the queue to the brim. Round trips are counted by sequence numbers. When the least round-trip time of one is larger
// than the last one's by an eighth (4 to 16 ms), the window grows at a quarter of the speed for up to five round trips
// (conservative slow start); if the round-trip time falls again meanwhile it was jitter, and slow start goes on.
//
// Linux has the older HyStart, which ends slow start at once, at such an increase or at the end of a train of ACKs.
type hystart struct {
	begun     bool
	end       Seq           // this round trip ends when this is acknowledged: windowEnd
	last, min time.Duration // lastRoundMinRTT, currentRoundMinRTT; Never before the first sample
	samples   int           // of this round trip
	css       bool          // in conservative slow start
	baseline  time.Duration // cssBaselineMinRtt
	rounds    int           // ended since it began
}

// ack takes an ACK of the first slow start. It returns by how much the window grows, and whether slow start is over.
func (h *hystart) ack(mss int, a Ack) (grow int, over bool) {
	if !h.begun {
		*h = hystart{begun: true, end: a.Next, last: Never, min: Never}
	}
	grow = min(a.Bytes, hystartL*mss)
	if h.css {
		grow /= cssGrowthDivisor
	}
	if a.RTT > 0 {
		h.min = min(h.min, a.RTT)
		h.samples++
	}
	if h.samples >= hystartSamples && h.last != Never {
		h.judge()
	}
	if h.end.LessEq(a.Una) {
		h.end = a.Next
		h.last, h.min, h.samples = h.min, Never, 0
		if h.css {
			h.rounds++
		}
	}
	return grow, h.rounds == cssRounds
}

// judge compares this round trip with the last one, or, in conservative slow start, with the one that began it.
func (h *hystart) judge() {
	if h.css {
		if h.min < h.baseline {
			h.css, h.rounds = false, 0
		}
		return
	}
	thresh := max(hystartMinThresh, min(h.last/hystartDivisor, hystartMaxThresh))
	if h.min >= h.last+thresh {
		h.css, h.baseline, h.rounds = true, h.min, 0
	}
}
