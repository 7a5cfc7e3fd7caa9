// Package netem is what a network does to a packet: loss, delay, reordering, duplication, damage, queues and outages.
//
// A packet is put into a Port. Behind the port stands a row of stages (a Pipe); each passes the packet on to the next
// port now or later, harms it, copies it, or ends it with a named Cause. Nothing here reads a wall clock, blocks, starts
// a goroutine or locks: all functions of one path are called one at a time by the world they live in.
//
// Who owns a packet: exactly one holder at a time. Putting a packet into a Port gives it away; the giver must not touch
// it again. The last holder (the receiving host, or Env.Drop) gives it back to the Pool.
package netem

import "time"

// A Packet is one IP packet on its way.
type Packet struct {
	ID     uint64 // its number in this world, from 1, in the order of making
	Of     uint64 // the packet this one is a copy of, or 0
	Data   []byte // one raw IPv4 or IPv6 packet, checksums in place, save the transport's before Seal
	Sound  bool   // all checksums in Data are known to be right: its maker set them and nobody has touched it since
	Reason string // why the sender sent it ("new", "fast retransmit", "timeout" …), or "" where the sender does not say
	Harm   Cause  // what damaged it on the way, or ""

	Header Header // what Entry read from Data; a stage may match on it
	Number uint64 // its number among the packets of its class in this direction, from 1; set by Entry, a copy has the original's
	Dice   uint64 // which random draws it meets (see Stream); set by Entry, and for copies by Pool.Copy

	copies uint64        // how many copies were made of it, so that each gets dice of its own
	seal   func(*Packet) // writes the transport checksum, where that is still to be done
}

// Unsealed says that the packet's transport checksum is not in place yet; seal writes it. Most checksums are never looked at,
// since the receiver of a Sound packet need not verify it, and making one costs as much as copying the packet.
func (p *Packet) Unsealed(seal func(*Packet)) { p.seal = seal }

// Seal puts the transport checksum in its place. Whoever lets Data out of the path or changes it calls Seal first.
func (p *Packet) Seal() {
	if p.seal != nil {
		p.seal(p)
		p.seal = nil
	}
}

// A Port takes a packet and with it the ownership of it. It never blocks.
type Port func(*Packet)

// A Clock tells the time and calls functions later, one at a time. Instants are durations since the lab began.
// Functions due at the same instant are called in the order in which they were asked for.
type Clock interface {
	Now() time.Duration
	// After calls f once d has passed; d <= 0 means now, after the caller has returned. There is no way to cancel:
	// a stage that changes its mind lets the call come and finds nothing to do.
	After(d time.Duration, f func())
}

// Env is all that a stage may know of its world.
type Env struct {
	Clock Clock
	Rand  Stream                   // its own dice; no other stage draws from it
	Drop  func(*Packet, Cause)     // ends a packet; takes ownership
	Copy  func(of *Packet) *Packet // makes a copy with an ID and dice of its own; the caller owns both
	Queue func(packets int)        // told by a Bottleneck how many packets wait in it, at every change; may be nil
}

// A Stage is the setting of one impairment: a plain value that can be printed and attached any number of times (and
// compared, where it holds no list). Its running state is born in Attach and belongs to the Port that Attach returns.
type Stage interface {
	Attach(env Env, next Port) Port
}

// A Cause names what ended or harmed a packet. The hosts add causes of their own.
type Cause string

// The causes that a path knows.
const (
	CauseLoss      Cause = "loss"                     // Loss, LossEvery, LossAt
	CauseBurst     Cause = "burst"                    // Burst (Gilbert-Elliott)
	CauseQueueFull Cause = "queue full"               // Bottleneck
	CauseOutage    Cause = "outage"                   // Outage
	CauseScript    Cause = "script"                   // Script
	CauseCorrupt   Cause = "corrupt"                  // Corrupt: a bit flipped, checksums left as they were
	CauseMended    Cause = "corrupt, checksum mended" // Corrupt with the transport checksum made right again
)

// Direction is a way along the path.
type Direction uint8

// The two ways.
const (
	Forward Direction = iota // client to server
	Reverse                  // server to client
)

// String returns the direction's name in scenario and result files.
func (d Direction) String() string { return [...]string{"forward", "reverse"}[d] }
