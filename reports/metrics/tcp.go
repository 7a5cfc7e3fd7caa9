package metrics

import (
	"time"

	"reliabilitylab/lab/trace"
	"reliabilitylab/netem"
)

// retransmissionKinds says which metric counts a retransmission that was sent for a reason.
var retransmissionKinds = map[string]string{
	"timeout":          "retransmissions_rto",
	"after timeout":    "retransmissions_rto",
	"go back":          "retransmissions_rto",  // of protocols that are built by hand
	"fast retransmit":  "retransmissions_fast", // RFC 5681, and NextSeg rule 1 of RFC 6675
	"partial ack":      "retransmissions_fast", // RFC 6582
	"unsacked hole":    "retransmissions_fast", // RFC 6675 section 4, NextSeg rule 3
	"rescue":           "retransmissions_fast", // RFC 6675 section 4, NextSeg rule 4
	"rack":             "retransmissions_fast", // RFC 8985 section 6.2: an ACK of something sent later
	"reordering timer": "retransmissions_fast", // RFC 8985 section 6.2: nothing came in time
	"tail loss probe":  "retransmissions_tlp",
	"packet too big":   "retransmissions_mtu", // RFC 1191, RFC 8201
}

// segments sets the metrics of what the flow's sender sent, SYN to FIN. Copies that the path made are not sent.
//
//	segments_sent          all segments, pure ACKs included (RFC 4898, tcpEStatsPerfSegsOut)
//	retransmissions        segments of which some part of the sequence space was sent before (RFC 4898,
//	                       tcpEStatsPerfSegsRetrans); SYN and FIN sent again count, as they do in Wireshark
//	retransmissions_rto    those sent because the retransmission timer expired (RFC 6298): the first, and all that go back to
//	                       the first unacknowledged byte after it
//	retransmissions_fast   those sent because ACKs told of a loss: fast retransmit (RFC 5681 section 3.2), those that SACK
//	                       or a partial ACK ask for in the recovery behind it (RFC 6675, RFC 6582), those that RACK finds by
//	                       an ACK or by its reordering timer (RFC 8985 section 6)
//	retransmissions_tlp    tail loss probes that sent something again (RFC 8985 section 7)
//	retransmissions_mtu    those sent because a router said that what was on its way was too long for a link (RFC 1191, RFC 8201):
//	                       one segment becomes several
//	spurious_retransmissions   those that were not needed: every byte of them reached the far host, whenever it did, in a
//	                       segment sent before. This is the truth from both ends, not what a sender can find out (RFC 3522,
//	                       RFC 3708)
//
// The four by reason are absent where the sender does not say why it sends, or does not know it of each.
func (m values) segments(w *wire, segments []segment, c cuts) {
	counts := values{"retransmissions_rto": 0, "retransmissions_fast": 0, "retransmissions_tlp": 0, "retransmissions_mtu": 0}
	taken := make([]bool, c.pieces()) // which pieces the far host gets from the segments so far
	var again, spurious int64
	said, unknown := false, false
	for i := range segments {
		s := &segments[i]
		reason := w.packets[s.row].Reason
		said = said || reason != ""
		first := c.at(s.from)
		if s.again {
			again++
			unknown = unknown || reason == ""
			if name, ok := retransmissionKinds[reason]; ok {
				counts[name]++
			}
			if all(taken, c, first, s.to) {
				spurious++
			}
		}
		if s.taken != trace.Never {
			for k := first; k < len(taken) && c[k] < s.to; k++ {
				taken[k] = true
			}
		}
	}
	m["segments_sent"] = float64(len(w.all))
	m["retransmissions"] = float64(again)
	m["spurious_retransmissions"] = float64(spurious)
	if said && !unknown {
		for name, n := range counts {
			m[name] = n
		}
	}
}

// all reports whether every piece from the given one to the number `to` is taken.
func all(taken []bool, c cuts, piece int, to int64) bool {
	for k := piece; k < len(taken) && c[k] < to; k++ {
		if !taken[k] {
			return false
		}
	}
	return true
}

