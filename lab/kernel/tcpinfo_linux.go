package kernel

import (
	"net/netip"
	"slices"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"

	"reliabilitylab/lab/host"
)

// The kernel does not say what its connections do, but it can be asked: TCP_INFO (tcp(7), struct tcp_info). The hosts ask
// for each open connection at a period, at its beginning and at its close, and tell what has changed.

// A sampled is what was last known of a connection.
type sampled struct {
	local netip.AddrPort
	told  host.TCPInfo // without Event
	state uint8        // of congestion control
	rto   uint16       // timeouts so far
}

// observe begins to ask for a connection.
func (s *socket) observe() {
	h := s.h
	if h.c.Observer == nil {
		return
	}
	s.watched = &sampled{local: s.LocalAddr()}
	s.look()
	if !h.sampling {
		h.sampling = true
		h.w.After(h.c.Sample, h.sampler)
	}
}

// unwatch forgets a socket.
func (h *Host) unwatch(s *socket) {
	if i := slices.Index(h.sockets, s); i >= 0 {
		h.sockets = slices.Delete(h.sockets, i, i+1)
	}
}

// sample looks at all connections. With none, or no program left, it is the last time.
func (h *Host) sample() {
	h.sampling = false
	for _, s := range h.sockets {
		if s.watched != nil {
			s.look()
			h.sampling = h.w.programs > 0
		}
	}
	if h.sampling {
		h.w.After(h.c.Sample, h.sampler)
	}
}

// look asks for one connection and tells what is new.
func (s *socket) look() {
	k := s.watched
	if k == nil {
		return
	}
	var i unix.TCPInfo
	size := uint32(unsafe.Sizeof(i))
	if _, _, errno := unix.RawSyscall6(unix.SYS_GETSOCKOPT, uintptr(s.fd), unix.IPPROTO_TCP, unix.TCP_INFO,
		uintptr(unsafe.Pointer(&i)), uintptr(unsafe.Pointer(&size)), 0); errno != 0 {
		return
	}
	now := translate(&i)
	if now == k.told {
		return
	}
	event := "ack"
	switch {
	case i.Total_rto > k.rto, i.Ca_state == caLoss && k.state != caLoss:
		event = "timeout"
	case i.Ca_state == caRecovery && k.state != caRecovery:
		event = "fast retransmit"
	case now.State != k.told.State:
		event = "state"
	}
	k.told, k.state, k.rto = now, i.Ca_state, i.Total_rto
	now.Event = event
	s.h.c.Observer.TCP(s.h, k.local, s.peer, now)
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

// unlimited is what the kernel calls a slow start threshold that nothing has set yet (TCP_INFINITE_SSTHRESH).
const unlimited = 0x7fffffff

// translate says it in bytes and durations.
func translate(i *unix.TCPInfo) host.TCPInfo {
	mss := int(i.Snd_mss)
	t := host.TCPInfo{
		Phase: "congestion avoidance", MSS: mss, Cwnd: int(i.Snd_cwnd) * mss, SendWnd: int(i.Snd_wnd),
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
