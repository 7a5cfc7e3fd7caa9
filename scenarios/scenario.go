// Package scenarios says what an experiment is: the schema of a scenario file, its strict loader, and the catalog of
// shipped scenarios. A loaded Scenario is a plain value: checked, with its defaults filled in.
package scenarios

import (
	"time"

	"reliabilitylab/netem"
)

// A Scenario is one experiment.
type Scenario struct {
	Name     string
	Title    string
	About    string
	Question string
	Seed     uint64
	Stack    Stack
	Sample   time.Duration // how often the kernel is asked for the state of its connections
	Duration time.Duration // the trial's end at the latest, in lab time
	Together bool          // sharing: together
	Family   int           // 4 or 6: the hosts' address family (ip: 4 | 6)
	Path     Path
	Script   []Rule
	Changes  []Change // the timeline as it was written
	Timeline []Phase  // what its phases and ramps come to: stretches of time, in order, that do not overlap
	Outages  []Outage // its outages and flapping links
	Flows    []Flow
	Sweep    Sweep
	Expect   []Expect
	Charts   []ChartName // which, in this order; empty means the default set

	File     string    // where it came from, for error messages
	Text     []byte    // the YAML itself, kept with the results
	Settings []Setting // what was set on top of the text

	Files   map[string][]byte // the files that it names and that were read, under the names that it gives them
	Missing []string          // those that it names, for itself or for a point of its sweep, and that were not read, in order
	folder  string            // where files that it names are; "" if they are not to be read
}

// Stack says which TCP/IP each end runs: "lab" or "linux".
type Stack struct{ Client, Server string }

// Path is the network between client and server.
type Path struct {
	MTU              int // bytes of the largest IP packet
	Forward, Reverse Way
}

// A Way is one direction of the path.
type Way struct {
	Hop       Hop // a router whose next link is narrower than the hosts'
	Replay    Replay
	Rate      netem.Rate     // 0: without limit; where it changes, the mean
	Trace     LinkTrace      // how it changes
	Overhead  netem.Overhead // what each packet takes on the wire beside itself
	Queue     Queue
	Loss      Loss
	Corrupt   Corrupt
	Duplicate Duplicate
	Reorder   Reorder
	Delay     Delay
	Slot      Slot
}

// Hop is a link in the middle of the path that takes shorter packets than the hosts' links, and the router before it.
type Hop struct {
	MTU    int  // bytes of the longest IP packet that passes; 0: whatever the hosts send
	Silent bool // icmp: lost: no sender learns of it
}

// A Replay gives packets the fates that those of another trial have met, by class and number.
type Replay struct {
	File   string       // as the scenario names it; "": none
	Fates  *netem.Fates // nil where Parse, not Load, read the scenario, and the file is not a shipped one
	Repeat bool         // past the last one begin again
}

// A LinkTrace is a rate that changes over time, as a file has it. At most one of Rates and Opportunities is not nil; both are
// where Parse, not Load, read the scenario, and the trace is not a shipped one.
type LinkTrace struct {
	File          string // as the scenario names it; "": the rate does not change
	Rates         *netem.Rates
	Opportunities *netem.Opportunities
}

// Queue is what waits before the bottleneck. At most one of Packets and Bytes, the limit, is above 0. What belongs to other
// disciplines is zero.
type Queue struct {
	Packets    int
	Bytes      netem.Size
	MTU        int    // the path's, which is how long a full packet is
	Discipline string // fifo, head, red, codel, pie, fq_codel
	ECN        bool   // mark packets whose senders take marks, instead of dropping them

	Target      time.Duration     // codel, pie, fq_codel: the wait that is acceptable
	Interval    time.Duration     // codel, fq_codel
	CEThreshold time.Duration     // codel, fq_codel: packets that have waited longer are marked; 0: never
	Burst       time.Duration     // pie: how long a burst is let through
	Quantum     netem.Size        // fq_codel: bytes a turn
	Flows       int               // fq_codel: queues
	Min, Max    netem.Size        // red: of the average queue
	Probability netem.Probability // red: at Max
	Weight      int               // red: each packet counts 1/2^Weight in the average
	Gentle      bool              // red: the probability grows on beyond Max, to 1 at twice Max
}

// Loss is one of the loss models; the zero value loses nothing.
type Loss struct {
	Random      netem.Probability
	Correlation netem.Probability // of Random, below 1
	Burst       *GilbertElliott
	Spells      *Spells
	Markov      *Markov
	Every       int     // every n-th packet of new data; 0: off
	Packets     []Range // these packets of new data, by number from 1
	ECN         bool    // mark packets instead, where their senders take marks
}

