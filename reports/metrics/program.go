package metrics

import (
	"math"
	"slices"
	"time"

	"reliabilitylab/lab/trace"
)

// program sets the metrics of what the programs sent and got. A message is delivered when the receiving program has all
// of its bytes and they are those that were sent: what came damaged, unseen by any checksum, is not delivered. Of what
// came more than once the first copy counts.
//
//	messages_sent bytes_sent            handed to Send: messages, and their bytes
//	messages_delivered bytes_delivered  of those, what was delivered, each message once
//	delivered_ratio        bytes_delivered / bytes_sent
//	in_order_ratio         messages that came after none sent later / messages_delivered: one less RFC 4737's reordered ratio
//	                       (section 4.1), with messages for packets
//	duplicates_delivered   how often the program got a message that it had had before
//	completion_s           from the flow's start until the program first had all bytes it was promised (or all messages sent,
//	                       where none were promised), seconds; absent if it never had
//	goodput_bps            bytes_delivered * 8 / (from the flow's start to the last delivery of a new message), bit/s
//	latency_p50_s …        from Send to delivery, seconds, over the delivered messages; percentiles (see Percentile), greatest
//	calls_failed           socket calls that returned an error, of either end; save EAGAIN and EINPROGRESS, which say that it is not
//	                       yet time. Absent where no call is on record
//
// Of programs that ask (web, echo, dns) a message is a question with its answer: sent when it is asked, delivered when the answer is
// there, whose bytes count; in a chat it is delivered when all the others have it.
//
// It returns the delivered messages, in the order of sending.
func (m values) program(t *trace.Trace) []*trace.Message {
	var sent, got, again int64
	delivered := make([]*trace.Message, 0, len(t.Messages))
	latency := make([]time.Duration, 0, len(t.Messages))
	last := t.Start
	for i := range t.Messages {
		msg := &t.Messages[i]
		sent += int64(msg.Size)
		again += int64(max(0, msg.Copies-1))
		if msg.Copies == 0 || !msg.Intact {
			continue
		}
		delivered = append(delivered, msg)
		got += int64(msg.Size)
		latency = append(latency, msg.Delivered-msg.Sent)
		last = max(last, msg.Delivered)
	}
	m["messages_sent"], m["bytes_sent"] = float64(len(t.Messages)), float64(sent)
	m["messages_delivered"], m["bytes_delivered"] = float64(len(delivered)), float64(got)
	m["duplicates_delivered"] = float64(again)
	m.ratio("delivered_ratio", got, sent)
	m.ratio("in_order_ratio", int64(len(delivered)-len(Reorder(deliveries(delivered)).Late)), int64(len(delivered)))
	if len(delivered) > 0 {
		if t.Offered > 0 && got >= t.Offered || t.Offered == 0 && len(delivered) == len(t.Messages) {
			m["completion_s"] = seconds(last - t.Start)
		}
		if last > t.Start {
			m["goodput_bps"] = float64(got*8) / seconds(last-t.Start)
		}
	}
	m.calls(t.Calls)
	slices.Sort(latency)
	m.percentile("latency_p50_s", latency, 50)
	m.percentile("latency_p95_s", latency, 95)
	m.percentile("latency_p99_s", latency, 99)
	m.percentile("latency_max_s", latency, 100)
	return delivered
}

// calls sets calls_failed.
func (m values) calls(calls []trace.Call) {
	failed := 0
	for i := range calls {
		if e := calls[i].Errno; e != "" && e != "EAGAIN" && e != "EINPROGRESS" {
			failed++
		}
	}
	if len(calls) > 0 {
		m["calls_failed"] = float64(failed)
	}
}

// deliveries returns the messages' numbers in the order of their first delivery.
func deliveries(delivered []*trace.Message) []int {
	order := slices.Clone(delivered)
	slices.SortFunc(order, func(a, b *trace.Message) int { return int(a.Place - b.Place) })
	numbers := make([]int, len(order))
	for i, msg := range order {
		numbers[i] = int(msg.Number)
	}
	return numbers
}

