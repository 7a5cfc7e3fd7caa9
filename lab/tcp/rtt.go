package tcp

import "time"

// An estimator turns round-trip samples into the retransmission timeout as Linux does it, which is not quite RFC 6298:
// SRTT and the deviation follow every sample (section 2.3), but a sample below SRTT raises the deviation by an eighth
// only of what a sample above it would; RTTVAR rises with the deviation at once, and comes down to the largest deviation
// of a round trip by a quarter of the way a round trip. The minimum stands under the variance (RTO = SRTT + max(4 RTTVAR,
// MinRTO)), not under the sum, so that a delayed ACK on a path of steady RTT does not run into it.
type estimator struct {
	srtt    time.Duration // 0 before the first sample
	dev     time.Duration // four times the smoothed mean deviation
	devMax  time.Duration // the largest dev of this round trip, at least the minimum
	rttvar4 time.Duration // four times RTTVAR
	round   Seq           // this round trip ends when this is acknowledged
}

// sample takes one round-trip time. una and nxt are SND.UNA and SND.NXT.
func (e *estimator) sample(m, minRTO time.Duration, una, nxt Seq) {
	m = max(m, 1)
	if e.srtt == 0 {
		e.srtt = m
		e.dev = 2 * m // RTTVAR = R/2
		e.rttvar4 = max(e.dev, minRTO)
		e.devMax = e.rttvar4
		e.round = nxt
		return
	}
	err := m - e.srtt
	e.srtt += err / 8
	if err < 0 {
		// A sample far below the mean does not raise the deviation by much: the path has become faster.
		if err = -err - e.dev/4; err > 0 {
			err /= 8
		}
	} else {
		err -= e.dev / 4
	}
	e.dev += err
	if e.dev > e.devMax {
		e.devMax = e.dev
		e.rttvar4 = max(e.rttvar4, e.devMax)
	}
	if e.round.Less(una) {
		if e.devMax < e.rttvar4 {
			e.rttvar4 -= (e.rttvar4 - e.devMax) / 4
		}
		e.round = nxt
		e.devMax = minRTO
	}
}

// rto returns the timeout without backoff.
func (e *estimator) rto(cfg *Config) time.Duration {
	if e.srtt == 0 {
		return cfg.InitialRTO
	}
	return min(e.srtt+max(e.rttvar4, cfg.MinRTO), cfg.MaxRTO)
}
