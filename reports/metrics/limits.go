package metrics

import (
	"time"

	"reliabilitylab/lab/trace"
)

// limits are the metrics that count the time in which the sender waited for something.
var limits = map[string]string{
	"cwnd": "limited_cwnd_s", "timeout": "limited_cwnd_s", "f-rto": "limited_cwnd_s",
	"window": "limited_window_s", "zero window": "limited_window_s",
	"program": "limited_sender_s", "send buffer": "limited_sender_s", "nagle": "limited_sender_s", "cork": "limited_sender_s", "pacing": "limited_sender_s",
}

// limits sets what held the sender back, seconds, between the first and the last transmission of data. Every instant of that
// time counts for one of the three, so that together they are all of it:
//
//	limited_cwnd_s     the congestion window, or the recovery from a timeout (RFC 4898, tcpEStatsPerfSndLimTimeCwnd)
//	limited_window_s   the window that the peer offers (tcpEStatsPerfSndLimTimeRwin)
//	limited_sender_s   the sender itself: its program had no more, its send buffer was full, Nagle, pacing
//	                   (tcpEStatsPerfSndLimTimeSnd)
//
// They are absent where the sender does not say at every instant what it waits for.
func (m values) limits(t *trace.Trace) {
	from, to, ok := transfer(t)
	if !ok {
		return
	}
	host := sender(t)
	spent := map[string]time.Duration{}
	since, name := from, ""
	hold := func(until time.Duration) bool {
		if until > since {
			spent[name] += until - since
			since = until
			return name != ""
		}
		return true
	}
	for i := range t.TCP {
		s := &t.TCP[i]
		if s.Host != host {
			continue
		}
		if !hold(min(s.At, to)) {
			return
		}
		name = limits[s.Waits]
	}
	if !hold(to) || name == "" && from == to {
		return
	}
	for _, name := range [...]string{"limited_cwnd_s", "limited_window_s", "limited_sender_s"} {
		m[name] = seconds(spent[name])
	}
}
