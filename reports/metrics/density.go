package metrics

import "slices"

// The densities of RFC 5236 (Informational; not endorsed by the IETF): two pictures of reordering that count early and
// late packets alike. Both take a sequence as FirstCopies does, with its duplicates; packets are numbered from 1.

// ReorderDensity returns RD (RFC 5236 sections 3.6 and 7.1): element k+threshold is the share of packets displaced by k places,
// from -threshold (early) to threshold (late). A packet's displacement is its receive index less its number; receive
// indexes count arrivals, skip the numbers of lost packets, and are not given to duplicates. What is displaced by more
// than the threshold counts as lost. nil where nothing arrived.
func ReorderDensity(sequence []int, threshold int) []float64 {
	count := make([]int, 2*threshold+1)
	var window, buffer []int // arrivals still to be looked at; early ones whose turn has not come
	rest := sequence
	index := 1 // the receive index
	fill := func() {
		for len(window) <= threshold && len(rest) > 0 {
			s := rest[0]
			rest = rest[1:]
			if s >= index && !slices.Contains(buffer, s) && !slices.Contains(window, s) {
				window = append(window, s)
			}
		}
	}
	for fill(); len(window) > 0; fill() {
		if !slices.Contains(window, index) && !slices.Contains(buffer, index) {
			index = next(index, window, buffer) // the packets up to there are lost
			continue
		}
		s := window[0]
		window = window[1:]
		displaced := index - s
		if displaced < -threshold || displaced > threshold {
			continue
		}
		count[displaced+threshold]++
		if k := slices.Index(buffer, index); k >= 0 {
			buffer = slices.Delete(buffer, k, k+1)
		}
		if displaced < 0 {
			buffer = append(buffer, s)
		}
		index++
	}
	return shares(count)
}

// next returns the least number above index in either list. There is one: each number below index that is still in the
// window has let an early one into the buffer.
func next(index int, lists ...[]int) int {
	least := 0
	for _, l := range lists {
		for _, s := range l {
			if s > index && (least == 0 || s < least) {
				least = s
			}
		}
	}
	return least
}

// BufferDensity returns RBD (RFC 5236 sections 3.11 and 7.2): element k is the share of arrivals after which a buffer that
// restores the order held k packets, from 0 to threshold. When it is full and another packet comes early, the expected
// one is given up. nil where nothing arrived.
func BufferDensity(sequence []int, threshold int) []float64 {
	count := make([]int, threshold+1)
	held := map[int]bool{}
	expected := 1
	release := func() { // passes on what is in order now
		for held[expected] {
			delete(held, expected)
			expected++
		}
	}
	for _, s := range sequence {
		if s < expected || held[s] {
			continue
		}
		held[s] = true
		if s != expected && len(held) > threshold {
			for expected++; !held[expected]; expected++ {
			}
		}
		release()
		count[len(held)]++
	}
	return shares(count)
}

// shares returns each count's share of their sum; nil if that is 0.
func shares(count []int) []float64 {
	sum := 0
	for _, n := range count {
		sum += n
	}
	if sum == 0 {
		return nil
	}
	share := make([]float64, len(count))
	for i, n := range count {
		share[i] = float64(n) / float64(sum)
	}
	return share
}
