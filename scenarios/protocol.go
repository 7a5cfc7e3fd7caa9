package scenarios

import "strings"

// A Protocol is what a flow can run over.
type Protocol struct {
	Name     string // in scenarios and results, and of the trial
	Words    string // as people write it
	HandMade bool   // reliability built by hand over UDP (lab/app)
}

// Protocols are all of them, in the order in which charts and tables have them.
var Protocols = []Protocol{
	{"tcp", "TCP", false},
	{"udp", "UDP", false},
	{"stop-and-wait", "stop-and-wait", true},
	{"go-back-n", "go-back-N", true},
	{"selective-repeat", "selective repeat", true},
}

// ProtocolNamed returns the protocol of that name; what is none is known by its name.
func ProtocolNamed(name string) Protocol {
	for _, p := range Protocols {
		if p.Name == name {
			return p
		}
	}
	return Protocol{Name: name, Words: name}
}

func protocolNames() []string {
	out := make([]string, len(Protocols))
	for i, p := range Protocols {
		out[i] = p.Name
	}
	return out
}

// splitTrial cuts a trial's id into what stands before its protocol and the protocol; "" where it ends in none.
func splitTrial(id string) (before, protocol string) {
	for _, p := range Protocols {
		if id == p.Name {
			return "", p.Name
		}
		if b, ok := strings.CutSuffix(id, p.Name); ok && len(b) > 1 && strings.ContainsRune(".-_", rune(b[len(b)-1])) {
			return b[:len(b)-1], p.Name
		}
	}
	return "", ""
}

// measuredOf tells whether a metric of TCP is measured of what runs over a protocol, too. Those that are built by hand have
// retransmissions and timeouts, but neither a handshake nor a congestion window.
func (m *Metric) measuredOf(protocol string) bool {
	switch {
	case m.Group != "tcp" || protocol == "tcp":
		return true
	case !ProtocolNamed(protocol).HandMade:
		return false
	}
	return contains([]string{"segments_sent", "retransmissions", "retransmissions_rto", "spurious_retransmissions", "timeouts"}, m.Name)
}
