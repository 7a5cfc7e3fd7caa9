package trace

import (
	"bytes"
	"errors"
	"fmt"
	"net/netip"
	"strings"
	"time"

	"reliabilitylab/netem"
)

// packetTable is packets.csv: first the columns that everybody looks at, then what else a chart needs.
func packetTable(s *shared) table[Packet] {
	var note Note
	return table[Packet]{
		file: PacketsFile,
		columns: []column[Packet]{
			integer("id", func(p *Packet) *uint64 { return &p.ID }),
			sparse("of", func(p *Packet) *uint64 { return &p.Of }),
			choice("direction", 2, func(p *Packet) *netem.Direction { return &p.Direction }),
			{"protocol", putProtocol, getProtocol},
			choice("kind", netem.KindICMP+1, func(p *Packet) *netem.Kind { return &p.Header.Kind }),
			integer("length", func(p *Packet) *int32 { return &p.Length }),
			integer("payload", func(p *Packet) *int { return &p.Header.Payload }),
			integer("seq", func(p *Packet) *uint32 { return &p.Header.Seq }),
			instant("sent_s", func(p *Packet) *time.Duration { return &p.Sent }),
			instant("arrived_s", func(p *Packet) *time.Duration { return &p.Arrived }),
			choice("fate", Fates, func(p *Packet) *Fate { return &p.Fate }),
			text("cause", s, func(p *Packet) *netem.Cause { return &p.Cause }),
			text("reason", s, func(p *Packet) *string { return &p.Reason }),
			lapse("waited_s", func(p *Packet) *time.Duration { return &p.Waited }),
			instant("lost_s", func(p *Packet) *time.Duration { return &p.Lost }),
			lapse("access_s", func(p *Packet) *time.Duration { return &p.Access }),

			sparse("place", func(p *Packet) *int32 { return &p.Place }),
			text("harm", s, func(p *Packet) *netem.Cause { return &p.Harm }),
			choice("ecn", netem.CE+1, func(p *Packet) *netem.ECN { return &p.Header.ECN }),
			text("marked", s, func(p *Packet) *netem.Cause { return &p.Marked }),
			integer("ip_version", func(p *Packet) *uint8 { return &p.Header.Version }),
			flag("fragment", func(p *Packet) *bool { return &p.Header.Fragment }),
			sparse("src_port", func(p *Packet) *uint16 { return &p.Header.SrcPort }),
			sparse("dst_port", func(p *Packet) *uint16 { return &p.Header.DstPort }),
			{"flags", putFlags, getFlags},
			sparse("ack", func(p *Packet) *uint32 { return &p.Header.Ack }),
			sparse("window", func(p *Packet) *uint16 { return &p.Header.Window }),
			{"window_scale", putScale, getScale},
			{"sack", putSACK, getSACK},
			sparse("ts_val", func(p *Packet) *uint32 { return &p.Options.TSVal }),
			sparse("ts_ecr", func(p *Packet) *uint32 { return &p.Options.TSEcr }),
		},
		start: func(p *Packet) {
			note = Note{}
			p.Note = &note
		},
		end: func(p *Packet) {
			p.Note = s.notes.of(note.Reason, note.Cause, note.Harm, note.Marked, note.SACK)
			p.At, p.AtFar = -1, -1
		},
	}
}

// queueTable is queue.csv.
func queueTable() table[QueueLength] {
	return table[QueueLength]{file: QueueFile, columns: []column[QueueLength]{
		instant("at_s", func(q *QueueLength) *time.Duration { return &q.At }),
		choice("direction", 2, func(q *QueueLength) *netem.Direction { return &q.Direction }),
		integer("packets", func(q *QueueLength) *int32 { return &q.Packets }),
	}}
}

// lapse is a column of how long something took; empty is not at all, as in most packets of most paths.
func lapse(name string, at func(*Packet) *time.Duration) column[Packet] {
	return column[Packet]{name,
		func(b []byte, p *Packet) []byte {
			if *at(p) == 0 {
				return b
			}
			return appendSeconds(b, *at(p))
		},
		func(p *Packet, f []byte) (err error) {
			if len(f) > 0 {
				*at(p), err = parseSeconds(f)
			}
			return err
		}}
}

