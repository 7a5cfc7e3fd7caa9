package trace

import (
	"fmt"
	"math"
	"net/netip"
	"strconv"
	"time"

	"reliabilitylab/netem"
)

// Facts are the parts of a Trace that its CSV files do not hold, besides Trial, Flow and Protocol: reports puts them into
// results.json, into the trial's object. Instants are seconds, exact to the nanosecond.
type Facts struct {
	Client  EndFacts `json:"client"`
	Server  EndFacts `json:"server"`
	Data    string   `json:"data"` // forward or reverse
	Start   Seconds  `json:"start_s"`
	End     Seconds  `json:"end_s"`
	Offered int64    `json:"offered_bytes,omitempty"`
	Garbled int64    `json:"garbled,omitempty"`

	QueueMax *int `json:"queue_max_packets,omitempty"` // absent where there is no queue
}

// EndFacts is an End in JSON.
type EndFacts struct {
	Name string     `json:"name"`
	Addr netip.Addr `json:"addr"`
}

// Facts returns the trace's facts.
func (t *Trace) Facts() Facts {
	f := Facts{
		Client: EndFacts(t.Client), Server: EndFacts(t.Server), Data: t.Data.String(),
		Start: Seconds(t.Start), End: Seconds(t.End), Offered: t.Offered, Garbled: t.Garbled,
	}
	if n := t.QueueMax; n >= 0 {
		f.QueueMax = &n
	}
	return f
}

// SetFacts is the inverse of Facts. It refuses facts that no trace has.
func (t *Trace) SetFacts(f Facts) error {
	switch f.Data {
	case netem.Forward.String():
		t.Data = netem.Forward
	case netem.Reverse.String():
		t.Data = netem.Reverse
	default:
		return fmt.Errorf("the data's direction is %q, neither forward nor reverse", f.Data)
	}
	t.Client, t.Server = End(f.Client), End(f.Server)
	t.Start, t.End = time.Duration(f.Start), time.Duration(f.End)
	t.Offered, t.Garbled, t.QueueMax = f.Offered, f.Garbled, -1
	if f.QueueMax != nil {
		t.QueueMax = *f.QueueMax
	}
	return nil
}

// Seconds is an instant as a JSON number of seconds with nine decimals; Never is null.
type Seconds time.Duration

// MarshalJSON implements json.Marshaler.
func (s Seconds) MarshalJSON() ([]byte, error) {
	if s < 0 {
		return []byte("null"), nil
	}
	return appendSeconds(nil, time.Duration(s)), nil
}

// UnmarshalJSON implements json.Unmarshaler.
func (s *Seconds) UnmarshalJSON(b []byte) error {
	if string(b) == "null" {
		*s = Seconds(Never)
		return nil
	}
	d, err := parseSeconds(b)
	if err != nil { // somebody's tool wrote the number in another form
		f, e := strconv.ParseFloat(string(b), 64)
		if e != nil || !(f >= 0 && f < 1e9) {
			return err
		}
		d = time.Duration(math.Round(f * 1e9))
	}
	*s = Seconds(d)
	return nil
}
