package tcp

import (
	"time"

	"reliabilitylab/lab/host"
	"reliabilitylab/netem"
)

// State is RFC 9293's (section 3.3.2). LISTEN is the socket layer's: a Conn is born with a SYN sent or received.
type State uint8

// The states.
const (
	Closed State = iota
	SynSent
	SynReceived
	Established
	FinWait1
	FinWait2
	CloseWait
	Closing
	LastAck
	TimeWait
)

var stateNames = [...]string{"CLOSED", "SYN-SENT", "SYN-RECEIVED", "ESTABLISHED", "FIN-WAIT-1", "FIN-WAIT-2",
	"CLOSE-WAIT", "CLOSING", "LAST-ACK", "TIME-WAIT"}

// String returns RFC 9293's name of the state.
func (s State) String() string { return stateNames[s] }

// A Conn is one connection. A segment that arrives goes through input.go, ack.go and recovery.go; what may be sent then
// is decided in output.go; what time alone makes happen is in timers.go; what programs ask for is in calls.go.
type Conn struct {
	cfg   Config
	env   Env
	state State
	err   error // why it failed; nil once a call has returned it
	cause error // why it failed, kept

	// Send sequence space (RFC 9293 section 3.3.1).
	iss, una, nxt Seq
	window        int // SND.WND, scaled
	maxWindow     int // the largest window the peer has ever offered
	wl1, wl2      Seq // the segment that last set window
	sendScale     uint8
	mss           int // payload bytes of a full segment, with the options every segment carries taken off
	out           sendBuffer
	outSeq        Seq  // sequence number of the first byte in out
	small         Seq  // the end of the last segment that was smaller than mss (Nagle, Minshall)
	finAsked      bool // the program has closed: FIN comes behind out
	finSent       bool
	wantRoom      bool // a Write was cut short
	fixedBuffer   bool // the program has set the send buffer itself
	sendLimit     int  // bytes the send buffer takes now

	// Receive sequence space.
	irs, next Seq // next is RCV.NXT
	edge      Seq // the right edge of the window last offered
	acked     Seq // the acknowledgment number last sent
	scale     uint8
	in        receiveBuffer
	buffer    int // bytes that may wait for the program now: Config.ReceiveBuffer, or less on the way there
	size      rightSizing
	finAt     Seq  // where the peer's FIN stands, if finKnown
	finKnown  bool // FIN has arrived, perhaps out of order
	finTaken  bool // FIN is acknowledged: the stream has ended
	deaf      bool // the program has closed and will not read
	readShut  bool // it will not read, but may write
	dsack     Block
	ackNow    bool
	quick     int           // so many ACKs more go out without delay
	peerMSS   int           // the largest segment seen from the peer
	lastData  time.Duration // when data last arrived

	answers    int           // ACKs since answeredAt to segments without text that were not taken
	answeredAt time.Duration // when these five seconds began

	// What the handshake agreed on.
	sack, timestamps bool
	selective        bool // what is lost is told by SACK: Recovery is not "newreno"
	proportional     bool // cwnd comes down by PRR
	tsRecent         uint32
	tsRecentAt       time.Duration

	// Congestion control.
	w        Window
	control  Congestion
	sampler  Sampler // control, if it is one
	model    Model   // control, if it is one
	marks    Marked  // control, if it is one
	heard    Sample  // the last, of a sampler
	ecn      ecn
	pacing   bool          // segments leave at a pace
	limited  bool          // cwnd was what held the last transmission back
	triedAt  time.Duration // when that was
	usage    usage
	sentAt   time.Duration // when data was last sent
	nextSend time.Duration // when pacing lets the next segment go

	// Loss recovery.
	board      scoreboard
	point      Seq  // RecoveryPoint (RFC 6675), recover (RFC 6582)
	dup        int  // duplicate ACKs in a row
	credit     int  // without SACK: segments that duplicate ACKs say have left the network
	rescue     Seq  // RescueRxt (RFC 6675): a rescue retransmission may go once this is acknowledged
	patient    bool // the first partial ACK of this recovery has come (RFC 6582's Impatient variant)
	prr        reduction
	prior      prior
	late       bool   // the ACK under way is for a transmission from before the retransmissions
	againStamp uint32 // the timestamp of the first of the retransmissions that are on their way
	frto       frtoStep
	probes     int // new segments that F-RTO may still send
	reo        reordering
	tlp        tailProbe
	resent     int  // segments sent again
	dsacks     int  // D-SACKs got
	fed        bool // new data was sent or acknowledged: the tail loss probe is to be scheduled anew

	// Timers: instants, or Never.
	rtt                                      estimator
	backoff                                  int // doublings of the timeout
	retries                                  int // timeouts in a row
	rtoAt, paceAt, persistAt, ackAt, deathAt time.Duration
	keepAt                                   time.Duration // when the silence of the peer is looked at
	reorderAt, probeAt                       time.Duration // RACK's, which go before rtoAt
	synAt                                    time.Duration // when the SYN was first sent
	heardAt                                  time.Duration // when the peer was last heard
	questions                                int           // keep-alives since then
	failingAt                                time.Duration // when the first of the timeouts in a row went off
	shutAt                                   time.Duration // when the first probe went into the window that is shut; Never while it is open
	now                                      time.Duration // the instant of the call under way

	seg   Segment // the segment being sent
	told  host.TCPInfo
	event string // what the next report is about
}

