package chart

import (
	"time"

	"reliabilitylab/lab/trace"
	"reliabilitylab/netem"
)

// few is how many packets of a trial are shown without looking for an excerpt, and about how many an excerpt without a
// story has: fewer of UDP, whose packets all go the same way.
func (s *survey) few() int {
	if s.t.Protocol == "udp" {
		return 24
	}
	return 36
}

// A scene is the part of a trial that the ladder shows: packets that are on their way between two instants.
type scene struct {
	from, to time.Duration
	total    int  // packets of the trial
	whole    bool // it is the whole trial
	about    string
}

// A survey is what one walk through a ledger finds out.
type survey struct {
	t         *trace.Trace
	total     int              // packets that belong to the trial
	first     int              // the row of the first of them
	least     [2]time.Duration // the shortest way in each direction; 0 where none arrived
	handshake int              // the row of the first SYN or SYN-ACK that something happened to, or -1
	trouble   [2]int           // by direction, the row of the first packet that was lost, harmed, marked, copied or sent again, or -1
	overtaken int              // the row of the first packet that a later one overtook, or -1
	end       time.Duration
}

// belongs tells whether a packet is the trial's own: its protocol, or ICMP about it.
func belongs(t *trace.Trace, p *trace.Packet) bool {
	switch p.Header.Protocol {
	case netem.TCP:
		return t.Protocol == "tcp"
	case netem.UDP:
		return t.Protocol != "tcp"
	}
	return true
}

// troubled tells whether something happened to a packet that would not happen on a perfect path.
func troubled(p *trace.Packet) bool {
	return p.Fate == trace.Lost || p.Fate == trace.Discarded || p.Copy() || p.Harm != "" || p.Marked != "" || p.Header.Kind == netem.KindRetransmission
}

func surveyOf(t *trace.Trace) survey {
	s := survey{t: t, first: -1, handshake: -1, trouble: [2]int{-1, -1}, overtaken: -1}
	newest := [2]int{-1, -1} // by direction, the row of the packet that arrived last so far
	syns := 0
	for i := range t.Packets {
		p := &t.Packets[i]
		if !belongs(t, p) {
			continue
		}
		if s.total++; s.first < 0 {
			s.first = i
		}
		s.end = max(s.end, p.Sent, p.Arrived)
		if k := p.Header.Kind; k == netem.KindSYN || k == netem.KindSYNACK {
			if syns++; s.handshake < 0 && (troubled(p) || syns > 2) {
				s.handshake = i
			}
		}
		if s.trouble[p.Direction] < 0 && troubled(p) {
			s.trouble[p.Direction] = i
		}
		if p.Arrived < 0 {
			continue
		}
		if way := p.Arrived - p.Sent; s.least[p.Direction] == 0 || way < s.least[p.Direction] {
			s.least[p.Direction] = way
		}
		if p.Of != 0 { // made on the way, behind the queue
			continue
		}
		if j := newest[p.Direction]; j < 0 || p.Arrived >= t.Packets[j].Arrived {
			newest[p.Direction] = i
		} else if s.overtaken < 0 && p.Direction == t.Data {
			// this one arrived before newest, which was sent earlier: newest was overtaken
			s.overtaken = j
		}
	}
	return s
}

// rtt is the shortest round trip, guessed where one way is unknown.
func (s *survey) rtt() time.Duration {
	f, r := s.least[netem.Forward], s.least[netem.Reverse]
	switch {
	case f == 0 && r == 0:
		return max((s.end-s.t.Packets[s.first].Sent)/4, time.Millisecond)
	case f == 0:
		return 2 * r
	case r == 0:
		return 2 * f
	}
	return f + r
}

// scene chooses what is worth seeing: everything where that is little; the start if the handshake had trouble; else
// what surrounds the first loss, retransmission, copy, harm or mark of the data until it is repaired; else the first packet
// that was overtaken; else trouble on the way back; else the start.
func (s *survey) scene() scene {
	begin := s.t.Packets[s.first].Sent
	x := scene{from: begin, to: s.end, total: s.total, whole: true}
	if s.total <= s.few() {
		return x
	}
	x.whole = false
	rtt := s.rtt()
	row := -1
	for _, i := range [...]int{s.trouble[s.t.Data], s.overtaken, s.trouble[1-s.t.Data]} {
		if row < 0 {
			row = i
		}
	}
	switch {
	case s.handshake >= 0:
		x.about = "the handshake"
		x.to = s.repaired(s.handshake) + rtt/8
	case row < 0:
		x.about = "the start"
		x.to = begin
	default:
		x.about = "around the first " + s.what(row)
		at := s.origin(row)
		x.from = max(begin, s.t.Packets[at].Sent-s.lead(at, rtt))
		x.to = s.repaired(row) + rtt/8
		if x.from-begin < 2*rtt && s.count(begin, x.to) <= s.few()*3/2 {
			x.from = begin
		}
	}
	x.to = min(max(x.to, s.after(x.from, s.few()*2/3)), s.end)
	return x
}

