package kernel

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"syscall"
	"testing"
	"time"

	"reliabilitylab/lab/host"
	"reliabilitylab/lab/inet"
	"reliabilitylab/lab/tcp"
	"reliabilitylab/netem"
)

func TestCausesAreTheLabs(t *testing.T) {
	for ours, labs := range map[netem.Cause]netem.Cause{
		CauseChecksum: inet.CauseChecksum, CauseMalformed: inet.CauseMalformed, CauseNotMine: inet.CauseNotMine,
		CauseNoSocket: inet.CauseNoSocket, CauseBufferFull: inet.CauseBufferFull, CauseBacklog: inet.CauseBacklog,
	} {
		if ours != labs {
			t.Errorf("%q, the lab's is %q", ours, labs)
		}
	}
}

// datagrams sends n of a size, one every gap, and has them read until none has come for long.
func (r *rig) datagrams(n, size int, gap, long time.Duration, buffer int) (got *int) {
	got = new(int)
	f := host.FamilyOf(r.server.Addr())
	at := netip.AddrPortFrom(r.server.Addr(), 9000)
	r.server.Go(func() {
		s, err := r.server.Socket(f, host.Datagram, 0)
		if err := errors.Join(err, s.Bind(at), s.SetOption(host.ReceiveBuffer(buffer)), s.SetOption(host.ReceiveTimeout(long))); err != nil {
			r.t.Error(err)
		}
		r.server.Sleep(20 * time.Millisecond)
		for buf := make([]byte, 1<<16); ; *got++ {
			if _, _, err := s.Recv(buf, 0); err == syscall.EAGAIN {
				break
			} else if err != nil {
				r.t.Error(err)
			}
			if *got%100 == 50 { // not read meanwhile
				r.server.Sleep(7 * time.Millisecond)
			}
		}
		_ = s.Close()
	})
	r.client.Go(func() {
		s, err := r.client.Socket(f, host.Datagram, 0)
		if err := errors.Join(err, s.Connect(at)); err != nil {
			r.t.Error(err)
		}
		for range n {
			_, _ = s.Send(make([]byte, size), netip.AddrPort{}, 0) // the error is an earlier one's
			r.client.Sleep(gap)
		}
		_ = s.Close()
	})
	return got
}

// TestDamageIsDiscarded: what is told to be damaged, over TCP and UDP, is as much as the two kernels and their devices throw
// away for it, whatever they call it: IP header, address, protocol, length, or a checksum.
func TestDamageIsDiscarded(t *testing.T) {
	for _, a := range [][2]netip.Addr{{client4, server4}, {client6, server6}} {
		t.Run(a[0].String(), func(t *testing.T) {
			r := newRig(t, linux, linux, a, tcp.Defaults(0), nil)
			want := 0 // what is no IP packet the device does not take
			look := netem.Tap{Saw: func(p *netem.Packet) {
				if v := p.Data[0] >> 4; v != 4 && v != 6 {
					want++
				}
			}}
			r.join(append(netem.Pipe{{Name: "corrupt", Stage: netem.Corrupt{Probability: 0.1}}, {Name: "look", Stage: look}}, delayed...))
			r.datagrams(1500, 100, 50*time.Microsecond, 500*time.Millisecond, 1<<20)
			r.transfer(300_000)
			r.run(time.Minute)
			told := 0
			for _, n := range r.discarded {
				told += n
			}
			for _, h := range []host.Node{r.client, r.server} {
				k := counters(t, h.(*Host))
				for _, name := range []string{"IpInHdrErrors", "IpInAddrErrors", "IpInUnknownProtos", "TcpInErrs", "UdpInErrors",
					"Ip6InHdrErrors", "Ip6InAddrErrors", "Ip6InUnknownProtos", "Ip6InTruncatedPkts", "Ip6InDiscards", "Udp6InErrors", "Icmp6InErrors", "IcmpInErrors"} {
					want += k[name]
				}
			}
			if told != want || r.discarded[CauseChecksum] < told*3/4 || told < 100 {
				t.Errorf("told %v, the kernels threw away %d", r.discarded, want)
			}
		})
	}
}

