package experiment

import (
	"context"
	"fmt"
	"testing"

	"reliabilitylab/scenarios"
)

// BenchmarkPackets runs a flow through a path with loss and delay and reports what a packet costs, ACKs included:
// b.N packets of data are sent. "bare" records nothing, "recorded" everything but the packets' bytes, "captured" those too.
func BenchmarkPackets(b *testing.B) {
	for _, protocol := range []string{"tcp", "udp"} {
		for _, mode := range []string{"bare", "recorded", "captured"} {
			b.Run(protocol+"/"+mode, func(b *testing.B) {
				s, err := scenarios.Parse("bench.yaml", []byte(fmt.Sprintf(`
path: {delay: 5ms, forward: {loss: 0.1%%}}
duration: 24h
flows:
  - {name: file, app: transfer, protocol: %s, size: %d, udp: {rate: 500Mbit}}
`, protocol, 1448*max(b.N, 100))))
				if err != nil {
					b.Fatal(err)
				}
				p := planOf(b, s)
				o := Options{bare: mode == "bare"}
				if mode == "captured" {
					o.Dir = b.TempDir()
				}
				b.ReportAllocs()
				b.ResetTimer()
				packets, err := p.count(o)
				b.StopTimer()
				if err != nil {
					b.Fatal(err)
				}
				b.ReportMetric(float64(packets)/b.Elapsed().Seconds(), "packets/s")
				b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(packets), "ns/packet")
			})
		}
	}
}

// count runs the plan and returns how many packets were put on the path.
func (p plan) count(o Options) (uint64, error) {
	trials, l, err := p.runLab(context.Background(), o, func(float64) {})
	closeAll(trials)
	return l.pool.Made(), err
}

// BenchmarkFlows runs a hundred flows of both protocols, each with a link of its own, through one bottleneck for two seconds of lab
// time, with all that is recorded of them, and reports what a packet costs and the memory that a record takes.
func BenchmarkFlows(b *testing.B) {
	for _, n := range []int{1, 10, 100} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			text := "sharing: together\nduration: 2s\npath: {rate: 200Mbit, delay: 5ms, queue: 300p}\nflows:\n"
			for i := range n {
				text += fmt.Sprintf("  - {name: f%d, protocol: %s, size: 1GiB, access: {delay: %dms}, udp: {rate: %dkbit}}\n", i, []string{"tcp", "udp"}[i%2], i%50, 150_000/n)
			}
			s, err := scenarios.Parse("bench.yaml", []byte(text))
			if err != nil {
				b.Fatal(err)
			}
			plan := planOf(b, s)
			b.ReportAllocs()
			var packets uint64
			for b.Loop() {
				made, err := plan.count(Options{})
				if err != nil {
					b.Fatal(err)
				}
				packets += made
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(packets), "ns/packet")
		})
	}
}
