package netem

import "time"

// Bottleneck is a link of limited rate with a queue in front of it. Packets are sent one after another; a packet leaves
// when its last bit is on the wire. Who waits, who goes next and who dies is the Discipline's: drop-tail where none is
// given. A discipline sees every packet, also one that finds the link idle and is sent at once.
//
// The limits count the packets that wait, and not the one that is being sent (as in Linux's pfifo in front of a network
// card); so LimitPackets 1 holds two packets. A limit of 0 is no limit; where both are given both hold. A packet longer
// than LimitBytes can be sent when the link is idle but can never wait.
//
// In place of a Rate a link may have Rates, that change over time, or Opportunities at which it delivers.
//
// A packet's time on the wire is kept as an exact fraction of a nanosecond: within a busy period the n-th packet leaves at
// the exact instant, rounded up once to a whole nanosecond.
type Bottleneck struct {
	Rate          Rate           // 0: without limit; then nothing ever waits
	Rates         *Rates         // in place of Rate, where not nil
	Opportunities *Opportunities // likewise
	LimitPackets  int
	LimitBytes    Size       // counts IP packets, without Overhead
	Overhead      Overhead   // what each packet takes on the wire beside itself
	Discipline    Discipline // nil: DropTail
}

// Attach implements Stage.
func (b Bottleneck) Attach(env Env, next Port) Port {
	if b.unlimited() {
		return next
	}
	return newLink(b, env, next).enter
}

// unlimited tells whether packets pass at once.
func (b *Bottleneck) unlimited() bool { return b.Rate <= 0 && b.Rates == nil && b.Opportunities == nil }

// A link is the state of a Bottleneck.
type link struct {
	*Bottleneck                    // in force
	setting     func() *Bottleneck // what is in force now; nil where it never changes
	env         Env
	next        Port
	queue       queue         // those that wait
	plain       *dropTail     // the queue where it is a DropTail's, else nil
	told        int           // how many waited when Env.Queue was told last
	sending     *Packet       // the one on the wire, or nil,
	left        int           // and how many bytes of it are still to be sent
	free        time.Duration // when the packet being sent, or the last one sent, is through, in whole nanoseconds,
	part        uint64        // and so many Rate-ths of a nanosecond more
	asked       bool          // the clock will call
	due         int           // how many opportunities there are then
	wake        func()        // sent, bound once so that asking the clock allocates nothing
	chance      func()        // opportune, likewise
}

func newLink(b Bottleneck, env Env, next Port) *link {
	l := &link{Bottleneck: &b, env: env, next: next}
	l.wake, l.chance = l.sent, l.opportune
	d := b.Discipline
	if d == nil {
		d = DropTail{}
	}
	l.queue = d.attach(l)
	l.plain, _ = l.queue.(*dropTail)
	return l
}

// tune puts into force what is the setting now; the discipline stays. A fraction of another rate's nanosecond is rounded up.
func (l *link) tune() {
	if l.setting == nil {
		return
	}
	b := l.setting()
	if b == l.Bottleneck {
		return
	}
	if b.Rate != l.Rate || b.Rates != l.Rates {
		l.free, l.part = l.end(), 0
	}
	l.Bottleneck = b
}

func (l *link) enter(p *Packet) {
	l.tune()
	if !l.asked && l.unlimited() {
		l.next(p)
		return
	}
	now := l.env.Clock.Now()
	if l.plain != nil && l.idle() { // drop-tail has no opinion: no need to queue
		l.sending, l.left = p, l.Overhead.Wire(len(p.Data))
		l.transmit(now)
		return
	}
	p.since = now
	l.queue.enqueue(p)
	l.begin(now)
	l.tell()
}

// begin has the next packet sent, if none is on its way and one waits.
func (l *link) begin(now time.Duration) {
	switch {
	case l.asked:
	case l.Opportunities != nil:
		if l.sending != nil || l.queue.waiting() > 0 {
			var at time.Duration
			at, l.due = l.Opportunities.after(now)
			l.asked = true
			l.env.Clock.After(at-now, l.chance)
		}
	case l.load(now):
		l.transmit(now)
	}
}

// load takes the next packet from the queue, unless a part of one is still to be sent; false where there is none.
func (l *link) load(now time.Duration) bool {
	if l.sending != nil {
		return true
	}
	p := l.queue.dequeue()
	if p == nil {
		return false
	}
	p.Waited += now - p.since
	l.sending, l.left = p, l.Overhead.Wire(len(p.Data))
	return true
}

// transmit puts the packet on the wire, behind the one before it.
func (l *link) transmit(now time.Duration) {
	// In the nanosecond in which the last packet ended the link is still busy with its fraction.
	if now > l.end() {
		l.free, l.part = now, 0
	}
	work := uint64(l.left)*bitTime + l.part // an IP packet's bytes leave it far below 2^64
	switch {
	case l.Rates != nil:
		l.spend(work)
	case l.Rate > 0:
		l.free += time.Duration(work / uint64(l.Rate))
		l.part = work % uint64(l.Rate)
	}
	l.asked = true
	l.env.Clock.After(l.end()-now, l.wake)
}

// spend moves free and part to when the work is done, through one rate after another.
func (l *link) spend(work uint64) {
	l.part = 0
	for work > 0 {
		rate, until := l.Rates.at(l.free)
		d := uint64(until - l.free)
		if rate > 0 && work/uint64(rate) < d {
			l.free += time.Duration(work / uint64(rate))
			l.part = work % uint64(rate)
			return
		}
		work -= uint64(rate) * d
		l.free = until
	}
}

// end is when the packet being sent is through, rounded up.
func (l *link) end() time.Duration {
	if l.part > 0 {
		return l.free + 1
	}
	return l.free
}

// sent passes on the packet that is through, and has the next one sent.
func (l *link) sent() {
	p := l.sending
	l.sending, l.asked = nil, false
	if l.plain == nil || l.plain.held.n > 0 {
		l.tune()
		l.begin(l.env.Clock.Now())
		l.tell()
	}
	l.next(p)
}

// opportune uses the opportunities that are due. Where a phase has made another link of it by now, what has begun goes on there.
func (l *link) opportune() {
	l.tune()
	now := l.env.Clock.Now()
	if l.Opportunities != nil {
		for room := l.due * opportunity; room > 0 && l.load(now); {
			n := min(room, l.left)
			room, l.left = room-n, l.left-n
			if l.left == 0 {
				p := l.sending
				l.sending = nil
				l.next(p)
			}
		}
	}
	l.asked = false
	l.begin(now)
	l.tell()
}

// packetTime is how long a full packet takes on the wire, on average.
func (l *link) packetTime() time.Duration {
	rate := l.Rate
	switch {
	case l.Rates != nil:
		rate = l.Rates.Mean()
	case l.Opportunities != nil:
		rate = l.Opportunities.Mean()
	}
	return rate.Time(l.Overhead.Wire(int(fullPacket)))
}

// drop ends a packet that has come to the link and is not in the queue (any more).
func (l *link) drop(p *Packet, cause Cause) {
	p.Waited += l.env.Clock.Now() - p.since
	l.env.Drop(p, cause)
}

// tell tells the length of the queue if it has changed.
func (l *link) tell() {
	if n := l.queue.waiting(); n != l.told {
		l.told = n
		if l.env.Queue != nil {
			l.env.Queue(n)
		}
	}
}
