package scenarios

import "strings"

// Unit is what a metric counts in.
type Unit string

// The units of metrics.
const (
	Count    Unit = "count"
	Bytes    Unit = "bytes"
	Seconds  Unit = "s"
	BitRate  Unit = "bit/s"
	Ratio    Unit = "ratio" // from 0 to 1
	Packets  Unit = "packets"
	Segments Unit = "segments"
)

// A Metric is one number that is measured in a trial. It is absent where it is undefined.
type Metric struct {
	Name    string
	Unit    Unit
	Group   string // program, wire (in the direction of the data), tcp, or together (of flows on one path)
	Meaning string
}

// Metrics lists all metrics in the order of the result files.
var Metrics = []Metric{
	{"messages_sent", Count, "program", "messages handed over for sending"},
	{"messages_delivered", Count, "program", "different messages that the receiving program got"},
	{"bytes_sent", Bytes, "program", "bytes handed over for sending"},
	{"bytes_delivered", Bytes, "program", "bytes that the receiving program got, each counted once"},
	{"delivered_ratio", Ratio, "program", "bytes delivered of those sent"},
	{"in_order_ratio", Ratio, "program", "messages delivered in the order of sending, of those delivered"},
	{"duplicates_delivered", Count, "program", "messages that the receiving program got again"},
	{"completion_s", Seconds, "program", "from the program's start until all was delivered; undefined if it never was"},
	{"goodput_bps", BitRate, "program", "bits delivered a second, from start to last delivery"},
	{"latency_p50_s", Seconds, "program", "sending to delivery of a message, median"},
	{"latency_p95_s", Seconds, "program", "sending to delivery of a message, 95th percentile"},
	{"latency_p99_s", Seconds, "program", "sending to delivery of a message, 99th percentile"},
	{"latency_max_s", Seconds, "program", "sending to delivery of a message, longest"},
	{"hol_wait_p50_s", Seconds, "program", "how long arrived data waited in the host for what was missing before it and for the program, median"},
	{"hol_wait_p99_s", Seconds, "program", "how long arrived data waited in the host for what was missing before it and for the program, 99th percentile"},
	{"calls_failed", Count, "program", "socket calls that returned an error, save EAGAIN and EINPROGRESS"},

	{"packets_sent", Packets, "wire", "packets put on the path"},
	{"packets_arrived", Packets, "wire", "packets that arrived"},
	{"packets_lost", Packets, "wire", "packets that did not arrive usable"},
	{"loss_ratio", Ratio, "wire", "packets lost or damaged, of those whose fate is known (RFC 7680)"},
	{"loss_burst_mean", Packets, "wire", "mean length of runs of lost packets (RFC 3357)"},
	{"duplicate_ratio", Ratio, "wire", "packets that arrived more than once, of those that arrived (RFC 5560)"},
	{"corrupt_ratio", Ratio, "wire", "packets that came out of the path damaged, of those that came out"},
	{"reordered_ratio", Ratio, "wire", "packets that arrived behind a later one (RFC 4737)"},
	{"reorder_extent_max", Packets, "wire", "how far behind its place a packet arrived, at most (RFC 4737)"},
	{"reorder_extent_p95", Packets, "wire", "how far behind its place a reordered packet arrived, 95th percentile"},
	{"n3_reordered_ratio", Ratio, "wire", "packets 3-reordered, enough for TCP to think them lost (RFC 4737)"},
	{"late_time_p95_s", Seconds, "wire", "how late a reordered packet arrived, 95th percentile (RFC 4737)"},
	{"jitter_s", Seconds, "wire", "interarrival jitter at the end (RFC 3550, in the order of arrival)"},
	{"owd_min_s", Seconds, "wire", "one-way delay, least"},
	{"owd_p50_s", Seconds, "wire", "one-way delay, median"},
	{"owd_p99_s", Seconds, "wire", "one-way delay, 99th percentile"},
	{"queue_max_packets", Packets, "wire", "longest queue before the bottleneck"},
	{"queue_mean_packets", Packets, "wire", "queue before the bottleneck, mean over time"},
	{"queue_delay_p50_s", Seconds, "wire", "how long packets waited before the bottleneck, median"},
	{"queue_delay_p99_s", Seconds, "wire", "how long packets waited before the bottleneck, 99th percentile"},
	{"ecn_marked", Packets, "wire", "packets marked instead of dropped (RFC 3168)"},

	{"segments_sent", Segments, "tcp", "TCP segments that the sender of the data sent"},
	{"retransmissions", Segments, "tcp", "segments sent again: data, SYN, FIN"},
	{"retransmissions_rto", Segments, "tcp", "segments sent again after a timeout"},
	{"retransmissions_fast", Segments, "tcp", "segments sent again by fast retransmit and recovery"},
	{"retransmissions_tlp", Segments, "tcp", "tail loss probes"},
	{"retransmissions_mtu", Segments, "tcp", "segments sent again, shorter, because a router said that they were too long"},
	{"spurious_retransmissions", Segments, "tcp", "segments sent again although they had arrived"},
	{"timeouts", Count, "tcp", "retransmission timeouts"},
	{"recoveries", Count, "tcp", "fast recoveries entered"},
	{"duplicate_acks", Segments, "tcp", "duplicate ACKs that the sender got"},
	{"handshake_s", Seconds, "tcp", "from the first SYN to the connection's being open at the end that connects"},
	{"limited_cwnd_s", Seconds, "tcp", "how long the congestion window held the sender back, while data was being sent"},
	{"limited_window_s", Seconds, "tcp", "how long the receiver's window held it back"},
	{"limited_sender_s", Seconds, "tcp", "how long it held itself back: nothing to send, send buffer, Nagle, pacing"},
	{"srtt_mean_s", Seconds, "tcp", "smoothed round-trip time, mean over time"},
	{"cwnd_mean_segments", Segments, "tcp", "congestion window, mean over time"},

	{"goodput_share", Ratio, "together", "the flow's part of what was delivered while all flows on the path were at it"},
	{"jain_index", Ratio, "together", "how evenly that was shared: 1 is evenly, 1/n is one of n flows has all (Jain, Chiu, Hawe 1984)"},
}

// Words makes the metric's name readable, without its unit: "hol_wait_p99_s" is "head-of-line wait p99".
func (m Metric) Words() string {
	name := m.Name
	for _, unit := range []string{"_s", "_bps", "_packets", "_segments"} {
		if s, ok := strings.CutSuffix(name, unit); ok {
			name = s
			break
		}
	}
	out := strings.ReplaceAll(name, "_", " ")
	for _, k := range [][2]string{{"hol wait", "head-of-line wait"}, {"owd", "one-way delay"}, {" ratio", ""}, {"srtt", "smoothed RTT"}, {"n3 ", "3-"}, {"cwnd", "congestion window"}, {"jain index", "Jain's index"}} {
		out = strings.Replace(out, k[0], k[1], 1)
	}
	return out
}

// MetricNamed returns the metric with that name.
func MetricNamed(name string) (Metric, bool) {
	for _, m := range Metrics {
		if m.Name == name {
			return m, true
		}
	}
	return Metric{}, false
}

func metricNames() []string {
	out := make([]string, len(Metrics))
	for i, m := range Metrics {
		out[i] = m.Name
	}
	return out
}
