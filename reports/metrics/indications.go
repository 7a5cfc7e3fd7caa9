package metrics

import (
	"time"

	"reliabilitylab/lab/trace"
)

// Indications are what the throughput models (reports/model) need of a measured TCP trial.
type Indications struct {
	Packets int64         // packets with payload whose fate is known, retransmissions included
	Lost    int64         // those of them that were lost, as packets_lost has it
	Events  int64         // loss events: losses within one round-trip time are one
	RTT     time.Duration // mean smoothed round-trip time, as srtt_mean_s has it
	T0      time.Duration // mean retransmission timeout while it was not backed off
}

// Rate returns p, the rate of loss events: events for each packet sent.
func (i Indications) Rate() float64 { return float64(i.Events) / float64(i.Packets) }

// IndicationsOf measures a TCP trial. A lost packet begins a loss event if it was sent more than one RTT after the packet
// that began the event before it, and belongs to that event otherwise (RFC 5348 section 5.2: T_old + R >= T_new). The
// RFC's receiver must guess when a lost packet would have arrived, from those around it; the ledger knows when it was
// sent, and that is taken instead, so that a burst is one event however slowly the bottleneck lets it out. ok is false
// where no packet's fate is known, or the sender had no RTT or RTO on record.
func IndicationsOf(t *trace.Trace) (i Indications, ok bool) {
	from, to, ok := transfer(t)
	if !ok {
		return i, false
	}
	rtt, ok := meanOverTime(t, from, to, srtt)
	if !ok {
		return i, false
	}
	rto, ok := meanOverTime(t, from, to, unbacked())
	if !ok {
		return i, false
	}
	i.RTT = time.Duration(rtt * float64(time.Second))
	i.T0 = time.Duration(rto * float64(time.Second))
	var began time.Duration
	w := look(t)
	for s := range w.data() {
		if s.intact == 0 && s.open {
			continue
		}
		i.Packets++
		if !s.lost() {
			continue
		}
		i.Lost++
		if i.Events == 0 || s.sent > began+i.RTT {
			i.Events++
			began = s.sent
		}
	}
	return i, i.Packets > 0
}

// unbacked returns the value of a sample's RTO in seconds while it is not backed off. A timeout doubles it (RFC 6298 section
// 5.5); it stays so until a new measurement of the round-trip time, or the sender's forgetting, sets it anew.
func unbacked() func(*trace.TCPSample) (float64, bool) {
	var backed *trace.TCPSample // the latest timeout whose backoff is in force
	return func(s *trace.TCPSample) (float64, bool) {
		switch {
		case s.Event == "timeout":
			backed = s
		case backed != nil && (s.RTO < backed.RTO || s.SRTT != backed.SRTT || s.RTTVar != backed.RTTVar):
			backed = nil
		}
		return seconds(s.RTO), backed == nil && s.SRTT > 0 && s.RTO > 0
	}
}
