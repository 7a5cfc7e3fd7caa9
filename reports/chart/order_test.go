package chart

import (
	"bytes"
	"slices"
	"testing"
	"time"

	"reliabilitylab/lab/trace"
)

// arrivals makes messages 1 to n that are delivered in this order, a millisecond apart; a number that comes again is a
// duplicate, one that does not come is lost.
func arrivals(n int, order ...int) []trace.Message {
	ms := make([]trace.Message, n)
	for i := range ms {
		ms[i] = trace.Message{Number: uint64(i + 1), Size: 100, Sent: time.Duration(i) * time.Millisecond, Delivered: trace.Never}
	}
	place := 0
	for at, number := range order {
		m := &ms[number-1]
		if m.Copies++; m.Copies == 1 {
			place++
			m.Delivered, m.Place, m.Intact = time.Duration(at+20)*time.Millisecond, int32(place), true
		}
	}
	return ms
}

func TestMessageFates(t *testing.T) {
	const o, l, d, x = inOrder, late, duplicate, lost
	for _, c := range []struct {
		name  string
		order []int
		want  []fate
	}{
		// The examples of RFC 4737 section 7: which packets are reordered.
		{"section 7.1", []int{1, 2, 3, 5, 6, 7, 8, 4, 9, 10}, []fate{o, o, o, l, o, o, o, o, o, o}},
		{"section 7.2", []int{1, 2, 3, 4, 7, 5, 6, 8, 9, 10}, []fate{o, o, o, o, l, l, o, o, o, o}},
		{"section 7.3", []int{1, 2, 3, 7, 8, 9, 10, 4, 5, 6}, []fate{o, o, o, l, l, l, o, o, o, o}},
		{"a loss is no reordering", []int{1, 3, 4, 5, 6, 7, 8, 9, 10}, []fate{o, x, o, o, o, o, o, o, o, o}},
		{"a copy is a duplicate, not late", []int{1, 2, 1, 3, 4, 5, 6, 7, 8, 9, 10}, []fate{d, o, o, o, o, o, o, o, o, o}},
		{"the first to come sets what is expected", []int{2, 1, 3, 4, 5, 6, 7, 8, 9, 10}, []fate{l, o, o, o, o, o, o, o, o, o}},
		{"nothing comes", nil, []fate{x, x, x, x, x, x, x, x, x, x}},
	} {
		if got := messageFates(arrivals(10, c.order...)); !slices.Equal(got, c.want) {
			t.Errorf("%s: %v, want %v", c.name, got, c.want)
		}
	}
	ms := arrivals(3, 1, 3, 2)
	ms[1].Intact = false
	if got := messageFates(ms); !slices.Equal(got, []fate{o, damaged, o}) {
		t.Errorf("a damaged one that is late: %v", got)
	}
}

// TestDeliverySaysWhatIsDamaged: all is there, and a quarter of it is wrong.
func TestDeliverySaysWhatIsDamaged(t *testing.T) {
	ms := arrivals(4, 1, 2, 3, 4)
	ms[1].Intact = false
	d, err := newDelivery(Input{Trials: []Trial{{ID: "udp", Label: "UDP", Protocol: "udp", Trace: &trace.Trace{Protocol: "udp", Messages: ms}}}})
	if err != nil {
		t.Fatal(err)
	}
	svg, err := Save(d, "svg")
	if err != nil || !bytes.Contains(svg, []byte("all in 23 ms, 25% of it damaged")) {
		t.Errorf("the picture does not say it (%v)", err)
	}
}

func TestExcerptShowsTheFirstOfMostKinds(t *testing.T) {
	fates := make([]fate, 1000)
	fates[100] = lost
	fates[600], fates[610] = lost, late
	fates[900], fates[905] = lost, late
	ms := make([]trace.Message, 1000)
	from, to := excerpt([]orderPanel{{fates: fates, trial: Trial{Trace: &trace.Trace{Messages: ms}}}})
	if to-from+1 != excerptSize || from > 601 || to < 611 {
		t.Errorf("messages %d to %d; want %d that hold 601 and 611", from, to, excerptSize)
	}
}

func TestExcerptShowsTheLongestWait(t *testing.T) {
	ms := make([]trace.Message, 1000)
	for i := range ms {
		ms[i].Delivered = time.Duration(i) * time.Millisecond
		if i >= 700 {
			ms[i].Delivered += time.Second
		}
	}
	from, to := excerpt([]orderPanel{{fates: make([]fate, 1000), trial: Trial{Trace: &trace.Trace{Messages: ms}}}})
	if to-from+1 != excerptSize || from >= 701 || to <= 701 {
		t.Errorf("messages %d to %d; want %d around 701", from, to, excerptSize)
	}
}
