package inet

import "reliabilitylab/netem"

// The causes for which a host throws an arrived packet away.
const (
	CauseChecksum   netem.Cause = "checksum"           // a checksum of IP, TCP, UDP or ICMP is wrong
	CauseNoSocket   netem.Cause = "no socket"          // nobody here wants it
	CauseBufferFull netem.Cause = "socket buffer full" // a UDP socket that is not read fast enough
	CauseReassembly netem.Cause = "reassembly timeout" // a fragment whose datagram was never complete
	CauseMalformed  netem.Cause = "malformed"          // lengths or fields that contradict each other
	CauseNotMine    netem.Cause = "not my address"
	CauseBacklog    netem.Cause = "backlog full" // a listener's queue

	CauseOverlap        netem.Cause = "fragments overlap"    // RFC 5722: the whole datagram goes
	CauseDuplicate      netem.Cause = "duplicate fragment"   // one that is there already
	CauseFragmentMemory netem.Cause = "fragment memory full" // too much waits for reassembly already
	CauseClosed         netem.Cause = "socket closed"        // it waited in a socket that was closed before it was read
)
