package kernel

import (
	"net/netip"
	"slices"
	"time"

	"golang.org/x/sys/unix"

	"reliabilitylab/lab/host"
)

// The kernel does not say what its connections do, but it can be asked (diag_linux.go). A host asks for each connection that
// has sent something, whichever program made it and whether or not that still holds it: at a period, at the beginning and the
// close of its own sockets, and when it sends something again; it tells what has changed.
//
// Each connection is asked for by its addresses, which costs about five microseconds. sock_diag would list them all at once, but walks
// the table of the whole machine for it, which takes a millisecond in which nothing could leave in time.

// A connection is what is known of one, by its host.
type connection struct {
	tuple       tuple
	local, peer netip.AddrPort
	live        bool // it is in Host.live

	told  host.TCPInfo // what was told last, without Event
	state uint8        // of congestion control, then
	rto   uint16       // timeouts so far, then
	shut  uint64       // µs that the peer's window has kept data back, then
	full  uint64       // µs that the send buffer has kept the program back, then

	sent sent
}

// connection returns what is known of a connection.
func (h *Host) connection(t *tuple) *connection {
	if c := h.last; c != nil && c.tuple == *t {
		return c
	}
	c := h.connections[*t]
	if c == nil {
		c = &connection{tuple: *t}
		c.local, c.peer = t.addresses(h.c.Addr.Is6())
		h.connections[*t] = c
	}
	h.last = c
	return c
}

// enliven has a connection asked for from now on.
func (h *Host) enliven(c *connection) {
	if c.live || h.c.Observer == nil {
		return
	}
	c.live = true
	h.live = append(h.live, c)
	if !h.sampling {
		h.sampling = true
		h.w.After(h.c.Sample, h.sampler)
	}
}

// leastGap bounds how much of the time is spent on asking: with more than Sample/leastGap connections each is asked for less
// often.
const leastGap = 100 * time.Microsecond

// sample looks at one connection, and comes again for the next when that one's turn has come: each has its turn once in
// Sample. It ends with a round in which no program is left and no connection has anything to send again.
func (h *Host) sample() {
	h.sampling = false
	if h.asked >= len(h.live) {
		h.asked, h.pending = 0, 0
	}
	if h.asked < len(h.live) {
		if c := h.live[h.asked]; h.look(c) {
			h.asked++
			if h.diagnosis.timer == timerResend {
				h.pending++
			}
		} else {
			c.live = false
			h.live = slices.Delete(h.live, h.asked, h.asked+1)
		}
	}
	if done := h.asked >= len(h.live) && h.pending == 0 && h.w.programs == 0; len(h.live) > 0 && !done {
		h.sampling = true
		h.w.After(max(h.c.Sample/time.Duration(len(h.live)), leastGap), h.sampler)
	}
}

// look asks for one connection and tells what is new. It returns whether there still is one that can change.
func (h *Host) look(c *connection) bool {
	d := &h.diagnosis
	if h.diag == nil || h.diag.one(family(h.c.Addr), unix.IPPROTO_TCP, &c.tuple, d) != 0 || d.tuple != c.tuple {
		return false
	}
	if !d.told {
		return d.state == stateSynRecv // it has no socket yet, or has none any more and waits for TIME_WAIT to be over
	}
	h.tell(c, &d.info)
	return true
}

// tell tells what is new of a connection.
func (h *Host) tell(c *connection, i *unix.TCPInfo) {
	if h.c.Observer == nil {
		return
	}
	now := translate(i)
	now.Waits = waits(now.State, i, i.Rwnd_limited > c.shut, i.Sndbuf_limited > c.full)
	if now == c.told && i.Total_rto == c.rto { // a SYN that times out again is all that changes: its timeout does not double at first
		return
	}
	event := "ack"
	switch {
	case i.Total_rto != c.rto:
		event = "timeout"
	case i.Ca_state == caLoss && c.state != caLoss && c.sent.narrowed:
		event = "packet too big"
	case i.Ca_state == caLoss && c.state != caLoss:
		event = "timeout"
	case i.Ca_state == caRecovery && c.state != caRecovery:
		event = "fast retransmit"
	case now.State != c.told.State:
		event = transition(c.told.State, now.State)
	}
	if i.Ca_state != caLoss {
		c.sent.narrowed = false
	}
	c.told, c.state, c.rto, c.shut, c.full = now, i.Ca_state, i.Total_rto, i.Rwnd_limited, i.Sndbuf_limited
	now.Event = event
	h.c.Observer.TCP(h, c.local, c.peer, now)
}

