package metrics_test

import (
	"maps"
	"math/rand/v2"
	"slices"
	"testing"

	"reliabilitylab/lab/trace"
	"reliabilitylab/netem"
	"reliabilitylab/reports/metrics"
	"reliabilitylab/scenarios"
)

// udpTrial is a flow of 13 datagrams of 100 bytes, one every 10 ms from 1000 ms on, over a path of 50 ms.
func udpTrial() *trace.Trace {
	l := newLedger("udp")
	l.t.Start, l.t.Offered, l.t.QueueMax = at(1000), 1300, 7
	l.datagram(1000, 1050, trace.Arrived)                             // 1
	l.datagram(1010, -1, trace.Lost)                                  // 2
	l.datagram(1020, 1070, trace.Arrived)                             // 3
	l.copied(3, 1020, 1075, trace.Arrived)                            //   and again
	l.datagram(1030, -1, trace.Lost)                                  // 4
	l.datagram(1040, -1, trace.Lost).Harm = netem.CauseCorrupt        // 5: damaged first, then lost
	l.datagram(1050, 1125, trace.Arrived)                             // 6: overtaken by 7 and 8
	l.datagram(1060, 1110, trace.Arrived)                             // 7
	l.datagram(1070, 1120, trace.Arrived)                             // 8
	l.datagram(1080, 1130, trace.Discarded).Harm = netem.CauseCorrupt // 9: wrong checksum
	l.datagram(1090, -1, trace.InFlight)                              // 10
	l.datagram(1100, 1150, trace.Discarded).Cause = "no buffer"       // 11: it arrived all the same
	l.datagram(1110, 1160, trace.Arrived).Harm = netem.CauseMended    // 12: nobody sees the damage
	l.datagram(1120, 1170, trace.Arrived)                             // 13: read 30 ms late
	l.put(netem.Reverse, 1130, 1180, trace.Arrived, netem.Header{}).Header.Protocol = netem.ICMP
	for row, ms := range map[int]int{2: 2, 3: 9, 4: 30, 6: 4, 7: 6, 8: 8, 9: 10, 11: 12, 12: 14, 13: 16} {
		l.t.Packets[row].Waited = at(ms) // the row of datagram 3 and of all behind it is its number, since its copy has one
	}
	l.t.Packets[0].Header.ECN = netem.ECT0
	l.t.Packets[4].Marked, l.t.Packets[7].Marked = netem.CauseCoDel, netem.CauseCoDel // 4 died then, 7 arrived
	for _, q := range [][2]int{{990, 2}, {1010, 4}, {1060, 6}, {1100, 0}, {1130, 3}, {1140, 50}} {
		l.t.Queue = append(l.t.Queue, trace.QueueLength{At: at(q[0]), Packets: int32(q[1])},
			trace.QueueLength{At: at(q[0] + 1), Packets: 1000, Direction: netem.Reverse})
	}
	for n, m := range []struct{ delivered, copies, place int }{
		{1050, 1, 1}, {-1, 0, 0}, {1070, 2, 2}, {-1, 0, 0}, {-1, 0, 0}, {1125, 1, 5}, {1110, 1, 3}, {1120, 1, 4},
		{-1, 0, 0}, {-1, 0, 0}, {-1, 0, 0}, {1160, 1, 6}, {1200, 1, 7},
	} {
		l.message(100, 1000+10*n, m.delivered, m.copies, m.place, m.copies > 0 && n != 11)
	}
	return l.trace()
}

