package tcp

import "time"

// Dynamic right-sizing of the receive buffer (Fisk and Feng, "Dynamic Right-Sizing: A Simulation Study", 2001), as Linux has it
// behind net.ipv4.tcp_moderate_rcvbuf. A sender may have as much on its way as the window allows, so a window must be what
// comes in a round trip; but a window for the longest path, given to every connection, lets a program that does not read fill
// memory. So the receiver measures:
//
//	a segment of data comes   the round trip, seen from here (tcp_rcv_rtt_measure)
//	the program reads         once a round trip: how much it has read since the last time (tcp_rcv_space_adjust)
//	the next segments come    the buffer grows to twice that, by two bytes for each that comes in order (tcp_grow_window)
//
// Twice, because what is measured now is needed a round trip later, and a sender in slow start has doubled its window by then.
// Where more was read than ever before in a round trip, the sender grows, and the buffer goes ahead of it: by twice that growth.
// It never becomes smaller, for what was offered is not taken back (RFC 9293 section 3.8.6). A program that sets its buffer
// itself has it as it is, and so has one without Config.Autotuning.

// firstBuffer is the buffer that a connection begins with. Linux's first tcp_rmem is twice as large, and half of that is for
// what surrounds the bytes in memory.
const firstBuffer = 64 << 10

// A rightSizing is what a receiver has measured.
type rightSizing struct {
	goal  int           // bytes the buffer is to grow to
	most  int           // bytes, the most that the program has read in a round trip
	from  Seq           // what the program had read when this round trip began
	since time.Duration // when that was
	rtt   time.Duration // the round trip; 0 before the first sample

	echoed uint32        // the timestamp that gave the last sample
	end    Seq           // without timestamps: the right edge of the window that was offered
	at     time.Duration // at this instant, or later; 0 before the first
}

// firstSize gives the connection the buffer that it begins with.
func (c *Conn) firstSize() {
	c.buffer = c.cfg.ReceiveBuffer
	if c.cfg.Autotuning {
		c.buffer = min(firstBuffer, c.cfg.ReceiveBuffer)
	}
}

// startSizing begins to measure: the connection is open. An initial window of ten segments a round trip is what every sender
// may begin with (RFC 6928), and no reason to grow.
func (c *Conn) startSizing() {
	c.size = rightSizing{goal: c.buffer, most: 10 * c.cfg.MSS, from: c.next, since: c.now, end: c.next}
}

// timeSender takes a round-trip time from a segment of data: so long ago the timestamp was sent that it echoes, or without
// timestamps, so long the sender took to use up a window. That is a round trip only for a sender that had enough to send, so that the
// least of such samples counts. One that had to wait for its program, or for a window that ours kept shut, makes a timestamp old,
// too: a longer sample counts by an eighth, and only while nothing waits to be read.
func (c *Conn) timeSender(s *Segment) {
	r := &c.size
	stamped := c.timestamps && s.Options.HasTimestamps
	var sample time.Duration
	switch {
	case stamped && (s.Options.TSEcr == 0 || s.Options.TSEcr == r.echoed || len(s.Payload) < c.peerMSS):
		return
	case stamped:
		r.echoed = s.Options.TSEcr
		sample = c.since(s.Options.TSEcr)
	case c.next.Less(r.end):
		return
	default:
		began := r.at
		r.end, r.at = c.edge, c.now
		if began == 0 {
			return
		}
		sample = max(1, c.now-began)
	}
	switch {
	case r.rtt == 0 || sample < r.rtt:
		r.rtt = sample
	case stamped && c.in.unread == 0:
		r.rtt += (sample - r.rtt) / 8
	}
}

// resize ends a round trip, if it is over: the program has read. What still waits to be read is taken off, for it was not read in
// time.
func (c *Conn) resize() {
	r := &c.size
	if !c.cfg.Autotuning || r.rtt == 0 || c.now-r.since < r.rtt {
		return
	}
	read := c.next - Seq(c.in.unread)
	if n := int(read-r.from) - c.in.unread; n > r.most {
		want := 2 * n
		want += 2 * want * (n - r.most) / r.most
		r.goal = max(r.goal, min(want, c.cfg.ReceiveBuffer))
		r.most = n
	}
	r.from, r.since = read, c.now
}

// grow lets the buffer grow towards its goal for n bytes that have come in order. While some are missing it stays, for an ACK that
// changes the window is no duplicate ACK (RFC 5681 section 2).
func (c *Conn) grow(n int) {
	if c.cfg.Autotuning && c.buffer < c.size.goal {
		c.buffer = min(c.buffer+2*n, c.size.goal)
	}
}
