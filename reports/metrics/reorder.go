package metrics

import (
	"slices"
	"sort"
	"time"
)

// reordering sets the metrics of RFC 4737. The sequence are the first transmissions of data that arrived, numbered in the
// order in which they were put on the path; of a packet that arrived more than once only the first copy counts (section
// 3.6). TCP's retransmissions are not in it: they are sent late, not overtaken, and sequence numbers would call them
// reordered (section 6.1); so the packets are told apart by the ledger.
//
//	reordered_ratio      section 4.1: packets that came after one sent later / packets that arrived
//	reorder_extent_max   section 4.2: the greatest extent of a reordered packet, packets: how many places before it the earliest
//	reorder_extent_p95   arrival is that was sent later. Percentile over the reordered packets, absent where there are none
//	n3_reordered_ratio   section 5.3: packets right before which at least three others arrived that were all sent later / packets
//	                     that arrived: the share that makes a TCP of three duplicate ACKs retransmit in vain
//	late_time_p95_s      section 4.3: how long before a reordered packet the earliest came that was sent later, seconds; over the
//	                     reordered packets
func (m values) reordering(w *wire) {
	arrivals := w.arrivals()
	sequence := make([]int, 0, len(arrivals))
	at := make([]time.Duration, 0, len(arrivals))
	for _, s := range arrivals {
		if s.number > 0 {
			sequence = append(sequence, int(s.number))
			at = append(at, s.arrived)
		}
	}
	r := Reorder(sequence)
	if ratio, ok := r.Ratio(); ok {
		m["reordered_ratio"] = ratio
	}
	if ratio, ok := r.Degree(3); ok {
		m["n3_reordered_ratio"] = ratio
	}
	extents := make([]int, 0, len(r.Late))
	late := make([]time.Duration, 0, len(r.Late))
	for _, l := range r.Late {
		extents = append(extents, l.Extent)
		late = append(late, at[l.Index]-at[l.Index-l.Extent])
	}
	slices.Sort(extents)
	slices.Sort(late)
	if len(extents) > 0 {
		m["reorder_extent_max"] = float64(extents[len(extents)-1])
	}
	if e, ok := Percentile(extents, 95); ok {
		m["reorder_extent_p95"] = float64(e)
	}
	m.percentile("late_time_p95_s", late, 95)
}

// A Reordering is what RFC 4737 says of a sequence of arrivals.
type Reordering struct {
	Received int        // packets that arrived, duplicates not counted
	Late     []Reversal // the reordered ones, in the order of arrival
}

// A Reversal is one reordered packet.
type Reversal struct {
	Index  int // which arrival it was, from 0
	Number int // its number in the order of sending
	Extent int // RFC 4737 section 4.2: Index less the index of the earliest arrival with a greater number
	N      int // the greatest n for which it is n-reordered (section 5.3); 0 if it is not even 1-reordered
}

// Reorder returns the reordering of a sequence: the packets' numbers in the order of sending, listed in the order of
// arrival, without duplicates (FirstCopies). A packet is reordered if one with a greater number came before it (section
// 3.3). It takes n log n steps.
func Reorder(sequence []int) Reordering {
	r := Reordering{Received: len(sequence)}
	peaks := make([]int, 0, len(sequence))  // indexes of arrivals with a greater number than all before: the packets in order
	rising := make([]int, 0, len(sequence)) // indexes of arrivals such that none after them has a smaller number; numbers rise
	for i, s := range sequence {
		for len(rising) > 0 && sequence[rising[len(rising)-1]] > s {
			rising = rising[:len(rising)-1]
		}
		greater := i // arrivals right before this one with greater numbers
		if len(rising) > 0 {
			greater = i - rising[len(rising)-1] - 1
		}
		rising = append(rising, i)
		if len(peaks) == 0 || s > sequence[peaks[len(peaks)-1]] {
			peaks = append(peaks, i)
			continue
		}
		first := peaks[sort.Search(len(peaks), func(k int) bool { return sequence[peaks[k]] > s })]
		r.Late = append(r.Late, Reversal{Index: i, Number: s, Extent: i - first, N: greater})
	}
	return r
}

// Ratio returns the reordered ratio (RFC 4737 section 4.1). ok is false where nothing arrived.
func (r Reordering) Ratio() (ratio float64, ok bool) {
	if r.Received == 0 {
		return 0, false
	}
	return float64(len(r.Late)) / float64(r.Received), true
}

// Degree returns the degree of n-reordering (RFC 4737 section 5.3): the share of packets that are n-reordered. ok is false
// where nothing arrived.
func (r Reordering) Degree(n int) (ratio float64, ok bool) {
	if r.Received == 0 {
		return 0, false
	}
	k := 0
	for _, l := range r.Late {
		if l.N >= n {
			k++
		}
	}
	return float64(k) / float64(r.Received), true
}

// ByteOffset returns how many bytes a receiver must hold until the packet completes the order (RFC 4737 section 4.4): the
// sizes of those that came before it with greater numbers. size has the payload of each arrival, bytes.
func (l Reversal) ByteOffset(sequence, size []int) int {
	sum := 0
	for j := l.Index - l.Extent; j < l.Index; j++ {
		if sequence[j] > l.Number {
			sum += size[j]
		}
	}
	return sum
}

// Gaps returns the gaps between successive reordering discontinuities, in arrivals (RFC 4737 section 4.5): a discontinuity is
// the earliest arrival with a greater number than some reordered packet.
func (r Reordering) Gaps() []int {
	var gaps []int
	last := -1
	for _, l := range r.Late {
		first := l.Index - l.Extent
		if last >= 0 && first > last {
			gaps = append(gaps, first-last)
		}
		last = max(last, first)
	}
	return gaps
}

// Runs returns the lengths of the reordering-free runs (RFC 4737 section 4.6): how many packets in order came before each
// reordered one since the last. A run that the end of the sequence cuts off is not counted.
func (r Reordering) Runs() []int {
	runs := make([]int, 0, len(r.Late))
	next := 0
	for _, l := range r.Late {
		runs = append(runs, l.Index-next)
		next = l.Index + 1
	}
	return runs
}

// FirstCopies returns a sequence of arrivals without duplicates: only the first arrival of each number is kept (RFC 4737
// section 3.6).
func FirstCopies(sequence []int) []int {
	seen := make(map[int]bool, len(sequence))
	var first []int
	for _, s := range sequence {
		if !seen[s] {
			seen[s] = true
			first = append(first, s)
		}
	}
	return first
}
