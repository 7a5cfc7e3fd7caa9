package tcp

import (
	"io"
	"syscall"
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
// is decided in output.go; what time alone makes happen is in timers.go.
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
	finAt     Seq  // where the peer's FIN stands, if finKnown
	finKnown  bool // FIN has arrived, perhaps out of order
	finTaken  bool // FIN is acknowledged: the stream has ended
	deaf      bool // the program has closed and will not read
	dsack     Block
	ackNow    bool
	quick     int           // so many ACKs more go out without delay
	peerMSS   int           // the largest segment seen from the peer
	lastData  time.Duration // when data last arrived

	answers    int           // ACKs since answeredAt to segments without text that were not taken
	answeredAt time.Duration // when these five seconds began

	// What the handshake agreed on.
	sack, timestamps bool
	tsRecent         uint32
	tsRecentAt       time.Duration

	// Loss recovery and congestion control.
	board   scoreboard
	w       Window
	control Congestion
	point   Seq           // RecoveryPoint (RFC 6675), recover (RFC 6582)
	dup     int           // duplicate ACKs in a row
	credit  int           // without SACK: segments that duplicate ACKs say have left the network
	rescue  Seq           // RescueRxt (RFC 6675): a rescue retransmission may go once this is acknowledged
	patient bool          // the first partial ACK of this recovery has come (RFC 6582's Impatient variant)
	limited bool          // cwnd was what held the last transmission back
	sentAt  time.Duration // when data was last sent

	// Timers: instants, or Never.
	rtt                              estimator
	backoff                          int // doublings of the timeout
	retries                          int // timeouts in a row
	rtoAt, persistAt, ackAt, deathAt time.Duration
	synAt                            time.Duration // when the SYN was first sent
	now                              time.Duration // the instant of the call under way

	seg   Segment // the segment being sent
	told  host.TCPInfo
	event string // what the next report is about
}

func newConn(cfg Config, env Env, now time.Duration, iss Seq) *Conn {
	c := &Conn{
		cfg: cfg, env: env, iss: iss, una: iss, nxt: iss, outSeq: iss + 1, small: iss, point: iss,
		mss: 536, rtoAt: Never, persistAt: Never, ackAt: Never, deathAt: Never, now: now, synAt: now,
		control: newCongestion(cfg.Congestion),
	}
	for c.scale < 14 && 65535<<c.scale < cfg.ReceiveBuffer {
		c.scale++
	}
	return c
}

