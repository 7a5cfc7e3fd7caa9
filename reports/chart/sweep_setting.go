package chart

import (
	"time"

	"reliabilitylab/reports/model"
	"reliabilitylab/scenarios"
)

// What the models are asked about, and what they answer: a flow in a scenario becomes the symbols of the papers.

// A setting is a flow over a protocol at one value of x.
type setting struct {
	at        *scenarios.Scenario
	flow      *scenarios.Flow
	protocol  string
	out, back scenarios.Way // of the data, of the ACKs
}

// setting returns the series' setting in a scenario. ok is false where the path changes over time or has scripted fates,
// which no model knows.
func (s *series) setting(at *scenarios.Scenario) (_ setting, ok bool) {
	for i := range at.Flows {
		f := &at.Flows[i]
		if f.Name != s.flow {
			continue
		}
		v := setting{at, f, s.protocol, at.Path.Forward, at.Path.Reverse}
		if f.From == "server" {
			v.out, v.back = v.back, v.out
		}
		return v, len(at.Script) == 0 && len(at.Changes) == 0
	}
	return setting{}, false
}

// mss is the payload of a full segment, bytes; headers what goes with it.
func (v *setting) mss() float64 {
	return float64(scenarios.MSS(v.at.Family, v.at.Path.MTU, v.flow.TCP.Timestamps))
}

// rtt is the round trip of a full segment and its ACK on the empty path.
func (v *setting) rtt() time.Duration {
	d := v.out.Delay.Base + v.back.Delay.Base
	if v.out.Rate > 0 {
		d += v.out.Rate.Time(v.at.Path.MTU)
	}
	if v.back.Rate > 0 {
		d += v.back.Rate.Time(v.at.Path.MTU - int(v.mss()))
	}
	return d
}

// connection is what the models know of the flow: T0 is the RTO of a steady round trip, as Linux has it, b = 1, since growth
// counts bytes (RFC 3465).
func (v *setting) connection() model.Connection {
	window := float64(min(v.flow.TCP.ReceiveBuffer.Most, v.flow.TCP.SendBuffer)) / v.mss()
	return model.Connection{RTT: v.rtt(), T0: v.rtt() + v.flow.TCP.MinRTO, B: 1, Wmax: window}
}

// events is the rate of loss events of the data's path: where losses come in runs, that of the runs. ok is false of a path whose
// losses are not random, and of one that changes the order, which TCP takes for loss.
func (v *setting) events() (p float64, ok bool) {
	switch l := v.out.Loss; {
	case len(l.Packets) > 0, l.Spells != nil, v.out.Replay.File != "", v.out.Reorder.Probability > 0, v.out.Delay.Jitter > 0 && !v.out.Delay.KeepOrder:
		return 0, false
	case l.Burst != nil:
		p = bursts(*l.Burst).Runs()
	default:
		p = l.Mean()
	}
	if !v.out.Corrupt.FixChecksum {
		p = either(p, float64(v.out.Corrupt.Probability))
	}
	return p, true
}

// either is the probability of one of two independent events, or both.
func either(p, q float64) float64 { return p + q - float64(p*q) }

// leastLosses is how many losses a transfer must meet for a model of the steady state to say anything of it.
const leastLosses = 10

// steady returns what a model says of TCP's goodput, in bits a second, where it is valid: a long transfer alone on a path whose
// loss, and not whose rate, is what limits it.
func (v *setting) steady(most float64, of func(p float64, c model.Connection) float64) (float64, bool) {
	p, ok := v.events()
	if !ok {
		return 0, false
	}
	return v.steadyAt(p, most, of)
}

// steadyAt is steady at another rate of loss events than the path's.
func (v *setting) steadyAt(p, most float64, of func(p float64, c model.Connection) float64) (float64, bool) {
	if v.protocol != "tcp" || v.flow.App != "transfer" || v.crowded() || p > most || p*float64(v.flow.Size)/v.mss() < leastLosses {
		return 0, false
	}
	c := v.connection()
	if c.RTT <= 0 {
		return 0, false
	}
	y := of(p, c) * v.mss() * 8
	top, limited := v.ceiling()
	return y, !limited || y < top
}

// crowded tells whether others share the path.
func (v *setting) crowded() bool {
	return v.at.Together && (len(v.at.Flows) > 1 || len(v.flow.Protocols) > 1)
}

