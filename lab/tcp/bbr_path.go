package tcp

import "time"

// A bbrPath is BBR's model of the path (draft-ietf-ccwg-bbr-06 section 5.5).
type bbrPath struct {
	delivered  int64 // C.delivered
	roundEnd   int64 // a round trip ends when what was sent after so much was delivered arrives
	roundStart bool  // this ACK begins a round trip
	rounds     int
	sinceUp    int // rounds_since_probe_up

	bw      int64    // the least of the bounds on the rate
	filter  [2]int64 // max_bw_filter: the highest rate of this probing cycle, and of the last
	bwShort int64    // bw_shortterm

	minRTT, probeMin     time.Duration
	minRTTAt, probeMinAt time.Duration
	probeExpired         bool

	extra          windowedMax // extra_acked_filter
	extraSince     time.Duration
	extraDelivered int

	short, long    int // inflight_shortterm, inflight_longterm
	bwLatest       int64
	inflightLatest int64
	lossRoundEnd   int64
	lossRoundStart bool
	lossInRound    bool
	lossEvents     int  // ACKs that told of losses, in this round
	lost           bool // this ACK did

	full        int64 // full_bw
	fullCount   int
	fullNow     bool
	fullReached bool
}

func (p *bbrPath) maxBandwidth() int64 { return max(p.filter[0], p.filter[1]) }

// startRound begins a round trip with what is sent now (section 5.5.1).
func (p *bbrPath) startRound() { p.roundEnd = p.delivered }

// updateLatest is UpdateLatestDeliverySignals (section 5.5.10.3).
func (p *bbrPath) updateLatest(s *Sample) {
	r := s.Rate
	p.delivered = s.Total
	p.lossRoundStart = false
	p.bwLatest = max(p.bwLatest, r.Rate())
	p.inflightLatest = max(p.inflightLatest, r.Delivered)
	if r.Delivered > 0 && r.Prior >= p.lossRoundEnd {
		p.lossRoundEnd = p.delivered
		p.lossRoundStart = true
	}
}

// updateCongestion is UpdateCongestionSignals: the highest rate, and once a round trip with losses the short-term bounds.
func (b *bbr) updateCongestion(w *Window, s *Sample) {
	r := s.Rate
	if b.roundStart = r.Delivered > 0 && r.Prior >= b.roundEnd; b.roundStart {
		b.startRound()
		b.rounds++
		b.sinceUp++
	}
	if rate := r.Rate(); rate > 0 && (rate >= b.maxBandwidth() || !r.Idle) {
		b.filter[0] = max(b.filter[0], rate)
	}
	if !b.lossRoundStart {
		return
	}
	if b.lossInRound && b.state != bbrStartup && b.state != bbrRefill && b.state != bbrUp {
		if b.bwShort == infiniteRate {
			b.bwShort = b.maxBandwidth()
		}
		if b.short == infiniteSize {
			b.short = w.Cwnd
		}
		b.bwShort = max(b.bwLatest, scale(b.bwShort, bbrBeta, 100))
		b.short = max(int(b.inflightLatest), b.short*bbrBeta/100)
	}
	b.lossInRound = false
}

func (p *bbrPath) resetShortTerm() { p.bwShort, p.short = infiniteRate, infiniteSize }

// updateAggregation is UpdateACKAggregation (section 5.5.9): how much more was acknowledged than the rate explains.
func (b *bbr) updateAggregation(w *Window, s *Sample) {
	expected := scale(b.bw, int64(s.Now-b.extraSince), int64(time.Second))
	if int64(b.extraDelivered) <= expected {
		b.extraDelivered, b.extraSince, expected = 0, s.Now, 0
	}
	b.extraDelivered += s.Delivered
	rounds := 1
	if b.fullReached {
		rounds = bbrExtraRounds
	}
	b.extra.add(b.rounds, min(b.extraDelivered-int(expected), w.Cwnd), rounds)
}

