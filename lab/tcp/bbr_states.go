package tcp

import "time"

// BBR's states (draft-ietf-ccwg-bbr-06 section 5.3): Startup doubles the rate until it does not rise any more, Drain takes the
// queue away again; then for ever DOWN, CRUISE, REFILL, UP, and every five seconds ProbeRTT, unless the least round-trip
// time has been seen meanwhile.

// What the ACKs tell that come now (BBR.ack_phase).
type bbrAcks uint8

const (
	acksInit bbrAcks = iota
	acksRefilling
	acksStarting // of what was sent before UP
	acksFeedback // of what was sent in UP
	acksStopping // of what was sent in UP, which is over
)

// A bbrCycle is where BBR is in its cycle.
type bbrCycle struct {
	state                bbrState
	pacingGain, cwndGain int

	acks          bbrAcks
	since         time.Duration // cycle_stamp
	wait          time.Duration // bw_probe_wait
	drainRound    int
	probeSample   bool // is_bw_probe_sample: losses now say whether probing went too far
	probeTooHigh  bool // prev_probe_too_high
	precautionary bool // prev_probe_precautionary
	upRounds      int
	upAcked       int
	upAckedPerInc int
	idleRestart   bool
	probeDoneAt   time.Duration // probe_rtt_done_stamp; 0: not begun
	probeRound    bool          // probe_rtt_round_done
}

// probingCycle is IsInAProbeBWState.
func (c *bbrCycle) probingCycle() bool { return c.state >= bbrDown && c.state <= bbrUp }

func (b *bbr) become(s bbrState, pacing, cwnd int) {
	b.state, b.pacingGain, b.cwndGain = s, pacing, cwnd
}

func (b *bbr) enterStartup() { b.become(bbrStartup, bbrStartupPacing, bbrCwndGain) }

// checkStartupDone ends Startup at a plateau, or where too much is lost (sections 5.3.1.2 and 5.3.1.3): over two per cent
// of a round trip of a recovery, told by six ACKs at least (the draft counts ranges); without SACK at any loss.
func (b *bbr) checkStartupDone(w *Window, s *Sample) {
	if b.lost {
		b.lossEvents++
		b.lost = false
	}
	if b.state != bbrStartup {
		return
	}
	enough := b.lossRoundStart && b.lossEvents >= bbrFullLossCount && tooMuchLost(w, s.Rate.Lost, s.Rate.InFlight)
	if !b.fullReached && w.Phase == Recovery && (enough || !w.Selective) {
		b.undo.state, b.undo.probing = bbrStartup, true
		b.fullReached = true
		b.long = max(b.bdp(b.maxBandwidth(), 100), int(b.inflightLatest))
	}
	if b.lossRoundStart {
		b.lossEvents = 0
	}
	if b.fullReached {
		b.become(bbrDrain, bbrDrainPacing, bbrCwndGain)
		b.drainRound = b.rounds
		w.Ssthresh = b.inflight(w, b.maxBandwidth(), 100, 0) // nothing hangs on it: it is for those who look, as in Linux
	}
}

// checkDrainDone ends Drain (section 5.3.2).
func (b *bbr) checkDrainDone(w *Window, s *Sample) {
	if b.state == bbrDrain && (s.InFlight <= b.inflight(w, b.bw, 100, 0) || b.rounds > b.drainRound+3) {
		b.startDown()
	}
}

// startDown begins a cycle with deceleration. When it probes again is left to chance, within bounds (section 5.3.3.8).
func (b *bbr) startDown() {
	b.lossInRound, b.bwLatest, b.inflightLatest = false, 0, 0 // ResetCongestionSignals
	b.upAckedPerInc = infiniteSize
	b.sinceUp = int(b.below(2))
	b.wait = 2*time.Second + time.Duration(b.below(uint64(time.Second)))
	b.since = b.now
	b.acks = acksStopping
	b.startRound()
	b.become(bbrDown, bbrDownPacing, bbrCwndGain)
}

func (b *bbr) startRefill() {
	b.resetShortTerm()
	b.upRounds, b.upAcked = 0, 0
	b.precautionary = false
	b.acks = acksRefilling
	b.startRound()
	b.become(bbrRefill, 100, bbrCwndGain)
}

func (b *bbr) startUp(w *Window, s *Sample) {
	b.acks = acksStarting
	b.startRound()
	b.resetFull(s.Rate.Rate())
	b.become(bbrUp, bbrUpPacing, bbrUpCwndGain)
	b.raiseSlope(w)
}

