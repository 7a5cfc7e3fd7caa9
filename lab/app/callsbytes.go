package app

import (
	"bytes"
	"fmt"
	"io"
)

// What calls of send and recv do with bytes: messages are written into them, and known again.

// send sends so many bytes: of a stream as many as it takes at once, of datagrams one after the other when each is due.
func (e *end) send(s *ended, size int64) error {
	begin, pace := e.h.Now(), oneWay{rate: e.Rate}
	for at := int64(0); at < size; {
		if wait := begin + pace.due(at) - e.h.Now(); wait > 0 {
			e.h.Sleep(wait)
		}
		at += e.fill(s, size-at)
		if e.Protocol == "tcp" {
			if _, err := (streamSocket{s}).Write(s.due); err != nil {
				return err
			}
		} else if _, err := s.Send(s.due, s.peer, 0); err != nil {
			return err
		}
	}
	return nil
}

// fill puts the next messages of so many bytes into due, as many as go at once, and returns how many bytes they have. Message n of k bytes has
// k·2³² + n for its number; what is no message has 0 for n.
func (e *end) fill(s *ended, size int64) int64 {
	most := 1 // messages
	if e.Protocol == "tcp" && e.Rate == 0 {
		most = max(1, writeSize/e.Message)
	}
	s.due = s.due[:0]
	for ; most > 0 && size > 0; most-- {
		k, n := int(min(int64(e.Message), size)), uint64(0)
		if rest := size - int64(k); rest > 0 && rest < headerSize {
			k -= headerSize // the last one has room for a header
		}
		if e.sends {
			offset := int64(NoOffset)
			if e.one() {
				offset = e.said.bytes
			}
			e.said.messages++
			e.said.bytes += int64(k)
			n = e.said.messages
			e.Journal.Sent(n, offset, k)
		}
		var head [headerSize]byte
		putHeader(head[:], uint64(k)<<32|n)
		s.due = append(append(s.due, head[:]...), patternAt(int64(n))[:k-headerSize]...)
		size -= int64(k)
	}
	return int64(len(s.due))
}

// recv takes so many bytes, or all until the end: of a stream when the peer has said so, over UDP when nothing has come for a while.
func (e *end) recv(s *ended, c Call) error {
	for at := int64(0); ; {
		before := at
		done, err := e.recvSome(s, c, &at)
		if done || err != nil {
			return err
		}
		e.h.Sleep(oneWay{rate: c.Rate}.due(at - before))
	}
}

// recvSome receives once, of bytes of which so many have come, and says whether that was all.
func (e *end) recvSome(s *ended, c Call, at *int64) (done bool, err error) {
	room := int64(writeSize)
	if e.Protocol == "udp" || c.Rate > 0 {
		room = int64(e.Message)
	}
	if e.Protocol == "tcp" && c.Size > 0 {
		room = min(room, c.Size-*at)
	}
	n, over, err := e.take(s, int(room))
	switch *at += int64(n); {
	case err != nil || !over:
		return c.Size > 0 && *at >= c.Size, err
	case c.Size > 0:
		return true, fmt.Errorf("the end came after %d of %d bytes: %w", *at, c.Size, io.ErrUnexpectedEOF)
	}
	return true, nil
}

// take receives once, and says whether that was the end. Over UDP a server waits without limit for the first datagram.
func (e *end) take(s *ended, room int) (n int, over bool, err error) {
	client := e.server.IsValid()
	if e.Protocol == "udp" && !s.timed && (client || s.heard) {
		if err := setTimeout(s, e.Quiet); err != nil {
			return 0, false, err
		}
		s.timed = true
	}
	buf := make([]byte, room)
	n, from, err := s.Recv(buf, 0)
	if late(err) {
		return 0, true, nil
	}
	if err != nil {
		return 0, false, err
	}
	if e.Protocol == "tcp" {
		s.in = e.cut(append(s.in, buf[:n]...))
		return n, n == 0, nil
	}
	if s.heard = true; !client {
		s.peer = from
	}
	if rest := e.cut(buf[:n]); len(rest) > 0 && !e.sends {
		e.Journal.Garbled(len(rest))
	}
	return n, false, nil
}

// cut notes the whole messages that b begins with, and returns what is left.
func (e *end) cut(b []byte) []byte {
	if e.sends {
		return nil // what comes are no messages
	}
	for len(b) >= headerSize {
		number, sound := numberOf(b)
		n, k := number&0xffffffff, int(number>>32)
		if !sound || n == 0 || k < headerSize || k > maxMessage {
			e.Journal.Garbled(len(b))
			return nil
		}
		if len(b) < k {
			break
		}
		rest := b[headerSize:k]
		e.Journal.Delivered(n, string(b[:4]) == magic && bytes.Equal(rest, patternAt(int64(n))[:len(rest)]))
		b = b[k:]
	}
	return b
}