// what names the trouble of a row.
func (s *survey) what(row int) string {
	p := &s.t.Packets[row]
	switch {
	case p.Fate == trace.Lost:
		return "loss"
	case p.Fate == trace.Discarded:
		return "discarded packet"
	case p.Copy():
		return "copy"
	case p.Header.Kind == netem.KindRetransmission:
		return "retransmission"
	case p.Harm != "":
		return "harmed packet"
	case p.Marked != "":
		return "mark"
	}
	return "overtaken packet"
}

// lead is how much is shown before a row: a quarter of a round trip, less where that is more than six packets.
func (s *survey) lead(row int, rtt time.Duration) time.Duration {
	at, n := s.t.Packets[row].Sent, 0
	for i := row - 1; i >= 0 && n < 6; i-- {
		p := &s.t.Packets[i]
		if belongs(s.t, p) {
			n++
		}
		if n == 6 && at-p.Sent < rtt/4 {
			return max(at-p.Sent, rtt/16)
		}
	}
	return rtt / 4
}

// origin is the row where the story of a row begins: for a retransmission and a copy the packet it repeats.
func (s *survey) origin(row int) int {
	p := &s.t.Packets[row]
	for i := row - 1; i >= 0; i-- {
		q := &s.t.Packets[i]
		if p.Of != 0 && q.ID == p.Of || p.Of == 0 && p.Header.Kind == netem.KindRetransmission && covers(q, p) {
			return i
		}
	}
	return row
}

// covers tells whether q carries the first byte (or the SYN or FIN) of the TCP segment p, on the same connection, or is the same
// numbered datagram.
func covers(q, p *trace.Packet) bool {
	if q.Direction != p.Direction || q.Header.SrcPort != p.Header.SrcPort || q.Header.DstPort != p.Header.DstPort || q.Header.Protocol != p.Header.Protocol {
		return false
	}
	ahead := int32(p.Header.Seq - q.Header.Seq)
	return ahead >= 0 && int64(ahead) < sequenceSpace(q)
}

// sequenceSpace is how many sequence numbers a segment takes (RFC 9293 section 3.4); a numbered datagram that is no ACK takes one.
func sequenceSpace(p *trace.Packet) int64 {
	if p.Header.Protocol != netem.TCP {
		if p.Header.Numbered() && p.Header.Kind != netem.KindACK {
			return 1
		}
		return 0
	}
	n := int64(p.Header.Payload)
	if p.Header.Flags&netem.FlagSYN != 0 {
		n++
	}
	if p.Header.Flags&netem.FlagFIN != 0 {
		n++
	}
	return n
}

// repaired is the instant at which the trouble of a row is over: a TCP segment is acknowledged after it, or one that
// repeats it, arrived, and of one that was marked its sender has said that it has slowed down (CWR); for everything else, a little
// after it should have arrived.
func (s *survey) repaired(row int) time.Duration {
	p := &s.t.Packets[row]
	soon := max(p.Sent+s.rtt()*5/8, p.Arrived)
	if sequenceSpace(p) == 0 {
		return soon
	}
	end := p.Header.Seq + uint32(sequenceSpace(p))
	if p.Header.Numbered() { // whose ACKs name the last that came, and not the next that is awaited
		end = p.Header.Seq
	}
	there := time.Duration(trace.Never)
	for i := row; i < len(s.t.Packets); i++ {
		q := &s.t.Packets[i]
		if !belongs(s.t, q) || q.Fate != trace.Arrived {
			continue
		}
		if there == trace.Never {
			if covers(q, p) && q.Harm == "" {
				there = q.Arrived
			}
			continue
		}
		if p.Marked != "" {
			if q.Direction == p.Direction && q.Sent > there && q.Header.Flags&netem.FlagCWR != 0 {
				return q.Arrived
			}
			continue
		}
		if q.Direction != p.Direction && q.Sent >= there && q.Header.Flags&netem.FlagACK != 0 && int32(q.Header.Ack-end) >= 0 {
			return q.Arrived
		}
	}
	return max(soon, there)
}

// count is how many packets are sent between two instants.
func (s *survey) count(from, to time.Duration) int {
	n := 0
	for i := s.first; i < len(s.t.Packets) && s.t.Packets[i].Sent <= to; i++ {
		if p := &s.t.Packets[i]; p.Sent >= from && belongs(s.t, p) {
			n++
		}
	}
	return n
}

// after is the instant at which the n-th packet sent from `from` on is there.
func (s *survey) after(from time.Duration, n int) time.Duration {
	to := from
	for i := s.first; i < len(s.t.Packets) && n > 0; i++ {
		if p := &s.t.Packets[i]; p.Sent >= from && belongs(s.t, p) {
			to = max(to, p.Sent, p.Arrived)
			n--
		}
	}
	return to
}
