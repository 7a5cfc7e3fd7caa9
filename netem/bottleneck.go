package netem

import "time"

// Bottleneck is a link of limited rate with a drop-tail queue in front of it. Packets are sent one after another; a packet
// leaves when its last bit is on the wire. A packet that finds the queue full dies.
//
// The limits count the packets that wait, and not the one that is being sent (as in Linux's pfifo in front of a network
// card); so LimitPackets 1 holds two packets. A limit of 0 is no limit; where both are given both hold. A packet longer
// than LimitBytes can be sent when the link is idle but can never wait.
//
// A packet's time on the wire is kept as an exact fraction of a nanosecond: within a busy period the n-th packet leaves at
// the exact instant, rounded up once to a whole nanosecond.
type Bottleneck struct {
	Rate         Rate // 0: without limit; then nothing ever waits
	LimitPackets int
	LimitBytes   Size
}

// Attach implements Stage.
func (b Bottleneck) Attach(env Env, next Port) Port {
	if b.Rate <= 0 {
		return next
	}
	return newLink(b, env, next).enter
}

// A link is the state of a Bottleneck.
type link struct {
	Bottleneck                   // in force
	setting    func() Bottleneck // what is in force now; nil where it never changes
	env        Env
	next       Port
	queue      ring[*Packet] // the first is being sent
	bytes      Size          // of those that wait
	free       time.Duration // when the packet being sent, or the last one sent, is through, in whole nanoseconds,
	part       uint64        // and so many Rate-ths of a nanosecond more
	wake       func()        // sent, bound once so that asking the clock allocates nothing
}

func newLink(b Bottleneck, env Env, next Port) *link {
	l := &link{Bottleneck: b, env: env, next: next}
	l.wake = l.sent
	return l
}

// tune puts into force what is the setting now. A fraction of another rate's nanosecond is rounded up.
func (l *link) tune() {
	if l.setting == nil {
		return
	}
	b := l.setting()
	if b.Rate != l.Rate {
		l.free, l.part = l.end(), 0
	}
	l.Bottleneck = b
}

func (l *link) enter(p *Packet) {
	l.tune()
	if l.queue.n > 0 {
		n := Size(len(p.Data))
		if l.LimitPackets > 0 && l.queue.n > l.LimitPackets || l.LimitBytes > 0 && l.bytes+n > l.LimitBytes {
			l.env.Drop(p, CauseQueueFull)
			return
		}
		l.queue.push(p)
		l.bytes += n
		l.tell()
		return
	}
	if l.Rate <= 0 {
		l.next(p)
		return
	}
	// In the nanosecond in which the last packet ended the link is still busy with its fraction.
	if now := l.env.Clock.Now(); now > l.end() {
		l.free, l.part = now, 0
	}
	l.queue.push(p)
	l.begin()
}

// begin puts the first of the queue on the wire, behind the packet before it.
func (l *link) begin() {
	l.tune()
	if l.Rate > 0 {
		work := uint64(len((*l.queue.front()).Data))*bitTime + l.part // an IP packet's bytes leave it far below 2^64
		l.free += time.Duration(work / uint64(l.Rate))
		l.part = work % uint64(l.Rate)
	}
	l.env.Clock.After(l.end()-l.env.Clock.Now(), l.wake)
}

// end is when the packet being sent is through, rounded up.
func (l *link) end() time.Duration {
	if l.part > 0 {
		return l.free + 1
	}
	return l.free
}

func (l *link) sent() {
	p := l.queue.pop()
	if l.queue.n > 0 {
		l.bytes -= Size(len((*l.queue.front()).Data))
		l.tell()
		l.begin()
	}
	l.next(p)
}

func (l *link) tell() {
	if l.env.Queue != nil {
		l.env.Queue(l.queue.n - 1)
	}
}
