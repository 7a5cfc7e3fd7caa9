package app

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/netip"
	"strconv"
	"strings"
	"time"

	"reliabilitylab/lab/host"
	"reliabilitylab/netem"
)

// web fetches a page of Count objects of Size bytes, one after the other. Over TCP it is HTTP/1.1 (RFC 9112) in one connection; the
// messages are written and read by net/http's own code, as far as that needs neither a goroutine nor a clock. Over UDP a request is
// a datagram, the same message as in TCP; an object comes in numbered datagrams (netem.Numbered); and what has not come when nothing
// has for Timeout is asked for again, piece by piece, with a Range of several parts (RFC 9110 section 14.2), twice as long after
// each time that nothing came, Tries times.
func web(p Program) (conversation, error) {
	if p.Size == 0 {
		p.Size = 20 << 10
	}
	if p.Size < 0 || p.Size > maxObject {
		return nil, fmt.Errorf("objects of %d bytes: they must have from 1 to %d", p.Size, maxObject)
	}
	x, err := checkExchange(p, int(p.Size), Program{Count: 10, Timeout: 300 * time.Millisecond, Tries: 5})
	if err != nil {
		return nil, err
	}
	if most := maxMessage - netem.NumberedSize; p.Protocol == "udp" && p.Message > most {
		return nil, fmt.Errorf("pieces of %d bytes: behind its header a datagram has room for %d", p.Message, most)
	}
	if p.Protocol == "udp" {
		return page{x}, nil
	}
	return pageOverTCP{page{x}}, nil
}

const (
	maxObject = 16 << 20
	maxRanges = 32   // pieces that one request asks for again
	maxHead   = 1400 // bytes of a request in a datagram
)

// A page is web over UDP.
type page struct{ exchange }

// object writes the n-th object.
func (p page) object(n uint64) []byte {
	b := make([]byte, p.size)
	for at := 0; at < len(b); {
		at += copy(b[at:], patternAt(int64(n-1)*int64(p.size)+int64(at)))
	}
	return b
}

// request asks for the n-th object.
func (p page) request(n uint64) *http.Request {
	r, err := http.NewRequest("GET", "http://server/"+strconv.FormatUint(n, 10), nil)
	if err != nil {
		panic(err) // the address is ours
	}
	return r
}

// asked returns which object a request asks for.
func (p page) asked(r *http.Request) (uint64, error) {
	n, err := strconv.ParseUint(strings.TrimPrefix(r.URL.Path, "/"), 10, 64)
	if err != nil || n < 1 || n > uint64(p.Count) {
		return 0, fmt.Errorf("%s %s: there is no such object", r.Method, r.URL.Path)
	}
	return n, nil
}

// pieces is how many datagrams an object takes; piece i is from i*Message to its end.
func (p page) pieces() int { return (p.size-1)/p.Message + 1 }

func (p page) client(h host.Host, server netip.AddrPort) error {
	s, err := p.dial(h, server)
	if err != nil {
		return err
	}
	buf := make([]byte, netem.NumberedSize+p.Message+1)
	err = p.askAll(h, func(n uint64) (answer, error) { return p.fetch(h, s, n, buf) })
	return closed(s, err)
}

// fetch gets the n-th object.
func (p page) fetch(h host.Host, s host.Socket, n uint64, buf []byte) (answer, error) {
	object, had := make([]byte, p.size), make([]bool, p.pieces())
	missing, asked := len(had), false
	question := func() []byte {
		r := p.request(n)
		if asked && missing < len(had) {
			r.Header.Set("Range", p.missing(had))
		}
		asked = true
		var b bytes.Buffer
		r.Write(&b) // into memory: no error
		return b.Bytes()
	}
	return p.askAgain(h, s, question, buf, func(b []byte) answer {
		head, ok := numbered(b)
		i := int64(head.Number) - 1 - int64(n-1)*int64(len(had))
		if !ok || i < 0 || i >= int64(len(had)) || had[i] || len(b)-netem.NumberedSize != p.length(int(i)) {
			return noAnswer
		}
		copy(object[int(i)*p.Message:], b[netem.NumberedSize:])
		had[i] = true
		if missing--; missing > 0 {
			return partAnswer
		}
		return sound(bytes.Equal(object, p.object(n)))
	})
}

