package tcp

import "time"

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

	grown int // bytes acknowledged in congestion avoidance that have not yet made Cwnd grow
}

// Unlimited is the slow start threshold before the first loss.
const Unlimited = 1 << 30

// SlowStart tells whether the window is below its threshold.
func (w *Window) SlowStart() bool { return w.Cwnd < w.Ssthresh }

// An Ack is what the congestion control is told of an ACK for new data.
type Ack struct {
	Now   time.Duration
	Bytes int           // newly acknowledged
	RTT   time.Duration // of this ACK; 0 if it gave no sample
	SRTT  time.Duration
}

// A Congestion is one congestion control: it says how the window grows and what a loss makes of it. When a loss is
// detected, what is sent again and how the window moves through a recovery is the connection's (recovery.go).
//
// To add one: write it in a file of its own and put it in the table Congestions.
type Congestion interface {
	// Ack grows w.Cwnd. It is called for ACKs of new data outside fast recovery, and only where the window, not the
	// program or the peer, was what held the sender back.
	Ack(w *Window, a Ack)
	// Loss returns the slow start threshold after a loss: what the window becomes after a fast retransmit.
	Loss(w *Window, now time.Duration) int
	// Timeout returns the slow start threshold after a retransmission timeout; the window becomes one segment.
	Timeout(w *Window, now time.Duration) int
}

// Congestions are the controls that Config.Congestion can name.
var Congestions = []struct {
	Name string
	New  func() Congestion
}{
	{"reno", func() Congestion { return reno{} }},
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
