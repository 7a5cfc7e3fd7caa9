package app

import (
	"fmt"
	"math"
	"math/bits"
	"time"

	"reliabilitylab/lab/host"
	"reliabilitylab/netem"
)

// oneWay is a conversation in which one end sends messages and the other gets them. transfer and stream differ only in
// how many there are and when each is due; overTCP, overUDP and overARQ carry it.
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
	switch p.Protocol {
	case "tcp":
		return overTCP{o}, nil
	case "udp":
		return overUDP{o}, nil
	}
	return newARQ(o)
}

// quotient returns hi:lo / rate; hi < rate.
func quotient(hi, lo uint64, rate netem.Rate) uint64 {
	q, _ := bits.Div64(hi, lo, uint64(rate))
	return q
}

func (o oneWay) offered() int64 { return o.total }

// room is as much of a buffer as a recv may fill. What a datagram has beyond it is lost; of a stream the rest comes next.
func (o oneWay) room(buf []byte) []byte {
	if o.Room > 0 {
		return buf[:min(len(buf), o.Room)]
	}
	return buf
}

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
