package trace

import "time"

// Lateness is how much later than due things happened in a world of real time, in seconds: events, and packets given to a
// kernel. What is late on the wall colours a result once it is no longer small against the path's delays.
type Lateness struct {
	P50 Seconds `json:"p50_s"`
	P99 Seconds `json:"p99_s"`
	Max Seconds `json:"max_s"`
}

// TolerableLateness is the 99th percentile up to which nobody needs to know of it.
const TolerableLateness = Seconds(200 * time.Microsecond)

// Colours tells whether a trial was so late that its result may be coloured; nil, in virtual time, never is.
func (l *Lateness) Colours() bool { return l != nil && l.P99 > TolerableLateness }
