// Package trace is the record of one trial: every packet and its fate, every message, every socket call, every change
// of a TCP connection. reports measures and draws from it alone.
package trace

import (
	"net/netip"
	"time"

	"reliabilitylab/netem"
)

// Never is the instant of what has not happened.
const Never time.Duration = -1

// Any is the protocol of a session: whatever any programs sent to and fro, in connections of which nothing is known
// beforehand. Its Data is the direction in which more was sent.
const Any = "any"

// A Trace is the whole record of one trial: one flow of one protocol, alone on its path or together with others; or of a
// session of any programs.
type Trace struct {
	Trial    string // the trial's id, which is its folder's name: "tcp", "udp", …
	Flow     string // the flow's name in the scenario
	Protocol string // as scenarios name it: "tcp", "udp", "go-back-n" …; Any of a session
	Client   End
	Server   End
	Data     netem.Direction // the direction in which the flow's messages travel
	Start    time.Duration   // when the flow's program began
	End      time.Duration   // the lab's time when the trial was over
	Offered  int64           // bytes the program was asked to send; 0 if it is not known beforehand
	QueueMax int             // the longest queue at the bottleneck in the direction of the data, packets; -1 where there is none
	Packets  []Packet        // the ledger, in the order in which packets were put on the path
	Messages []Message       // in the order of sending
	Calls    []Call          // in the order of their return
	TCP      []TCPSample     // in the order of time
	Queue    []QueueLength   // in the order of time: the packets that wait before the bottlenecks, those of other trials on the path too
	Garbled  int64           // how often the receiving program got something in which it could not tell the message
	Bytes    *Spool          // the packets' bytes, for the captures; nil where captures are off
}

// End is one host of the trial.
type End struct {
	Name string
	Addr netip.Addr
}

// Fate is what became of a packet.
type Fate uint8

// The fates.
const (
	InFlight  Fate = iota // still on its way when the trial ended
	Arrived               // its host took it
	Lost                  // the path ended it
	Discarded             // it arrived, and its host threw it away
	Fates                 // how many there are
)

// String returns the fate's name in result files; a packet in flight has none.
func (f Fate) String() string { return [...]string{"", "arrived", "lost", "discarded"}[f] }

// A Packet is a row of the ledger.
type Packet struct {
	*Note                  // what is said of it beside numbers: Reason, Cause, Harm, Marked, SACK
	ID, Of    uint64       // Of: the packet because of which the path made this one, its copy or a router's ICMP about it; or 0
	Header    netem.Header // read where it was put on the path, with Seq and Ack relative (see below); Transport and PayloadAt are 0
	Options   TCPOptions   // of a TCP segment
	Direction netem.Direction
	Fate      Fate
	Length    int32         // bytes of the IP packet
	Place     int32         // which arrival of its direction it was, from 1; 0 if it never arrived
	Sent      time.Duration // when it was put on the path (of what the path made: when it was made)
	Arrived   time.Duration // when the far host got it, or Never
	Lost      time.Duration // when the path ended it, or Never
	Waited    time.Duration // how long it waited before the bottleneck: until it was sent, or died there
	Access    time.Duration // how long it was on its flow's own link, which is before the bottleneck on the way from the client
	At, AtFar int64         // where Bytes has it as it was sent, and as it arrived (the same unless harmed or marked); -1 if nowhere
}

// Reply tells whether a router on the path made the packet, to tell the sender of another what became of that.
func (p *Packet) Reply() bool {
	return p.Of != 0 && p.Header.Kind == netem.KindICMP && p.Reason == netem.ReasonTooBig
}

// Copy tells whether the path made the packet as a copy of another.
func (p *Packet) Copy() bool { return p.Of != 0 && !p.Reply() }

// Left is when the packet left the queue before the bottleneck, or died there.
func (p *Packet) Left() time.Duration {
	if p.Direction == netem.Forward {
		return p.Sent + p.Access + p.Waited
	}
	return p.Sent + p.Waited
}

