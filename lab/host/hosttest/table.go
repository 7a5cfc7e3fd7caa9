package hosttest

import (
	"fmt"
	"strings"
)

// A row says what one call returns in one situation. The table is docs/sockets.md's; when a case has run, on whatever kind of host,
// each of its rows must stand in the history of its calls.
type row struct {
	call    string // its name
	args    string // part of its arguments as the history has them: flags, a direction, an option; "" is any
	when    string // the situation, for readers
	returns string // an errno's name, a number, poll's events, "an address", "a socket"; of bytes "all", "fewer" than given, "more" than given, "some"
	in      string // the case
}

var table = []row{
	{"socket", "", "family, kind, and protocol 0 or that of the kind", "a socket", "socket takes the protocol of its kind, or 0"},
	{"socket", "", "another protocol than the kind has", "EPROTONOSUPPORT", "socket takes the protocol of its kind, or 0"},

	{"bind", "", "a port that is free, or 0 for any", "0", "bind to port 0 gives a port of its own"},
	{"bind", "", "the port is another socket's", "EADDRINUSE", "bind to a port in use is EADDRINUSE"},
	{"bind", "", "a connection of the port is in TIME_WAIT, without SO_REUSEADDR", "EADDRINUSE", "SO_REUSEADDR takes a port in TIME_WAIT"},
	{"bind", "", "somebody listens at the port, even with SO_REUSEADDR", "EADDRINUSE", "SO_REUSEADDR takes no port that listens"},
	{"bind", "", "the address is not this host's", "EADDRNOTAVAIL", "bind to a foreign address is EADDRNOTAVAIL"},
	{"bind", "", "the socket has a name already", "EINVAL", "bind a second time is EINVAL"},

	{"listen", "", "a stream socket, with or without bind", "0", "listen without bind takes a port"},
	{"listen", "", "the socket is connected", "EINVAL", "listen on a connection is EINVAL"},
	{"listen", "", "a datagram socket", "EOPNOTSUPP", "datagram sockets neither listen nor accept"},

	{"accept", "", "a connection waits; else it blocks until one does", "0", "connect and accept agree on the addresses"},
	{"accept", "", "SO_RCVTIMEO is over", "EAGAIN", "accept gives up with EAGAIN"},
	{"accept", "", "none waits, with O_NONBLOCK", "EAGAIN", "with O_NONBLOCK no call waits"},
	{"accept", "", "the socket does not listen", "EINVAL", "accept without listen is EINVAL"},
	{"accept", "", "the listener was shut down for reading, also while it waits", "EINVAL", "a listener that is shut down refuses"},
	{"accept", "", "a datagram socket", "EOPNOTSUPP", "datagram sockets neither listen nor accept"},

	{"connect", "", "the handshake is done: blocks for a round trip at least", "0", "connect and accept agree on the addresses"},
	{"connect", "", "a datagram socket: fixes the peer, at once", "0", "a datagram socket may be connected anew"},
	{"connect", "", "nobody listens at the port (RST)", "ECONNREFUSED", "connect to a closed port is ECONNREFUSED"},
	{"connect", "", "with O_NONBLOCK: the handshake has begun", "EINPROGRESS", "connect with O_NONBLOCK is EINPROGRESS"},
	{"connect", "", "again meanwhile", "EALREADY", "connect again meanwhile is EALREADY"},
	{"connect", "", "again when it is done: told once", "0", "connect with O_NONBLOCK is EINPROGRESS"},
	{"connect", "", "again when it failed, and why was told already", "ECONNABORTED", "SO_ERROR says how a connect went"},
	{"connect", "", "SO_SNDTIMEO is over", "EINPROGRESS", "SO_SNDTIMEO ends a connect"},
	{"connect", "", "the socket is connected, or listens", "EISCONN", "connect twice is EISCONN"},

	{"send", "", "a stream: all is in the send buffer; blocks until then", "all", "a slow reader holds the sender back"},
	{"send", "", "a datagram: handed to the network; never blocks", "all", "datagrams keep their boundaries"},
	{"send", "", "no bytes: nothing on a stream, an empty datagram else", "0", "a datagram may be empty"},
	{"send", "MSG_DONTWAIT", "there is room for some", "fewer", "MSG_DONTWAIT sends what there is room for"},
	{"send", "MSG_DONTWAIT", "there is room for nothing", "EAGAIN", "MSG_DONTWAIT sends what there is room for"},
	{"send", "", "SO_SNDTIMEO is over, some was taken", "fewer", "SO_SNDTIMEO ends a send"},
	{"send", "", "SO_SNDTIMEO is over, nothing was taken", "EAGAIN", "SO_SNDTIMEO ends a send"},
	{"send", "", "a stream without a connection, or shut for writing", "EPIPE", "send after shutdown is EPIPE"},
	{"send", "", "a reset came while it waited", "ECONNRESET", "a reset wakes a blocked send"},
	{"send", "", "the peer had closed and has reset since", "EPIPE", "data to a closed socket is reset"},
	{"send", "", "a datagram without an address or a fixed peer", "EDESTADDRREQ", "a datagram without an address is EDESTADDRREQ"},
	{"send", "", "a datagram longer than IP can hold", "EMSGSIZE", "a datagram that IP cannot hold is EMSGSIZE"},
	{"send", "", "a datagram to port 0", "EINVAL", "a datagram to port 0 is EINVAL"},
	{"send", "", "ICMP has said that the fixed peer's port is closed: told once, nothing is sent", "ECONNREFUSED", "the next send hears that the port is closed"},

	{"recv", "", "a stream has bytes: as many as there are, at most as many as asked for", "some", "a stream is read in pieces"},
	{"recv", "", "a datagram waits; what does not fit is lost", "all", "a datagram is cut to the buffer"},
	{"recv", "", "the peer's stream has ended, now and ever after", "0", "the end of a stream stays its end"},
	{"recv", "", "the socket was shut for reading, also while it waits", "0", "shutdown wakes a recv that waits"},
	{"recv", "", "an empty datagram", "0", "a datagram may be empty"},
	{"recv", "MSG_PEEK", "as recv, but it stays to be received", "some", "MSG_PEEK leaves what it shows"},
	{"recv", "MSG_DONTWAIT", "there is nothing", "EAGAIN", "MSG_DONTWAIT does not wait to receive"},
	{"recv", "MSG_TRUNC", "a datagram was cut: its whole length", "more", "MSG_TRUNC tells that a datagram was cut"},
	{"recv", "MSG_TRUNC", "a stream's bytes: thrown away", "some", "MSG_TRUNC throws a stream's bytes away"},
	{"recv", "", "SO_RCVTIMEO is over", "EAGAIN", "recv gives up with EAGAIN"},
	{"recv", "", "there is nothing, with O_NONBLOCK", "EAGAIN", "with O_NONBLOCK no call waits"},
	{"recv", "", "a stream without a connection", "ENOTCONN", "sockets without a connection"},
	{"recv", "", "the peer has reset: told once, then 0", "ECONNRESET", "close with unread data resets"},
	{"recv", "", "ICMP has said that the fixed peer's port is closed: told once", "ECONNREFUSED", "a blocked recv hears that the port is closed"},

	{"poll", "", "a socket that is not connected", "POLLOUT|POLLHUP", "what poll tells of a stream"},
	{"poll", "", "a connection with room to send", "POLLOUT", "what poll tells of a stream"},
	{"poll", "", "bytes or a datagram can be received, or a connection accepted", "POLLIN", "what poll tells of a stream"},
	{"poll", "", "the peer's stream has ended (POLLRDHUP if asked for)", "POLLIN|POLLOUT|POLLRDHUP", "what poll tells of a stream"},
	{"poll", "", "both directions have ended", "POLLIN|POLLOUT|POLLHUP|POLLRDHUP", "what poll tells of a stream"},
	{"poll", "", "a reset, or a connect that failed", "POLLIN|POLLOUT|POLLERR|POLLHUP|POLLRDHUP", "SO_ERROR says how a connect went"},
	{"poll", "", "ICMP has said that the fixed peer's port is closed", "POLLERR", "poll tells that a datagram was refused"},
	{"poll", "", "less than a third of the send buffer is free, until the timeout", "0", "poll tells of a full send buffer, and of room"},
	{"poll", "", "the handshake is under way, until the timeout", "0", "connect again meanwhile is EALREADY"},
	{"poll", "", "the socket is closed", "POLLNVAL", "calls on a closed socket are EBADF"},

	{"setsockopt", "host.NoDelay", "an option of streams on a datagram socket", "ENOPROTOOPT", "options that a host does not have"},
	{"setsockopt", "host.Congestion", "TCP_CONGESTION with a name that the host does not have", "ENOENT", "options that a host does not have"},
	{"setsockopt", "host.KeepIdle", "TCP_KEEPIDLE of 0, or beyond 32767 s", "EINVAL", "keep-alives and the user timeout have limits"},
	{"getsockopt", "SO_ERROR", "an error waits to be told: with this it is told", "ECONNREFUSED", "SO_ERROR says how a connect went"},
	{"getsockopt", "SO_ERROR", "none does", "0", "SO_ERROR says how a connect went"},
	{"getpeername", "", "there is a connection, or a fixed peer", "an address", "who the peer is"},
	{"getpeername", "", "there is none, not yet or no more", "ENOTCONN", "a connection closed at both ends has no peer"},

	{"shutdown", "SHUT_WR", "FIN behind all that was sent", "0", "half a connection can be closed"},
	{"shutdown", "SHUT_RD", "recv returns 0 from now on, the peer does not learn of it", "0", "a socket shut for reading ends its recv"},
	{"shutdown", "SHUT_RDWR", "both: data that still comes is answered by RST", "0", "data to a socket shut both ways is reset"},
	{"shutdown", "SHUT_RD", "a listener listens no more", "0", "a listener that is shut down refuses"},
	{"shutdown", "", "no connection, or one that both ends have closed", "ENOTCONN", "a connection closed at both ends has no peer"},
	{"shutdown", "", "another value", "EINVAL", "shutdown of an unknown kind is EINVAL"},

	{"close", "", "at once; what was sent still goes out behind the program's back", "0", "data and the end arrive in order"},
	{"close", "", "data is unread: RST", "0", "close with unread data resets"},
	{"close", "", "SO_LINGER of 0: RST", "0", "SO_LINGER of 0 resets"},
	{"close", "", "SO_LINGER: blocks until all is acknowledged", "0", "SO_LINGER waits until all is acknowledged"},
	{"close", "", "SO_LINGER is over: the rest goes out behind the program's back", "0", "SO_LINGER gives up in time"},
	{"close", "", "a listener: who waits is reset", "0", "closing a listener resets who waits"},
	{"close", "", "the socket is closed, as in all calls", "EBADF", "calls on a closed socket are EBADF"},
}

