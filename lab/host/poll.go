package host

import "strings"

// A PollFD is what Poll is asked of one socket (poll(2), struct pollfd). A nil Socket is passed over.
type PollFD struct {
	Socket  Socket
	Events  Events // what is waited for
	Revents Events // what has come of it; PollErr, PollHup and PollNval come unasked
}

// Events are what a socket has to tell, with poll(2)'s names and numbers.
type Events uint16

// The events, as Linux has them.
const (
	PollIn    Events = 0x0001 // Recv would not wait: data, a datagram, the end of the stream, an error; of a listener: Accept
	PollOut   Events = 0x0004 // Send would not wait: there is room, or an error; the handshake is over
	PollErr   Events = 0x0008 // an error waits to be told
	PollHup   Events = 0x0010 // both directions have ended, or there is no connection yet
	PollNval  Events = 0x0020 // the socket is closed
	PollRdHup Events = 0x2000 // the peer has ended its direction, or this end has given up reading
)

// Always are the events that come unasked.
const Always = PollErr | PollHup | PollNval

// String returns the events' names in C, "POLLIN|POLLOUT"; of none it is "0".
func (e Events) String() string {
	return bitNames(e, []Events{PollIn, PollOut, PollErr, PollHup, PollNval, PollRdHup},
		[]string{"POLLIN", "POLLOUT", "POLLERR", "POLLHUP", "POLLNVAL", "POLLRDHUP"})
}

// bitNames joins the names of the bits that are set, as C would.
func bitNames[T ~uint8 | ~uint16](set T, bits []T, names []string) string {
	var all []string
	for i, b := range bits {
		if set&b != 0 {
			all = append(all, names[i])
		}
	}
	if all == nil {
		return "0"
	}
	return strings.Join(all, "|")
}
