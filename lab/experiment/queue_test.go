package experiment

import (
	"fmt"
	"testing"
	"time"

	"reliabilitylab/netem"
	"reliabilitylab/reports/metrics"
	"reliabilitylab/scenarios"
)

// TestQueueSettings: each discipline of a scenario becomes netem's, with the RFCs' defaults or what the scenario says.
func TestQueueSettings(t *testing.T) {
	codel := netem.CoDel{Target: 5 * time.Millisecond, Interval: 100 * time.Millisecond, MTU: 1400}
	marking := codel
	marking.ECN = true
	for queue, want := range map[string]netem.Bottleneck{
		"64KiB":                          {LimitBytes: 65536},
		"{discipline: fifo}":             {LimitPackets: 100},
		"{discipline: head, limit: 20p}": {LimitPackets: 20, Discipline: netem.DropHead{}},
		"{discipline: codel}":            {LimitPackets: 100, Discipline: codel},
		"{discipline: codel, target: 1ms, interval: 20ms, ce_threshold: 500us, ecn: true}": {LimitPackets: 100, Discipline: netem.CoDel{
			Target: time.Millisecond, Interval: 20 * time.Millisecond, MTU: 1400, ECN: true, CEThreshold: 500 * time.Microsecond}},
		"{discipline: pie}": {LimitPackets: 100, Discipline: netem.PIE{Target: 15 * time.Millisecond, Burst: 150 * time.Millisecond, MTU: 1400}},
		"{discipline: pie, target: 20ms, burst: 1s, ecn: true}": {LimitPackets: 100, Discipline: netem.PIE{
			Target: 20 * time.Millisecond, Burst: time.Second, MTU: 1400, ECN: true}},
		"{discipline: fq_codel}": {LimitPackets: 100, Discipline: netem.FQCoDel{CoDel: marking, Quantum: 1514, Flows: 1024}},
		"{discipline: fq_codel, ecn: false, quantum: 300, flows: 32}": {LimitPackets: 100, Discipline: netem.FQCoDel{CoDel: codel, Quantum: 300, Flows: 32}},
		// 100 packets of 1400 bytes: a quarter, and a third of that.
		"{discipline: red}":                       {LimitPackets: 100, Discipline: netem.RED{Min: 11666, Max: 35000, Probability: 0.02, Weight: 9, Gentle: true}},
		"{discipline: red, limit: unlimited}":     {Discipline: netem.RED{Min: 7000, Max: 21000, Probability: 0.02, Weight: 9, Gentle: true}},
		"{discipline: red, limit: 60kB, min: 2p}": {LimitBytes: 60000, Discipline: netem.RED{Min: 2800, Max: 8400, Probability: 0.02, Weight: 9, Gentle: true}},
		"{discipline: red, min: 20p, max: 20p, weight: 0, probability: 100%, gentle: false, ecn: true}": {LimitPackets: 100, Discipline: netem.RED{
			Min: 28000, Max: 28000, Probability: 1, ECN: true}},
	} {
		s := parse(t, "path: {rate: 10Mbit, mtu: 1400, queue: "+queue+"}\nflows: [{}]")
		stages, err := pipe(s, netem.Forward)
		if err != nil {
			t.Fatal(err)
		}
		want.Rate = 10 * netem.Mbit
		if got := stages[1].Stage; got != netem.Stage(want) {
			t.Errorf("%s becomes %+v, want %+v", queue, got, want)
		}
	}
}

