package metrics

import (
	"time"

	"reliabilitylab/lab/trace"
	"reliabilitylab/netem"
)

// A Sharing collects trials that were on one path together, to measure what each had of it. The zero value is empty.
type Sharing struct {
	trials []trace.Trace // of each what is needed
	into   []map[string]float64
}

// Add adds a trial and the map in which its metrics are. It keeps the trial's messages.
func (s *Sharing) Add(t *trace.Trace, into map[string]float64) {
	s.trials = append(s.trials, trace.Trace{Protocol: t.Protocol, Data: t.Data, Start: t.Start, End: t.End, Offered: t.Offered, Messages: t.Messages})
	s.into = append(s.into, into)
}

// Measure sets, of two or more trials that send in one direction, what each had while all of them were at it: from the latest start
// until the first of them had done (see Until). Where there is no such time, or nothing was delivered then, both stay absent.
//
//	goodput_share   bytes of new messages delivered in that time, over those of all trials
//	jain_index      Jain's fairness index of these: (Σx)² / (n Σx²). R. Jain, D. Chiu, W. Hawe: A Quantitative Measure of Fairness
//	                and Discrimination for Resource Allocation in Shared Computer Systems, DEC-TR-301, 1984
func (s *Sharing) Measure() {
	for _, d := range []netem.Direction{netem.Forward, netem.Reverse} {
		var way []int
		from, to := time.Duration(0), time.Duration(1<<62)
		for i := range s.trials {
			if t := &s.trials[i]; t.Data == d {
				way = append(way, i)
				from, to = max(from, t.Start), min(to, Until(t))
			}
		}
		if len(way) < 2 {
			continue
		}
		had := make([]float64, len(way))
		sum := 0.0
		for k, i := range way {
			had[k] = float64(deliveredIn(s.trials[i].Messages, from, to))
			sum += had[k]
		}
		index, ok := Jain(had)
		for k, i := range way {
			if ok {
				s.into[i]["goodput_share"], s.into[i]["jain_index"] = had[k]/sum, index
			}
		}
	}
}

// deliveredIn counts the bytes of messages that were delivered for the first time, intact, in [from, to).
func deliveredIn(messages []trace.Message, from, to time.Duration) (bytes int64) {
	for i := range messages {
		if m := &messages[i]; m.Intact && m.Delivered >= from && m.Delivered < to {
			bytes += int64(m.Size)
		}
	}
	return bytes
}

// Until is when a trial had done: when all that its program was asked to send was delivered or, over UDP, sent. One that has not
// come so far was at it to the end.
func Until(t *trace.Trace) time.Duration {
	var sent int64
	var last time.Duration
	for i := range t.Messages {
		m := &t.Messages[i]
		if m.Delivered == trace.Never && t.Protocol == "tcp" {
			return t.End
		}
		sent += int64(m.Size)
		last = max(last, m.Sent, m.Delivered)
	}
	if sent < t.Offered {
		return t.End
	}
	return last
}

// Jain returns Jain's fairness index of what each of n has: 1 where all have the same, k/n where k have the same and the others
// nothing. It is undefined where nobody has anything. It does not depend on the unit.
func Jain(x []float64) (index float64, ok bool) {
	most := 0.0
	for _, v := range x {
		most = max(most, v)
	}
	if most == 0 {
		return 0, false
	}
	var sum, squares float64
	for _, v := range x {
		part := v / most // so that no square is too large or too small
		sum += part
		squares += float64(part * part)
	}
	return min(1, float64(sum*sum)/float64(float64(len(x))*squares)), true // rounded, it may be above
}
