package model

import "time"

// BandwidthDelay returns the bandwidth-delay product in bytes, which is also the smallest window that fills the path
// (RFC 6349 section 3.3.1): rate in bits a second.
func BandwidthDelay(rate float64, rtt time.Duration) float64 { return rate * rtt.Seconds() / 8 }

// WindowBound returns the most that a window of that many bytes can carry, in bits a second (RFC 6349 section 3.3.1).
func WindowBound(window float64, rtt time.Duration) float64 { return window * 8 / rtt.Seconds() }

// EthernetOverhead is what Ethernet adds to an IP packet on the wire, bytes: header 14, CRC 4, gap 12, preamble and start
// delimiter 8 (RFC 6349 section 4.1.1).
const EthernetOverhead = 38

// MaxTCP returns the most that TCP can carry over a link of that rate, in bits a second of payload (RFC 6349 section
// 4.1.1): whole frames a second times the payload of one. overhead is what the link adds to each IP packet, headers what
// IP and TCP take of it (40 without options), all in bytes.
func MaxTCP(rate int64, mtu, overhead, headers int) float64 {
	frames := rate / (int64(mtu+overhead) * 8)
	return float64(frames * int64(mtu-headers) * 8)
}

// TransferTimeRatio returns how much longer a transfer took than it must (RFC 6349 section 4.1.2): 1 is ideal. bytes is
// what was transferred, most the highest throughput possible in bits a second (MaxTCP).
func TransferTimeRatio(actual time.Duration, bytes int64, most float64) float64 {
	return actual.Seconds() / (float64(bytes) * 8 / most)
}

// Efficiency returns the share of the bytes sent that were not sent again (RFC 6349 section 4.2), from 0 to 1. sent
// counts every byte as often as it was sent.
func Efficiency(sent, again int64) float64 { return float64(sent-again) / float64(sent) }

// BufferDelay returns by how much the mean round-trip time under load exceeds that of the idle path, as a share of the
// latter (RFC 6349 section 4.3): 0.28 is 28 %.
func BufferDelay(mean, baseline time.Duration) float64 {
	return float64(mean-baseline) / float64(baseline)
}