// wait sets
//
//	hol_wait_p50_s hol_wait_p99_s   how long a message lay complete in the receiving host before its program had it, seconds;
//	                                percentiles over the delivered messages (see Percentile)
//
// Complete is a message when the last of its bytes has first come out of the path in a packet that the host took. Over
// TCP the wait is head-of-line blocking, bytes before it being lost or late, and the time the program takes to read;
// over UDP it is the latter alone.
func (m values) wait(waits []time.Duration) {
	slices.Sort(waits)
	m.percentile("hol_wait_p50_s", waits, 50)
	m.percentile("hol_wait_p99_s", waits, 99)
}

// waits returns how long each delivered message waited. complete has for each message, by number less one, the instant at
// which it was complete in the receiving host, or trace.Never where the ledger does not tell.
func waits(t *trace.Trace, delivered []*trace.Message, complete []time.Duration) []time.Duration {
	w := make([]time.Duration, 0, len(delivered))
	for _, msg := range delivered {
		if n := msg.Number - 1; n < uint64(len(complete)) && complete[n] != trace.Never {
			w = append(w, msg.Delivered-complete[n])
		}
	}
	return w
}

// messagesComplete returns when each message's bytes were all in the receiving host. A message's first byte, at Offset in
// the stream, has the relative sequence number Offset+1.
func messagesComplete(t *trace.Trace, segments []segment, c cuts) []time.Duration {
	first := make([]time.Duration, c.pieces()) // when each piece of the stream was first taken
	for k := range first {
		first[k] = math.MaxInt64
	}
	for i := range segments {
		s := &segments[i]
		if s.taken == trace.Never {
			continue
		}
		for k := c.at(s.from); k < len(first) && c[k] < s.to; k++ {
			first[k] = min(first[k], s.taken)
		}
	}
	complete := make([]time.Duration, len(t.Messages))
	k := 0
	for i := range t.Messages {
		if t.Messages[i].Offset < 0 { // it is not simply the next bytes
			complete[i] = trace.Never
			continue
		}
		from := t.Messages[i].Offset + 1
		to := from + int64(t.Messages[i].Size)
		for k < len(first) && c[k+1] <= from {
			k++
		}
		complete[i] = trace.Never
		if k < len(first) && c[k] > from {
			continue // its beginning was never sent
		}
		last := time.Duration(0)
		for j := k; j < len(first) && c[j] < to; j++ {
			last = max(last, first[j])
			if c[j+1] >= to && last != math.MaxInt64 {
				complete[i] = last
			}
		}
	}
	return complete
}

// datagramsComplete returns when each message's datagram was in the receiving host: the n-th datagram is message n, and
// complete when the last of its fragments was taken; of numbered ones that with number n, sent the first time or again. A datagram
// of another size than its message is not believed.
func datagramsComplete(t *trace.Trace, w *wire) []time.Duration {
	if w.numbered() {
		return w.numberedComplete(t)
	}
	complete := make([]time.Duration, len(t.Messages))
	size := make([]int, len(t.Messages))
	n := -1
	for i := range w.all {
		s := &w.all[i]
		if !w.packets[s.row].Header.Fragment {
			n++
		}
		if n < 0 || n >= len(complete) {
			continue
		}
		size[n] += int(s.payload)
		if s.taken == trace.Never || complete[n] == trace.Never {
			complete[n] = trace.Never
		} else {
			complete[n] = max(complete[n], s.taken)
		}
	}
	for i := range complete {
		if size[i] != int(t.Messages[i].Size) || t.Messages[i].Offset < 0 {
			complete[i] = trace.Never
		}
	}
	return complete
}

// Complete returns for each message of a trial, in their order, when it was complete in the receiving host (see wait), or
// trace.Never where the ledger does not tell.
func Complete(t *trace.Trace) []time.Duration {
	w := look(t)
	if t.Protocol != "tcp" {
		return datagramsComplete(t, w)
	}
	segments := w.segments()
	return messagesComplete(t, segments, cutsOf(segments))
}