// ceiling is what the link lets through of full segments' payload, bits a second.
func (v *setting) ceiling() (float64, bool) {
	return float64(v.out.Rate) * v.mss() / float64(v.at.Path.MTU), v.out.Rate > 0
}

func mathis(v *setting) (float64, bool) {
	if v.flow.TCP.Congestion != "reno" {
		return 0, false
	}
	return v.steady(0.02, model.Mathis)
}

func pftk(v *setting) (float64, bool) {
	if v.flow.TCP.Congestion != "reno" {
		return 0, false
	}
	return v.steady(0.3, model.PFTK)
}

// pftkOfAll takes each lost packet of a burst for a loss event.
func pftkOfAll(v *setting) (float64, bool) {
	p, ok := pathLoss(v)
	if _, events := v.events(); !ok || !events || v.flow.TCP.Congestion != "reno" || v.out.Loss.Burst == nil {
		return 0, false
	}
	return v.steadyAt(p, 0.3, model.PFTK)
}

func cubic(v *setting) (float64, bool) {
	if v.flow.TCP.Congestion != "cubic" {
		return 0, false
	}
	return v.steady(0.02, model.Cubic)
}

func tfrc(v *setting) (float64, bool) {
	if v.flow.TCP.Congestion == "reno" || v.flow.TCP.Congestion == "cubic" {
		return 0, false
	}
	return v.steady(0.3, model.TFRC)
}

func ceiling(v *setting) (float64, bool) {
	if v.protocol != "tcp" || v.flow.App != "transfer" {
		return 0, false
	}
	return v.ceiling()
}

// sawtooth is the goodput of one Reno alone whose losses are those of a full queue of up to one bandwidth-delay product.
func sawtooth(v *setting) (float64, bool) {
	p, ok := v.events()
	back := v.back.Loss.Mean() + float64(v.back.Corrupt.Probability)
	held, finite := v.queue()
	if !ok || p > 0 || back > 0 || !finite || v.protocol != "tcp" || v.flow.App != "transfer" || v.flow.TCP.Congestion != "reno" || v.crowded() {
		return 0, false
	}
	product := v.rtt().Seconds() / v.out.Rate.Time(v.at.Path.MTU).Seconds() // packets
	peak := product + held
	teeth := float64(v.flow.Size) / v.mss() / (0.375 * peak * peak) // from half of the peak to the peak
	top, _ := v.ceiling()
	return top * model.Sawtooth(held/product), held <= product && teeth >= leastLosses && v.connection().Wmax > peak
}

// queue is how many full packets the queue before a bottleneck of one rate holds. ok is false where there is none, where it has no
// end, and where more than its end loses packets.
func (v *setting) queue() (packets float64, ok bool) {
	q := v.out.Queue
	packets = float64(q.Packets)
	if q.Bytes > 0 {
		packets = float64(q.Bytes) / float64(v.at.Path.MTU)
	}
	return packets, v.out.Rate > 0 && packets > 0 && q.Discipline == "fifo"
}

// fullQueue is how long a packet waits behind a queue that is full, seconds.
func fullQueue(v *setting) (float64, bool) {
	packets, ok := v.queue()
	return packets * v.out.Rate.Time(v.at.Path.MTU).Seconds(), ok
}

// survives is the share of datagrams that the path lets through: none of their fragments may be lost.
func survives(v *setting) (float64, bool) {
	p, ok := pathLoss(v)
	headers := 28 // IP and UDP
	if v.at.Family == 6 {
		headers = 48
	}
	wire := float64(v.flow.UDP.Rate) / float64(v.flow.UDP.Payload) * float64(v.flow.UDP.Payload+headers)
	if !ok || v.protocol != "udp" || v.flow.UDP.Payload+headers > v.at.Path.MTU || v.crowded() || v.out.Rate > 0 && wire > float64(v.out.Rate) {
		return 0, false
	}
	return 1 - p, true
}

// pathLoss is the share of packets that the path loses or damages.
func pathLoss(v *setting) (float64, bool) {
	if len(v.out.Loss.Packets) > 0 {
		return 0, false
	}
	return either(v.out.Loss.Mean(), float64(v.out.Corrupt.Probability)), true
}

// pathRun is how many packets the path loses in a row.
func pathRun(v *setting) (float64, bool) {
	n := runLength(v.out.Loss)
	return n, n > 0 && v.out.Corrupt.Probability == 0 && v.out.Loss.Mean() > 0 && v.out.Loss.Mean() < 1
}
