package inet

import "time"

// Path-MTU discovery of all but TCP, whose connections find it out each for itself (tcpError): what a router has said of a path to
// an address is remembered for a while. As Linux with the default of its sockets (IP_MTU_DISCOVER, man 7 ip), the host sends
// what fits with DF, and what does not in fragments that fit, without.

// pathMTUFor is how long a router is believed: Linux's net.ipv4.route.mtu_expires; RFC 1191 section 6.3 and RFC 8201 section 4
// want at least 5 minutes and recommend 10.
const pathMTUFor = 10 * time.Minute

// A pathMTU is the longest packet that the path to an address takes, as far as is known.
type pathMTU struct {
	mtu   int
	until time.Duration
}

// pathMTU returns the longest packet that may go to dst.
func (h *Host) pathMTU(dst addr) int {
	if len(h.paths) == 0 {
		return h.c.MTU
	}
	if p, ok := h.paths[dst]; ok {
		if h.s.Now() < p.until {
			return p.mtu
		}
		delete(h.paths, dst)
	}
	return h.c.MTU
}

// narrow notes what a router says; 0 says nothing. Only addresses that this host has sent to come here, by what was quoted.
func (h *Host) narrow(dst addr, mtu int) {
	if mtu == 0 {
		return
	}
	if mtu = max(mtu, h.leastPathMTU()); mtu >= h.pathMTU(dst) || len(h.paths) >= mostPaths {
		return
	}
	if h.paths == nil {
		h.paths = map[addr]pathMTU{}
	}
	h.paths[dst] = pathMTU{mtu, h.s.Now() + pathMTUFor}
}

// mostPaths bounds what is remembered. A lab has a handful of addresses.
const mostPaths = 1024

// leastPathMTU is the least that a router is believed: Linux's min_pmtu, which keeps a liar from making packets tiny, and RFC
// 8200 section 5.
func (h *Host) leastPathMTU() int {
	if h.v6 {
		return minMTU6
	}
	return 552
}
