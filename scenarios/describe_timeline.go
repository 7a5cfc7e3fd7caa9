package scenarios

import (
	"fmt"
	"strings"
	"time"

	"reliabilitylab/netem"
)

// The timeline in plain words, an entry after the other.

func (s *Scenario) describeTimeline(d *description) {
	for i := range s.Changes {
		c := &s.Changes[i]
		switch {
		case c.Outage != nil:
			d.line("timeline", "%v to %v, %s", c.From, c.To, c.Outage.words())
		case c.Ramps != nil:
			for _, way := range []netem.Direction{netem.Forward, netem.Reverse} {
				var out []string
				for _, r := range c.Ramps {
					if r.Direction == way {
						out = append(out, r.words())
					}
				}
				if out != nil {
					d.line("timeline", "%v to %v, %v: %s%s", c.From, c.To, way, strings.Join(out, "; "), c.rampWords())
				}
			}
		default:
			if c.Forward != nil {
				d.line("timeline", "%v to %v, forward: %s", c.From, c.To, c.Forward.changes(&s.Path.Forward))
			}
			if c.Reverse != nil {
				d.line("timeline", "%v to %v, reverse: %s", c.From, c.To, c.Reverse.changes(&s.Path.Reverse))
			}
		}
	}
}

// rampWords say how a ramp is stepped, and what is behind it.
func (c *Change) rampWords() string {
	step := (c.Over / time.Duration(c.Steps)).Round(time.Microsecond)
	out := fmt.Sprintf(", in %d steps of %v", c.Steps, step)
	if c.From+c.Over < c.To {
		out += fmt.Sprintf(" until %v, and stays there", c.From+c.Over)
	}
	return out
}

// words describes an outage, or a link that flaps: how much of the time it is down, and how often.
func (o *Outage) words() string {
	way := "both ways"
	if o.Direction != nil {
		way = o.Direction.String()
	}
	if o.Down == 0 {
		return way + ": the link is down"
	}
	period := o.Up + o.Down
	share := percent(float64(o.Down) / float64(period))
	if o.Random {
		return fmt.Sprintf("%s: the link flaps at random, up for %v on average and down for %v: down for %s of the time, about %s times", way, o.Up, o.Down, share,
			number3(float64(o.To-o.From)/float64(period)))
	}
	times := int((o.To - o.From + o.Down - 1) / period) // it has begun to be down so often
	return fmt.Sprintf("%s: the link flaps, up for %v and down for %v: down for %s of the time, %d times", way, o.Up, o.Down, share, times)
}
