package chart

import (
	"time"

	"reliabilitylab/netem"
	"reliabilitylab/reports/model"
	"reliabilitylab/scenarios"
)

// arq is what the textbooks know of a transfer over a protocol built by hand: the link is the bottleneck, a frame a full message. ok is
// false where the path does what they do not know: loses ACKs, holds back, or has no rate; where the queue cannot hold the
// window; and where the timeout is too short for it.
func (v *setting) arq() (q model.ARQ, frame time.Duration, ok bool) {
	out, back := &v.out, &v.back
	if !scenarios.ProtocolNamed(v.protocol).HandMade || v.flow.App != "transfer" || v.crowded() || out.Rate <= 0 ||
		out.Delay.Jitter > 0 || back.Delay.Jitter > 0 || out.Reorder.Probability > 0 || back.Loss.Mean() > 0 || back.Corrupt.Probability > 0 {
		return q, 0, false
	}
	length := v.messageLength()
	frame = out.Rate.Time(out.Overhead.Wire(length))
	trip := frame + out.Delay.Base + back.Delay.Base
	if back.Rate > 0 {
		trip += back.Rate.Time(back.Overhead.Wire(length - v.flow.UDP.Payload))
	}
	window := v.flow.ARQ.Window
	if v.protocol == "stop-and-wait" {
		window = 1
	}
	longest := trip
	if v.protocol == "selective-repeat" {
		longest += time.Duration(window-1) * frame // of the last of a window that is sent at once
	}
	timeout := v.flow.ARQ.Timeout
	if timeout == 0 {
		timeout = max(trip, time.Duration(window)*frame) + 200*time.Millisecond // of a steady round trip
	}
	held := out.Queue.Packets == 0 || window <= out.Queue.Packets
	if out.Queue.Bytes > 0 {
		held = netem.Size(window*length) <= out.Queue.Bytes
	}
	unit := float64(frame)
	q = model.ARQ{A: (float64(trip)/unit - 1) / 2, W: float64(window), T: float64(timeout) / unit}
	return q, frame, held && timeout > longest && length <= v.at.Path.MTU
}

// messageLength is the length of the IP packet of a full message: it has the headers of IP, UDP and the protocol itself.
func (v *setting) messageLength() int {
	headers := 28 + netem.NumberedSize
	if v.at.Family == 6 {
		headers += 20
	}
	return v.flow.UDP.Payload + headers
}

// byHand is the goodput that the textbooks promise.
func byHand(v *setting) (float64, bool) {
	q, frame, ok := v.arq()
	p, known := v.events()
	if !ok || !known || v.out.Loss.Burst != nil || p >= 1 {
		return 0, false
	}
	of := q.GoBackN
	switch v.protocol {
	case "stop-and-wait":
		of = q.StopAndWait
	case "selective-repeat":
		of = q.SelectiveRepeat
	}
	return of(p) * float64(v.flow.UDP.Payload*8) / frame.Seconds(), true
}
