package tcp

import "time"

// Delivery rates (draft-ietf-ccwg-bbr-06 section 4.1, which was draft-cheng-iccrg-delivery-rate-estimation): each segment is
// stamped, when it is sent, with how much had been delivered until then; when it arrives, what has been delivered since over
// the time since is a rate that the path can carry. Only a Model asks for it: without one a scoreboard has no rates, and
// sending costs nothing more.

// A RateSample is what the latest sent of the segments tells that an ACK, cumulative or selective, says have arrived.
type RateSample struct {
	Delivered int64         // bytes delivered from the sending of that segment on (RS.delivered); 0: the ACK told of none
	Interval  time.Duration // in so much time; 0 where the sample can be no rate: it is shorter than the least RTT
	Prior     int64         // Total when it was sent (RS.prior_delivered)
	InFlight  int           // bytes in flight when it was sent, with itself (RS.tx_in_flight)
	Lost      int64         // bytes found lost since it was sent (RS.lost)
	Idle      bool          // the program had nothing to send meanwhile (RS.is_app_limited)
	RTT       time.Duration // of the segment; 0 where it was sent more than once
}

// Rate is the delivery rate in bytes a second, 0 if the sample is none.
func (r *RateSample) Rate() int64 {
	if r.Interval <= 0 {
		return 0
	}
	return scale(r.Delivered, int64(time.Second), int64(r.Interval))
}

// A LostSegment is a segment that has been found lost.
type LostSegment struct {
	Bytes    int
	Total    int64 // bytes delivered so far
	InFlight int   // bytes in flight when it was sent, with itself
	Lost     int64 // bytes found lost since it was sent, with itself
	Idle     bool  // the program had nothing to send then
}

// A stamp is what was known when a segment was last sent (P.delivered … in the draft).
type stamp struct {
	known     bool
	idle      bool
	inFlight  int
	delivered int64
	lost      int64
	at        time.Duration // of that transmission
	ackedAt   time.Duration // when delivered was last raised (P.delivered_time)
	firstAt   time.Duration // P.first_send_time
}

// rates keeps the stamps of the segments on the scoreboard, in their order, and what has been delivered and lost in all.
type rates struct {
	ring    []stamp // its length is zero or a power of two
	head, n int
	tell    func(LostSegment)

	now         time.Duration // of the ACK under way
	delivered   int64         // C.delivered
	deliveredAt time.Duration
	firstAt     time.Duration // C.first_send_time
	lost        int64         // C.lost
	idleUntil   int64         // C.app_limited: what is sent before this much is delivered, is; 0: nothing
	minRTT      time.Duration

	sample RateSample
	newest stamp // of the segment that sample is about
}

// newRates returns the stamps for a board that has n segments already, which have none.
func newRates(n int, tell func(LostSegment)) *rates {
	r := &rates{tell: tell, minRTT: Never}
	for range n {
		r.push()
	}
	return r
}

func (r *rates) at(i int) *stamp { return &r.ring[(r.head+i)&(len(r.ring)-1)] }

// push makes room for the stamp of a segment behind all others.
func (r *rates) push() {
	if r.n == len(r.ring) {
		grown := make([]stamp, max(32, 2*len(r.ring)))
		for i := range r.n {
			grown[i] = *r.at(i)
		}
		r.ring, r.head = grown, 0
	}
	r.n++
	*r.at(r.n - 1) = stamp{}
}

// pop drops the first.
func (r *rates) pop() {
	r.head = (r.head + 1) & (len(r.ring) - 1)
	r.n--
}

// transmitted stamps segment i, which has just been sent into a network that had before bytes in it and now has inFlight.
func (r *rates) transmitted(i int, now time.Duration, inFlight, before int) {
	if before == 0 {
		r.firstAt, r.deliveredAt = now, now
	}
	*r.at(i) = stamp{
		known: true, idle: r.idleUntil != 0, inFlight: inFlight, delivered: r.delivered, lost: r.lost,
		at: now, ackedAt: r.deliveredAt, firstAt: r.firstAt,
	}
}

// begin begins an ACK.
func (r *rates) begin(now time.Duration) {
	r.now = now
	r.sample = RateSample{}
}

// arrived books n bytes of segment i, which was sent more than once if ambiguous.
func (r *rates) arrived(i, n int, ambiguous bool) {
	r.delivered += int64(n)
	r.deliveredAt = r.now
	p := r.at(i)
	if !p.known {
		return
	}
	p.known = false
	if q := &r.newest; r.sample.Delivered != 0 && (p.at < q.at || p.at == q.at && p.inFlight < q.inFlight) {
		return
	}
	r.newest = *p
	r.sample = RateSample{Delivered: 1, Prior: p.delivered, InFlight: p.inFlight, Lost: p.lost, Idle: p.idle}
	if !ambiguous {
		r.sample.RTT = max(r.now-p.at, 1)
		r.minRTT = min(r.minRTT, r.sample.RTT)
	}
}

// finish ends an ACK and makes its sample (GenerateRateSample).
func (r *rates) finish() *RateSample {
	s := &r.sample
	if r.idleUntil != 0 && r.delivered > r.idleUntil {
		r.idleUntil = 0
	}
	if s.Delivered == 0 {
		return s
	}
	p := &r.newest
	s.Delivered = r.delivered - p.delivered
	s.Lost = r.lost - p.lost
	if d := max(p.at-p.firstAt, r.deliveredAt-p.ackedAt); d >= r.minRTT {
		s.Interval = d
	}
	r.firstAt = p.at
	return s
}

// gone books segment i, of n bytes, as lost.
func (r *rates) gone(i, n int) {
	r.lost += int64(n)
	if p := r.at(i); p.known {
		r.tell(LostSegment{Bytes: n, Total: r.delivered, InFlight: p.inFlight, Lost: r.lost - p.lost, Idle: p.idle})
	}
}

// idle notes that the program has nothing to send, though inFlight bytes leave room for more: the bubble is over when all
// of them have been delivered (MarkConnectionAppLimited).
func (r *rates) idle(inFlight int) { r.idleUntil = max(r.delivered+int64(inFlight), 1) }
