package chart

import (
	"strconv"

	"reliabilitylab/lab/trace"
	"reliabilitylab/netem"
)

// A numbered packet is what people say of one: numbers that begin at 0, duplicates counted.
type numbered struct {
	seq, end int64 // the bytes it carries, SYN being byte 0 and the first of the file byte 1 (of numbered datagrams messages, from 0); seq = end where there are none
	ack      int64 // what it acknowledges, or -1
	dup      int   // it is the so-manieth duplicate ACK in a row (RFC 5681 section 2), or 0
	repairs  bool  // it acknowledges something new after three duplicates or more
	again    bool  // the same bytes, SYN or FIN were on the path before
	echoes   bool  // it is the first to echo a congestion mark (ECE, RFC 3168 section 6.1.3)
	slows    bool  // its sender has slowed down for the echo (CWR, section 6.1.2)
	datagram int   // a UDP datagram's number in its direction, from 1; of a numbered one its own
}

// A numberer reads packets in the order of the ledger, whose sequence numbers begin at 0, and carries them on beyond
// 4 GiB, where those of the wire begin again (RFC 9293 section 3.4).
type numberer struct {
	streams map[streamKey]*byteStream // looked up, never walked through
	key     streamKey
	last    *byteStream // the stream of key: most packets follow one of their own
}

type streamKey struct {
	direction netem.Direction
	from, to  uint16
}

// A byteStream is one direction of one connection.
type byteStream struct {
	high    int64 // behind the last byte that was sent
	ack     int64 // the last it acknowledged of the other direction
	dups    int
	echoing bool // the last packet echoed a congestion mark
}

func newNumberer() *numberer { return &numberer{streams: map[streamKey]*byteStream{}} }

func (n *numberer) stream(d netem.Direction, from, to uint16) *byteStream {
	k := streamKey{d, from, to}
	if n.last != nil && n.key == k {
		return n.last
	}
	s := n.streams[k]
	if s == nil {
		s = &byteStream{ack: -1}
		n.streams[k] = s
	}
	n.key, n.last = k, s
	return s
}

// unwrap returns the number whose last 32 bits are seq and that is nearest to what was sent last.
func (s *byteStream) unwrap(seq uint32) int64 {
	return s.high + int64(int32(seq-uint32(s.high)))
}

// read returns the numbers of the ledger's next packet.
func (n *numberer) read(p *trace.Packet) numbered {
	h := &p.Header
	switch h.Protocol {
	case netem.UDP:
		r := numbered{ack: -1, datagram: int(h.Seq)}
		if h.Numbered() {
			r.seq, r.end = int64(h.Seq)-1, int64(h.Seq)-1+sequenceSpace(p)
			if h.Flags&netem.FlagACK != 0 {
				r.ack = int64(h.Ack)
			}
		}
		return r
	case netem.TCP:
		return n.readTCP(p)
	}
	return numbered{ack: -1}
}

func (n *numberer) readTCP(p *trace.Packet) numbered {
	h := &p.Header
	s := n.stream(p.Direction, h.SrcPort, h.DstPort)
	syn := h.Flags&netem.FlagSYN != 0
	if syn && s.high > 1 { // a new connection on old ports
		*s = byteStream{ack: -1}
	}
	r := numbered{seq: s.unwrap(h.Seq), ack: -1}
	r.end = r.seq + sequenceSpace(p)
	r.again = p.Of == 0 && r.end > r.seq && r.seq < s.high
	if echo := h.Flags&(netem.FlagECE|netem.FlagSYN) == netem.FlagECE; p.Of == 0 {
		r.echoes, s.echoing = echo && !s.echoing, echo
		r.slows = h.Flags&(netem.FlagCWR|netem.FlagSYN) == netem.FlagCWR
	}
	if h.Flags&netem.FlagACK != 0 {
		peer := n.stream(1-p.Direction, h.DstPort, h.SrcPort)
		r.ack = peer.unwrap(h.Ack)
		s.acknowledge(p, peer, &r)
	}
	s.high = max(s.high, r.end)
	return r
}

// acknowledge counts duplicate ACKs: nothing new is acknowledged, nothing carried, and something is under way.
func (s *byteStream) acknowledge(p *trace.Packet, peer *byteStream, r *numbered) {
	switch {
	case p.Of != 0:
	case r.ack > s.ack:
		r.repairs = s.dups >= 3
		s.ack, s.dups = r.ack, 0
	case r.ack == s.ack && p.Header.Kind == netem.KindACK && peer.high > r.ack:
		s.dups++
		r.dup = s.dups
	}
}

