package chart

import (
	"gonum.org/v1/plot/vg"

	"reliabilitylab/lab/trace"
)

// A fate is what became of a message, as the receiving program sees it.
type fate uint8

const (
	inOrder   fate = iota
	late           // type-P-reordered, RFC 4737 section 3.3: a greater number was delivered before it
	duplicate      // delivered more than once, whatever its place
	damaged        // delivered, but its bytes are not those that were sent: a checksum did not notice
	lost           // never delivered
	fates
)

var fateNames = [fates]string{"in order", "late", "duplicate", "damaged", "lost"}

// fateMarks are drawn in the order of fates, the rare ones over the common ones.
var fateMarks = [fates]mark{
	{dot, 3, sky},
	{triangle, 4.6, blue},
	{ring, 5, black},
	{diamond, 4.6, lossColor},
	{cross, 4.4, vermillion},
}

// fateSizes are the marks' sizes beside that of a message in order.
var fateSizes = [fates]vg.Length{1, 1.5, 1.6, 1.6, 1.5}

// messageFates returns the fate of each message. Late follows RFC 4737 section 3.3 over the first deliveries: NextExp
// begins at the first delivered number, and a number below NextExp is late.
func messageFates(ms []trace.Message) []fate {
	out := make([]fate, len(ms))
	for i := range ms {
		if ms[i].Delivered < 0 {
			out[i] = lost
		}
	}
	var next uint64
	for _, i := range byDelivery(ms) {
		if n := ms[i].Number; n < next {
			out[i] = late
		} else {
			next = n + 1
		}
		if ms[i].Copies > 1 {
			out[i] = duplicate
		}
		if !ms[i].Intact {
			out[i] = damaged
		}
	}
	return out
}
