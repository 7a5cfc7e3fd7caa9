package kernel

import (
	"reliabilitylab/lab/host"
	"reliabilitylab/netem"
)

// Why the kernel sends a segment does not stand in the segment. What is sent for the first time is "new". For what is sent
// again the kernel is asked at once, when the packet is read: its counters and the state of congestion control say why, as
// long as nothing else has happened since it was sent. So the device is emptied before anything is written to it that could
// make the kernel send something again (it stirs), and before what comes after that. What has more than one explanation gets no reason; README and docs/results.md say so.
//
//	timeout           tcpi_total_rto has grown by as many as were sent again: each expiry of the timer sends the first
//	                  unacknowledged segment (tcp_retransmit_timer)
//	after timeout     in the state Loss, but not by the timer (TCPSlowStartRetrans)
//	fast retransmit   in the state Recovery (TCPFastRetrans), by duplicate ACKs, SACK or RACK
//	tail loss probe   in no such state: only the probe sends something again there, the last segment (tcp_send_loss_probe)
//	packet too big    in the state Loss, but not by the timer, since ICMP said so (tcp_simple_retransmit; toobig_linux.go)
//	peer repeats SYN  a SYN-ACK, right after a SYN that came again

// sent is what a host has sent of a connection.
type sent struct {
	known    bool
	first    uint32 // the sequence number of its SYN
	high     uint32 // behind the highest sent
	again    uint32 // segments sent again, as the kernel should count them
	batch    uint32 // of these, those whose reason is not found yet
	both     bool   // it has sent SYN and ACK,
	reset    bool   // or RST
	acked    uint32 // the last acknowledgment number that the host received
	narrowed bool   // a router has said that its segments are too long, and what was sent is not acknowledged yet
	lossy    bool   // something was sent again,
	until    uint32 // and how far must be acknowledged before that is over
	rto      uint16 // timeouts, and
	state    uint8  // state of congestion control, when the kernel was last asked for a reason
	why      string // the reason of the batch
}

// A resent is a packet whose reason is not found yet.
type resent struct {
	c    *connection
	p    *netem.Packet
	tail bool // it ends with the highest sequence number sent so far
	both bool // SYN and ACK
}

// fetch reads what the kernel has sent so far into h.out, at most n packets, but all that may explain each other.
func (h *Host) fetch(n int) {
	for ; n > 0 || len(h.again) > 0; n-- {
		k, errno := read(h.tun, h.buffer)
		if errno != 0 { // EAGAIN; anything else comes again
			h.stirred = false
			break
		}
		if h.port == nil {
			continue
		}
		p := h.c.Pool.Get(k)
		copy(p.Data, h.buffer)
		p.Sound = true
		h.outgoing(p)
		h.out = append(h.out, p)
	}
	if len(h.again) > 0 {
		h.explain()
	}
	if !h.stirred {
		h.syn, h.blurred = false, false
	}
}

// emit puts what was read into the port.
func (h *Host) emit() {
	for i := 0; i < len(h.out); i++ { // a packet may bring forth more
		p := h.out[i]
		h.out[i] = nil
		h.port(p)
	}
	h.out = h.out[:0]
}

// outgoing says why a packet is sent, or notes that this is to be found out.
func (h *Host) outgoing(p *netem.Packet) {
	g := netem.ReadHeader(p.Data)
	switch {
	case g.Protocol == netem.UDP:
		p.Reason = "new"
		return
	case g.Kind == netem.KindICMP: // perhaps that a port is closed
		h.mail.forget()
		return
	case g.Protocol != netem.TCP || g.Fragment || g.Kind == netem.KindOther || !h.asks:
		return
	}
	var t tuple
	t.sent(&g, p.Data)
	c := h.connection(&t)
	s := &c.sent
	if g.Kind == netem.KindRST {
		s.reset = true
		return
	}
	end := g.Seq + uint32(g.Payload)
	if g.Flags&netem.FlagFIN != 0 {
		end++
	}
	if g.Flags&netem.FlagSYN != 0 {
		end++
		if !s.known || s.first != g.Seq {
			*s = sent{known: true, first: g.Seq, high: g.Seq, both: g.Kind == netem.KindSYNACK}
			c.told, c.state, c.rto = host.TCPInfo{}, 0, 0
			h.enliven(c)
		}
	}
	switch {
	case !s.known:
		return
	case end == g.Seq:
		if int32(g.Seq-s.high) == -1 {
			h.probe(c, p)
		}
		return
	case int32(g.Seq-s.high) < 0:
		s.batch++
		s.lossy, s.until = true, s.high
		h.again = append(h.again, resent{c, p, end == s.high, g.Flags&(netem.FlagSYN|netem.FlagACK) == netem.FlagSYN|netem.FlagACK})
	default:
		p.Reason = "new"
	}
	if int32(end-s.high) > 0 {
		s.high = end
	}
}