// Connect makes a connection and sends its SYN. iss is the initial sequence number.
func Connect(cfg Config, env Env, now time.Duration, iss Seq) *Conn {
	c := newConn(cfg, env, now, iss)
	c.state = SynSent
	c.nxt = iss + 1
	c.sendSYN("new")
	c.startRTO()
	c.report("state")
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
	c.report("state")
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

// Write copies into the send buffer what has room, and sends what may be sent. 0 without error means the buffer is full
// (or the handshake is not over): wait for Notify. After CloseWrite it is EPIPE; after a failure, once, that failure.
func (c *Conn) Write(now time.Duration, b []byte) (int, error) {
	c.now = now
	if err := c.takeErr(); err != nil {
		return 0, err
	}
	switch {
	case c.finAsked:
		return 0, syscall.EPIPE
	case c.state == SynSent || c.state == SynReceived:
		c.wantRoom = true
		return 0, nil
	case c.state != Established && c.state != CloseWait:
		return 0, syscall.EPIPE
	}
	n := min(len(b), c.room())
	c.wantRoom = n < len(b)
	if n > 0 {
		c.out.add(b[:n])
		c.transmit()
		c.report("write")
	}
	return n, nil
}

// room is how many bytes more the send buffer takes. Unless the program has set its size, it follows the congestion
// window as Linux's does: room for two windows, so that one can be filled while the other is on its way.
func (c *Conn) room() int {
	if c.fixedBuffer {
		c.sendLimit = max(c.cfg.SendBuffer, c.mss) // with less, nothing could ever be sent
	} else {
		want := 2 * max(c.w.Cwnd, c.cfg.InitialWindow*c.mss)
		c.sendLimit = min(max(c.sendLimit, want), c.cfg.SendBuffer)
	}
	return max(0, c.sendLimit-c.out.n)
}

// Read copies what has arrived in order. 0 without error means that nothing is there yet; the end of the stream is
// io.EOF; after a failure, once, that failure (ECONNRESET, ETIMEDOUT, ECONNREFUSED while connecting).
func (c *Conn) Read(now time.Duration, b []byte) (int, error) {
	c.now = now
	if n := c.in.read(b); n > 0 {
		c.offer()
		return n, nil
	}
	if err := c.takeErr(); err != nil {
		return 0, err
	}
	if c.finTaken || c.state == Closed {
		return 0, io.EOF
	}
	return 0, nil
}

// Unread is how many bytes Read could return at once.
func (c *Conn) Unread() int { return c.in.unread }

// Ended tells whether the stream has ended: behind the unread bytes Read returns io.EOF.
func (c *Conn) Ended() bool { return c.finTaken || c.state == Closed }

// CloseWrite sends FIN behind all that was written.
func (c *Conn) CloseWrite(now time.Duration) {
	c.now = now
	if c.finAsked {
		return
	}
	switch c.state {
	case SynSent:
		c.die(nil)
		return
	case SynReceived, Established:
		// In SYN-RECEIVED the FIN waits for the handshake's last ACK (RFC 9293 section 3.10.4).
		c.finAsked = true
		if c.state == Established {
			c.become(FinWait1)
		}
	case CloseWait:
		c.finAsked = true
		c.become(LastAck)
	default:
		return
	}
	c.transmit()
	c.report("state")
}

// Close is CloseWrite by a program that will not read any more: unread data, or data that comes later, resets the
// connection (RFC 9293 section 3.6.1, RFC 2525 section 2.17). The caller goes on calling Deliver and Expire until Closed.
func (c *Conn) Close(now time.Duration) {
	c.now = now
	c.deaf = true
	if c.in.unread > 0 && c.state != Closed && c.state != TimeWait {
		c.send(netem.FlagRST|netem.FlagACK, c.nxt, nil, nil, "close with unread data")
		c.die(nil)
		return
	}
	c.CloseWrite(now)
	if c.state == FinWait2 {
		c.deathAt = now + c.cfg.TimeWait // nobody waits for the peer's FIN for ever
	}
}

// Abort sends RST, if the peer knows the connection, and closes at once.
func (c *Conn) Abort(now time.Duration) {
	c.now = now
	switch c.state {
	case Closed:
		return
	case SynReceived, Established, FinWait1, FinWait2, CloseWait:
		c.send(netem.FlagRST|netem.FlagACK, c.nxt, nil, nil, "abort")
	}
	c.die(nil)
}

// Fail ends the connection with an error (an ICMP message said so while connecting).
func (c *Conn) Fail(now time.Duration, err error) {
	c.now = now
	if c.state != Closed {
		c.die(err)
	}
}

// State returns the connection's state.
func (c *Conn) State() State { return c.state }

// Err is why the connection failed, or nil. Unlike Read and Write it does not use the error up.
func (c *Conn) Err() error { return c.cause }

// SetNoDelay switches Nagle's algorithm off or on.
func (c *Conn) SetNoDelay(now time.Duration, on bool) {
	c.now = now
	c.cfg.Nagle = !on
	if on {
		c.transmit()
		c.report("write")
	}
}

// SetCongestion chooses the congestion control; a name not in Congestions is ENOENT, as Linux has it.
func (c *Conn) SetCongestion(name string) error {
	for _, k := range Congestions {
		if k.Name == name {
			c.control = k.New()
			return nil
		}
	}
	return syscall.ENOENT
}

// SetReceiveBuffer sets the most that is offered as window; the offer never shrinks (RFC 9293 section 3.8.6).
func (c *Conn) SetReceiveBuffer(now time.Duration, n int) {
	c.now = now
	c.cfg.ReceiveBuffer = n
	if c.state >= Established {
		c.offer()
	}
}

// SetSendBuffer sets how much Write takes beyond what is acknowledged.
func (c *Conn) SetSendBuffer(n int) {
	c.cfg.SendBuffer = n
	c.fixedBuffer = true
}

// takeErr returns the failure once.
func (c *Conn) takeErr() error {
	err := c.err
	c.err = nil
	return err
}

// become enters a state.
func (c *Conn) become(s State) {
	c.state = s
	c.event = "state"
	switch s {
	case TimeWait:
		c.rtoAt, c.persistAt = Never, Never
		c.deathAt = c.now + c.cfg.TimeWait
	case FinWait2:
		if c.deaf {
			c.deathAt = c.now + c.cfg.TimeWait
		}
	case Closed:
		c.rtoAt, c.persistAt, c.ackAt, c.deathAt = Never, Never, Never, Never
	}
	c.env.Notify()
}

// die closes at once; err is nil where nothing went wrong.
func (c *Conn) die(err error) {
	c.err, c.cause = err, err
	c.become(Closed)
	c.report("state")
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
		SRTT: c.rtt.srtt, RTTVar: c.rtt.dev / 4, RTO: c.timeout(), Event: c.told.Event,
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
	case c.w.SlowStart():
		return "slow start"
	}
	return "congestion avoidance"
}
