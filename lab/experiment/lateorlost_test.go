package experiment

import (
	"slices"
	"testing"

	"reliabilitylab/reports/metrics"
	"reliabilitylab/scenarios"
)

// TestLateOrLost holds the medians of reorder-vs-loss to what it is to show. 1 MiB of full segments takes 0.87 s on the link, and the
// handshake, the first round trips and the last packet's way are 0.2 s more; the TCP that goes by time is hardly slower where packets
// come late. The one that counts duplicate ACKs halves its window there, and takes twice as long at least. Under loss both do as Mathis and others
// (1997) say, 1448·8·1.22/(0.05·√0.02) = 2.0 Mbit/s or 4.2 s, give or take a quarter.
func TestLateOrLost(t *testing.T) {
	s, err := scenarios.Load("reorder-vs-loss")
	if err != nil {
		t.Fatal(err)
	}
	completion := map[string][]float64{}
	for _, trial := range collect(t, s, Options{}) {
		key := trial.Flow + " " + trial.Point[0].Value
		completion[key] = append(completion[key], metrics.Of(trial.Trace)["completion_s"])
	}
	for key, want := range map[string][2]float64{
		"timing {reorder: 2%}": {1.0, 1.2}, "counting {reorder: 2%}": {2.2, 4.2},
		"timing {loss: 2%}": {3.15, 5.25}, "counting {loss: 2%}": {3.15, 5.25},
	} {
		all := completion[key]
		slices.Sort(all)
		if len(all) != 10 || all[5] < want[0] || all[5] > want[1] {
			t.Errorf("%s: of %d replicates the median is done after %v s, want %v to %v", key, len(all), all, want[0], want[1])
		}
	}
}