func TestUDP(t *testing.T) {
	checkMetrics(t, metrics.Of(udpTrial()), map[string]float64{
		"messages_sent": 13, "bytes_sent": 1300,
		"messages_delivered": 6, "bytes_delivered": 600, // 1, 3, 6, 7, 8 and 13; 12 is damaged
		"delivered_ratio":      6. / 13,
		"in_order_ratio":       5. / 6, // 6 is late
		"duplicates_delivered": 1,      // 3
		// no completion_s: seven messages never came
		"goodput_bps": 24000, // 4800 bits in 200 ms
		// latencies: 50 50 50 50 75 80 ms
		"latency_p50_s": .05, "latency_p95_s": .08, "latency_p99_s": .08, "latency_max_s": .08,
		"hol_wait_p50_s": 0, "hol_wait_p99_s": .03, // 0 0 0 0 0 30 ms

		"packets_sent": 13, "packets_arrived": 7, "packets_lost": 5, // arrived: 1 3 6 7 8 11 13; lost: 2 4 5 9 12; on its way: 10
		"loss_ratio":      5. / 12,
		"loss_burst_mean": 5. / 4,  // 2; 4 and 5; 9; 12
		"duplicate_ratio": 1. / 7,  // 3
		"corrupt_ratio":   2. / 10, // 9 and 12, of ten that came out
		// arrivals: 1 3 7 8 6 11 13
		"reordered_ratio": 1. / 7, "reorder_extent_max": 2, "reorder_extent_p95": 2, "n3_reordered_ratio": 0,
		"late_time_p95_s": .015, // from 7 at 1110 ms to 6 at 1125 ms
		// |D|: 0 0 0 25 25 0 ms; J = 25/16 = 1.5625; + 23.4375/16 = 3.02734375; * 15/16 = 2.838134765625
		"jitter_s":  .002838134765625,
		"owd_min_s": .05, "owd_p50_s": .05, "owd_p99_s": .075,
		"queue_max_packets": 7,
		// from 1000 to 1136 ms, when 13 left it: 2 for 10 ms, 4 for 50, 6 for 40, none for 30, 3 for 6
		"queue_mean_packets": 478. / 136,
		// waits of those that came out, 1 3 6 7 8 9 11 12 13: 0 2 4 6 8 10 12 14 16 ms
		"queue_delay_p50_s": .008, "queue_delay_p99_s": .016,
		"ecn_marked": 2,
	})
}

// tcpTrial sends 500 bytes as five segments A to E, at once, over a path of 50 ms, in messages of 150, 150, 150 and 50 bytes.
// The first SYN and B are lost. The ACK of B's retransmission is lost too, so E is probed and B sent a third time, both
// in vain.
func tcpTrial() *trace.Trace {
	const syn, ack, fin = netem.FlagSYN, netem.FlagACK, netem.FlagFIN
	l := newLedger("tcp")
	l.t.Offered = 500
	l.segment(netem.KindSYN, 0, -1, 0, 0, syn, "new")
	l.segment(netem.KindSYN, 1000, 1050, 0, 0, syn, "timeout")
	synack := l.ack(1050, 1100, 1, 900)
	synack.Header.Kind, synack.Header.Flags, synack.Header.Seq = netem.KindSYNACK, syn|ack, 0
	l.segment(netem.KindACK, 1100, 1150, 1, 0, ack, "ack")
	l.segment(netem.KindData, 1100, 1150, 1, 100, ack, "new")       // A
	l.segment(netem.KindData, 1100, -1, 101, 100, ack, "new")       // B
	l.segment(netem.KindData, 1100, 1150, 201, 100, ack, "new")     // C
	l.segment(netem.KindData, 1100, 1150, 301, 100, ack, "new")     // D
	l.segment(netem.KindData, 1100, 1150, 401, 100, ack|fin, "new") // E, and FIN with it
	l.ack(1150, 1200, 101, 1000)
	l.ack(1150, 1200, 101, 1000, [2]uint32{201, 301}) // first duplicate
	l.ack(1150, 1200, 101, 950, [2]uint32{201, 401})  // second: another window, but news of SACK
	l.ack(1150, 1200, 101, 950, [2]uint32{201, 502})  // third
	l.ack(1160, 1210, 101, 2000, [2]uint32{201, 502}) // none: the window alone changed
	l.segment(netem.KindRetransmission, 1200, 1250, 101, 100, ack, "fast retransmit")
	l.ack(1250, -1, 502, 1000)
	l.segment(netem.KindRetransmission, 1300, 1350, 401, 100, ack|fin, "tail loss probe")
	l.ack(1350, -1, 502, 1000)
	l.segment(netem.KindRetransmission, 1450, 1500, 101, 100, ack, "timeout")
	l.ack(1500, 1550, 502, 1000)
	l.ack(1510, 1560, 502, 1000) // no duplicate: nothing is outstanding
	l.message(150, 1100, 1250, 1, 1, true)
	l.message(150, 1100, 1250, 1, 2, true)
	l.message(150, 1100, 1250, 1, 3, true)
	l.message(50, 1100, 1260, 1, 4, true)
	l.sample(0, "slow start", "open", 1000, 0, 1000)
	l.sample(1000, "slow start", "timeout", 100, 0, 2000)
	l.sample(1100, "slow start", "SYN-ACK received", 400, 100, 300).Waits = "cwnd"
	l.sample(1200, "recovery", "fast retransmit", 200, 100, 300).Waits = "window"
	l.sample(1250, "recovery", "timeout", 900, 900, 9000).Connection = &trace.Connection{Host: "server"} // not the sender's
	l.sample(1300, "recovery", "ack", 200, 120, 320).Waits = "program"
	l.sample(1450, "loss", "timeout", 100, 120, 640)
	l.sample(1550, "slow start", "ack", 200, 150, 350)
	l.call("connect", "")
	l.call("connect", "EINPROGRESS")
	l.call("recv", "EAGAIN")
	l.call("connect", "ECONNREFUSED")
	l.call("send", "EPIPE")
	return l.trace()
}