// GilbertElliott is the two-state burst model (REFERENCE section 1): per packet, good turns bad with P, bad turns good with
// R; a packet is lost with probability Bad in the bad state and Good in the good one.
type GilbertElliott struct{ P, R, Bad, Good netem.Probability }

// Spells are the same two states in time: good and bad spells with exponentially distributed lengths.
type Spells struct {
	MeanGood, MeanBad time.Duration
	Bad, Good         netem.Probability
}

// Markov is the four-state loss model of netem.Markov.
type Markov struct{ P13, P31, P32, P23, P14 netem.Probability }

// Range is a run of numbers, both ends included.
type Range struct{ From, To int }

// Corrupt flips one random bit of a packet.
type Corrupt struct {
	Probability netem.Probability
	Correlation netem.Probability // below 1
	FixChecksum bool              // mend the transport checksum, so that the damage goes unseen
}

// Duplicate delivers packets twice.
type Duplicate struct {
	Probability netem.Probability
	Correlation netem.Probability // below 1
}

// Reorder holds chosen packets back by Delay, so that those behind overtake them; or, with Ahead, sends them ahead of all
// that the path's delay holds.
type Reorder struct {
	Probability netem.Probability
	Correlation netem.Probability // below 1
	Gap         int               // at least so many less one between two chosen packets; 0: no matter
	Delay       time.Duration
	Ahead       bool
}

// Delay is the one-way delay.
type Delay struct {
	Base, Jitter time.Duration
	Distribution string            // uniform (base ± jitter), normal (jitter is its standard deviation), pareto, paretonormal, or a file
	Table        netem.Table       // what the file says; nil where Parse, not Load, read the scenario
	Correlation  netem.Probability // below 1
	KeepOrder    bool              // default true
}

// Slot is the medium's turns: packets gather and leave in batches. The zero value is none.
type Slot struct {
	Base, Jitter time.Duration // from one slot to the next
	Distribution string        // as of Delay
	Table        netem.Table
	Packets      int        // that a slot takes; 0: all
	Bytes        netem.Size // behind which a slot ends; 0: no matter
}

// A Rule gives matching packets an exact fate, before all other stages.
type Rule struct {
	Match Match
	Do    Do
}

// Match chooses packets.
type Match struct {
	Kind      string           // syn, syn-ack, ack, data, fin, rst, retransmission, any
	Direction *netem.Direction // nil: both, counted apart
	Protocol  string           // tcp, udp or "" for both
	Segments  []Range          // those that carry one of these segments of their flow, from 1, first or again; empty: all
	Bytes     []Range          // those that carry one of these bytes of their flow, from 1; empty: all
	From, To  time.Duration    // those that come from From up to To; a To of 0 has no end
	Nth       []Range          // which of the packets that match all that, from 1; empty: all
}

// Do is a fate: exactly one is set.
type Do struct {
	Drop      bool
	Delay     time.Duration
	Duplicate bool
	Corrupt   bool
	Bit       int            // of Corrupt: which, from 1; 0: a random one
	Hold      int            // until so many later packets have passed
	File      string         // what a file says of each packet
	Pattern   *netem.Pattern // and what that is; nil where Parse, not Load, read the scenario
}

// A Change is an entry of the timeline: a phase, which has the settings in force (nil in a direction in which nothing changes), a ramp,
// or an outage.
type Change struct {
	From, To         time.Duration
	Forward, Reverse *Way
	Ramps            []Ramp
	Over             time.Duration // how long the ramps take; then their last values hold until To
	Steps            int           // of the ramps
	Outage           *Outage
}

// A Ramp takes a key of one direction from one value to another: bits a second, nanoseconds, or parts of 2^53.
type Ramp struct {
	Direction   netem.Direction
	Key         string
	First, Last int64
}

// An Outage is a link that is down from From to To; or, where Down is not 0, goes up and down again and again, with Random for
// exponentially distributed times of which Up and Down are the means.
type Outage struct {
	Direction          *netem.Direction // nil: both
	From, To, Up, Down time.Duration
	Random             bool
}

// A Phase is a stretch of time with other settings than the path's.
type Phase struct {
	From, To         time.Duration
	Forward, Reverse *Way // the settings in force during the phase; nil: as before
}

