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
)

// Never is the deadline of a connection that waits for nothing.
const Never = time.Duration(1<<63 - 1)

// Env is what a connection needs of its host.
type Env struct {
	Output func(*Segment)          // sends a segment (without ports); the segment and its slices are valid only during the call
	Notify func()                  // something a blocked program may wait for has changed: state, data, room, error
	Change func(info host.TCPInfo) // told of every change of windows, thresholds and state; may be nil
}

// Config is the setting of a connection. Defaults gives Linux's.
type Config struct {
	MSS           int    // what is announced: MTU less IP and TCP headers without options
	Congestion    string // "reno"
	Recovery      string // "newreno" (RFC 6582) or "sack" (RFC 6675; newreno where the peer has no SACK)
	SACK          bool
	Timestamps    bool
	WindowScaling bool
	Nagle         bool
	DelayedACK    time.Duration // longest delay of an ACK; 0 acknowledges every segment at once
	InitialWindow int           // segments
	MinRTO        time.Duration
	InitialRTO    time.Duration
	MaxRTO        time.Duration
	SYNRetries    int
	Retries       int // timeouts in a row before the connection is given up
	TimeWait      time.Duration
	SendBuffer    int // bytes
	ReceiveBuffer int // bytes: the most that is offered as window
}

// Defaults returns Linux's settings for a link of that announced MSS.
func Defaults(mss int) Config {
	return Config{
		MSS: mss, Congestion: "reno", Recovery: "sack", SACK: true, Timestamps: true, WindowScaling: true, Nagle: true,
		DelayedACK: 40 * time.Millisecond, InitialWindow: 10,
		MinRTO: 200 * time.Millisecond, InitialRTO: time.Second, MaxRTO: 120 * time.Second,
		SYNRetries: 6, Retries: 15, TimeWait: 60 * time.Second,
		SendBuffer: 4 << 20, ReceiveBuffer: 6 << 20,
	}
}
