// Package tcp is the Transmission Control Protocol without sockets, packets or a clock (sans-IO): time and segments
// come in as arguments, segments go out through a function. One Conn is one connection; nothing in it blocks, sleeps or
// locks, and its caller calls it from one place at a time.
//
// Every call may send segments (through Env.Output) before it returns. After every call the caller asks Deadline and
// calls Expire when that instant has come.
package tcp

import (
	"time"

	"reliabilitylab/lab/host"
	"reliabilitylab/netem"
)

// Never is the deadline of a connection that waits for nothing.
const Never = time.Duration(1<<63 - 1)

// Env is what a connection needs of its host.
type Env struct {
	Output func(*Segment)          // sends a segment (without ports); the segment and its slices are valid only during the call
	Notify func()                  // something a blocked program may wait for has changed: state, data, room, error
	Change func(info host.TCPInfo) // told of every change of windows, thresholds and state; may be nil
	Rand   netem.Stream            // dice of this connection, for congestion controls that have some
	Pool   *netem.Pool             // has the memory of its buffers; may be nil
}

// Config is the setting of a connection. Defaults gives Linux's.
type Config struct {
	MSS           int    // what is announced: MTU less IP and TCP headers without options
	Congestion    string // a name of Congestions
	Pacing        bool   // segments leave at a pace; a Model's do anyway
	Recovery      string // "newreno" (RFC 6582), "sack" (RFC 6675) or "rack" (RFC 8985); newreno where the peer has no SACK
	ECN           bool   // explicit congestion notification, where the peer has it, too
	SACK          bool
	Timestamps    bool
	WindowScaling bool
	Nagle         bool
	DelayedACK    time.Duration // longest delay of an ACK; 0 acknowledges every segment at once
	InitialWindow int           // segments
	MinRTO        time.Duration
	InitialRTO    time.Duration
	MaxRTO        time.Duration
	SYNRetries    int           // timeouts of a SYN, beyond SYNLinear, before the attempt is given up
	SYNLinear     int           // so many timeouts of a SYN come one initial RTO apart, before the RTO doubles
	Retries       int           // timeouts in a row before the connection is given up
	UserTimeout   time.Duration // so long what was sent again may go without an ACK (RFC 5482), instead of Retries; 0 sets no limit
	KeepAlive     bool          // an idle peer is asked whether it is still there (RFC 9293 section 3.8.4)
	KeepIdle      time.Duration // the silence before the first question
	KeepInterval  time.Duration // between questions
	KeepCount     int           // unanswered questions before the connection is given up
	Cork          bool          // segments that are not full wait, at most for a timeout (Linux's TCP_CORK)
	TimeWait      time.Duration
	SendBuffer    int  // bytes
	ReceiveBuffer int  // bytes: the most that is offered as window
	Autotuning    bool // the window begins with 64 KiB and grows with what the program reads in a round trip (rightsize.go)

	// Switches of what newer RFCs have added; Linux has all of them on.
	TLP                bool // the tail of a flight is asked after long before the timeout (RFC 8985 section 7; with rack)
	PRR                bool // in a recovery cwnd comes down with what is delivered (RFC 9937; with SACK)
	FRTO               bool // two new segments find out whether a timeout was spurious (RFC 5682; with SACK)
	DSACK              bool // what came twice is reported (RFC 2883; with SACK)
	Undo               bool // a window that was reduced for nothing is restored (RFC 3522, RFC 3708)
	SlowStartAfterIdle bool // a window that was not used for longer than the timeout shrinks (RFC 2861)
}

// Defaults returns Linux's settings for a link of that announced MSS.
func Defaults(mss int) Config {
	return Config{
		MSS: mss, Congestion: "cubic", Recovery: "rack", SACK: true, Timestamps: true, WindowScaling: true, Nagle: true,
		DelayedACK: 40 * time.Millisecond, InitialWindow: 10,
		MinRTO: 200 * time.Millisecond, InitialRTO: time.Second, MaxRTO: 120 * time.Second,
		SYNRetries: 6, SYNLinear: 4, Retries: 15, TimeWait: 60 * time.Second,
		KeepIdle: 2 * time.Hour, KeepInterval: 75 * time.Second, KeepCount: 9,
		SendBuffer: 4 << 20, ReceiveBuffer: 6 << 20, Autotuning: true,
		TLP: true, PRR: true, FRTO: true, DSACK: true, Undo: true, SlowStartAfterIdle: true,
	}
}