// A Flow is one conversation.
type Flow struct {
	Name      string
	App       string   // transfer, stream, chat, web, echo, dns, calls
	Protocols []string // names of Protocols
	From      string   // client or server: who sends
	Start     time.Duration
	Access    *Access       // nil: none
	Size      netem.Size    // transfer: bytes of the file; web: of an object
	Rate      netem.Rate    // stream: bits of messages a second
	Message   int           // stream, chat, echo: bytes a message
	For       time.Duration // stream: how long it talks
	Room      int           // transfer, stream: bytes that each recv has room for; 0: enough
	Count     int           // web, echo, dns: questions; chat: messages of each person
	Every     time.Duration // chat, web, echo, dns: from one to the next, if the one before it is over; calls: from one client to the next
	People    int           // chat: how many talk
	Timeout   time.Duration // web, echo, dns over UDP: how long an answer is waited for at first
	Tries     int           // web, dns over UDP: how often a question is asked
	Clients   int           // calls: how many clients there are
	Client    []Call        // calls: what each of them does
	Server    []Call        // calls: what the server does; empty: there is none
	TCP       TCP
	UDP       UDP
	ARQ       ARQ
}

// A Call is a socket call of a program of the app calls, or a sleep.
type Call struct {
	Name    string        // bind, listen, connect, accept, setsockopt, send, recv, shutdown, close, sleep
	Option  string        // setsockopt: SO_REUSEADDR, SO_LINGER; shutdown: SHUT_RD, SHUT_WR, SHUT_RDWR
	Backlog int           // listen
	Again   time.Duration // bind, connect: how long after it has failed it is tried again; 0: never
	Times   int           // accept: how many connections
	By      string        // accept: turn (the default) or poll
	Do      []Call        // accept: what is done with each
	Size    netem.Size    // send; recv, where 0 is all
	Rate    netem.Rate    // recv: how fast the program takes it; 0: as it comes
	For     time.Duration // sleep
}

// Access is the link that joins a flow's client to the path, and that no other flow uses.
type Access struct{ Forward, Reverse Way }

// Way returns one direction of the link.
func (a *Access) Way(d netem.Direction) *Way {
	if d == netem.Reverse {
		return &a.Reverse
	}
	return &a.Forward
}

// Data is the direction in which the flow's messages travel.
func (f *Flow) Data() netem.Direction {
	if f.From == "server" {
		return netem.Reverse
	}
	return netem.Forward
}

// TCP is how the flow's TCP behaves. All defaults are Linux's.
type TCP struct {
	Congestion    string // reno, cubic …
	Pacing        bool
	ECN           bool
	Recovery      string // newreno, sack or rack
	SACK          bool
	Timestamps    bool
	WindowScaling bool
	Nagle         bool
	DelayedACK    time.Duration // 0: off
	InitialWindow int           // segments
	MinRTO        time.Duration
	InitialRTO    time.Duration
	MaxRTO        time.Duration
	SYNRetries    int           // timeouts of a SYN, beyond SYNLinear
	SYNLinear     int           // SYNs sent again before the timeout doubles
	Retries       int           // timeouts in a row of anything else
	UserTimeout   time.Duration // 0: off
	KeepAlive     bool
	KeepIdle      time.Duration
	KeepInterval  time.Duration
	KeepCount     int
	Cork          bool
	SendBuffer    netem.Size
	ReceiveBuffer ReceiveBuffer

	// Switches of what newer RFCs have added to loss recovery, named in docs/scenario-format.md.
	TLP, PRR, FRTO, DSACK, Undo, SlowStartAfterIdle bool
}

// A ReceiveBuffer is how much may wait for a TCP's program, and so the largest window that is offered.
type ReceiveBuffer struct {
	Most netem.Size
	Auto bool // it begins small and grows to Most as the program reads; else it is Most from the beginning
}

// UDP is how the flow uses datagrams.
type UDP struct {
	Rate          netem.Rate // payload bits a second
	Payload       int        // bytes a datagram
	ReceiveBuffer netem.Size
}

// ARQ is how the protocols that are built by hand behave (automatic repeat request). The bytes of a message are UDP's payload.
type ARQ struct {
	Window  int           // messages under way at most: of go-back-n and selective-repeat
	Timeout time.Duration // when a message is sent again; 0: computed as RFC 6298 says
}

// Sweep multiplies the experiment.
type Sweep struct {
	Vary   []Axis // in the order of the file
	Repeat int    // replicates with different seeds, at least 1
	Record string // whose packets are kept: first (the first point's first replicate) or all
}

// An Axis is one key and its values, as written in the file.
type Axis struct {
	Key    string
	Values []string
	With   bool // it goes together with the axis before it, value by value: both have as many
}

// Expect is one claim about the metrics, such as "tcp.delivered_ratio == 1".
type Expect struct {
	Text  string
	Left  string // protocol or trial id, a dot, a metric
	Op    string // == != < <= > >=
	Right string // a number with an optional unit, or another metric, or a number, "*" and a metric

	left, right operand
}