// sayings returns what stands on the packet's arrow, from the longest to the shortest; the first that finds room is
// written.
func (r numbered) sayings(p *trace.Packet, role role) []string {
	long, short := r.name(p)
	why := ""
	if p.Reason != "" && p.Reason != "new" {
		why = p.Reason
	}
	switch role {
	case roleCopy:
		return []string{"copy of " + long, "copy"}
	case roleHarmed:
		return []string{long + ", harmed", "harmed"}
	case roleLate:
		return []string{long + ", overtaken", long, short}
	case roleRetransmission:
		if why == "" {
			why = "again"
		}
		return []string{long + ", " + why, why, short}
	}
	switch {
	case p.Marked != "" && p.Fate != trace.Lost:
		return []string{long + ", marked", "marked", short}
	case r.echoes:
		return []string{long + ", ECE", "ECE"}
	case r.slows:
		return []string{long + ", CWR", "CWR"}
	}
	if r.dup > 0 {
		dup := "dup " + strconv.Itoa(r.dup)
		return []string{long + " (" + dup + ")", dup}
	}
	if short == long {
		return []string{long}
	}
	return []string{long, short}
}

// name returns the packet's name with all its numbers, and in short.
func (r numbered) name(p *trace.Packet) (long, short string) {
	seq, ack := strconv.FormatInt(r.seq, 10), strconv.FormatInt(r.ack, 10)
	if p.Header.Numbered() {
		return r.nameNumbered(p)
	}
	switch p.Header.Kind {
	case netem.KindSYN:
		return "SYN seq " + seq, "SYN"
	case netem.KindSYNACK:
		return "SYN-ACK seq " + seq + " ack " + ack, "SYN-ACK"
	case netem.KindFIN:
		return "FIN seq " + seq, "FIN"
	case netem.KindRST:
		return "RST seq " + seq, "RST"
	case netem.KindICMP:
		if p.Reason != "" && p.Reason != "new" {
			return "ICMP: " + p.Reason, p.Reason
		}
		return "ICMP", "ICMP"
	case netem.KindACK:
		return "ACK " + ack, "ACK " + ack
	}
	switch {
	case p.Header.Fragment || p.Header.Protocol != netem.UDP && p.Header.Protocol != netem.TCP:
		return "fragment, " + strconv.Itoa(p.Header.Payload) + " B", "fragment"
	case p.Header.Protocol == netem.UDP:
		name := "datagram " + strconv.Itoa(r.datagram)
		return name + ", " + strconv.Itoa(p.Header.Payload) + " B", name
	}
	name := "DATA " + seq + ":" + strconv.FormatInt(r.seq+int64(p.Header.Payload), 10)
	if p.Header.Flags&netem.FlagFIN != 0 {
		name += " FIN"
	}
	return name, name
}

// nameNumbered is name of a numbered datagram, as the textbooks have it.
func (r numbered) nameNumbered(p *trace.Packet) (long, short string) {
	switch {
	case p.Header.Kind == netem.KindFIN:
		return "end", "end"
	case p.Header.Kind != netem.KindACK:
		name := strconv.Itoa(r.datagram)
		return "data " + name, name
	case p.Header.Flags&netem.FlagFIN != 0:
		return "ACK of end", "ACK"
	case r.ack == 0:
		return "ACK 0: begin", "ACK 0"
	}
	name := "ACK " + strconv.FormatInt(r.ack, 10)
	return name, name
}

// misfortune says in words what became of a packet that did not arrive, or arrived in vain, at length and in short;
// nothing for one that was taken.
func misfortune(p *trace.Packet) []string {
	cause := string(p.Cause)
	switch p.Fate {
	case trace.Lost:
		switch p.Cause {
		case "", netem.CauseLoss:
			return []string{"lost"}
		case netem.CauseBurst:
			return []string{"lost in a burst", "burst"}
		case netem.CauseScript:
			return []string{"dropped by the script", "script"}
		case netem.CauseTooBig:
			return []string{"too big"}
		}
		return []string{"lost: " + cause, cause}
	case trace.Discarded:
		if p.Cause == "" {
			return []string{"discarded"}
		}
		return []string{"discarded: " + cause, cause}
	}
	return nil
}
