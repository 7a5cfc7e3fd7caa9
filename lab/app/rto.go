package app

import "time"

// An rto is the retransmission timeout of a hand-made protocol: fixed, or computed as RFC 6298 says from measured round trips, with
// the lab TCP's numbers: 1 s before the first measurement (section 2.1), at least 200 ms of variation, as Linux has it where
// the RFC's least timeout is 1 s (section 2.4), and 60 s at most (section 2.5).
type rto struct {
	fixed        time.Duration // 0: computed
	srtt, rttvar time.Duration // 0 before the first measurement
}

const (
	initialRTO = time.Second
	minRTOVar  = 200 * time.Millisecond
	maxRTO     = time.Minute
)

func newRTO(fixed time.Duration) rto { return rto{fixed: fixed} }

// measured takes a round-trip time (RFC 6298 sections 2.2 and 2.3).
func (t *rto) measured(r time.Duration) {
	if t.srtt == 0 {
		t.srtt, t.rttvar = max(r, 1), r/2
		return
	}
	t.rttvar += (max(t.srtt-r, r-t.srtt) - t.rttvar) / 4
	t.srtt = max(t.srtt+(r-t.srtt)/8, 1)
}

// after returns how long an answer to a message is waited for that has had so many timeouts already. A computed timeout doubles
// with each (section 5.5), for the message alone; a fixed one does not.
func (t *rto) after(timeouts int) time.Duration {
	if t.fixed > 0 {
		return t.fixed
	}
	d := initialRTO
	if t.srtt > 0 {
		d = t.srtt + max(4*t.rttvar, minRTOVar)
	}
	for ; timeouts > 0 && d < maxRTO; timeouts-- {
		d *= 2
	}
	return min(d, maxRTO)
}
