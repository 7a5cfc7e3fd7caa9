package chart

import (
	"testing"
	"time"

	"reliabilitylab/netem"
	"reliabilitylab/scenarios"
)

func TestPathInWords(t *testing.T) {
	plain := scenarios.Way{Rate: 10 * netem.Mbit, Delay: scenarios.Delay{Base: 25 * time.Millisecond}, Queue: scenarios.Queue{Packets: 100}}
	with := func(change func(*scenarios.Way)) scenarios.Way {
		w := plain
		change(&w)
		return w
	}
	for _, c := range []struct {
		forward, reverse scenarios.Way
		want             string
	}{
		{plain, plain, "10 Mbit/s, 25 ms each way, queue of 100 packets"},
		{scenarios.Way{}, scenarios.Way{}, ""},
		{with(func(w *scenarios.Way) { w.Loss.Random = 0.02 }), plain, "10 Mbit/s, 25 ms each way, queue of 100 packets; towards the server 2% loss"},
		{
			with(func(w *scenarios.Way) { w.Rate, w.Queue = 20*netem.Mbit, scenarios.Queue{Bytes: 64 * netem.KiB} }),
			with(func(w *scenarios.Way) { w.Delay.Jitter, w.Duplicate.Probability = 5*time.Millisecond, 0.005 }),
			"towards the server 20 Mbit/s, 25 ms, queue of 64 KiB; towards the client 10 Mbit/s, 25 ms ± 5 ms, queue of 100 packets, 0.5% duplicated",
		},
		{ // 1% of good packets turn bad, one in four bad ones good: 1/26 of the time is bad, and all is lost in it
			scenarios.Way{Loss: scenarios.Loss{Burst: &scenarios.GilbertElliott{P: 0.01, R: 0.25, Bad: 1}}},
			scenarios.Way{Loss: scenarios.Loss{Burst: &scenarios.GilbertElliott{P: 0.01, R: 0.25, Bad: 1}}},
			"3.85% loss in bursts both ways",
		},
		{
			scenarios.Way{Corrupt: scenarios.Corrupt{Probability: 0.001, FixChecksum: true}, Reorder: scenarios.Reorder{Probability: 0.01, Delay: 10 * time.Millisecond}},
			scenarios.Way{Loss: scenarios.Loss{Every: 100}},
			"towards the server 1% held back 10 ms, 0.1% corrupted unseen; towards the client 1 packet in 100 lost",
		},
	} {
		s := &scenarios.Scenario{Path: scenarios.Path{Forward: c.forward, Reverse: c.reverse}}
		if got := pathInWords(s); got != c.want {
			t.Errorf("got  %q\nwant %q", got, c.want)
		}
	}
	if got := pathInWords(nil); got != "" {
		t.Errorf("of no scenario: %q", got)
	}
}
