package trace

import (
	"net/netip"

	"reliabilitylab/lab/host"
	"reliabilitylab/netem"
)

// Watch wraps a host so that every socket call of the programs on it is recorded: name, arguments, result, error, when
// it was called and when it returned. The sockets are numbered from 1 in the order in which the programs got them.
// Asking for the addresses (getsockname, getpeername) is not recorded: it neither waits nor changes anything.
func (r *Recorder) Watch(h host.Host) host.Host { return &watchedHost{Host: h, r: r} }

type watchedHost struct {
	host.Host
	r       *Recorder
	sockets int32 // made so far
}

// Socket implements host.Host.
func (h *watchedHost) Socket(f host.Family, k host.Kind, p netem.Protocol) (host.Socket, error) {
	args := socketText(f, k, p)
	b := h.r.begin(h.r.text(h.Name(), "socket", args, nil), 0, 0)
	s, err := h.Host.Socket(f, k, p)
	if err != nil {
		h.r.end(b, h.r.text(h.Name(), "socket", args, err), -1)
		return nil, err
	}
	w := h.watch(s)
	h.r.blocked.call(b).Socket = w.number
	h.r.end(b, nil, w.number)
	return w, nil
}

func (h *watchedHost) watch(s host.Socket) *watchedSocket {
	h.sockets++
	return &watchedSocket{Socket: s, h: h, number: h.sockets}
}

type watchedSocket struct {
	host.Socket
	h      *watchedHost
	number int32

	sent, asked, got peerText // the words of the last send, of the last recv when it was called and when it returned
}

// peerText is the words of a call with flags for a peer, kept because the next call will mostly say the same.
type peerText struct {
	peer  netip.AddrPort
	flags host.Flags
	text  *CallText
}

// transfer returns the words of a call that moves bytes to or from a peer (the zero AddrPort: the one it is connected to).
func (s *watchedSocket) transfer(last *peerText, name string, flags host.Flags, peer netip.AddrPort) *CallText {
	if last.text == nil || last.peer != peer || last.flags != flags {
		args := ""
		switch {
		case flags != 0 && peer.IsValid():
			args = flags.String() + ", " + peer.String()
		case flags != 0:
			args = flags.String()
		case peer.IsValid():
			args = peer.String()
		}
		*last = peerText{peer, flags, s.text(name, args, nil)}
	}
	return last.text
}

func (s *watchedSocket) text(name, args string, err error) *CallText {
	return s.h.r.text(s.h.Name(), name, args, err)
}

// do records a call whose result is 0 or an error.
func (s *watchedSocket) do(name, args string, call func() error) error {
	b := s.h.r.begin(s.text(name, args, nil), s.number, 0)
	err := call()
	if err != nil {
		s.h.r.end(b, s.text(name, args, err), -1)
		return err
	}
	s.h.r.end(b, nil, 0)
	return nil
}

// Bind implements host.Socket.
func (s *watchedSocket) Bind(local netip.AddrPort) error {
	return s.do("bind", addressText(local), func() error { return s.Socket.Bind(local) })
}

// Listen implements host.Socket.
func (s *watchedSocket) Listen(backlog int) error {
	return s.do("listen", itoa(backlog), func() error { return s.Socket.Listen(backlog) })
}

// Connect implements host.Socket.
func (s *watchedSocket) Connect(peer netip.AddrPort) error {
	return s.do("connect", addressText(peer), func() error { return s.Socket.Connect(peer) })
}

// SetOption implements host.Socket.
func (s *watchedSocket) SetOption(o host.Option) error {
	if on, flag := o.(host.NonBlocking); flag {
		args := "F_SETFL, 0"
		if on {
			args = "F_SETFL, O_NONBLOCK"
		}
		return s.do("fcntl", args, func() error { return s.Socket.SetOption(o) })
	}
	return s.do("setsockopt", optionText(o), func() error { return s.Socket.SetOption(o) })
}

// TakeError implements host.Socket. The error that it tells is among the call's words, as the value of SO_ERROR: the call itself
// does not fail.
func (s *watchedSocket) TakeError() error {
	b := s.h.r.begin(s.text("getsockopt", "SO_ERROR", nil), s.number, 0)
	err := s.Socket.TakeError()
	args := "SO_ERROR → 0"
	if err != nil {
		args = "SO_ERROR → " + host.ErrnoName(err)
	}
	s.h.r.end(b, s.text("getsockopt", args, nil), 0)
	return err
}

// Shutdown implements host.Socket.
func (s *watchedSocket) Shutdown(how host.How) error {
	return s.do("shutdown", how.String(), func() error { return s.Socket.Shutdown(how) })
}

// Close implements host.Socket.
func (s *watchedSocket) Close() error { return s.do("close", "", s.Socket.Close) }

// Accept implements host.Socket. The socket it returns is watched too.
func (s *watchedSocket) Accept() (host.Socket, netip.AddrPort, error) {
	b := s.h.r.begin(s.text("accept", "", nil), s.number, 0)
	c, peer, err := s.Socket.Accept()
	if err != nil {
		s.h.r.end(b, s.text("accept", "", err), -1)
		return nil, peer, err
	}
	w := s.h.watch(c)
	s.h.r.end(b, s.text("accept", addressText(peer), nil), w.number)
	return w, peer, nil
}

// Send implements host.Socket.
func (s *watchedSocket) Send(b []byte, to netip.AddrPort, flags host.Flags) (int, error) {
	text := s.transfer(&s.sent, "send", flags, to)
	i := s.h.r.begin(text, s.number, len(b))
	n, err := s.Socket.Send(b, to, flags)
	if err != nil {
		s.h.r.end(i, s.text("send", text.Text, err), -1)
		return n, err
	}
	s.h.r.end(i, nil, int32(n))
	return n, nil
}

// Recv implements host.Socket.
func (s *watchedSocket) Recv(b []byte, flags host.Flags) (int, netip.AddrPort, error) {
	text := s.transfer(&s.asked, "recv", flags, netip.AddrPort{})
	i := s.h.r.begin(text, s.number, len(b))
	n, from, err := s.Socket.Recv(b, flags)
	if err != nil {
		s.h.r.end(i, s.text("recv", text.Text, err), -1)
		return n, from, err
	}
	s.h.r.end(i, s.transfer(&s.got, "recv", flags, from), int32(n))
	return n, from, nil
}
