package tcp

import (
	"math"
	"time"

	"reliabilitylab/netem"
)

// The parameters of BBR (draft-ietf-ccwg-bbr-06 section 2.6 ff.); gains and shares in hundredths.
const (
	bbrStartupPacing  = 277
	bbrDrainPacing    = 50
	bbrDownPacing     = 90
	bbrUpPacing       = 125
	bbrCwndGain       = 200
	bbrUpCwndGain     = 225
	bbrProbeRTTGain   = 50
	bbrPacingMargin   = 1
	bbrLossThresh     = 2
	bbrBeta           = 70
	bbrHeadroom       = 15
	bbrMinPipe        = 4 // segments
	bbrFullLossCount  = 6
	bbrExtraRounds    = 10
	bbrMinRTTFilter   = 10 * time.Second
	bbrProbeRTTEvery  = 5 * time.Second
	bbrProbeRTTFor    = 200 * time.Millisecond
	bbrMostRenoRounds = 63
)

// No bound.
const (
	infiniteRate = math.MaxInt64
	infiniteSize = math.MaxInt
)

// A bbrState is what BBR is doing (section 5.1).
type bbrState uint8

const (
	bbrStartup bbrState = iota
	bbrDrain
	bbrDown // these four are ProbeBW
	bbrCruise
	bbrRefill
	bbrUp
	bbrProbeRTT
)

// bbr is BBR version 3, after draft-ietf-ccwg-bbr-06 (July 2026; the section numbers here are its). It keeps a model of
// the path: the highest delivery rate of the last two probing cycles, the least round-trip time of the last ten
// seconds, and how much in flight and what rate have lately been too much. The pace is the rate, the window twice what
// the path holds; what it does in turn (bbr_states.go) is send faster to find out whether there is more, send slower to drain
// what that has queued, and cruise. An ACK goes through Sample: the model first (bbr_path.go), then the states,
// then pace and window (below).
//
// Segments leave one by one, so the send quantum (section 5.6.3) is a segment. There is no ECN in the draft, and
// a connection with BBR does not ask for it. Linux up to this day ships BBR version 1, which knows neither the bounds
// by loss nor REFILL and CRUISE; its version 3 is not in the mainline.
type bbr struct {
	bbrPath
	bbrCycle

	dice    netem.Stream
	draws   uint64
	initial int           // InitialCwnd
	phase   Phase         // at the last ACK
	rate    int64         // C.pacing_rate
	now     time.Duration // of the latest ACK
	prior   int           // prior_cwnd
	undo    bbrUndo
}

// A bbrUndo is what a loss may have changed (section 5.5.11).
type bbrUndo struct {
	state   bbrState
	probing bool // state was left for a loss
	bwShort int64
	short   int
	long    int
}

// Start implements Model: OnInit (section 5.2.1).
func (b *bbr) Start(w *Window, now, srtt time.Duration, dice netem.Stream) {
	*b = bbr{dice: dice, initial: w.Cwnd}
	b.minRTT, b.minRTTAt = Never, now
	if srtt > 0 {
		b.minRTT = srtt
	}
	b.probeMin, b.probeMinAt = b.minRTT, now
	b.extraSince = now
	b.long, b.upAckedPerInc = infiniteSize, infiniteSize
	b.resetShortTerm()
	b.rate = scale(int64(w.Cwnd)*bbrStartupPacing/100, int64(time.Second), int64(max(srtt, time.Millisecond)))
	b.enterStartup()
}

// Ack implements Congestion: all is done in Sample.
func (*bbr) Ack(*Window, Ack) {}

// Sample implements Sampler: UpdateOnACK (section 5.2.3).
func (b *bbr) Sample(w *Window, s *Sample) {
	b.now = s.Now
	if b.phase != Open && w.Phase == Open {
		b.restoreCwnd(w)
	}
	b.phase = w.Phase
	b.updateLatest(s)
	b.updateCongestion(w, s)
	b.updateAggregation(w, s)
	b.checkFullBandwidth(s)
	b.checkStartupDone(w, s)
	b.checkDrainDone(w, s)
	b.updateCycle(w, s)
	b.updateMinRTT(s)
	b.checkProbeRTT(w, s)
	if b.lossRoundStart {
		b.bwLatest, b.inflightLatest = s.Rate.Rate(), s.Rate.Delivered
	}
	b.bw = min(b.maxBandwidth(), b.bwShort)
	b.setPace(b.pacingGain)
	b.setCwnd(w, s)
}

// Pace implements Model.
func (b *bbr) Pace() int64 { return b.rate }

