package metrics

// duplicates sets
//
//	duplicate_ratio   RFC 5560 section 5.2, Type-P-one-way-replicated-packet-rate: of the packets that arrived unharmed, the
//	                  share that arrived more than once
//
// It stays within 0 and 1; the fraction of section 5.1 (DuplicationFraction) counts every further copy and may exceed 1.
// They are the same where no packet is copied twice. Retransmissions are packets of their own and no duplicates.
func (m values) duplicates(w *wire) {
	counts := make([]int, 0, len(w.all))
	for s := range w.data() {
		counts = append(counts, int(s.intact))
	}
	if rate, ok := ReplicatedRate(counts); ok {
		m["duplicate_ratio"] = rate
	}
}

// DuplicationFraction returns RFC 5560 section 5.1's Type-P-one-way-packet-duplication-fraction: further copies for each
// packet that arrived. counts has each packet's arrivals; packets with 0 are lost and do not take part. ok is false
// where none arrived.
func DuplicationFraction(counts []int) (fraction float64, ok bool) {
	sum, received := 0, 0
	for _, n := range counts {
		if n > 0 {
			sum += n
			received++
		}
	}
	if received == 0 {
		return 0, false
	}
	return float64(sum-received) / float64(received), true
}

// ReplicatedRate returns RFC 5560 section 5.2's Type-P-one-way-replicated-packet-rate: the share of the packets that
// arrived which arrived more than once.
func ReplicatedRate(counts []int) (rate float64, ok bool) {
	repeated, received := 0, 0
	for _, n := range counts {
		if n > 0 {
			received++
		}
		if n > 1 {
			repeated++
		}
	}
	if received == 0 {
		return 0, false
	}
	return float64(repeated) / float64(received), true
}
