package app

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"io"
	"net/netip"
	"time"

	"reliabilitylab/lab/host"
)

// dns is a resolver that asks for the addresses of host1.example, host2.example …, in the format of RFC 1035: over UDP a datagram there and one
// back, asked again after Timeout, twice that and so on, Tries times; over TCP a connection for each question, and before each message
// its length (section 4.2.2).
func dns(p Program) (conversation, error) {
	x, err := checkExchange(p, 0, Program{Count: 50, Every: 100 * time.Millisecond, Timeout: time.Second, Tries: 3})
	if err != nil {
		return nil, err
	}
	x.size = len(dnsAnswer(dnsQuestion(uint64(x.Count))))
	return resolver{x}, nil
}

type resolver struct{ exchange }

// The numbers of RFC 1035 that are needed here.
const (
	dnsHeader    = 12                 // bytes: ID, flags, four counts (section 4.1.1)
	dnsQuery     = 0x0100             // flags: a standard query, recursion desired
	dnsResponse  = 0x8180             // flags: its response, recursion available, no error
	dnsTypeClass = "\x00\x01\x00\x01" // type A, class IN
	dnsName      = "\xc0\x0c"         // a pointer to the name in the question (section 4.1.4)
	dnsTTL       = "\x00\x00\x0e\x10" // an hour
)

// dnsQuestion asks for the n-th address.
func dnsQuestion(n uint64) []byte {
	b := binary.BigEndian.AppendUint16(nil, uint16(n))
	b = binary.BigEndian.AppendUint16(b, dnsQuery)
	b = append(b, 0, 1, 0, 0, 0, 0, 0, 0) // one question
	label := fmt.Sprintf("host%07d", n)   // all of the same length
	b = append(append(b, byte(len(label))), label...)
	return append(b, "\x07example\x00"+dnsTypeClass...)
}

// dnsAnswer answers a question: 192.0.2.0/24 (RFC 5737) has an address for each, by the last byte of its ID. nil where it is none.
func dnsAnswer(question []byte) []byte {
	if len(question) <= dnsHeader || binary.BigEndian.Uint16(question[2:]) != dnsQuery {
		return nil
	}
	b := bytes.Clone(question)
	binary.BigEndian.PutUint16(b[2:], dnsResponse)
	b[7] = 1 // one answer
	b = append(b, dnsName+dnsTypeClass+dnsTTL+"\x00\x04"...)
	return append(b, 192, 0, 2, question[1])
}

func (r resolver) client(h host.Host, server netip.AddrPort) error {
	if r.Protocol == "tcp" {
		return r.askAll(h, func(n uint64) (answer, error) { return r.lookup(h, server, n) })
	}
	s, err := r.dial(h, server)
	if err != nil {
		return err
	}
	buf := make([]byte, 512) // the longest datagram of RFC 1035
	err = r.askAll(h, func(n uint64) (answer, error) {
		question := dnsQuestion(n)
		return r.askAgain(h, s, func() []byte { return question }, buf, func(b []byte) answer {
			if len(b) < 2 || binary.BigEndian.Uint16(b) != uint16(n) {
				return noAnswer // to a question that was given up
			}
			return sound(bytes.Equal(b, dnsAnswer(question)))
		})
	})
	return closed(s, err)
}

// lookup asks one question over TCP.
func (r resolver) lookup(h host.Host, server netip.AddrPort, n uint64) (answer, error) {
	s, err := r.dial(h, server)
	if err != nil {
		return noAnswer, err
	}
	question := dnsQuestion(n)
	var b []byte
	if err = writeDNS(streamSocket{s}, question); err == nil {
		b, err = readDNS(streamSocket{s})
	}
	if err == nil {
		err = finish(s)
	}
	return sound(bytes.Equal(b, dnsAnswer(question))), closed(s, err)
}

func (r resolver) server(h host.Host, local netip.AddrPort) error {
	if r.Protocol == "udp" {
		return r.serveDatagrams(h, local, 512, func(question []byte, send func([]byte) error) error {
			if b := dnsAnswer(question); b != nil {
				return send(b)
			}
			return nil
		})
	}
	return r.serveStreams(h, local, r.Count, func(s streamSocket) error {
		question, err := readDNS(s)
		if err == nil {
			err = writeDNS(s, dnsAnswer(question))
		}
		if err != nil {
			return err
		}
		return finish(s)
	})
}

func writeDNS(w io.Writer, b []byte) error {
	if _, err := w.Write(append(binary.BigEndian.AppendUint16(nil, uint16(len(b))), b...)); err != nil {
		return fmt.Errorf("send a message of %d bytes: %w", len(b), err)
	}
	return nil
}

func readDNS(r io.Reader) ([]byte, error) {
	var length [2]byte
	if _, err := io.ReadFull(r, length[:]); err != nil {
		return nil, fmt.Errorf("receive the length of a message: %w", err)
	}
	b := make([]byte, binary.BigEndian.Uint16(length[:]))
	if _, err := io.ReadFull(r, b); err != nil {
		return nil, fmt.Errorf("receive a message: %w", err)
	}
	return b, nil
}