// updateCycle is UpdateProbeBWCyclePhase (section 5.3.3.9).
func (b *bbr) updateCycle(w *Window, s *Sample) {
	if !b.fullReached || b.adaptLongTerm(w, s) || !b.probingCycle() {
		return
	}
	switch b.state {
	case bbrDown, bbrCruise:
		if s.Now > b.since+b.wait || b.sinceUp >= min(b.target(w)/w.MSS, bbrMostRenoRounds) {
			b.startRefill()
		} else if b.state == bbrDown && s.InFlight <= b.withHeadroom(w) && s.InFlight <= b.inflight(w, b.maxBandwidth(), 100, 0) {
			b.become(bbrCruise, 100, bbrCwndGain)
		}
	case bbrRefill:
		if b.roundStart {
			b.probeSample = true
			b.startUp(w, s)
		}
	case bbrUp:
		if b.timeToGoDown(w, s) {
			b.probeTooHigh = false
			b.startDown()
		}
	}
}

// timeToGoDown is IsTimeToGoDown.
func (b *bbr) timeToGoDown(w *Window, s *Sample) bool {
	switch {
	case b.probeTooHigh && s.InFlight >= b.long:
		b.precautionary = true
		return true
	case s.Limited && w.Cwnd >= b.long: // the bound holds the rate down, so a plateau says nothing
		b.resetFull(s.Rate.Rate())
		return false
	}
	return b.fullNow
}

// adaptLongTerm is AdaptLongTermModel. It returns whether it has decided on a state.
func (b *bbr) adaptLongTerm(w *Window, s *Sample) bool {
	switch {
	case b.acks == acksStarting && b.roundStart:
		b.acks = acksFeedback
	case b.acks == acksStopping && b.roundStart:
		b.probeSample, b.acks = false, acksInit
		if b.probingCycle() {
			if !s.Rate.Idle {
				b.filter = [2]int64{0, b.filter[0]} // AdvanceMaxBwFilter
			}
			if b.precautionary && !b.probeTooHigh {
				b.startRefill()
				return true
			}
		}
	}
	if b.long == infiniteSize || tooMuchLost(w, s.Rate.Lost, s.Rate.InFlight) {
		return false
	}
	b.long = max(b.long, s.Rate.InFlight)
	if b.state == bbrUp {
		b.probeUpward(w, s)
	}
	return false
}

// probeUpward raises the long-term bound where it is what holds the window: by 1, 2, 4 … segments a round trip.
func (b *bbr) probeUpward(w *Window, s *Sample) {
	if !s.Limited || w.Cwnd < b.long {
		return
	}
	b.upAcked += s.Delivered
	if b.upAcked >= b.upAckedPerInc {
		n := b.upAcked / b.upAckedPerInc
		b.upAcked -= n * b.upAckedPerInc
		b.long += n * w.MSS
	}
	if b.roundStart {
		b.raiseSlope(w)
	}
}

func (b *bbr) raiseSlope(w *Window) {
	growth := 1 << b.upRounds
	b.upRounds = min(b.upRounds+1, 30)
	b.upAckedPerInc = max(w.Cwnd/growth, w.MSS)
}

// checkProbeRTT is CheckProbeRTT (section 5.3.4.3).
func (b *bbr) checkProbeRTT(w *Window, s *Sample) {
	if b.state != bbrProbeRTT && b.probeExpired && !b.idleRestart {
		b.saveCwnd(w)
		b.become(bbrProbeRTT, 100, bbrProbeRTTGain)
		b.probeDoneAt = 0
		b.acks = acksStopping
		b.startRound()
	}
	if b.state == bbrProbeRTT {
		s.Starved = true // low rates are of our own making
		switch {
		case b.probeDoneAt == 0 && s.InFlight <= b.probeRTTCwnd(w):
			b.probeDoneAt = s.Now + bbrProbeRTTFor
			b.probeRound = false
			b.startRound()
		case b.probeDoneAt != 0:
			b.probeRound = b.probeRound || b.roundStart
			if b.probeRound {
				b.checkProbeRTTDone(w, s.Now)
			}
		}
	}
	if s.Rate.Delivered > 0 {
		b.idleRestart = false
	}
}

// checkProbeRTTDone goes back to what was before, cautiously: at the beginning of a cycle, of which DOWN is not needed.
func (b *bbr) checkProbeRTTDone(w *Window, now time.Duration) {
	if b.probeDoneAt == 0 || now <= b.probeDoneAt {
		return
	}
	b.probeMinAt = now
	b.restoreCwnd(w)
	b.resetShortTerm()
	if b.fullReached {
		b.now = now
		b.startDown()
		b.become(bbrCruise, 100, bbrCwndGain)
	} else {
		b.enterStartup()
	}
}