// checkFullBandwidth looks for the plateau of the rate (section 5.3.1.2): three round trips without a quarter more.
func (p *bbrPath) checkFullBandwidth(s *Sample) {
	if p.fullNow || !p.roundStart || s.Rate.Idle {
		return
	}
	if rate := s.Rate.Rate(); 4*rate >= 5*p.full {
		p.resetFull(rate)
		return
	}
	p.fullCount++
	p.fullNow = p.fullCount >= 3
	p.fullReached = p.fullReached || p.fullNow
}

func (p *bbrPath) resetFull(rate int64) { p.full, p.fullCount, p.fullNow = rate, 0, false }

// updateMinRTT is UpdateMinRTT (section 5.3.4.3).
func (p *bbrPath) updateMinRTT(s *Sample) {
	p.probeExpired = s.Now > p.probeMinAt+bbrProbeRTTEvery
	if rtt := s.Rate.RTT; rtt > 0 && (rtt < p.probeMin || p.probeExpired) {
		p.probeMin, p.probeMinAt = rtt, s.Now
	}
	if p.probeMin < p.minRTT || s.Now > p.minRTTAt+bbrMinRTTFilter {
		p.minRTT, p.minRTTAt = p.probeMin, p.probeMinAt
	}
}

// Lost implements Model: HandleLostPacket (section 5.5.10.2).
func (b *bbr) Lost(w *Window, l LostSegment) {
	b.lost = true
	if !b.lossInRound {
		b.lossRoundEnd = l.Total
		b.saveCwnd(w)
		b.undo = bbrUndo{bwShort: b.bwShort, short: b.short, long: b.long}
	}
	b.lossInRound = true
	if b.probeSample && tooMuchLost(w, l.Lost, l.InFlight) {
		b.tooHigh(w, atLoss(l), l.Idle)
	}
}

// tooMuchLost is IsInflightTooHigh: more than two per cent; without SACK, which tells of one loss a round trip, any.
func tooMuchLost(w *Window, lost int64, inFlight int) bool {
	return 100*lost > bbrLossThresh*int64(inFlight) || lost > 0 && !w.Selective
}

// atLoss is InflightAtLoss: how much was in flight at that byte of the segment with which the losses became too many.
func atLoss(l LostSegment) int {
	before, lost := l.InFlight-l.Bytes, int(l.Lost)-l.Bytes
	return before + max(0, bbrLossThresh*before-100*lost)/(100-bbrLossThresh)
}

// tooHigh is HandleInflightTooHigh: what was in flight is the long-term bound.
func (b *bbr) tooHigh(w *Window, inFlight int, idle bool) {
	b.probeTooHigh, b.probeSample = true, false
	if !idle {
		b.long = max(inFlight, b.target(w)*bbrBeta/100)
	}
	if b.state == bbrUp {
		b.undo.state, b.undo.probing = bbrUp, true
		b.startDown()
	}
}

// A windowedMax is the largest of the values of the last so many rounds: Kathleen Nichols' filter of three candidates,
// each later and smaller than the one before.
type windowedMax struct {
	best3 [3]struct{ at, value int }
}

func (m *windowedMax) best() int { return m.best3[0].value }

// add takes a value of a round; those of more than length rounds before it are forgotten.
func (m *windowedMax) add(round, value, length int) {
	c := &m.best3
	now := struct{ at, value int }{round, value}
	if value >= c[0].value || round-c[2].at > length {
		*c = [3]struct{ at, value int }{now, now, now}
		return
	}
	if value >= c[1].value {
		c[1], c[2] = now, now
	} else if value >= c[2].value {
		c[2] = now
	}
	switch d := round - c[0].at; {
	case d > length:
		c[0], c[1], c[2] = c[1], c[2], now
		if round-c[0].at > length {
			c[0], c[1] = c[1], c[2]
		}
	case c[1].at == c[0].at && d > length/4:
		c[1], c[2] = now, now
	case c[2].at == c[1].at && d > length/2:
		c[2] = now
	}
}
