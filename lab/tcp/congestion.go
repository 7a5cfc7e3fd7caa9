package tcp

import (
	"time"

	"reliabilitylab/netem"
)

// dupThresh is how many duplicate ACKs mean a loss (RFC 5681 section 3.2).
const dupThresh = 3

// Phase is what congestion control is doing.
type Phase uint8

// The phases. Slow start and congestion avoidance differ only by Cwnd < Ssthresh.
const (
	Open     Phase = iota
	Recovery       // fast recovery: from the first fast retransmit until all that was on its way then is acknowledged
	Loss           // after a timeout: until all that was on its way then is acknowledged
)

// A Window is the state of congestion control (RFC 5681 section 2), shared by the rules that all controls have in
// common and the one that the connection has chosen. All sizes are in bytes.
type Window struct {
	MSS      int // sender maximum segment size, without options
	Cwnd     int
	Ssthresh int // Unlimited until the first loss
	Flight   int // sent and not acknowledged cumulatively
	Phase    Phase
	Clock    time.Duration // for how long, all in all, Cwnd was what held the sender back

	Selective bool // losses are told by SACK

	grown int // bytes acknowledged in congestion avoidance that have not yet made Cwnd grow
}

// Unlimited is the slow start threshold before the first loss.
const Unlimited = 1 << 30

// SlowStart tells whether the window is below its threshold.
func (w *Window) SlowStart() bool { return w.Cwnd < w.Ssthresh }

// An Ack is what the congestion control is told of an ACK for new data.
type Ack struct {
	Now       time.Duration
	Bytes     int           // newly acknowledged
	RTT       time.Duration // of this ACK; 0 if it gave no sample
	SRTT      time.Duration
	Una, Next Seq  // SND.UNA, with this ACK taken, and SND.NXT: a round trip ends when the Next of its beginning is acknowledged
	Limited   bool // the window, not the program or the peer, was what held the sender back: only then may it grow
	Echo      bool // it echoes a mark (RFC 3168)
}

// A Congestion is one congestion control: it says how the window grows and what a loss makes of it. When a loss is
// detected, what is sent again and how the window moves through a recovery is the connection's (recovery.go).
//
// To add one: write it in a file of its own and put it in the table Congestions.
type Congestion interface {
	// Ack grows w.Cwnd, where a.Limited says that it may. It is called for ACKs of new data outside fast recovery.
	Ack(w *Window, a Ack)
	// Loss returns the slow start threshold after a loss: what the window becomes after a fast retransmit.
	Loss(w *Window, now time.Duration) int
	// Timeout returns the slow start threshold after a retransmission timeout; the window becomes one segment.
	Timeout(w *Window, now time.Duration) int
	// Undo puts the control's own state back to what it was before the last Loss or Timeout, which has turned out to be
	// spurious. w.Cwnd and w.Ssthresh are restored already.
	Undo(w *Window)
}

// A Sampler is a control that is told of every ACK, in every phase, whether it acknowledges anything new or not; where it
// does, behind Ack, Loss and the change of the phase.
type Sampler interface {
	Sample(w *Window, s *Sample)
}

// A Sample is what an ACK says, cumulatively and selectively.
type Sample struct {
	Now       time.Duration
	Delivered int           // bytes that have newly arrived
	RTT, SRTT time.Duration // as in Ack
	Una, Next Seq           // as in Ack
	InFlight  int           // bytes thought to be in the network now
	Limited   bool          // cwnd was what held the last transmission back
	Echo      bool          // as in Ack
	Rate      *RateSample   // a Model's only
	Total     int64         // bytes delivered in all; a Model's only
	Starved   bool          // for a Model to set: it holds back, so that rates of what is sent now are not the path's
}

// A Model is a control that knows the path rather than a window: it sets w.Cwnd by itself in every phase, recovery
// included, and the pace at which segments leave.
type Model interface {
	Sampler
	// Start begins with the window and the round-trip time that the handshake has left. dice are for whatever the model
	// leaves to chance.
	Start(w *Window, now, srtt time.Duration, dice netem.Stream)
	// Pace is the pacing rate in bytes a second; 0 sets no bound.
	Pace() int64
	// Lost is told of each segment that is found lost, before Loss or Timeout.
	Lost(w *Window, l LostSegment)
	// Restart is told when data goes into an empty network because the program has written again.
	Restart(w *Window, now time.Duration)
}

// Congestions are the controls that Config.Congestion can name.
var Congestions = []struct {
	Name string
	New  func() Congestion
}{
	{"reno", func() Congestion { return reno{} }},
	{"cubic", func() Congestion { return &cubic{} }},
	{"vegas", func() Congestion { return &vegas{} }},
	{"westwood", func() Congestion { return &westwood{} }},
	{"dctcp", func() Congestion { return &dctcp{alpha: dctcpOne} }},
	{"bbr", func() Congestion { return &bbr{} }},
}

// adopt takes up a control, in a connection that may be long under way.
func (c *Conn) adopt(control Congestion) {
	c.control, c.board.rates, c.nextSend = control, nil, 0
	c.sampler, _ = control.(Sampler)
	c.pacing = c.cfg.Pacing
	c.marks, _ = control.(Marked)
	if c.model, _ = control.(Model); c.model != nil {
		c.pacing = true
		c.board.rates = newRates(c.board.n, func(l LostSegment) { c.model.Lost(&c.w, l) })
		if c.state >= Established {
			c.model.Start(&c.w, c.now, c.rtt.srtt, c.env.Rand)
		}
	}
}

// sample tells the control of an ACK, of which the scoreboard has been told.
func (c *Conn) sample(s *Segment, delivered int, rtt time.Duration) {
	a := &c.heard
	*a = Sample{
		Now: c.now, Delivered: delivered, RTT: rtt, SRTT: c.rtt.srtt, Una: c.una, Next: c.nxt, InFlight: c.pipe(),
		Limited: c.limited, Echo: c.echoes(s),
	}
	if r := c.board.rates; r != nil {
		a.Rate, a.Total = r.finish(), r.delivered
	}
	c.sampler.Sample(&c.w, a)
	if a.Starved {
		c.board.rates.idle(a.InFlight)
	}
}

// checkIdle notes, for delivery rates, that the program leaves room unused (CheckIfApplicationLimited). It is asked before
// whatever may send: a program that writes, an ACK, a timer.
func (c *Conn) checkIdle() {
	if c.board.rates != nil {
		c.markIdle()
	}
}

func (c *Conn) markIdle() {
	if c.unsent() <= 0 && c.pipe() < c.w.Cwnd && c.board.due() == nil {
		c.board.rates.idle(c.pipe())
	}
}

// newCongestion returns the control of that name. An unknown name is a bug of the caller, who checks against the table.
func newCongestion(name string) Congestion {
	for _, c := range Congestions {
		if c.Name == name {
			return c.New()
		}
	}
	panic("tcp: no congestion control " + name)
}
