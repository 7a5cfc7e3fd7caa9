package trace

import "reliabilitylab/netem"

// PutOn returns the function that a Tap at the near end of a direction, behind netem.Entry, shows each packet to.
func (r *Recorder) PutOn(d netem.Direction) func(*netem.Packet) {
	return func(p *netem.Packet) {
		row := r.open(p)
		row.Direction = d
		row.Header = p.Header
		row.Header.Transport, row.Header.PayloadAt = 0, 0
		row.Options.WindowScale = -1
		switch {
		case p.Header.Fragment:
		case p.Header.Protocol == netem.TCP:
			sack := readOptions(&row.Options, p)
			r.number.tcp(row, sack)
			if sack != nil {
				row.Note = r.notes.of(p.Reason, "", "", "", sack)
			}
		case p.Header.Protocol == netem.UDP && !p.Header.Numbered():
			row.Header.Seq = r.number.udp(d)
		}
		row.At = r.keep(p)
	}
}

// Copied is told that the path made a copy of a packet, when the copy is made.
func (r *Recorder) Copied(of, made *netem.Packet) {
	first := r.find(of)
	if first == nil {
		return
	}
	orig := *first // opening a row may move the others
	row := r.open(made)
	row.Direction, row.Header, row.Options = orig.Direction, orig.Header, orig.Options
	row.Note = r.notes.of(orig.Reason, made.Harm, made.Harm, made.Marked, orig.SACK)
	row.At = orig.At
	if made.Harm != "" || made.Marked != "" {
		row.At = r.keep(made)
	}
}

// Replied is told that a router on the path sends a packet in a direction, because of another, when it does.
func (r *Recorder) Replied(of, made *netem.Packet, d netem.Direction) {
	if r.find(of) == nil {
		return
	}
	row := r.open(made)
	row.Direction, row.Header = d, made.Header
	row.Header.Transport, row.Header.PayloadAt = 0, 0
	row.Options.WindowScale = -1
	row.At = r.keep(made)
}

// Arrived is shown each packet at the far end of its direction: it is the Tap's function there, for both directions.
func (r *Recorder) Arrived(p *netem.Packet) {
	row := r.find(p)
	if row == nil {
		return
	}
	r.arrivals[row.Direction]++
	row.Fate, row.Arrived, row.Place = Arrived, r.clock.Now(), r.arrivals[row.Direction]
	row.Waited, row.Access = p.Waited, p.Access
	row.AtFar = row.At
	if p.Harm != "" || p.Marked != "" {
		row.AtFar = r.keep(p)
	}
	if p.Harm != row.Harm || p.Marked != row.Marked {
		row.Note = r.notes.of(row.Reason, p.Harm, p.Harm, p.Marked, row.SACK)
	}
}

// Drop is told that the path ends a packet, before the packet is given back.
func (r *Recorder) Drop(p *netem.Packet, cause netem.Cause) {
	if row := r.find(p); row != nil {
		row.Waited, row.Access, row.Lost = p.Waited, p.Access, r.clock.Now()
		row.Fate, row.Note = Lost, r.notes.of(row.Reason, cause, p.Harm, p.Marked, row.SACK)
	}
}

// Discarded is told that a host throws away a packet that arrived, before the packet is given back: its checksum is
// wrong, there is no such socket, the socket's buffer is full.
func (r *Recorder) Discarded(p *netem.Packet, cause netem.Cause) {
	if row := r.find(p); row != nil {
		row.Fate, row.Note = Discarded, r.notes.of(row.Reason, cause, row.Harm, row.Marked, row.SACK)
	}
}

// open adds the packet's row. The row is good until the next one.
func (r *Recorder) open(p *netem.Packet) *Packet {
	row := r.packets.grow()
	p.Row = uint32(r.packets.n)
	row.Note = r.notes.of(p.Reason, "", "", "", nil)
	row.ID, row.Of = p.ID, p.Of
	row.Length = int32(len(p.Data))
	row.Sent, row.Arrived, row.Lost = r.clock.Now(), Never, Never
	row.At, row.AtFar = -1, -1
	return row
}

// find returns the packet's row, nil if it was never put on the path.
func (r *Recorder) find(p *netem.Packet) *Packet {
	if p.Row == 0 {
		return nil
	}
	return r.packets.at(int(p.Row - 1))
}

// keep spools the packet's bytes and returns where; -1 where no bytes are kept.
func (r *Recorder) keep(p *netem.Packet) int64 {
	if r.trace.Bytes == nil {
		return -1
	}
	p.Seal()
	return r.trace.Bytes.Add(p.Data)
}
