package experiment

import (
	"bytes"
	"fmt"
	"math"
	"net/netip"
	"runtime"
	"strings"
	"testing"
	"time"

	"reliabilitylab/lab/host"
	"reliabilitylab/lab/trace"
	"reliabilitylab/netem"
	"reliabilitylab/reports/metrics"
	"reliabilitylab/scenarios"
)

// dumbbell is flows of both protocols with links of their own, both ways, and all that can go wrong on them.
const dumbbell = `
sharing: together
duration: 60s
path: {rate: 8Mbit, delay: 5ms, queue: 30p, forward: {loss: 0.3%}}
flows:
  - {name: near, protocol: tcp, size: 3MiB}
  - {name: far, protocol: tcp, size: 1MiB, start: 500ms, access: {delay: 40ms, rate: 5Mbit, forward: {loss: 0.5%, duplicate: 1%}}}
  - {name: both, size: 300kB, start: 1s, access: {delay: {base: 20ms, jitter: 4ms, distribution: normal}, reverse: {delay: 3ms}}, udp: {rate: 1Mbit, payload: 4000}}
  - {name: down, from: server, protocol: [tcp, udp], size: 500kB, access: {reverse: {rate: 2Mbit, corrupt: 1%}, delay: 10ms}}
`

// TestFlowsTogether: each flow has a ledger of its own in which nothing is missing and nothing foreign, and its own start; every packet
// that is made is in one of them, and all are given back; nobody's packet is faster than its own link and the path together.
func TestFlowsTogether(t *testing.T) {
	plan := planOf(t, parse(t, dumbbell))
	trials, l, err := plan.runLab(t.Context(), Options{}, func(float64) {})
	if err != nil {
		t.Fatal(err)
	}
	least := map[string][2]time.Duration{ // one way: of the path and the flow's own link, without jitter
		"near": {5, 5}, "far": {45, 45}, "both": {5, 8}, "down": {15, 15},
	}
	var packets uint64
	seen := map[uint64]string{}
	for i, trial := range trials {
		tr := trial.Trace
		packets += uint64(len(tr.Packets))
		start := l.scenario.Flows[l.trials[i].flow].Start
		fragments := 0
		for _, p := range tr.Packets {
			if other := seen[p.ID]; other != "" {
				t.Fatalf("packet %d is in the ledgers of %s and %s", p.ID, other, trial.ID)
			}
			seen[p.ID] = trial.ID
			if p.Sent < start {
				t.Errorf("%s: packet %d was sent at %v, before the flow's start at %v", trial.ID, p.ID, p.Sent, start)
			}
			if p.Header.Fragment {
				fragments++
			}
			if p.Of == 0 && p.Arrived != trace.Never && p.Arrived-p.Sent < least[trial.Flow][p.Direction]*time.Millisecond {
				t.Fatalf("%s: packet %d took %v", trial.ID, p.ID, p.Arrived-p.Sent)
			}
			if p.Arrived != trace.Never && (p.Access > 0) != (trial.Flow != "near") {
				t.Fatalf("%s: packet %d was on its flow's link for %v", trial.ID, p.ID, p.Access)
			}
		}
		if want := trial.ID == "both-udp"; want != (fragments > 0) {
			t.Errorf("%s has %d fragments", trial.ID, fragments)
		}
		if len(tr.Messages) == 0 || len(tr.Packets) == 0 || len(trial.Errors) > 0 {
			t.Errorf("%s: %d messages, %d packets, %q", trial.ID, len(tr.Messages), len(tr.Packets), trial.Errors)
		}
		for _, s := range tr.TCP {
			if trial.Protocol == "udp" || s.Local.Port() != tr.TCP[0].Local.Port() && s.Peer.Port() != tr.TCP[0].Local.Port() {
				t.Fatalf("%s has a sample of %v to %v", trial.ID, s.Local, s.Peer)
			}
		}
		if len(tr.Queue) == 0 || &tr.Queue[0] != &trials[0].Trace.Queue[0] {
			t.Errorf("%s has a queue of its own", trial.ID)
		}
	}
	if made, out := l.pool.Made(), l.pool.Out(); packets != made || out != 0 {
		t.Errorf("%d packets were made, %d are in ledgers, %d were not given back", made, packets, out)
	}
}

