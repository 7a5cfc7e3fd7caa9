package netem

import "time"

// Outage kills every packet that enters in [From, To). Packets that are behind it by then go their way.
type Outage struct{ From, To time.Duration }

// Attach implements Stage.
func (o Outage) Attach(env Env, next Port) Port {
	return func(p *Packet) {
		if now := env.Clock.Now(); o.From <= now && now < o.To {
			env.Drop(p, CauseOutage)
			return
		}
		next(p)
	}
}

// Flap is a link that goes down again and again in [From, To): up for Up, then down for Down, and so on from From. What enters while
// it is down dies, as in an Outage. With Random those are the means of exponentially distributed times; both directions of a path, and all
// protocols, have the same ones (Env.Weather).
type Flap struct {
	From, To, Up, Down time.Duration
	Random             bool
}

// Attach implements Stage.
func (f Flap) Attach(env Env, next Port) Port {
	if f.Down <= 0 || f.To <= f.From {
		return next
	}
	down := func(since time.Duration) bool { return since%(f.Up+f.Down) >= f.Up }
	if f.Random {
		link := newWeather(env.Weather, f.Up, f.Down)
		if f.Up > 0 {
			link.state = 0 // it begins with the link up
			link.until = link.length()
		}
		down = link.bad
	}
	return func(p *Packet) {
		if now := env.Clock.Now(); f.From <= now && now < f.To && down(now-f.From) {
			env.Drop(p, CauseOutage)
			return
		}
		next(p)
	}
}