// The states of congestion control (enum tcp_ca_state): all is well, there are duplicate ACKs, the window was reduced for
// another reason than loss, fast recovery, after a timeout.
const (
	caOpen = iota
	caDisorder
	caCWR
	caRecovery
	caLoss
)

// states are the names of RFC 9293 for the kernel's numbers (enum in net/tcp_states.h).
var states = [...]string{
	"", "ESTABLISHED", "SYN-SENT", "SYN-RECEIVED", "FIN-WAIT-1", "FIN-WAIT-2", "TIME-WAIT", "CLOSED", "CLOSE-WAIT", "LAST-ACK", "LISTEN", "CLOSING",
	"SYN-RECEIVED", // TCP_NEW_SYN_RECV
}

// transition says what leads from one state to another, where RFC 9293's diagram (section 3.3.2, figure 5) has but one way, or one
// that is followed at once; else "state": between two looks at a connection more may have happened.
func transition(from, to string) string {
	switch from + " " + to {
	case " SYN-SENT":
		return "open"
	case " SYN-RECEIVED":
		return "SYN received"
	case "SYN-SENT ESTABLISHED":
		return "SYN-ACK received"
	case "SYN-RECEIVED ESTABLISHED":
		return "ACK of SYN"
	case "ESTABLISHED FIN-WAIT-1", "CLOSE-WAIT LAST-ACK":
		return "close"
	case "ESTABLISHED CLOSE-WAIT", "FIN-WAIT-1 CLOSING", "FIN-WAIT-2 TIME-WAIT":
		return "FIN received"
	case "FIN-WAIT-1 FIN-WAIT-2", "CLOSING TIME-WAIT":
		return "ACK of FIN"
	}
	return "state"
}

// waits says what a connection waits for, in the words of lab/tcp, as far as the kernel tells: what it has of the program's bytes that
// was never sent, whether as much is on its way as cwnd allows (tcp_cwnd_test), and which of its clocks of limits have run since the last
// look: the peer's window (tcpi_rwnd_limited), the send buffer (tcpi_sndbuf_limited). Else, as for pacing and Nagle, it is "".
func waits(state string, i *unix.TCPInfo, shut, full bool) string {
	switch {
	case state == "SYN-SENT" || state == "SYN-RECEIVED":
		return "handshake"
	case state == "CLOSED" || state == "FIN-WAIT-2" || state == "TIME-WAIT":
		return ""
	case i.Notsent_bytes == 0 && state != "ESTABLISHED" && state != "CLOSE-WAIT":
		return "acks"
	case i.Notsent_bytes == 0 && full:
		return "send buffer"
	case i.Notsent_bytes == 0:
		return "program"
	case i.Unacked+i.Retrans >= i.Snd_cwnd+i.Sacked+i.Lost:
		return "cwnd"
	case shut:
		return "window"
	}
	return ""
}

// unlimited is what the kernel calls a slow start threshold that nothing has set yet (TCP_INFINITE_SSTHRESH).
const unlimited = 0x7fffffff

// translate says it in bytes and durations.
func translate(i *unix.TCPInfo) host.TCPInfo {
	mss := int(i.Snd_mss)
	t := host.TCPInfo{
		Phase: "congestion avoidance", MSS: mss, Cwnd: int(i.Snd_cwnd) * mss, SendWnd: int(i.Snd_wnd), RcvWnd: int(i.Rcv_ssthresh),
		InFlight: max(0, int(i.Unacked)-int(i.Sacked)-int(i.Lost)+int(i.Retrans)) * mss,
		RTO:      time.Duration(i.Rto) * time.Microsecond,
	}
	if int(i.State) < len(states) {
		t.State = states[i.State]
	}
	if i.Snd_ssthresh < unlimited {
		t.Ssthresh = int(i.Snd_ssthresh) * mss
	}
	if i.Rtt > 0 {
		t.SRTT, t.RTTVar = time.Duration(i.Rtt)*time.Microsecond, time.Duration(i.Rttvar)*time.Microsecond
	}
	switch {
	case i.Ca_state == caRecovery:
		t.Phase = "recovery"
	case i.Ca_state == caLoss:
		t.Phase = "loss"
	case i.Snd_cwnd < i.Snd_ssthresh:
		t.Phase = "slow start"
	}
	return t
}