// messageTable is messages.csv.
func messageTable() table[Message] {
	return table[Message]{file: MessagesFile, columns: []column[Message]{
		integer("number", func(m *Message) *uint64 { return &m.Number }),
		integer("offset", func(m *Message) *int64 { return &m.Offset }),
		integer("size", func(m *Message) *int32 { return &m.Size }),
		instant("sent_s", func(m *Message) *time.Duration { return &m.Sent }),
		instant("delivered_s", func(m *Message) *time.Duration { return &m.Delivered }),
		integer("copies", func(m *Message) *int32 { return &m.Copies }),
		sparse("place", func(m *Message) *int32 { return &m.Place }),
		flag("intact", func(m *Message) *bool { return &m.Intact }),
	}}
}

// callTable is calls.csv.
func callTable(s *shared) table[Call] {
	var words CallText
	return table[Call]{
		file: CallsFile,
		columns: []column[Call]{
			text("host", s, func(c *Call) *string { return &c.Host }),
			integer("socket", func(c *Call) *int32 { return &c.Socket }),
			text("call", s, func(c *Call) *string { return &c.Name }),
			text("args", s, func(c *Call) *string { return &c.Text }),
			sparse("size", func(c *Call) *int32 { return &c.Size }),
			integer("result", func(c *Call) *int32 { return &c.Result }),
			text("errno", s, func(c *Call) *string { return &c.Errno }),
			instant("begin_s", func(c *Call) *time.Duration { return &c.Begin }),
			instant("return_s", func(c *Call) *time.Duration { return &c.Return }),
		},
		start: func(c *Call) { c.CallText = &words },
		end: func(c *Call) {
			if s.texts == nil {
				s.texts = map[CallText]*CallText{}
			}
			if c.CallText = s.texts[words]; c.CallText == nil {
				t := words
				c.CallText, s.texts[words] = &t, &t
			}
		},
	}
}

// sampleTable is tcp.csv.
func sampleTable(s *shared) table[TCPSample] {
	var whose Connection
	var words TCPState
	return table[TCPSample]{
		file: TCPFile,
		columns: []column[TCPSample]{
			instant("at_s", func(t *TCPSample) *time.Duration { return &t.At }),
			text("host", s, func(t *TCPSample) *string { return &t.Host }),
			address("local", func(t *TCPSample) *netip.AddrPort { return &t.Local }),
			address("peer", func(t *TCPSample) *netip.AddrPort { return &t.Peer }),
			text("state", s, func(t *TCPSample) *string { return &t.State }),
			text("phase", s, func(t *TCPSample) *string { return &t.Phase }),
			text("event", s, func(t *TCPSample) *string { return &t.Event }),
			text("waits", s, func(t *TCPSample) *string { return &t.Waits }),
			integer("cwnd", func(t *TCPSample) *int { return &t.Cwnd }),
			integer("ssthresh", func(t *TCPSample) *int { return &t.Ssthresh }),
			integer("in_flight", func(t *TCPSample) *int { return &t.InFlight }),
			integer("send_window", func(t *TCPSample) *int { return &t.SendWnd }),
			integer("mss", func(t *TCPSample) *int { return &t.MSS }),
			instant("srtt_s", func(t *TCPSample) *time.Duration { return &t.SRTT }),
			instant("rttvar_s", func(t *TCPSample) *time.Duration { return &t.RTTVar }),
			instant("rto_s", func(t *TCPSample) *time.Duration { return &t.RTO }),
			integer("receive_window", func(t *TCPSample) *int { return &t.RcvWnd }),
		},
		start: func(t *TCPSample) { t.Connection, t.TCPState = &whose, &words },
		end: func(t *TCPSample) {
			if s.connections == nil {
				s.connections = map[Connection]*Connection{}
			}
			if t.Connection = s.connections[whose]; t.Connection == nil {
				c := whose
				t.Connection, s.connections[whose] = &c, &c
			}
			t.TCPState = s.states.of(words)
		},
	}
}

