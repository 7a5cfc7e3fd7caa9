package netem

import "time"

// Access is a part of the path that each flow has for itself: between its own end and what all flows share. A packet whose Flow
// has a link goes through that link's pipe; all others pass at once.
//
// On its link a packet has the Number and the Dice that it has among the packets of its own flow (Entry counts them), so that
// what happens there is the same whatever the other flows do; behind it those of the direction again. Nor does waiting there
// count as waiting before the path's bottleneck (Packet.Waited, Env.Queue), but as Packet.Access. A death says where it happened:
// "access loss", "access queue full".
type Access struct{ Links []Link } // by Packet.Flow less one

// A Link is one flow's. Links of the same Name meet the same dice, as the two protocols of a flow should.
type Link struct {
	Name string
	Pipe Pipe // no stages: no link
}

// accessCause is what stands before the cause of a death on a link.
const accessCause = "access "

// A place is a packet's number and dice in one way of counting.
type place struct{ number, dice uint64 }

// away is what a packet on a link will need behind it.
type away struct {
	place                // in its direction
	waited time.Duration // before the path's bottleneck
	since  time.Duration // when it came to the link
}

// Attach implements Stage.
func (a Access) Attach(env Env, next Port) Port {
	now := env.Clock.Now
	leave := func(p *Packet) {
		p.leaveLink(now())
		next(p)
	}
	ports := make([]Port, len(a.Links))
	for i, l := range a.Links {
		if len(l.Pipe) == 0 {
			continue
		}
		e := env
		e.Rand, e.Queue = env.Rand.Sub(l.Name), nil
		e.Drop = func(p *Packet, cause Cause) {
			p.leaveLink(now())
			env.Drop(p, accessCause+cause)
		}
		ports[i] = l.Pipe.Attach(e, leave)
	}
	return func(p *Packet) {
		if p.Flow < 1 || p.Flow > len(ports) || ports[p.Flow-1] == nil {
			next(p)
			return
		}
		p.away = away{place{p.Number, p.Dice}, p.Waited, now()}
		p.Number, p.Dice = p.own.number, p.own.dice
		ports[p.Flow-1](p)
	}
}

// leaveLink puts back what the packet had before its link.
func (p *Packet) leaveLink(now time.Duration) {
	p.Number, p.Dice, p.Waited = p.away.number, p.away.dice, p.away.waited
	p.Access += now - p.away.since
}
