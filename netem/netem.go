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
	Of     uint64 // the packet because of which the path made this one, its copy or a router's message about it; or 0
	Data   []byte // one raw IPv4 or IPv6 packet, checksums in place, save the transport's before Seal
	Sound  bool   // all checksums in Data are known to be right: its maker set them and nobody has touched it since
	Reason string // why the sender sent it ("new", "fast retransmit", "timeout" …), or "" where the sender does not say
	Harm   Cause  // what damaged it on the way, or ""
	Marked Cause  // why Mark set its congestion mark on the way, or ""

	Waited time.Duration // before Bottlenecks so far, the time on the wire not counted

	Header Header // what Entry read from Data; a stage may match on it
	Number uint64 // its number among the packets of its class in this direction, from 1; set by Entry, a copy has the original's
	Dice   uint64 // which random draws it meets (see Stream); set by Entry, and by Pool.Copy and Pool.Reply

	Flow   int           // whose it is, from 1, as Entry was told; 0: no flow's, or nobody asked
	Access time.Duration // how long it was on its flow's Access links so far
	Row    uint32        // for whoever keeps a record of it; 0 in a new packet, and in a copy

	own    place         // its Number and Dice among the packets of its own flow; set by Entry where it has a Flow
	away   away          // what Access keeps while the packet is on a link of its flow's own
	since  time.Duration // when it came to the Bottleneck before which it waits
	copies uint64        // how many packets were made because of it, so that each gets dice of its own
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

	// Reply sends an IP packet that a router on the path makes because of another, which stays the caller's, the other way:
	// message is copied, reason is why. It may be nil: then nothing comes back.
	Reply   func(of *Packet, message []byte, reason string)
	Weather Stream // dice for what happens to the link and not to a packet: the same in both directions of a path
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
	CauseBurst     Cause = "burst"                    // Burst and Spells (Gilbert-Elliott), Markov
	CauseQueueFull Cause = "queue full"               // Bottleneck, with any Discipline
	CauseRED       Cause = "red"                      // RED, as a cause of death or of a mark
	CauseCoDel     Cause = "codel"                    // CoDel and FQCoDel, likewise
	CausePIE       Cause = "pie"                      // PIE, likewise
	CauseOutage    Cause = "outage"                   // Outage, Flap
	CauseScript    Cause = "script"                   // Script
	CauseTooBig    Cause = "too big"                  // Hop
	CauseReplay    Cause = "replay"                   // Replay, as a cause of death, harm or a mark
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