// choice is a column of one of the first n values of a type that knows their names.
func choice[T any, C interface {
	~uint8
	fmt.Stringer
}](name string, n C, at func(*T) *C) column[T] {
	return column[T]{name,
		func(b []byte, row *T) []byte { return append(b, (*at(row)).String()...) },
		func(row *T, f []byte) error {
			for c := range n {
				if c.String() == string(f) {
					*at(row) = c
					return nil
				}
			}
			return fmt.Errorf("%q is none of %s", clip(f), names(n))
		}}
}

func names[C interface {
	~uint8
	fmt.Stringer
}](n C) string {
	var all []string
	for c := range n {
		all = append(all, c.String())
	}
	return strings.Join(all, ", ")
}

// protocols are the names of the protocols the lab knows; others are written as their number.
var protocols = []struct {
	number netem.Protocol
	name   string
}{{netem.TCP, "tcp"}, {netem.UDP, "udp"}, {netem.ICMP, "icmp"}, {netem.ICMPv6, "icmpv6"}}

func putProtocol(b []byte, p *Packet) []byte {
	for _, k := range protocols {
		if k.number == p.Header.Protocol {
			return append(b, k.name...)
		}
	}
	return appendInteger(b, p.Header.Protocol)
}

func getProtocol(p *Packet, f []byte) error {
	for _, k := range protocols {
		if k.name == string(f) {
			p.Header.Protocol = k.number
			return nil
		}
	}
	return parseInteger(&p.Header.Protocol, f)
}

// flagNames are the control bits from the lowest.
var flagNames = [8]string{"FIN", "SYN", "RST", "PSH", "ACK", "URG", "ECE", "CWR"}

// putFlags writes the control bits as "SYN ACK".
func putFlags(b []byte, p *Packet) []byte {
	start := len(b)
	for i, name := range flagNames {
		if p.Header.Flags>>i&1 != 0 {
			if len(b) > start {
				b = append(b, ' ')
			}
			b = append(b, name...)
		}
	}
	return b
}

func getFlags(p *Packet, f []byte) error {
	for len(f) > 0 {
		word, rest, _ := bytes.Cut(f, []byte{' '})
		known := false
		for i, name := range flagNames {
			if name == string(word) {
				p.Header.Flags |= 1 << i
				known = true
			}
		}
		if !known {
			return fmt.Errorf("%q is no TCP flag", clip(word))
		}
		f = rest
	}
	return nil
}

func putScale(b []byte, p *Packet) []byte {
	if p.Options.WindowScale < 0 {
		return b
	}
	return appendInteger(b, p.Options.WindowScale)
}

func getScale(p *Packet, f []byte) error {
	p.Options.WindowScale = -1
	if len(f) == 0 {
		return nil
	}
	if f[0] == '-' {
		return errNumber(f)
	}
	return parseInteger(&p.Options.WindowScale, f)
}

// putSACK writes the blocks as "1449-2897 4345-5793".
func putSACK(b []byte, p *Packet) []byte {
	for i, k := range p.SACK {
		if i > 0 {
			b = append(b, ' ')
		}
		b = appendInteger(b, k[0])
		b = append(b, '-')
		b = appendInteger(b, k[1])
	}
	return b
}

var errSACK = errors.New("no SACK blocks, such as 1449-2897 4345-5793")

// maxSACK is how many blocks the options of a TCP header have room for (RFC 2018 section 3).
const maxSACK = 4

func getSACK(p *Packet, f []byte) error {
	if len(f) == 0 {
		return nil
	}
	n := bytes.Count(f, []byte{' '}) + 1
	if n > maxSACK {
		return fmt.Errorf("%d SACK blocks, but a header has room for %d", n, maxSACK)
	}
	p.SACK = make([][2]uint32, n)
	for i := range p.SACK {
		var block []byte
		block, f, _ = bytes.Cut(f, []byte{' '})
		left, right, ok := bytes.Cut(block, []byte{'-'})
		k := &p.SACK[i]
		if !ok || parseInteger(&k[0], left) != nil || parseInteger(&k[1], right) != nil {
			return fmt.Errorf("%q: %w", clip(block), errSACK)
		}
	}
	return nil
}

func address[T any](name string, at func(*T) *netip.AddrPort) column[T] {
	return column[T]{name,
		func(b []byte, row *T) []byte { return appendAddress(b, *at(row)) },
		func(row *T, f []byte) (err error) {
			*at(row), err = parseAddress(f)
			return err
		}}
}
