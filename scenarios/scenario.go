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
	Duration time.Duration // the trial's end at the latest, in lab time
	Together bool          // sharing: together
	Family   int           // 4 or 6: the hosts' address family (ip: 4 | 6)
	Path     Path
	Script   []Rule
	Timeline []Phase
	Flows    []Flow
	Sweep    Sweep
	Expect   []Expect
	Charts   []string // which, in this order; empty means the default set

	File     string    // where it came from, for error messages
	Text     []byte    // the YAML itself, kept with the results
	Settings []Setting // what was set on top of the text
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
	Rate      netem.Rate // 0: without limit
	Queue     Queue
	Loss      Loss
	Corrupt   Corrupt
	Duplicate netem.Probability
	Reorder   Reorder
	Delay     Delay
}

// Queue is the bottleneck's buffer; at most one of Packets and Bytes is above 0.
type Queue struct {
	Packets int
	Bytes   netem.Size
}

// Loss is one of the loss models; the zero value loses nothing.
type Loss struct {
	Random  netem.Probability
	Burst   *GilbertElliott
	Every   int     // every n-th packet of new data; 0: off
	Packets []Range // these packets of new data, by number from 1
}

// GilbertElliott is the two-state burst model (REFERENCE section 1): per packet, good turns bad with P, bad turns good with
// R; a packet is lost with probability Bad in the bad state and Good in the good one.
type GilbertElliott struct{ P, R, Bad, Good netem.Probability }

// Range is a run of numbers, both ends included.
type Range struct{ From, To int }

// Corrupt flips one random bit of a packet.
type Corrupt struct {
	Probability netem.Probability
	FixChecksum bool // mend the transport checksum, so that the damage goes unseen
}

// Reorder holds chosen packets back by Delay, so that those behind overtake them.
type Reorder struct {
	Probability netem.Probability
	Delay       time.Duration
}

// Delay is the one-way delay.
type Delay struct {
	Base, Jitter time.Duration
	Distribution string // uniform (base ± jitter), normal (jitter is its standard deviation), pareto, paretonormal
	KeepOrder    bool   // default true
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
	Nth       []Range          // which of the matching packets, from 1; empty: all
}

// Do is a fate: exactly one is set.
type Do struct {
	Drop      bool
	Delay     time.Duration
	Duplicate bool
	Corrupt   bool
	Hold      int // until so many later packets have passed
}

// A Phase changes the path for a while.
type Phase struct {
	From, To         time.Duration
	Forward, Reverse *Way // the settings in force during the phase; nil: as before
}

// A Flow is one conversation.
type Flow struct {
	Name      string
	App       string   // transfer, stream
	Protocols []string // tcp, udp
	From      string   // client or server: who sends
	Start     time.Duration
	Size      netem.Size    // transfer: bytes of the file
	Rate      netem.Rate    // stream: bits of messages a second
	Message   int           // stream: bytes a message
	For       time.Duration // stream: how long it talks
	TCP       TCP
	UDP       UDP
}

// TCP is how the flow's TCP behaves. All defaults are Linux's.
type TCP struct {
	Congestion    string // reno
	Recovery      string // newreno or sack
	SACK          bool
	Timestamps    bool
	WindowScaling bool
	Nagle         bool
	DelayedACK    time.Duration // 0: off
	InitialWindow int           // segments
	MinRTO        time.Duration
	InitialRTO    time.Duration
	SendBuffer    netem.Size
	ReceiveBuffer netem.Size
}

// UDP is how the flow uses datagrams.
type UDP struct {
	Rate          netem.Rate // payload bits a second
	Payload       int        // bytes a datagram
	ReceiveBuffer netem.Size
}

// Sweep multiplies the experiment.
type Sweep struct {
	Vary   []Axis // in the order of the file
	Repeat int    // replicates with different seeds, at least 1
}

// An Axis is one key and its values, as written in the file.
type Axis struct {
	Key    string
	Values []string
}

// Expect is one claim about the metrics, such as "tcp.delivered_ratio == 1".
type Expect struct {
	Text  string
	Left  string // protocol or trial id, a dot, a metric
	Op    string // == != < <= > >=
	Right string // a number with an optional unit, or another metric, or a number, "*" and a metric

	left, right operand
}
