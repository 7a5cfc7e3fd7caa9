package trace

import (
	"fmt"
	"net/netip"

	"reliabilitylab/lab/host"
	"reliabilitylab/netem"
)

// A Recorder makes the Trace of one trial while the trial runs. A packet's way through it: Sent, at the near end of its
// direction (or Copied, where the path doubled it); then Arrived, at the far end, or Drop; then perhaps Discarded, by
// the host that got it. Programs are recorded through Watch and the Journal's methods, connections through TCP.
//
// Like the world it records it is called by one at a time. It keeps nothing of a packet but copies, and of each packet it
// knows its row by Packet.Row: so a packet has one recorder, and where several trials share a path each is told of its own
// packets only.
type Recorder struct {
	clock netem.Clock
	trace Trace

	packets  list[Packet]
	notes    notes
	arrivals [2]int32 // packets that arrived, by direction
	number   numbering

	messages list[Message]
	placed   int32 // messages delivered

	calls   list[Call]
	texts   map[CallText]*CallText
	blocked blockedCalls

	samples     list[TCPSample]
	connections map[Connection]*Connection
	recent      [2]*Connection // the ends of the connection at work
	states      states

	queue list[QueueLength]
}

// NewRecorder begins a record at the clock's time. t holds what is known beforehand: Trial, Flow, Protocol, Client,
// Server, Data, Start, Offered, and in Bytes the spool for the packets' bytes, or nil to keep none.
func NewRecorder(clock netem.Clock, t Trace) *Recorder {
	return &Recorder{
		clock: clock, trace: t,
		texts: map[CallText]*CallText{}, connections: map[Connection]*Connection{},
	}
}

// Expect makes room for as many packets, messages, calls and samples of TCP as the trial will likely have; 0 where nobody
// knows. A good guess, a little too high, saves copying the record at the end: room that is not used costs no memory
// that the system has to find. It is called before the trial begins.
func (r *Recorder) Expect(packets, messages, calls, samples int) {
	r.packets.expect(packets)
	r.messages.expect(messages)
	r.calls.expect(calls)
	r.samples.expect(samples)
}

// Finish ends the record at the clock's time and returns it: calls still blocked are added, and the spool is flushed.
// An error is the spool's. The recorder must not be used afterwards.
func (r *Recorder) Finish() (*Trace, error) {
	t := &r.trace
	t.End = r.clock.Now()
	r.blocked.each(func(c Call) { *r.calls.grow() = c })
	t.Packets = r.packets.slice()
	t.Messages, t.Calls, t.TCP = r.messages.slice(), r.calls.slice(), r.samples.slice()
	t.Queue = r.queue.slice()
	if t.Bytes != nil {
		if err := t.Bytes.Flush(); err != nil {
			return t, err
		}
	}
	return t, nil
}

// Sent implements app.Journal.
func (r *Recorder) Sent(n uint64, offset int64, size int) {
	if n != uint64(r.messages.n)+1 {
		panic(fmt.Sprintf("trace: message %d sent after %d messages", n, r.messages.n))
	}
	*r.messages.grow() = Message{Number: n, Offset: offset, Size: int32(size), Sent: r.clock.Now(), Delivered: Never}
}

// Delivered implements app.Journal. A number that was never sent (damage can make one) counts as Garbled.
func (r *Recorder) Delivered(n uint64, intact bool) {
	if n == 0 || n > uint64(r.messages.n) {
		r.trace.Garbled++
		return
	}
	m := r.messages.at(int(n - 1))
	m.Copies++
	if m.Copies == 1 {
		r.placed++
		m.Delivered, m.Place, m.Intact = r.clock.Now(), r.placed, intact
	}
}

// Garbled implements app.Journal.
func (r *Recorder) Garbled(int) { r.trace.Garbled++ }

// TCP implements host.Observer.
func (r *Recorder) TCP(h host.Host, local, peer netip.AddrPort, i host.TCPInfo) {
	*r.samples.grow() = TCPSample{
		Connection: r.connection(Connection{h.Name(), local, peer}), At: r.clock.Now(),
		TCPState: r.states.of(TCPState{i.State, i.Phase, i.Event, i.Waits}),
		Cwnd:     i.Cwnd, Ssthresh: i.Ssthresh, InFlight: i.InFlight, SendWnd: i.SendWnd, MSS: i.MSS, RcvWnd: i.RcvWnd,
		SRTT: i.SRTT, RTTVar: i.RTTVar, RTO: i.RTO,
	}
}

// Waiting returns the function that is told of each change how many packets wait before the bottleneck of a direction.
func (r *Recorder) Waiting(d netem.Direction) func(packets int) {
	return func(packets int) {
		*r.queue.grow() = QueueLength{At: r.clock.Now(), Packets: int32(packets), Direction: d}
	}
}

// states holds one TCPState of each kind.
type states struct {
	recent [4]*TCPState // those made or looked up last; most samples have one of them
	next   int          // whose place the next one takes
	known  map[TCPState]*TCPState
}

// of returns the TCPState that says s.
func (n *states) of(s TCPState) *TCPState {
	for _, k := range n.recent {
		if k != nil && *k == s {
			return k
		}
	}
	k := n.known[s]
	if k == nil {
		if n.known == nil {
			n.known = map[TCPState]*TCPState{}
		}
		k = &s
		n.known[s] = k
	}
	n.recent[n.next] = k
	n.next = (n.next + 1) % len(n.recent)
	return k
}

// connection returns the one Connection that says c.
func (r *Recorder) connection(c Connection) *Connection {
	for _, k := range r.recent {
		if k != nil && *k == c {
			return k
		}
	}
	k := r.connections[c]
	if k == nil {
		k = &c
		r.connections[c] = k
	}
	r.recent[0], r.recent[1] = k, r.recent[0]
	return k
}
