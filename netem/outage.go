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