func TestTCP(t *testing.T) {
	checkMetrics(t, metrics.Of(tcpTrial()), map[string]float64{
		"messages_sent": 4, "bytes_sent": 500, "messages_delivered": 4, "bytes_delivered": 500,
		"delivered_ratio": 1, "in_order_ratio": 1, "duplicates_delivered": 0,
		"completion_s": 1.26, "goodput_bps": 4000 / 1.26,
		"latency_p50_s": .15, "latency_p95_s": .16, "latency_p99_s": .16, "latency_max_s": .16,
		// complete at 1250, 1250 (B), 1150, 1150 ms (E): waits of 0 0 100 110 ms
		"hol_wait_p50_s": 0, "hol_wait_p99_s": .11,
		"calls_failed": 2,

		"packets_sent": 8, "packets_arrived": 7, "packets_lost": 1, "loss_ratio": 1. / 8, "loss_burst_mean": 1,
		"duplicate_ratio": 0, "corrupt_ratio": 0,
		"reordered_ratio": 0, "n3_reordered_ratio": 0, // the retransmissions are late and not reordered
		"jitter_s": 0, "owd_min_s": .05, "owd_p50_s": .05, "owd_p99_s": .05,

		"segments_sent": 11, "retransmissions": 4, // SYN, B, E, B
		"retransmissions_rto": 2, "retransmissions_fast": 1, "retransmissions_tlp": 1, "retransmissions_mtu": 0,
		"spurious_retransmissions": 2, // E, and B the third time
		"duplicate_acks":           3,
		"handshake_s":              1.1,
		"timeouts":                 2, "recoveries": 1,
		"limited_cwnd_s": .1, "limited_window_s": .1, "limited_sender_s": .15,
		// 1100 to 1450 ms: 100 ms for 200 ms, 120 ms for 150 ms; 4 segments for 100 ms, 2 for 250 ms
		"srtt_mean_s": (.1*200 + .12*150) / 350, "cwnd_mean_segments": (4*100 + 2*250) / 350.,
	})
}

// Between them the two trials have every metric that the result files promise, and no other.
func TestEveryMetric(t *testing.T) {
	var promised []string
	for _, m := range scenarios.Metrics {
		promised = append(promised, m.Name)
	}
	all := metrics.Of(udpTrial())
	maps.Copy(all, metrics.Of(tcpTrial()))
	var sharing metrics.Sharing // as if there were two of them on one path
	sharing.Add(tcpTrial(), all)
	sharing.Add(tcpTrial(), map[string]float64{})
	sharing.Measure()
	slices.Sort(promised)
	check(t, "metrics", slices.Sorted(maps.Keys(all)), promised)
}

// Nothing is known of a trial in which nothing happened: counts are zero, the rest is absent.
func TestNothing(t *testing.T) {
	zero := map[string]float64{
		"messages_sent": 0, "messages_delivered": 0, "bytes_sent": 0, "bytes_delivered": 0, "duplicates_delivered": 0,
	}
	for _, protocol := range []string{"tcp", "udp"} {
		checkMetrics(t, metrics.Of(newLedger(protocol).trace()), zero)
	}
}