// TestFlowsAtAnyProcessors: the same bytes of record and metrics with one processor and with eight, of any number of flows.
func TestFlowsAtAnyProcessors(t *testing.T) {
	many := "sharing: together\nduration: 3s\npath: {rate: 20Mbit, delay: 5ms, queue: 60p, forward: {loss: 0.1%}}\nflows:\n"
	for i := range 30 {
		many += fmt.Sprintf("  - {name: f%d, protocol: %s, size: 400kB, start: %dms, access: {delay: %dms, forward: {loss: 0.2%%}}, udp: {rate: 500kbit}}\n",
			i, []string{"tcp", "udp"}[i%3/2], 10*i, i)
	}
	for name, text := range map[string]string{"dumbbell": dumbbell, "many": many} {
		s := parse(t, text, scenarios.Setting{Key: "sweep", Value: "{repeat: 3}"})
		record := func(processors int) []byte {
			defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(processors))
			var b bytes.Buffer
			for _, trial := range collect(t, s, Options{Jobs: processors}) {
				fmt.Fprintf(&b, "%s\n%s%v\n", trial.ID, written(t, trial), metrics.Of(trial.Trace))
			}
			return b.Bytes()
		}
		one, eight := record(1), record(8)
		if !bytes.Equal(one, eight) || len(one) < 1<<16 {
			t.Errorf("%s: %d bytes with one processor, other %d with eight", name, len(one), len(eight))
		}
	}
}

// TestAccessMeetsTheSameDice: on its own link a flow's new data meets the fates that it meets where the flow is alone, however many
// others there are and whatever they do; and both protocols of a flow meet the same.
func TestAccessMeetsTheSameDice(t *testing.T) {
	const flow = "{name: mine, size: 700kB, udp: {rate: 2Mbit}, tcp: {congestion: reno}, access: {delay: 10ms, forward: {loss: {gilbert_elliott: {p: 3%, r: 30%}}, corrupt: 0.5%}}}"
	fates := func(sharing, others string) map[string][]string {
		s := parse(t, "sharing: "+sharing+"\npath: {rate: 10Mbit, delay: 5ms}\nflows: ["+flow+others+"]\n")
		out := map[string][]string{}
		for _, trial := range collect(t, s, Options{}) {
			if trial.Flow != "mine" {
				continue
			}
			for _, f := range dataFates(trial.Trace) {
				if f == "lost: queue full" {
					f = "" // the path's, and not the link's
				}
				out[trial.Protocol] = append(out[trial.Protocol], f)
			}
		}
		return out
	}
	alone := fates("alone", "")
	if n := strings.Count(strings.Join(alone["udp"], ","), "access burst"); n < 10 || len(alone["udp"]) != 484 {
		t.Fatalf("%d of %d packets are lost on the link", n, len(alone["udp"]))
	}
	for _, others := range []string{"", ", {name: a, size: 2MiB}, {name: b, protocol: udp, size: 1MiB, access: {forward: {loss: 20%, duplicate: 5%}}}"} {
		together := fates("together", others)
		for _, protocol := range []string{"tcp", "udp"} {
			if got, want := fmt.Sprint(together[protocol]), fmt.Sprint(alone["udp"]); got != want {
				t.Errorf("others %q: over %s the link's fates are\n%s\nwant\n%s", others, protocol, got, want)
			}
		}
	}
}

// TestICMPHasAFlow: an ICMP message that nobody listens is the flow's whose datagram it quotes, over IPv4 and IPv6, and takes
// the flow's link.
func TestICMPHasAFlow(t *testing.T) {
	for _, ip := range []int{4, 6} {
		s := parse(t, fmt.Sprintf("ip: %d\nsharing: together\nduration: 2s\npath: {delay: 5ms}\nflows: [{name: a, protocol: udp, size: 100kB}, {name: b, protocol: udp, size: 100kB, access: {delay: 30ms}}]\n", ip))
		l := &lab{plan: planOf(t, s), errors: make([][]string, 2), queueMax: [2]int{-1, -1}}
		var err error
		if l.world, err = newWorld(s); err != nil {
			t.Fatal(err)
		}
		defer l.world.Close()
		if err := l.build(nil, true); err != nil {
			t.Fatal(err)
		}
		if err := l.launch(1, l.client, 0, func(h host.Host) error { // to a port on which nobody is
			socket, err := h.Socket(host.FamilyOf(l.server.Addr()), host.Datagram, 0)
			if err != nil {
				return err
			}
			_, err = socket.Send(make([]byte, 100), netip.AddrPortFrom(l.server.Addr(), firstPort+1), 0)
			return err
		}); err != nil {
			t.Fatal(err)
		}
		if err := l.until(t.Context(), time.Second, func(float64) {}); err != nil {
			t.Fatal(err)
		}
		var got []string
		for i, r := range l.recorders {
			tr, err := r.Finish()
			if err != nil {
				t.Fatal(err)
			}
			for _, p := range tr.Packets {
				got = append(got, fmt.Sprintf("%s: %v %v in %v", l.trials[i].id, p.Direction, p.Header.Kind, p.Arrived-p.Sent))
			}
		}
		if want := "[b-udp: forward data in 35ms b-udp: reverse icmp in 35ms]"; fmt.Sprint(got) != want {
			t.Errorf("IPv%d: %v, want %s", ip, got, want)
		}
	}
}

