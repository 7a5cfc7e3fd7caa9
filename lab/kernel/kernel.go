// Package kernel is the world of real time, and hosts whose TCP/IP is the kernel's: each is a network namespace of Linux
// with one TUN device, its sockets are the kernel's, and what it sends comes out of the device into its port.
//
// A packet's way down: a program's call (socket_linux.go) becomes a system call; what the kernel makes of it is read from
// the TUN device into a pooled packet and put into the port (host_linux.go). Its way up: Receive writes it to the device,
// and its socket becomes ready; the loop (world_linux.go) sees that and wakes the program.
//
// On other systems than Linux there is the same interface, and NewWorld says that it cannot (other.go).
package kernel

import (
	"errors"
	"fmt"
	"net/netip"
	"time"

	"reliabilitylab/lab/host"
	"reliabilitylab/lab/tcp"
	"reliabilitylab/netem"
)

// ErrUnable is wrapped by the errors that say that this machine cannot do what was asked, however often it is tried.
var ErrUnable = errors.New("this machine cannot")

// Config is the setting of a host.
type Config struct {
	Name string
	Addr netip.Addr
	MTU  int         // bytes of the longest IP packet that fits the link
	Pool *netem.Pool // shared with the rest of its world

	// TCP is what its stream sockets begin with. MSS 0 stands for what fits the MTU. What this kernel cannot do is an
	// error of AddHost.
	TCP tcp.Config

	// Observer is told of changes of connections, whichever program made them, as they are seen when the kernel is asked: every
	// Sample (0 stands for 10 ms), when the host's own sockets begin and close, and when something is sent again. A kernel that
	// cannot be asked (Check) tells nothing. It may be nil.
	Observer host.Observer
	Sample   time.Duration

	// Discard is told of each arrived packet that the kernel throws away, as far as that is certain, before it goes back to the
	// pool; it may be nil.
	Discard func(*netem.Packet, netem.Cause)
}

// The causes for which a kernel is known to throw an arrived packet away; lab/inet has the same.
const (
	CauseChecksum   netem.Cause = "checksum"           // a checksum of IP, TCP, UDP or ICMP is wrong
	CauseMalformed  netem.Cause = "malformed"          // lengths that contradict each other, or it is no IP packet any more
	CauseNotMine    netem.Cause = "not my address"     // damage has changed where it goes
	CauseNoSocket   netem.Cause = "no socket"          // nobody here wants it
	CauseBufferFull netem.Cause = "socket buffer full" // a UDP socket that is not read fast enough
	CauseBacklog    netem.Cause = "backlog full"       // a listener's queue
)

// Check says what is wrong with a setting, if anything is.
func (c *Config) Check() error {
	least := 68 // RFC 791 section 3.2
	if c.Addr.Is6() {
		least = 1280 // RFC 8200 section 5
	}
	switch {
	case !c.Addr.IsValid() || c.Addr.IsUnspecified() || c.Addr.IsMulticast() || c.Addr.Is4In6() || c.Addr.Zone() != "":
		return fmt.Errorf("host %s: %v is no address of a host", c.Name, c.Addr)
	case c.MTU < least || c.MTU > 65535:
		return fmt.Errorf("host %s: an MTU of %d bytes: with the address %v it must be from %d to 65535", c.Name, c.MTU, c.Addr, least)
	case c.Pool == nil:
		return fmt.Errorf("host %s: no pool of packets", c.Name)
	}
	return nil
}

// A Finding is one thing that a kernel host needs, or can use.
type Finding struct {
	What string // "network namespaces", "/dev/net/tun" …
	OK   bool
	Has  string // what was found
	Mend string // the command that mends it, or what else to do; "" where it is well
	Need bool   // without it there are no kernel hosts at all
}