// A stack that does not say why it sends, nor tells of its TCP: what hangs on that is absent, and only that.
func TestSilentStack(t *testing.T) {
	trial := tcpTrial()
	want := metrics.Of(trial)
	for i := range trial.Packets {
		trial.Packets[i].Reason = ""
	}
	trial.TCP = nil
	for _, name := range []string{
		"retransmissions_rto", "retransmissions_fast", "retransmissions_tlp", "retransmissions_mtu", "timeouts", "recoveries", "srtt_mean_s", "cwnd_mean_segments",
		"limited_cwnd_s", "limited_window_s", "limited_sender_s",
	} {
		delete(want, name)
	}
	checkMetrics(t, metrics.Of(trial), want)
}

// Where the server sends, everything is the other way round.
func TestReverse(t *testing.T) {
	trial := udpTrial()
	want := metrics.Of(trial)
	trial.Data = netem.Reverse
	for i := range trial.Packets {
		trial.Packets[i].Direction = 1 - trial.Packets[i].Direction
	}
	for i := range trial.Queue {
		trial.Queue[i].Direction = 1 - trial.Queue[i].Direction
	}
	checkMetrics(t, metrics.Of(trial), want)
}

// Copies that arrive behind what they copy change duplicate_ratio and nothing else on the wire (RFC 4737 section 3.6, RFC 7680
// section 2.5), in whatever order the ledger has its IDs, and copied from copies.
func TestCopiesCountOnce(t *testing.T) {
	for seed := range uint64(50) {
		r := rand.New(rand.NewPCG(seed, 5560))
		l := newLedger("udp")
		n := 1 + r.IntN(30)
		for i := range n {
			sent := 10 * i
			if r.IntN(4) == 0 {
				l.datagram(sent, -1, trace.Lost)
			} else {
				l.datagram(sent, sent+50+r.IntN(40), trace.Arrived)
			}
		}
		want := metrics.Of(l.trace())
		for range r.IntN(10) {
			of := uint64(1 + r.IntN(len(l.t.Packets)))
			if l.t.Packets[of-1].Fate == trace.Arrived {
				l.copied(of, 10*n, 10*n+100+r.IntN(50), trace.Arrived)
			}
		}
		counts := make([]int, n)
		for i := range l.t.Packets {
			p := &l.t.Packets[i]
			for p.Of != 0 {
				p = &l.t.Packets[p.Of-1]
			}
			if p.Fate == trace.Arrived {
				counts[p.ID-1]++
			}
		}
		if rate, ok := metrics.ReplicatedRate(counts); ok {
			want["duplicate_ratio"] = rate
		}
		checkMetrics(t, metrics.Of(l.trace()), want)
		if k := len(l.t.Packets); k > 1 { // the host kept one back: its ID is older than its neighbour's
			i := r.IntN(n)
			j := min(n-1, i+1)
			for k := range l.t.Packets {
				switch of := &l.t.Packets[k].Of; *of {
				case uint64(i + 1):
					*of = uint64(j + 1)
				case uint64(j + 1):
					*of = uint64(i + 1)
				}
			}
			l.t.Packets[i].ID, l.t.Packets[j].ID = l.t.Packets[j].ID, l.t.Packets[i].ID
			checkMetrics(t, metrics.Of(&l.t), want)
		}
		if t.Failed() {
			t.Fatalf("seed %d", seed)
		}
	}
}

// A packet whose own way ended, but whose copy arrived, has arrived (RFC 7680 section 2.5), as late as the copy; one whose
// copy is still under way is not lost yet; one that came damaged once and sound once has arrived once.
func TestFateOfCopies(t *testing.T) {
	l := newLedger("udp")
	l.datagram(0, -1, trace.Lost)
	l.datagram(10, -1, trace.Lost)
	l.datagram(20, 70, trace.Discarded).Harm = netem.CauseCorrupt
	l.copied(1, 1, 61, trace.Arrived)
	l.copied(2, 11, -1, trace.InFlight)
	l.copied(3, 21, 75, trace.Arrived)
	m := metrics.Of(l.trace())
	for name, want := range map[string]float64{
		"packets_sent": 3, "packets_arrived": 2, "packets_lost": 0, "loss_ratio": 0, "duplicate_ratio": 0, "corrupt_ratio": 1. / 3,
		"owd_min_s": .055, "owd_p99_s": .061,
	} {
		if m[name] != want {
			t.Errorf("%s = %v, want %v", name, m[name], want)
		}
	}
	if _, ok := m["loss_burst_mean"]; ok {
		t.Error("nothing is lost, and there is a mean burst")
	}
}
