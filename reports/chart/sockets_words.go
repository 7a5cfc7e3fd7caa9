package chart

import (
	"fmt"
	"net/netip"
	"strconv"
	"strings"

	"reliabilitylab/lab/trace"
)

// How a call is written: as in C, the socket's number first. What a call has told by its arguments when it returned (the peer of
// accept, the events of poll) stands with its result.

// waited tells whether the call blocked.
func (s *socketCall) waited() bool { return s.end != s.Begin }

// args are the arguments that are known when the call is made, and what came of them.
func (s *socketCall) args() (asked, told string) {
	asked = s.Text
	switch s.Name {
	case "accept":
		asked, told = "", s.Text
	case "recv": // "MSG_PEEK, 10.0.0.1:40000", or either
		flags, peer, both := strings.Cut(s.Text, ", ")
		if !both {
			flags, peer = "", s.Text
		}
		if _, err := netip.ParseAddrPort(peer); err == nil {
			asked, told = flags, peer
		}
	default:
		asked, told, _ = strings.Cut(s.Text, " → ")
	}
	parts := []string{}
	if s.Socket > 0 && s.Name != "socket" {
		parts = append(parts, strconv.Itoa(int(s.Socket)))
	}
	if s.Name == "send" || s.Name == "recv" {
		parts = append(parts, strconv.Itoa(int(s.Size)))
	}
	if asked != "" {
		parts = append(parts, asked)
	}
	return strings.Join(parts, ", "), told
}

// words are the call as it is made, from the longest to the shortest.
func (s *socketCall) words() []string {
	asked, _ := s.args()
	short := s.Name + "()"
	if s.n > 1 {
		times := strconv.Itoa(s.n) + " × "
		if s.varied && s.Socket > 0 {
			return []string{times + s.Name + "(" + strconv.Itoa(int(s.Socket)) + ", …)", times + short}
		}
		return []string{times + s.Name + "(" + asked + ")", times + short}
	}
	if len(asked) < 3 {
		return []string{s.Name + "(" + asked + ")"}
	}
	return []string{s.Name + "(" + asked + ")", short}
}

// result is what it returned: "= 0", "= ECONNREFUSED", "= 2, from 10.0.0.1:40000".
func (s *socketCall) result() string {
	_, told := s.args()
	switch {
	case s.end == trace.Never:
		return "never returns"
	case s.Result < 0 && s.Errno != "":
		return "= " + s.Errno
	case s.n > 1 && s.Name == "poll":
		return ""
	case s.n > 1:
		return fmt.Sprintf("= %d in all", s.bytes)
	}
	result := "= " + strconv.Itoa(int(s.Result))
	switch {
	case told == "" || s.Name == "recv" && s.stream:
	case s.Name == "accept", s.Name == "recv":
		result += ", from " + told
	default:
		result += ": " + told
	}
	return result
}

// returns is the call where it returns after a wait, from the longest text to the shortest.
func (s *socketCall) returns() []string {
	name := s.Name
	if s.n > 1 {
		name = strconv.Itoa(s.n) + " × " + name
	}
	name += " " + s.result()
	took := second.format((s.end - s.Begin).Seconds())
	if s.n > 1 {
		return []string{name + ", in " + took, name}
	}
	return []string{name + ", after " + took, name}
}