// TestWaysDiffer: every key that a direction has can be given to one of them alone, and changes that one alone; of a flow's own
// link too.
func TestWaysDiffer(t *testing.T) {
	for key, value := range map[string]string{
		"rate": "2Mbit", "loss": "3%", "corrupt": "3%", "duplicate": "3%", "reorder": "3%", "delay": "7ms", "slot": "5ms",
		"queue":    "{limit: 7p, discipline: codel}",               // with a rate
		"overhead": "{packet: 8, cell_size: 48, cell_overhead: 5}", // with a rate
	} {
		for _, where := range []string{"path", "flows.a.access"} {
			for _, way := range []netem.Direction{netem.Forward, netem.Reverse} {
				set := []scenarios.Setting{{Key: where + "." + way.String() + "." + key, Value: value}}
				base := []scenarios.Setting{{Key: "path.mtu", Value: "1500"}}
				if key == "queue" || key == "overhead" {
					base = []scenarios.Setting{{Key: where + ".rate", Value: "9Mbit"}}
				}
				stages := func(d netem.Direction, set ...scenarios.Setting) string {
					s := parse(t, "flows: [{name: a, protocol: tcp}]", set...)
					p, err := pipe(s, d)
					if err == nil {
						p, err = (&lab{plan: planOf(t, s)}).withAccess(p, d)
					}
					if err != nil {
						t.Fatal(err)
					}
					return fmt.Sprintf("%+v", p)
				}
				changed := append(base[:len(base):len(base)], set...)
				if stages(way, base...) == stages(way, changed...) {
					t.Errorf("%s changes nothing", set[0])
				}
				if stages(1-way, base...) != stages(1-way, changed...) {
					t.Errorf("%s changes the other direction", set[0])
				}
			}
		}
	}
}

// TestRTTUnfairness: two Renos at one bottleneck share it as their round trips make them: where both lose equally often as the square
// of the ratio, and at the least as the ratio itself (Lakshman and Madhow 1997). The jitter of the scenario keeps them out of step:
// without it who finds the queue full is a matter of phase (Floyd and Jacobson 1992), and anything may come out.
func TestRTTUnfairness(t *testing.T) {
	for _, access := range []string{"5ms", "15ms", "45ms", "95ms"} {
		s, err := scenarios.Load("rtt-unfairness",
			scenarios.Setting{Key: "flows.far.access", Value: "{delay: " + access + "}"}, scenarios.Setting{Key: "duration", Value: "60s"},
			scenarios.Setting{Key: "flows.near.size", Value: "100MiB"}, scenarios.Setting{Key: "flows.far.size", Value: "100MiB"},
			scenarios.Setting{Key: "expect", Value: "[]"}, scenarios.Setting{Key: "sweep.repeat", Value: "3"})
		if err != nil {
			t.Fatal(err)
		}
		goodput, srtt := map[string]float64{}, map[string]float64{}
		for _, trial := range collect(t, s, Options{}) {
			m := metrics.Of(trial.Trace)
			goodput[trial.Flow] += m["goodput_bps"]
			srtt[trial.Flow] += m["srtt_mean_s"]
		}
		share, rtt := goodput["near"]/goodput["far"], srtt["far"]/srtt["near"]
		t.Logf("far link %s: round trips %.2f to 1, shares %.2f to 1, which is to the power %.2f", access, rtt, share, math.Log(share)/math.Log(rtt))
		if low, high := 0.8*rtt, 1.25*float64(rtt*rtt); share < low || share > high {
			t.Errorf("far link %s: the round trips are %.2f to 1, the shares %.2f to 1, want %.2f to %.2f", access, rtt, share, low, high)
		}
	}
}
