package app

import (
	"errors"
	"fmt"
	"math"
	"math/bits"
	"net/netip"
	"time"

	"reliabilitylab/lab/host"
	"reliabilitylab/netem"
)

// oneWay is a conversation in which one end sends messages and the other gets them. transfer and stream differ only in
// how many there are and when each is due; overTCP and overUDP carry it.
type oneWay struct {
	Program
	messages
	rate netem.Rate // bits of messages a second; 0: as fast as the socket takes them
}

// newOneWay returns the conversation of so many bytes at that rate.
func newOneWay(p Program, total int64, rate netem.Rate) (conversation, error) {
	o := oneWay{p, messages{total, p.Message}, rate}
	if rate > 0 {
		if hi, lo := bits.Mul64(uint64(total), 8*uint64(time.Second)); hi >= uint64(rate) || quotient(hi, lo, rate) > math.MaxInt64/2 {
			return nil, fmt.Errorf("%d bytes at %d bit/s take more than a hundred years", total, rate)
		}
	}
	if p.Protocol == "tcp" {
		return overTCP{o}, nil
	}
	return overUDP{o}, nil
}

// quotient returns hi:lo / rate; hi < rate.
func quotient(hi, lo uint64, rate netem.Rate) uint64 {
	q, _ := bits.Div64(hi, lo, uint64(rate))
	return q
}

func (o oneWay) offered() int64 { return o.total }

// due returns when the byte at that offset is to be sent, after the beginning: exactly offset * 8 / rate, rounded down to
// a nanosecond. Every instant is computed anew, so that no error adds up; pace does so for many.
func (o oneWay) due(offset int64) time.Duration {
	if o.rate == 0 {
		return 0
	}
	hi, lo := bits.Mul64(uint64(offset), 8*uint64(time.Second))
	return time.Duration(quotient(hi, lo, o.rate))
}

// A pace is due of one offset after the other, at equal distances: the same instants without a division for each.
type pace struct {
	at, step         time.Duration
	rest, part, rate uint64 // the next is due at + rest/rate ns after the beginning, each of the others step + part/rate ns later
}

// pace returns the pace of offsets 0, n, 2n …; n is at most that of a buffer.
func (o oneWay) pace(n int) pace {
	if o.rate == 0 {
		return pace{rate: 1}
	}
	bits, rate := uint64(n)*8*uint64(time.Second), uint64(o.rate)
	return pace{step: time.Duration(bits / rate), part: bits % rate, rate: rate}
}

// next returns when the next is due, after the beginning.
func (p *pace) next() time.Duration {
	at := p.at
	p.at += p.step
	if p.rest += p.part; p.rest >= p.rate {
		p.rest -= p.rate
		p.at++
	}
	return at
}

// sendAll makes all messages and passes each run of at most `batch` bytes (at least one message) to send when its first
// is due.
func (o oneWay) sendAll(h host.Host, batch int, send func([]byte) error) error {
	together := uint64(max(1, batch/o.size))
	buf := make([]byte, min(together, o.count())*uint64(o.size))
	begin, pace := h.Now(), o.pace(int(together)*o.size)
	for n, end := uint64(1), o.count(); n <= end; {
		if wait := begin + pace.next() - h.Now(); wait > 0 {
			h.Sleep(wait)
		}
		used := 0
		for stop := min(end+1, n+together); n < stop; n++ {
			k := o.put(buf[used:], n)
			o.Journal.Sent(n, o.offset(n), k)
			used += k
		}
		if err := send(buf[:used]); err != nil {
			return err
		}
	}
	return nil
}

// open makes a socket for talking with that address and sets the flow's options on it.
func (o oneWay) open(h host.Host, a netip.Addr, k host.Kind) (host.Socket, error) {
	s, err := h.Socket(host.FamilyOf(a), k)
	if err != nil {
		return nil, fmt.Errorf("socket for %s: %w", o.Protocol, err)
	}
	for _, opt := range o.Options {
		if err := s.SetOption(opt); err != nil {
			return nil, closed(s, fmt.Errorf("set %T to %v: %w", opt, opt, err))
		}
	}
	return s, nil
}

// closed closes a socket and returns what went wrong before or in closing. (It is not deferred: a world that ends while
// a program is blocked unwinds it, and that must put nothing more on the wire.)
func closed(s host.Socket, err error) error {
	if e := s.Close(); e != nil {
		err = errors.Join(err, fmt.Errorf("close: %w", e))
	}
	return err
}