// TestFullBuffersAreTold: each datagram that a socket has no room for is told, and the kernel counts as many; the others
// arrive. Of datagrams in fragments nothing is told.
func TestFullBuffersAreTold(t *testing.T) {
	for _, a := range [][2]netip.Addr{{client4, server4}, {client6, server6}} {
		for _, size := range []int{10, 1000, 1400, 3000} {
			t.Run(fmt.Sprint(a[0], size), func(t *testing.T) {
				const n = 3000
				r := newRig(t, linux, linux, a, tcp.Defaults(0), nil)
				r.join(delayed)
				got := r.datagrams(n, size, 20*time.Microsecond, 300*time.Millisecond, 60_000)
				r.run(time.Minute)
				k := counters(t, r.server.(*Host))
				want := k["UdpRcvbufErrors"] + k["Udp6RcvbufErrors"]
				if want == 0 || want+*got != n {
					t.Errorf("%d of %d arrived, and the kernel had no room for %d", *got, n, want)
				}
				if size > 1500 {
					want = 0
				}
				if r.discarded[CauseBufferFull] != want || len(r.discarded) > 1 {
					t.Errorf("told %v, want %d of a full buffer", r.discarded, want)
				}
			})
		}
	}
}

// TestClosedPortsAreTold: of 30 datagrams 10 find a socket, which is closed then; the kernel counts the others (NoPorts). A SYN
// to a port where nobody listens finds no socket either.
func TestClosedPortsAreTold(t *testing.T) {
	for _, a := range [][2]netip.Addr{{client4, server4}, {client6, server6}} {
		t.Run(a[0].String(), func(t *testing.T) {
			r := newRig(t, linux, linux, a, tcp.Defaults(0), nil)
			r.join(delayed)
			f, at := host.FamilyOf(a[1]), netip.AddrPortFrom(a[1], 9000)
			r.server.Go(func() {
				s, err := r.server.Socket(f, host.Datagram, 0)
				if err := errors.Join(err, s.Bind(at)); err != nil {
					t.Error(err)
				}
				for range 10 {
					_, _, _ = s.Recv(make([]byte, 10), 0)
				}
				_ = s.Close()
			})
			r.client.Go(func() {
				s, _ := r.client.Socket(f, host.Datagram, 0)
				for range 30 {
					if _, err := s.Send([]byte("x"), at, 0); err != nil {
						t.Error(err)
					}
					r.client.Sleep(10 * time.Millisecond)
				}
				c, _ := r.client.Socket(f, host.Stream, 0)
				if err := c.Connect(at); err != syscall.ECONNREFUSED {
					t.Errorf("connect: %v, want ECONNREFUSED", err)
				}
			})
			r.run(time.Minute)
			k := counters(t, r.server.(*Host))
			if ports := k["UdpNoPorts"] + k["Udp6NoPorts"]; ports != 20 || r.discarded[CauseNoSocket] != ports+1 || len(r.discarded) != 1 {
				t.Errorf("told %v, the kernel counts %d datagrams", r.discarded, ports)
			}
		})
	}
}

// TestFullBacklogIsTold: a listener that nobody accepts from has room for backlog+1 connections. What comes then is thrown
// away: first the ACKs that would complete a handshake, then SYNs; the kernel counts each (ListenDrops).
func TestFullBacklogIsTold(t *testing.T) {
	r := newRig(t, linux, linux, [2]netip.Addr{client4, server4}, tcp.Defaults(0), nil)
	r.join(delayed)
	at := netip.AddrPortFrom(server4, 9000)
	r.server.Go(func() {
		s, err := r.server.Socket(host.IPv4, host.Stream, 0)
		if err := errors.Join(err, s.Bind(at), s.Listen(2)); err != nil {
			t.Error(err)
		}
		r.server.Sleep(2500 * time.Millisecond)
	})
	for range 8 {
		r.client.Go(func() {
			s, _ := r.client.Socket(host.IPv4, host.Stream, 0)
			_ = s.Connect(at) // some never return
		})
	}
	r.w.Quiet = 0
	if err := r.w.Run(context.Background(), 2*time.Second); err != nil {
		t.Fatal(err)
	}
	if k := counters(t, r.server.(*Host)); r.discarded[CauseBacklog] != k["TcpExtListenDrops"] || k["TcpExtListenDrops"] < 5 || len(r.discarded) != 1 {
		t.Errorf("told %v, the kernel counts %d, of them %d for the backlog", r.discarded, k["TcpExtListenDrops"], k["TcpExtListenOverflows"])
	}
}