// TestBufferbloat: four TCP transfers over a buffer of 600 ms. Drop-tail fills it; CoDel and PIE keep the standing queue at their
// targets of 5 and 15 ms; FQ-CoDel gives each transfer the same share.
func TestBufferbloat(t *testing.T) {
	for _, c := range []struct {
		discipline string
		low, high  float64 // of the median wait, ms
		fair       float64 // at least so fair: Jain's index
	}{{"fifo", 300, 600, 0}, {"codel", 2.5, 10, 0.9}, {"pie", 10, 20, 0.9}, {"fq_codel", 0.5, 10, 0.995}} {
		s := parse(t, fmt.Sprintf(`
sharing: together
duration: 20s
path: {rate: 20Mbit, delay: 25ms, queue: {limit: 1000p, discipline: %s}}
flows:
  - {name: a, protocol: tcp, size: 100MiB}
  - {name: b, protocol: tcp, size: 100MiB}
  - {name: c, protocol: tcp, size: 100MiB}
  - {name: d, protocol: tcp, size: 100MiB}
`, c.discipline), scenarios.Setting{Key: "seed", Value: "3"})
		var sum, squares float64
		for _, trial := range collect(t, s, Options{}) {
			m := metrics.Of(trial.Trace)
			if d := 1e3 * m["queue_delay_p50_s"]; d < c.low || d > c.high {
				t.Errorf("%s, %s: the median wait is %.2f ms, want %v to %v", c.discipline, trial.ID, d, c.low, c.high)
			}
			g := m["goodput_bps"]
			sum, squares = sum+g, squares+g*g
		}
		if jain := sum * sum / (4 * squares); jain < c.fair {
			t.Errorf("%s: Jain's index is %.3f, want %v", c.discipline, jain, c.fair)
		}
		if c.discipline != "codel" && sum < 17e6 {
			t.Errorf("%s: all together got %.1f of 20 Mbit/s", c.discipline, sum/1e6)
		}
	}
}

// TestTraceLink: a flood over a trace carries what the trace can, from the first to the last opportunity; what is read by name alone
// cannot be run.
func TestTraceLink(t *testing.T) {
	for _, name := range []string{"lte.trace", "wifi.csv"} {
		s := parse(t, "duration: 25s\npath: {forward: {rate: {trace: "+name+"}}}\nflows: [{app: transfer, protocol: udp, size: 150MB, udp: {rate: 60Mbit, payload: 1472}}]\n")
		trace := &s.Path.Forward.Trace
		var arrived, capacity int64
		last := time.Duration(0)
		for _, trial := range collect(t, s, Options{}) {
			for _, p := range trial.Trace.Packets {
				if p.Arrived >= 0 && p.Arrived <= 20*time.Second {
					arrived, last = arrived+int64(p.Length), max(last, p.Arrived)
				}
			}
		}
		if trace.Rates != nil {
			capacity = trace.Rates.Carried(0, last)
		} else {
			capacity = trace.Opportunities.Carried(0, last)
		}
		if arrived > capacity+300 || arrived < capacity-capacity/1000 {
			t.Errorf("%s: %d bytes arrived of the %d that the trace can carry (less than a byte too few for each of its rates)", name, arrived, capacity)
		}
	}
	s := parse(t, "path: {rate: {trace: mine.trace}}\nflows: [{}]")
	if _, err := pipe(s, netem.Forward); err == nil || err.Error() != "the trace mine.trace was not read" {
		t.Errorf("got %v", err)
	}
}

// TestQueueAccounts: what waits is the sum of who waits. The area under the recorded queue is the waits of all packets added up, those
// that died too, to the nanosecond, with every discipline and kind of link; and no packet waits where there is no queue.
func TestQueueAccounts(t *testing.T) {
	for _, path := range []string{
		"rate: 5Mbit, queue: 20p", "rate: 5Mbit, queue: {limit: 20p, discipline: head}", "rate: 5Mbit, queue: {limit: 50p, discipline: red}",
		"rate: 5Mbit, queue: {discipline: codel}", "rate: 5Mbit, queue: {discipline: pie}", "rate: 5Mbit, queue: {limit: 30p, discipline: fq_codel}",
		"rate: {trace: lte.trace}, queue: 20p", "rate: {trace: wifi.csv}, queue: {discipline: codel}",
	} {
		s := parse(t, "path: {delay: 10ms, forward: {loss: 1%, "+path+"}}\nflows: [{size: 2MiB, udp: {rate: 9Mbit}}]\nduration: 30s")
		for _, trial := range collect(t, s, Options{}) {
			var waits, area, length int64
			at := time.Duration(0)
			for _, p := range trial.Trace.Packets {
				waits += int64(p.Waited)
				if p.Waited > 0 && p.Direction == netem.Reverse {
					t.Fatalf("%s, %s: packet %d waited where there is no queue", path, trial.ID, p.ID)
				}
			}
			for _, q := range trial.Trace.Queue {
				area += length * int64(q.At-at)
				at, length = q.At, int64(q.Packets)
			}
			if area != waits || length != 0 || waits == 0 {
				t.Errorf("%s, %s: the packets waited %d ns, the area under the queue is %d, and %d are left", path, trial.ID, waits, area, length)
			}
		}
	}
}
