package tcp

import (
	"syscall"

	"reliabilitylab/netem"
)

// sendSYN sends SYN (in SYN-SENT) or SYN-ACK (in SYN-RECEIVED) with the options that this end offers.
func (c *Conn) sendSYN(reason string) {
	s := &c.seg
	*s = Segment{Seq: c.iss, Flags: netem.FlagSYN, Reason: reason}
	o := &s.Options
	o.MSS = uint16(min(c.cfg.MSS, 65535))
	if c.state == SynSent {
		o.SACKPermitted, o.HasTimestamps, o.HasScale = c.cfg.SACK, c.cfg.Timestamps, c.cfg.WindowScaling
	} else {
		// An answer carries only what the SYN has offered (RFC 7323 sections 2.2 and 3.2, RFC 2018 section 2).
		s.Flags |= netem.FlagACK
		s.Ack = c.next
		c.acked = c.next
		o.SACKPermitted, o.HasTimestamps, o.HasScale = c.sack, c.timestamps, c.cfg.WindowScaling
	}
	o.Scale = c.scale
	if o.HasTimestamps {
		o.TSVal, o.TSEcr = c.clock(), c.tsRecent
	}
	s.Flags |= c.synFlags()
	s.ECN = c.codepoint(s.Flags, false)
	s.Window = uint16(min(c.buffer, 65535)) // never scaled in a SYN (RFC 7323 section 2.2)
	c.edge = c.next + Seq(s.Window)
	c.env.Output(s)
}

// takeSYN takes the peer's sequence number and options from its SYN or SYN-ACK.
func (c *Conn) takeSYN(s *Segment) {
	c.irs = s.Seq
	c.next = s.Seq + 1
	c.acked = c.next
	c.edge = c.next + Seq(min(c.buffer, 65535))
	o := &s.Options
	if c.sack = c.cfg.SACK && o.SACKPermitted; !c.sack {
		c.cfg.Recovery = "newreno"
	}
	c.selective = c.cfg.Recovery != "newreno"
	c.proportional = c.cfg.PRR && c.selective
	if c.cfg.Recovery == "rack" {
		c.board.time = newTimeline(c.iss + 1)
		c.reo = reordering{mult: 1, persist: reoPersist}
	}
	c.timestamps = c.cfg.Timestamps && o.HasTimestamps
	if c.timestamps {
		c.tsRecent, c.tsRecentAt = o.TSVal, c.now
	}
	if c.cfg.WindowScaling = c.cfg.WindowScaling && o.HasScale; c.cfg.WindowScaling {
		c.sendScale = o.Scale
	} else {
		c.scale = 0
	}
	mss := 536 // RFC 9293 section 3.7.1, MUST-15; over IPv6, of which a Conn knows nothing, it could be 1220
	if o.MSS != 0 {
		mss = int(o.MSS)
	}
	c.mss = min(mss, c.cfg.MSS)
	if c.timestamps {
		c.mss -= 12 // RFC 6691 section 2: the options of every segment come off
	}
	c.mss = max(c.mss, 8)
	c.w = Window{MSS: c.mss, Cwnd: c.cfg.InitialWindow * c.mss, Ssthresh: Unlimited, Selective: c.selective}
	c.window = int(s.Window)
	c.maxWindow = c.window
	c.wl1, c.wl2 = s.Seq, s.Ack
	c.quick = quickACKs
	c.takeECN(s)
}

// synSent is RFC 9293 section 3.10.7.3. Data that comes with a SYN is left to come again.
func (c *Conn) synSent(s *Segment) {
	ack := s.Flags&netem.FlagACK != 0
	if ack && (s.Ack.LessEq(c.iss) || c.nxt.Less(s.Ack)) {
		if r, ok := Reset(s); ok {
			c.send(r.Flags, r.Seq, nil, nil, "half-open")
		}
		return
	}
	if s.Flags&netem.FlagRST != 0 {
		if ack {
			c.die(syscall.ECONNREFUSED, "RST received")
		}
		return
	}
	if s.Flags&netem.FlagSYN == 0 {
		return
	}
	c.takeSYN(s)
	if !ack { // both ends have opened at the same time (section 3.5, figure 7)
		c.become(SynReceived, "SYN received")
		c.sendSYN("new")
		return
	}
	c.synAcked(s)
	c.establish(s)
	c.ackNow = true
	c.transmit()
	c.acknowledge()
}

// synAcked books the ACK of our SYN.
func (c *Conn) synAcked(s *Segment) {
	c.una = s.Ack
	switch {
	case c.retries == 0:
		c.rtt.sample(c.now-c.synAt, c.cfg.MinRTO, c.una, c.nxt)
		c.board.time.rtt, c.board.time.minRTT = c.now-c.synAt, c.now-c.synAt
	case c.timestamps && s.Options.HasTimestamps && s.Options.TSEcr != 0:
		c.rtt.sample(c.since(s.Options.TSEcr), c.cfg.MinRTO, c.una, c.nxt)
	default:
		c.cfg.InitialRTO = max(c.cfg.InitialRTO, lateRTO) // RFC 6298 section 5.7
	}
	if c.retries > 1 {
		c.w.Cwnd = c.mss // RFC 6928 section 2: after more than one; RFC 5681 section 3.1 wants it after one already
	}
	c.backoff, c.retries = 0, 0
	c.rtoAt = Never
}

// establish enters ESTABLISHED on a segment that acknowledges our SYN.
func (c *Conn) establish(s *Segment) {
	if s.Flags&netem.FlagSYN == 0 {
		c.window = int(s.Window) << c.sendScale
	}
	c.maxWindow = max(c.maxWindow, c.window)
	c.wl1, c.wl2 = s.Seq, s.Ack
	c.heardAt = c.now
	c.startSizing()
	c.usage = usage{end: c.una, fullAt: c.now}
	event := "ACK of SYN"
	if c.state == SynSent {
		event = "SYN-ACK received"
	}
	c.become(Established, event)
	if c.cfg.KeepAlive {
		c.keepAt = c.now + c.cfg.KeepIdle
	}
	if c.model != nil {
		c.model.Start(&c.w, c.now, c.rtt.srtt, c.env.Rand)
	}
	if c.finAsked { // it was closed in SYN-RECEIVED (section 3.10.4)
		c.become(FinWait1, "close")
	}
}
