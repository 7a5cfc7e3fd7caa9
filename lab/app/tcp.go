package app

import (
	"fmt"
	"io"
	"net/netip"

	"reliabilitylab/lab/host"
	"reliabilitylab/netem"
)

// overTCP carries messages in a connection, one behind the other: both ends know their size, so nothing stands between
// them. The sender says that it has done (FIN) and waits for the receiver to say the same.
type overTCP struct{ oneWay }

// writeSize is how much a sender without a rate hands over at once, in bytes.
const writeSize = 64 << 10

func (o overTCP) client(h host.Host, server netip.AddrPort) error {
	s, err := o.dial(h, server)
	if err != nil {
		return err
	}
	return closed(s, o.talk(h, s, server, o.From == netem.Forward))
}

func (o overTCP) server(h host.Host, local netip.AddrPort) error {
	l, err := o.listen(h, local, 1)
	if err != nil {
		return err
	}
	s, peer, err := l.Accept()
	if err != nil {
		return closed(l, fmt.Errorf("accept %s: %w", local, err))
	}
	err = closed(s, o.talk(h, s, peer, o.From == netem.Reverse))
	return closed(l, err)
}

// talk does one end's part on an open connection.
func (o overTCP) talk(h host.Host, s host.Socket, peer netip.AddrPort, sends bool) error {
	if !sends {
		return o.receive(s, peer)
	}
	batch := writeSize
	if o.rate > 0 {
		batch = 0 // each message by itself, when it is due
	}
	err := o.sendAll(h, batch, func(b []byte) error { return sendWhole(s, b, peer) })
	if err != nil {
		return err
	}
	if err := s.Shutdown(host.ShutWrite); err != nil {
		return fmt.Errorf("shutdown %s: %w", peer, err)
	}
	for buf := make([]byte, 512); ; {
		n, _, err := s.Recv(buf, 0)
		if err != nil {
			return fmt.Errorf("await the end of %s: %w", peer, err)
		}
		if n == 0 {
			return nil
		}
	}
}

// sendWhole sends all of b, in more than one call if one does not take it all.
func sendWhole(s host.Socket, b []byte, peer netip.AddrPort) error {
	for len(b) > 0 {
		n, err := s.Send(b, netip.AddrPort{}, 0)
		if err != nil {
			return fmt.Errorf("send to %s: %w", peer, err)
		}
		b = b[n:]
	}
	return nil
}

// receive reads to the end of the stream and cuts it into messages. A stream that ends early is io.ErrUnexpectedEOF.
func (o overTCP) receive(s host.Socket, peer netip.AddrPort) error {
	buf := make([]byte, max(writeSize, 2*o.size))
	next := uint64(1) // the message that buf begins with
	have := 0         // bytes in buf
	for {
		n, _, err := s.Recv(o.room(buf[have:]), 0)
		if err != nil {
			return fmt.Errorf("receive from %s: %w", peer, err)
		}
		if n == 0 {
			break
		}
		have += n
		used := 0
		for ; next <= o.count() && have-used >= o.length(next); next++ {
			k := o.length(next)
			o.Journal.Delivered(next, o.intact(buf[used:used+k], next))
			used += k
		}
		if next > o.count() && have > used {
			o.Journal.Garbled(have - used) // more than was ever sent
			used = have
		}
		have = copy(buf, buf[used:have])
	}
	if next <= o.count() {
		return fmt.Errorf("receive from %s: the stream ended within message %d of %d: %w", peer, next, o.count(), io.ErrUnexpectedEOF)
	}
	return nil
}
