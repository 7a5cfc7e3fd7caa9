package host

import (
	"net/netip"
	"time"
)

// TCPInfo is what a connection tells of itself, after Linux's struct tcp_info. The lab's stack tells it at every change,
// the kernel is asked for it.
type TCPInfo struct {
	State    string        // RFC 9293's name: ESTABLISHED, SYN-SENT …
	Phase    string        // what congestion control is doing: "slow start", "congestion avoidance", "recovery", "loss"
	Cwnd     int           // congestion window, bytes
	Ssthresh int           // slow start threshold, bytes; 0 while it is still unlimited
	InFlight int           // bytes sent, not acknowledged and not thought to be lost
	SendWnd  int           // the window the peer offers, bytes
	RcvWnd   int           // the window it offers to the peer while nothing waits to be read, bytes
	MSS      int           // payload bytes of a full segment
	SRTT     time.Duration // smoothed round-trip time, 0 before the first sample
	RTTVar   time.Duration
	RTO      time.Duration // retransmission timeout in force, with its backoff
	Waits    string        // why nothing more is being sent: "program", "cwnd", "window" …; "" where that is not known, or nothing is left to send
	Event    string        // what changed it ("ack", "fast retransmit", "timeout" …); of a new state what led to it ("FIN received", "close" …)
}

// An Observer is told of every change of a TCP connection, at the instant of the change.
type Observer interface {
	TCP(h Host, local, peer netip.AddrPort, info TCPInfo)
}