// handshake sets
//
//	handshake_s   from the first SYN put on the path to the first SYN-ACK that the host took which had sent it, seconds: then
//	              the connection is established there, and its connect returns (RFC 9293 section 3.5). Lost SYNs count in full
func (m values) handshake(t *trace.Trace) {
	var syn *trace.Packet
	at := trace.Never
	for i := range t.Packets {
		p := &t.Packets[i]
		if p.Header.Protocol != netem.TCP {
			continue
		}
		switch {
		case syn == nil && p.Header.Kind == netem.KindSYN:
			syn = p
		case syn != nil && p.Header.Kind == netem.KindSYNACK && p.Direction != syn.Direction && p.Fate == trace.Arrived:
			if at == trace.Never || p.Arrived < at {
				at = p.Arrived
			}
		}
		if syn != nil && at != trace.Never && p.Sent > at {
			break // what is sent from here on arrives later
		}
	}
	if at != trace.Never {
		m["handshake_s"] = seconds(at - syn.Sent)
	}
}

// samples sets what the sender's TCP told of itself; all of it is absent where it told nothing.
//
//	timeouts      how often the retransmission timer expired (RFC 6298 section 5), for SYN too
//	recoveries    how often the sender went into recovery from loss by fast retransmit (RFC 5681 section 3.2, RFC 6675, RFC 8985)
//	srtt_mean_s   mean of the smoothed round-trip time (RFC 6298 section 2), seconds
//	cwnd_mean_segments   mean congestion window over the MSS, segments
//
// Means are over time: each value weighs as long as it was in force, between the first and the last transmission of data.
func (m values) samples(t *trace.Trace) {
	host := sender(t)
	var timeouts, recoveries int64
	told, phase := false, ""
	for i := range t.TCP {
		s := &t.TCP[i]
		if s.Host != host {
			continue
		}
		told = true
		if s.Event == "timeout" {
			timeouts++
		}
		if s.Phase == "recovery" && phase != "recovery" {
			recoveries++
		}
		phase = s.Phase
	}
	if !told {
		return
	}
	m["timeouts"], m["recoveries"] = float64(timeouts), float64(recoveries)
	from, to, ok := transfer(t)
	if !ok {
		return
	}
	if v, ok := meanOverTime(t, from, to, srtt); ok {
		m["srtt_mean_s"] = v
	}
	if v, ok := meanOverTime(t, from, to, window); ok {
		m["cwnd_mean_segments"] = v
	}
}

func srtt(s *trace.TCPSample) (float64, bool) { return seconds(s.SRTT), s.SRTT > 0 }

func window(s *trace.TCPSample) (float64, bool) {
	if s.MSS <= 0 {
		return 0, false
	}
	return float64(s.Cwnd) / float64(s.MSS), true
}

// transfer returns the first and the last instant at which the flow's TCP put data on the path. ok is false if it never did.
func transfer(t *trace.Trace) (from, to time.Duration, ok bool) {
	for i := range t.Packets {
		p := &t.Packets[i]
		if p.Direction == t.Data && p.Header.Protocol == netem.TCP && p.Header.Payload > 0 && p.Of == 0 {
			if !ok {
				from, ok = p.Sent, true
			}
			to = p.Sent
		}
	}
	return from, to, ok
}

// meanOverTime returns the mean of a value of the sender's samples between two instants, each weighed by how long it was in
// force. value says ok where a sample has none; such times do not count. If the two instants are one it is the value in
// force then. ok is false where there is no value at all.
func meanOverTime(t *trace.Trace, from, to time.Duration, value func(*trace.TCPSample) (float64, bool)) (mean float64, ok bool) {
	host := sender(t)
	var v, sum float64
	var weight time.Duration
	known := false
	since := from
	hold := func(until time.Duration) {
		if known && until > since {
			sum += float64(v * float64(until-since))
			weight += until - since
		}
		since = max(since, until)
	}
	for i := range t.TCP {
		s := &t.TCP[i]
		if s.Host != host {
			continue
		}
		if s.At > to {
			break
		}
		hold(s.At)
		v, known = value(s)
	}
	hold(to)
	if weight == 0 {
		return v, known
	}
	return sum / float64(weight), true
}
