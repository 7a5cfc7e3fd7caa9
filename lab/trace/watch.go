package trace

import (
	"net/netip"

	"reliabilitylab/lab/host"
)

// Watch wraps a host so that every socket call of the programs on it is recorded: name, arguments, result, error, when
// it was called and when it returned. The sockets are numbered from 1 in the order in which the programs got them.
// Asking for the local address (getsockname) is not recorded: it neither waits nor changes anything.
func (r *Recorder) Watch(h host.Host) host.Host { return &watchedHost{Host: h, r: r} }

type watchedHost struct {
	host.Host
	r       *Recorder
	sockets int32 // made so far
}

// Socket implements host.Host.
func (h *watchedHost) Socket(f host.Family, k host.Kind) (host.Socket, error) {
	args := "AF_INET"
	if f == host.IPv6 {
		args = "AF_INET6"
	}
	if k == host.Stream {
		args += ", SOCK_STREAM"
	} else {
		args += ", SOCK_DGRAM"
	}
	b := h.r.begin(h.r.text(h.Name(), "socket", args, nil), 0, 0)
	s, err := h.Host.Socket(f, k)
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

// peerText is the words of a call for a peer, kept because the next call will mostly say the same.
type peerText struct {
	peer netip.AddrPort
	text *CallText
}

// transfer returns the words of a call that moves bytes to or from a peer (the zero AddrPort: the one it is connected to).
func (s *watchedSocket) transfer(last *peerText, name string, peer netip.AddrPort) *CallText {
	if last.text == nil || last.peer != peer {
		args := ""
		if peer.IsValid() {
			args = peer.String()
		}
		last.peer, last.text = peer, s.text(name, args, nil)
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
	return s.do("setsockopt", optionText(o), func() error { return s.Socket.SetOption(o) })
}

// CloseWrite implements host.Socket.
func (s *watchedSocket) CloseWrite() error { return s.do("shutdown", "SHUT_WR", s.Socket.CloseWrite) }

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
func (s *watchedSocket) Send(b []byte, to netip.AddrPort) (int, error) {
	i := s.h.r.begin(s.transfer(&s.sent, "send", to), s.number, len(b))
	n, err := s.Socket.Send(b, to)
	if err != nil {
		s.h.r.end(i, s.text("send", s.sent.text.Text, err), -1)
		return n, err
	}
	s.h.r.end(i, nil, int32(n))
	return n, nil
}

// Recv implements host.Socket.
func (s *watchedSocket) Recv(b []byte) (int, netip.AddrPort, error) {
	i := s.h.r.begin(s.transfer(&s.asked, "recv", netip.AddrPort{}), s.number, len(b))
	n, from, err := s.Socket.Recv(b)
	if err != nil {
		s.h.r.end(i, s.text("recv", "", err), -1)
		return n, from, err
	}
	s.h.r.end(i, s.transfer(&s.got, "recv", from), int32(n))
	return n, from, nil
}