// markdown is the table as docs/sockets.md has it.
func markdown() string {
	var b strings.Builder
	b.WriteString("| call | when | returns | the suite's case |\n| --- | --- | --- | --- |\n")
	for _, r := range table {
		call := r.call
		if r.args != "" && !strings.HasPrefix(r.args, "host.") {
			call += "(" + r.args + ")"
		}
		fmt.Fprintf(&b, "| `%s` | %s | %s | %s |\n", call, r.when, strings.ReplaceAll(r.returns, "|", `\|`), r.in)
	}
	return b.String()
}

// tabled fails unless the rows of a case that has ended well stand in its history.
func tabled(r *room, c test) {
	for i := range table {
		if row := &table[i]; row.in == c.name && !r.log.saw(row) {
			r.fail("docs/sockets.md: %s returns %s: %s. No such call was made", row.call, row.returns, row.when)
		}
	}
}

// saw tells whether a row stands in the history.
func (h *history) saw(r *row) bool {
	for i := range h.calls {
		if c := &h.calls[i]; c.name == r.call && strings.Contains(c.args, r.args) && c.returned(r.returns) {
			return true
		}
	}
	return false
}

// returned tells whether a call returned what a row says.
func (c *call) returned(what string) bool {
	n := -1
	if _, err := fmt.Sscan(c.result, &n); err != nil {
		n = -1
	}
	switch what {
	case "all":
		return n == c.size && n > 0
	case "fewer":
		return n > 0 && n < c.size
	case "more":
		return n > c.size
	case "some":
		return n > 0 && n <= c.size
	}
	return c.result == what
}