// known returns the connection of a TCP packet that the host receives, nil if there never was one.
func (h *Host) known(p *netem.Packet) *connection {
	var t tuple
	t.received(&p.Header, p.Data)
	if c := h.last; c != nil && c.tuple == t {
		return c
	}
	return h.connections[t]
}

// stirs tells whether a packet for a connection may make the kernel send something again: a SYN does, an ACK that repeats the
// last or brings SACK (whose header is longer than without, or with timestamps alone), and every ACK until all is acknowledged
// that was on its way when something was sent again.
func (c *connection) stirs(g *netem.Header) bool {
	if c == nil || g.Flags&netem.FlagSYN != 0 {
		return g.Kind == netem.KindSYN
	}
	s := &c.sent
	again := g.Payload == 0 && g.Ack == s.acked && g.Ack != s.high
	s.acked = g.Ack
	stirs := again || s.lossy || g.PayloadAt != g.Transport+20 && g.PayloadAt != g.Transport+32
	if s.lossy && int32(g.Ack-s.until) >= 0 {
		s.lossy = false
	}
	return stirs
}

// probe tells what an ACK is for that begins one below what comes next: the peer must answer it (RFC 9293 section 3.8.6.1,
// RFC 1122 section 4.2.3.6).
func (h *Host) probe(c *connection, p *netem.Packet) {
	if !h.look(c) {
		return
	}
	switch h.diagnosis.timer {
	case timerWindow:
		p.Reason = "window probe"
	case timerAlive:
		p.Reason = "keep-alive"
	}
}

// explain finds the reasons of h.again.
func (h *Host) explain() {
	for i := range h.again {
		r := &h.again[i]
		s := &r.c.sent
		if n := s.batch; n > 0 {
			s.batch = 0
			s.again += n
			s.why = h.reason(r, n)
		}
		r.p.Reason = s.why
		r.p = nil
	}
	h.again = h.again[:0]
}

// reason asks the kernel why it has sent n segments of a connection again, of which r is the first.
func (h *Host) reason(r *resent, n uint32) string {
	c, d := r.c, &h.diagnosis
	s := &c.sent
	if !h.look(c) {
		return ""
	}
	if !d.told { // a SYN-ACK, of a connection that has no socket yet
		switch {
		case !r.both || uint32(d.resent) != s.again&0xff:
			return ""
		case h.syn:
			return "peer repeats SYN"
		}
		s.rto += uint16(n)
		return "timeout"
	}
	i := &d.info
	timeouts, before := i.Total_rto-s.rto, s.state
	s.rto, s.state = i.Total_rto, i.Ca_state
	if h.blurred {
		return ""
	}
	if i.Total_retrans != s.again { // more has happened meanwhile, or less than it seems
		s.again = i.Total_retrans
		return ""
	}
	switch {
	case timeouts != 0 && uint32(timeouts) == n:
		s.narrowed = false
		return "timeout"
	case timeouts != 0:
		s.narrowed = false
		return ""
	case i.Ca_state == caLoss && s.narrowed:
		return "packet too big"
	case i.Ca_state == caRecovery:
		return "fast retransmit"
	case i.Ca_state == caLoss && before == caLoss:
		return "after timeout"
	case i.Ca_state < caRecovery && n == 1 && r.tail:
		return "tail loss probe"
	}
	return ""
}
