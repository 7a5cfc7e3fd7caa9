package inet

import (
	"bytes"
	"fmt"
	"net/netip"
	"slices"
	"testing"
	"time"

	"reliabilitylab/lab/host"
	"reliabilitylab/netem"
)

// A talk is a conversation of two hosts into which packets are thrown: copies of what they send, damaged, cut, or put together
// anew. Bytes choose what is thrown, when, and whether its checksum is believed (a copy that is whole may then say anything).
type talk struct {
	*lab
	b        []byte
	seen     [][]byte
	thrown   int
	believed bool
	up, down []byte // what the client and the server got
	failed   error
}

const talkSize = 30_000

func (k *talk) take() int {
	if len(k.b) == 0 {
		return 0
	}
	v := k.b[0]
	k.b = k.b[1:]
	return int(v)
}

// newTalk makes the hosts. A delay of 3 ms leaves time to strike while connections open, talk and close.
func newTalk(t testing.TB, b []byte) *talk {
	k := &talk{b: b}
	bits := k.take()
	k.believed = bits&1 != 0
	a := families[bits>>1&1]
	way := delayed(3 * time.Millisecond)
	k.lab = newLab(t, a[0], a[1], []int{1500, 1280}[bits>>2&1], func(l *lab, to netem.Port) netem.Port {
		next := way(l, to)
		return func(p *netem.Packet) {
			p.Seal()
			if len(k.seen) < 300 {
				k.seen = append(k.seen, slices.Clone(p.Data))
			}
			next(p)
			for k.take()%4 == 1 && len(k.b) > 0 {
				k.strike(to)
			}
		}
	})
	k.record = false
	return k
}

// strike throws one packet at a host, now or a little later.
func (k *talk) strike(to netem.Port) {
	b := slices.Clone(k.seen[(k.take()<<8|k.take())%len(k.seen)])
	switch k.take() % 5 {
	case 0: // one bit
		b[(k.take()<<8|k.take())%len(b)] ^= 1 << (k.take() % 8)
	case 1: // an end
		b = b[:(k.take()<<8|k.take())%len(b)]
	case 2: // any bytes, anywhere
		if k.believed {
			for range 1 + k.take()%8 {
				b[(k.take()<<8|k.take())%len(b)] = byte(k.take())
			}
		}
	case 3: // the transport header
		if k.believed && len(b) >= 60 {
			for range 1 + k.take()%8 {
				b[20+k.take()%40] = byte(k.take())
			}
		}
	}
	p := k.pool.Get(len(b))
	copy(p.Data, b)
	p.Sound = k.believed
	k.thrown++
	k.w.After(time.Duration(k.take()/16)*time.Millisecond, func() { to(p) })
}

// program talks: the server echoes what it gets, the client says all and waits for the end.
func (k *talk) start() {
	family := host.FamilyOf(k.s.Addr())
	at := netip.AddrPortFrom(k.s.Addr(), 7)
	k.s.Go(func() {
		l := must(k.s.Socket(family, host.Stream, 0))
		check(l.Bind(at))
		check(l.Listen(3))
		for {
			s, _, err := l.Accept()
			if err != nil {
				return
			}
			k.s.Go(func() {
				buf := make([]byte, 2000)
				for {
					n, _, err := s.Recv(buf, 0)
					if err != nil || n == 0 {
						break
					}
					k.down = append(k.down, buf[:n]...)
					if _, err := s.Send(buf[:n], netip.AddrPort{}, 0); err != nil {
						break
					}
				}
				_ = s.Close()
			})
		}
	})
	k.c.Go(func() {
		s := must(k.c.Socket(family, host.Stream, 0))
		if k.failed = s.Connect(at); k.failed != nil {
			return
		}
		k.c.Go(func() {
			_, err := s.Send(numbered(talkSize), netip.AddrPort{}, 0)
			if err == nil {
				err = s.Shutdown(host.ShutWrite)
			}
			if err != nil && k.failed == nil {
				k.failed = err
			}
		})
		buf := make([]byte, 2000)
		for {
			n, _, err := s.Recv(buf, 0)
			if err != nil && k.failed == nil {
				k.failed = err
			}
			if err != nil || n == 0 {
				break
			}
			k.up = append(k.up, buf[:n]...)
		}
		_ = s.Close()
	})
}

// play runs a talk and returns what was wrong with it. Packets whose checksums are looked at change nothing: the streams arrive.
// What is believed may do anything to them, but it makes no more packets than there is reason for, and all are given back.
func play(t testing.TB, b []byte) string {
	k := newTalk(t, b)
	k.start()
	k.run()
	want := numbered(talkSize)
	if !k.believed && (k.failed != nil || !bytes.Equal(k.up, want) || !bytes.Equal(k.down, want)) {
		return fmt.Sprintf("the server got %d bytes, the client %d of %d, or others; error %v", len(k.down), len(k.up), talkSize, k.failed)
	}
	if most := 2000 + 100*k.thrown; int(k.pool.Made()) > most {
		return fmt.Sprintf("%d packets, of which %d were thrown in", k.pool.Made(), k.thrown)
	}
	if k.c.frags.memory+k.s.frags.memory != 0 || k.pool.Out() != 0 {
		return fmt.Sprintf("%d packets were not given back", k.pool.Out())
	}
	return ""
}

// FuzzTalk throws packets into a conversation over TCP, in all states of its connections.
func FuzzTalk(f *testing.F) {
	for seed := range uint64(20) {
		f.Add(randomBytes(seed))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		if why := play(t, b); why != "" {
			t.Error(why)
		}
	})
}

// TestTalk is FuzzTalk with a fixed set of inputs, for every day.
func TestTalk(t *testing.T) {
	for seed := range uint64(400) {
		if why := play(t, randomBytes(seed)); why != "" {
			t.Errorf("seed %d: %s", seed, why)
		}
	}
}

func randomBytes(seed uint64) []byte {
	d := dice{stream: netem.NewStream(seed)}
	b := make([]byte, 100+d.below(4000))
	for i := range b {
		b[i] = byte(d.below(256))
	}
	return b
}