// length is how long piece i is.
func (p page) length(i int) int { return min(p.Message, p.size-i*p.Message) }

// missing is the Range of the pieces that have not come, as far as one request asks for them.
func (p page) missing(had []bool) string {
	var parts []string
	for i := 0; i < len(had) && len(parts) < maxRanges; i++ {
		if !had[i] {
			parts = append(parts, fmt.Sprintf("%d-%d", i*p.Message, i*p.Message+p.length(i)-1))
		}
	}
	return "bytes=" + strings.Join(parts, ",")
}

func (p page) server(h host.Host, local netip.AddrPort) error {
	sent := uint32(0) // the last number
	b := make([]byte, netem.NumberedSize+p.Message)
	return p.serveDatagrams(h, local, maxHead, func(question []byte, send func([]byte) error) error {
		r, err := http.ReadRequest(bufio.NewReader(bytes.NewReader(question)))
		if err != nil {
			return nil // damaged: it will be asked again
		}
		n, err := p.asked(r)
		if err != nil {
			return nil
		}
		object := p.object(n)
		for i := range p.pieces() {
			from := i * p.Message
			if ranges := r.Header.Get("Range"); ranges != "" && !strings.Contains(ranges+",", fmt.Sprintf("%d-%d,", from, from+p.length(i)-1)) {
				continue
			}
			head := netem.Numbered{Sort: netem.SortData, Number: uint32(n-1)*uint32(p.pieces()) + uint32(i) + 1}
			if head.Number <= sent {
				head.Why = netem.WhyTimeout
			}
			sent = max(sent, head.Number)
			piece := b[:netem.NumberedSize+copy(b[netem.NumberedSize:], object[from:from+p.length(i)])]
			head.Put(piece)
			if err := send(piece); err != nil {
				return err
			}
		}
		return nil
	})
}

// atOnce turns off Nagle's algorithm, as all web servers and browsers do: the end of an object is not to wait for an ACK.
func atOnce(s host.Socket) error {
	if err := s.SetOption(host.NoDelay(true)); err != nil {
		return fmt.Errorf("set TCP_NODELAY: %w", err)
	}
	return nil
}

// A pageOverTCP is web over TCP.
type pageOverTCP struct{ page }

func (p pageOverTCP) client(h host.Host, server netip.AddrPort) error {
	s, err := p.dial(h, server)
	if err != nil {
		return err
	}
	if err := atOnce(s); err != nil {
		return closed(s, err)
	}
	in := bufio.NewReader(streamSocket{s})
	err = p.askAll(h, func(n uint64) (answer, error) {
		r := p.request(n)
		if err := r.Write(streamSocket{s}); err != nil {
			return noAnswer, fmt.Errorf("send: %w", err)
		}
		response, err := http.ReadResponse(in, r)
		if err != nil {
			return noAnswer, fmt.Errorf("receive: %w", err)
		}
		body, err := io.ReadAll(io.LimitReader(response.Body, int64(p.size)+1))
		if err != nil {
			return noAnswer, fmt.Errorf("receive the body: %w", err)
		}
		return sound(response.StatusCode == http.StatusOK && bytes.Equal(body, p.object(n))), nil
	})
	if err == nil {
		err = finish(s)
	}
	return closed(s, err)
}

func (p pageOverTCP) server(h host.Host, local netip.AddrPort) error {
	return p.serveStreams(h, local, 1, func(s streamSocket) error {
		if err := atOnce(s.Socket); err != nil {
			return err
		}
		out := bufio.NewWriterSize(s, writeSize)
		for in := bufio.NewReader(s); ; {
			r, err := http.ReadRequest(in)
			if errors.Is(err, io.EOF) {
				return nil
			}
			if err != nil {
				return err
			}
			n, err := p.asked(r)
			if err != nil {
				return err
			}
			object := p.object(n)
			response := http.Response{
				StatusCode: http.StatusOK, ProtoMajor: 1, ProtoMinor: 1, Request: r,
				ContentLength: int64(len(object)), Body: io.NopCloser(bytes.NewReader(object)),
			}
			if err := response.Write(out); err != nil {
				return err
			}
			if err := out.Flush(); err != nil {
				return err
			}
		}
	})
}