// A Note is what is said of a packet beside its numbers. Packets alike share one, so that a million of them need little
// memory: it is never changed.
type Note struct {
	Reason string      // why it was sent, as far as the sender says
	Cause  netem.Cause // of its death; of its harm, if it lived
	Harm   netem.Cause // what damaged it on the way, whatever became of it then; "" if nothing did
	Marked netem.Cause // what marked it CE instead of dropping it (netem.Mark), whatever became of it then; "" if nothing did
	SACK   [][2]uint32 // blocks of a TCP segment: left edge, right edge; nil if none
}

// Sequence numbers on record are relative, as Wireshark shows them: a SYN has 0 and the first byte 1; Ack and the blocks
// of a SACK count from the other side's SYN. A UDP datagram's Seq is its number in its direction, from 1; a fragment
// that is not the first of its datagram has the number 0. A numbered datagram (netem.Numbered) has the number that its program
// gave it.

// TCPOptions are the options of a segment that the charts need.
type TCPOptions struct {
	TSVal, TSEcr uint32 // timestamps, 0 if absent
	WindowScale  int8   // the shift, on SYN; -1 if absent
}

// A QueueLength is how many packets wait before the bottleneck of one direction from an instant on. The one that is being
// sent does not wait.
type QueueLength struct {
	At        time.Duration
	Packets   int32
	Direction netem.Direction
}

// A Message is one piece that a program sent: a datagram, or that many bytes of a stream.
type Message struct {
	Number    uint64        // from 1, in the order of sending
	Offset    int64         // its first byte in the stream of all messages; -1 where it is not simply the next bytes of one (app.NoOffset)
	Size      int32         // bytes
	Copies    int32         // how often it was delivered: 0 lost, 2 or more duplicates
	Place     int32         // which message it was in the order of first delivery, from 1; 0 if never
	Intact    bool          // the bytes delivered first were those sent
	Sent      time.Duration // when the program handed it over (Send was called)
	Delivered time.Duration // when the receiving program first had all of it, or Never
}

// A Call is one socket call.
type Call struct {
	*CallText               // in words: Host, Name, Text, Errno
	Socket    int32         // the socket's number on its host, from 1; of socket, the new one; 0 if there is none
	Size      int32         // the bytes that send was given, or that recv had room for; 0 for all other calls
	Result    int32         // what it returned, -1 with an error; socket and accept return the new socket's number
	Begin     time.Duration // when it was called
	Return    time.Duration // when it returned; Never if it was still blocked at the end
}

// A CallText is what is said of a call in words. Calls alike share one, so that a million of them need little memory:
// it is never changed.
type CallText struct {
	Host  string
	Name  string // socket, bind, listen, accept, connect, send, recv, poll, setsockopt, getsockopt, fcntl, shutdown, close
	Text  string // the arguments beside Size: an address, a backlog, an option, flags; of accept and recv the peer's address
	Errno string // "" or the error's name
}

// Args are the arguments as the calls chart shows them: "1448", "1448, 10.0.0.2:5000", "TCP_NODELAY, true".
func (c *Call) Args() string {
	if c.Name != "send" && c.Name != "recv" {
		return c.Text
	}
	size := itoa(int(c.Size))
	if c.Text == "" {
		return size
	}
	return size + ", " + c.Text
}

// A TCPSample is the state of a connection at a change (host.TCPInfo on record).
type TCPSample struct {
	*Connection                            // whose: Host, Local, Peer
	*TCPState                              // in words: State, Phase, Event, Waits
	At                                     time.Duration
	Cwnd, Ssthresh, InFlight, SendWnd, MSS int
	RcvWnd                                 int
	SRTT, RTTVar, RTO                      time.Duration
}

// A TCPState is what is said of a connection in words. Samples alike share one: it is never changed.
type TCPState struct{ State, Phase, Event, Waits string }

// A Connection is one end of a TCP connection. Its samples share one: it is never changed.
type Connection struct {
	Host        string
	Local, Peer netip.AddrPort
}
