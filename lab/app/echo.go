package app

import (
	"fmt"
	"io"
	"net/netip"
	"time"

	"reliabilitylab/lab/host"
)

// echo is messages that come back (RFC 862): the client sends one, waits until it has it again, and sends the next when it is due.
// Over UDP it waits for Timeout and then lets it be: nothing is sent again.
func echo(p Program) (conversation, error) {
	x, err := checkExchange(p, p.Message, Program{Count: 100, Every: 100 * time.Millisecond, Timeout: time.Second, Tries: 1})
	if err != nil {
		return nil, err
	}
	x.Tries = 1
	return echoes{x, messages{x.offered(), p.Message}}, nil
}

type echoes struct {
	exchange
	messages
}

func (e echoes) client(h host.Host, server netip.AddrPort) error {
	s, err := e.dial(h, server)
	if err != nil {
		return err
	}
	out, in := make([]byte, e.Message), make([]byte, e.Message+1)
	err = e.askAll(h, func(n uint64) (answer, error) {
		e.put(out, n)
		if e.Protocol == "udp" {
			return e.askAgain(h, s, func() []byte { return out }, in, func(b []byte) answer {
				if k, known := e.number(b); !known || k != n {
					return noAnswer // one that came late, or is damaged
				}
				return sound(e.intact(b, n))
			})
		}
		if _, err := (streamSocket{s}).Write(out); err != nil {
			return noAnswer, fmt.Errorf("send: %w", err)
		}
		if _, err := io.ReadFull(streamSocket{s}, in[:e.Message]); err != nil {
			return noAnswer, fmt.Errorf("receive: %w", err)
		}
		return sound(e.intact(in[:e.Message], n)), nil
	})
	if err == nil && e.Protocol == "tcp" {
		err = finish(s)
	}
	return closed(s, err)
}

func (e echoes) server(h host.Host, local netip.AddrPort) error {
	if e.Protocol == "udp" {
		return e.serveDatagrams(h, local, maxMessage, func(question []byte, send func([]byte) error) error { return send(question) })
	}
	return e.serveStreams(h, local, 1, func(s streamSocket) error {
		for buf := make([]byte, writeSize); ; {
			n, err := s.Read(buf)
			if err == io.EOF {
				return nil
			}
			if err == nil {
				_, err = s.Write(buf[:n])
			}
			if err != nil {
				return err
			}
		}
	})
}

// offered implements conversation.
func (e echoes) offered() int64 { return e.exchange.offered() }

// sound is the answer whose bytes were intact, or not.
func sound(intact bool) answer {
	if intact {
		return soundAnswer
	}
	return damagedAnswer
}