// setPace is SetPacingRateWithGain (section 5.6.2): before the path is known to be full, the pace does not fall.
func (b *bbr) setPace(gain int) {
	rate := scale(b.bw, int64(gain)*(100-bbrPacingMargin), 10000)
	if rate > 0 && (b.fullReached || rate > b.rate) {
		b.rate = rate
	}
}

// setCwnd is SetCwnd (section 5.6.4.6): up by what is delivered, to the most that the model allows.
func (b *bbr) setCwnd(w *Window, s *Sample) {
	most := b.inflight(w, b.bw, b.cwndGain, b.extra.best())
	if b.fullReached {
		w.Cwnd = min(w.Cwnd+s.Delivered, most)
	} else if w.Cwnd < most || s.Total < int64(b.initial) {
		w.Cwnd += s.Delivered
	}
	least := bbrMinPipe * w.MSS
	w.Cwnd = max(w.Cwnd, least)
	if b.state == bbrProbeRTT {
		w.Cwnd = min(w.Cwnd, b.probeRTTCwnd(w))
	}
	most = infiniteSize // section 5.6.4.7
	switch {
	case b.state == bbrProbeRTT || b.state == bbrCruise:
		most = b.withHeadroom(w)
	case b.probingCycle():
		most = b.long
	}
	w.Cwnd = min(w.Cwnd, max(min(most, b.short), least))
}

// bdp is what the path holds at that rate, times a gain; the initial window while its round-trip time is not known.
func (b *bbr) bdp(bw int64, gain int) int {
	if b.minRTT == Never {
		return b.initial
	}
	return int(min(scale(scale(bw, int64(b.minRTT), int64(time.Second)), int64(gain), 100), Unlimited))
}

// inflight is how much may be in flight for that (section 5.6.4.2).
func (b *bbr) inflight(w *Window, bw int64, gain, extra int) int {
	n := max(b.bdp(bw, gain)+extra, bbrMinPipe*w.MSS)
	if b.state == bbrUp {
		n += 2 * w.MSS
	}
	return n
}

// target is TargetInflight: the estimate of what the path holds, unless congestion has cut the window.
func (b *bbr) target(w *Window) int { return min(b.bdp(b.bw, 100), w.Cwnd) }

func (b *bbr) probeRTTCwnd(w *Window) int {
	return max(b.bdp(b.bw, bbrProbeRTTGain), bbrMinPipe*w.MSS)
}

// withHeadroom leaves room for others below what has been too much (InflightWithHeadroom).
func (b *bbr) withHeadroom(w *Window) int {
	if b.long == infiniteSize {
		return infiniteSize
	}
	return max(b.long-max(w.MSS, b.long*bbrHeadroom/100), bbrMinPipe*w.MSS)
}

// Loss implements Congestion. What it means is told by Lost; the window stays, and is remembered (section 5.6.4.4).
func (b *bbr) Loss(w *Window, _ time.Duration) int {
	b.saveCwnd(w)
	return w.Ssthresh
}

// Timeout implements Congestion.
func (b *bbr) Timeout(w *Window, now time.Duration) int { return b.Loss(w, now) }

func (b *bbr) saveCwnd(w *Window) {
	if w.Phase == Open && b.state != bbrProbeRTT {
		b.prior = w.Cwnd
	} else {
		b.prior = max(b.prior, w.Cwnd)
	}
}

func (b *bbr) restoreCwnd(w *Window) { w.Cwnd = max(w.Cwnd, b.prior) }

// Undo implements Congestion: HandleSpuriousLossDetection (section 5.5.11.2).
func (b *bbr) Undo(w *Window) {
	b.restoreCwnd(w)
	b.lossInRound = false
	b.resetFull(0)
	b.bwShort = max(b.bwShort, b.undo.bwShort)
	b.short, b.long = max(b.short, b.undo.short), max(b.long, b.undo.long)
	if b.undo.probing && b.state != b.undo.state {
		switch {
		case b.undo.state == bbrStartup:
			b.fullReached = false
			if b.state != bbrProbeRTT {
				b.enterStartup()
			}
		case b.state != bbrProbeRTT:
			b.startRefill()
		}
	}
	b.undo.probing = false
}

// Restart implements Model (section 5.4): the pace is the path's, and an idle time that is long enough stands for ProbeRTT.
func (b *bbr) Restart(w *Window, now time.Duration) {
	b.idleRestart = true
	b.extraSince = now
	if b.probingCycle() {
		b.setPace(100)
	} else if b.state == bbrProbeRTT {
		b.checkProbeRTTDone(w, now)
	}
}

// below draws a number from 0 to n-1.
func (b *bbr) below(n uint64) uint64 {
	b.draws++
	return netem.Below(b.dice.At(b.draws, 0), n)
}