func newConn(cfg Config, env Env, now time.Duration, iss Seq) *Conn {
	c := &Conn{
		cfg: cfg, env: env, iss: iss, una: iss, nxt: iss, outSeq: iss + 1, small: iss, point: iss,
		mss: 536, rtoAt: Never, persistAt: Never, ackAt: Never, deathAt: Never, reorderAt: Never, probeAt: Never, paceAt: Never,
		keepAt: Never, shutAt: Never, now: now, synAt: now,
	}
	c.out.pool, c.in.pool = env.Pool, env.Pool
	c.adopt(newCongestion(cfg.Congestion))
	for c.scale < 14 && 65535<<c.scale < cfg.ReceiveBuffer {
		c.scale++
	}
	c.firstSize()
	return c
}

// Connect makes a connection and sends its SYN. iss is the initial sequence number.
func Connect(cfg Config, env Env, now time.Duration, iss Seq) *Conn {
	c := newConn(cfg, env, now, iss)
	c.state = SynSent
	c.nxt = iss + 1
	c.sendSYN("new")
	c.startRTO()
	c.report("open")
	return c
}

// Accept makes a connection of a SYN that a listener got, and answers it with SYN-ACK.
func Accept(cfg Config, env Env, now time.Duration, iss Seq, syn *Segment) *Conn {
	c := newConn(cfg, env, now, iss)
	c.state = SynReceived
	c.nxt = iss + 1
	c.takeSYN(syn)
	c.sendSYN("new")
	c.startRTO()
	c.report("SYN received")
	return c
}

// Reset returns the RST that answers a segment for which there is no connection (RFC 9293 section 3.10.7.1), and whether
// one is to be sent at all.
func Reset(s *Segment) (Segment, bool) {
	if s.Flags&netem.FlagRST != 0 {
		return Segment{}, false
	}
	r := Segment{SrcPort: s.DstPort, DstPort: s.SrcPort, Flags: netem.FlagRST, Reason: "no connection"}
	if s.Flags&netem.FlagACK != 0 {
		r.Seq = s.Ack
	} else {
		r.Flags |= netem.FlagACK
		r.Ack = s.End()
	}
	return r, true
}

// Reopens tells whether a SYN may begin a new connection in the place of this one, which is in TIME-WAIT (RFC 9293 section
// 3.10.7.4, RFC 6191 section 2, as Linux has them): it is no old duplicate, for its sequence number lies behind all that
// was received, or its timestamp is later than the last.
func (c *Conn) Reopens(syn *Segment) bool {
	if c.state != TimeWait {
		return false
	}
	if c.timestamps && syn.Options.HasTimestamps {
		later := int32(syn.Options.TSVal - c.tsRecent)
		return later > 0 || later == 0 && c.next.Less(syn.Seq)
	}
	return c.next.Less(syn.Seq)
}

// become enters a state; event is what led to it, in the words of RFC 9293's diagram (section 3.3.2, figure 5).
func (c *Conn) become(s State, event string) {
	c.state = s
	c.event = event
	switch s {
	case TimeWait:
		c.quiet()
		c.out.rest()
		c.in.rest()
		c.deathAt = c.now + c.cfg.TimeWait
	case FinWait2:
		c.out.rest()
		if c.deaf {
			c.deathAt = c.now + c.cfg.TimeWait
		}
	case Closed:
		c.quiet()
		c.out.rest()
		c.in.rest()
		c.ackAt, c.deathAt = Never, Never
	}
	c.env.Notify()
}

// quiet stops the timers that make data be sent.
func (c *Conn) quiet() {
	c.rtoAt, c.reorderAt, c.probeAt, c.paceAt, c.persistAt, c.keepAt = Never, Never, Never, Never, Never, Never
}

// die closes at once; err is nil where nothing went wrong, event is what led to it.
func (c *Conn) die(err error, event string) {
	c.err, c.cause = err, err
	c.become(Closed, event)
	c.report(event)
}

// report tells the observer what has changed since the last report; event names the occasion unless something more
// particular has happened.
func (c *Conn) report(event string) {
	if c.event != "" {
		event = c.event
	}
	c.event = ""
	if c.env.Change == nil {
		return
	}
	i := host.TCPInfo{
		State: c.state.String(), Phase: c.phaseName(), Cwnd: c.w.Cwnd, InFlight: c.pipe(), SendWnd: c.window, MSS: c.mss,
		RcvWnd: c.buffer, SRTT: c.rtt.srtt, RTTVar: c.rtt.dev / 4, RTO: c.timeout(), Waits: c.waits(), Event: c.told.Event,
	}
	if c.w.Ssthresh != Unlimited {
		i.Ssthresh = c.w.Ssthresh
	}
	if i == c.told && event != "timeout" {
		return
	}
	i.Event = event
	c.told = i
	c.env.Change(i)
}

func (c *Conn) phaseName() string {
	switch {
	case c.w.Phase == Recovery:
		return "recovery"
	case c.w.Phase == Loss:
		return "loss"
	case c.model != nil && c.w.Ssthresh != Unlimited: // its window may be anything
		return "congestion avoidance"
	case c.w.SlowStart():
		return "slow start"
	}
	return "congestion avoidance"
}
