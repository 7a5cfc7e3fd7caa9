package tcp

import (
	"testing"
	"time"
)

// A connection may change its control while data is on its way, to any and from any.
func TestSetCongestion(t *testing.T) {
	for _, from := range Congestions {
		for _, to := range Congestions {
			p := newPair(t, 5*time.Millisecond)
			p.a.cfg.Congestion = from.Name
			p.fate = p.lose(3, 0.03)
			p.a.write, p.a.close = pattern(200000), true
			p.b.close = true
			p.a.connect()
			p.run(30 * time.Millisecond)
			if err := p.a.c.SetCongestion(to.Name); err != nil {
				t.Fatal(err)
			}
			p.a.arm()
			p.run(time.Hour)
			if why := p.incomplete(200000, 0); why != "" {
				t.Errorf("from %s to %s: %s", from.Name, to.Name, why)
			}
		}
	}
}
