package kernel

import (
	"encoding/binary"
	"errors"
	"fmt"
	"net/netip"
	"syscall"
	"testing"
	"time"

	"reliabilitylab/lab/host"
	"reliabilitylab/lab/tcp"
	"reliabilitylab/netem"
)

// transfer sends n bytes from client to server, over TCP.
func (r *rig) transfer(n int) {
	f := host.FamilyOf(r.server.Addr())
	at := netip.AddrPortFrom(r.server.Addr(), 9000)
	check := func(what string, err error) {
		if err != nil {
			r.t.Errorf("%s: %v", what, err)
		}
	}
	r.server.Go(func() {
		l, err := r.server.Socket(f, host.Stream, 0)
		check("socket", err)
		check("bind", l.Bind(at))
		check("listen", l.Listen(1))
		s, _, err := l.Accept()
		check("accept", err)
		got := 0
		for buf := make([]byte, 1<<16); ; {
			k, _, err := s.Recv(buf, 0)
			check("recv", err)
			if got += k; k == 0 {
				break
			}
		}
		if got != n {
			r.t.Errorf("received %d bytes, want %d", got, n)
		}
		check("close", s.Close())
		check("close", l.Close())
	})
	r.client.Go(func() {
		s, err := r.client.Socket(f, host.Stream, 0)
		check("socket", err)
		check("connect", s.Connect(at))
		_, err = s.Send(make([]byte, n), netip.AddrPort{}, 0)
		check("send", err)
		check("shutdown", s.Shutdown(host.ShutWrite))
		_, _, err = s.Recv(make([]byte, 1), 0)
		check("recv", err)
		check("close", s.Close())
	})
}

// TestPacketsAreSound: what comes out of the device is no longer than the MTU, and all its checksums are right.
func TestPacketsAreSound(t *testing.T) {
	for _, a := range [][2]netip.Addr{{client4, server4}, {client6, server6}} {
		t.Run(a[0].String(), func(t *testing.T) {
			r := newRig(t, linux, linux, a, tcp.Defaults(0), nil)
			full := 0
			look := netem.Tap{Saw: func(p *netem.Packet) {
				if len(p.Data) == 1500 {
					full++
				}
				if len(p.Data) > 1500 || !p.Sound || !sound(p.Data) {
					t.Errorf("a packet of %d bytes, sound %v: %x", len(p.Data), p.Sound, p.Data)
				}
			}}
			r.join(append(netem.Pipe{{Name: "look", Stage: look}}, delayed...))
			r.transfer(1 << 20)
			r.run(time.Minute)
			if full < 700 { // a few are shorter, where a buffer ended
				t.Errorf("%d full packets of about %d", full, 1<<20/1448)
			}
		})
	}
}

// sound verifies the checksums of a packet that is TCP's (RFC 791 section 3.1, RFC 9293 section 3.1, RFC 8200 section 8.1).
func sound(b []byte) bool {
	var pseudo, body []byte
	switch b[0] >> 4 {
	case 4:
		n := int(b[0]&15) * 4
		if b[9] != 6 || sum(b[:n]) != 0xffff {
			return false
		}
		body = b[n:]
		pseudo = append(pseudo, b[12:20]...)
	case 6:
		if b[6] != 6 {
			return false
		}
		body = b[40:]
		pseudo = append(pseudo, b[8:40]...)
	}
	pseudo = binary.BigEndian.AppendUint32(pseudo, uint32(len(body)))
	pseudo = append(pseudo, 0, 0, 0, 6)
	return sum(append(pseudo, body...)) == 0xffff
}

// sum is the ones' complement sum (RFC 1071).
func sum(b []byte) uint32 {
	var s uint32
	for i := 0; i < len(b); i += 2 {
		s += uint32(b[i]) << 8
		if i+1 < len(b) {
			s += uint32(b[i+1])
		}
	}
	for s > 0xffff {
		s = s>>16 + s&0xffff
	}
	return s
}

// TestNothingIsLostUnasked: a program that sends as fast as it can overruns neither the device nor, the way leading straight
// to it, a receiver that reads as fast as it can.
func TestNothingIsLostUnasked(t *testing.T) {
	const n = 30_000
	r := newRig(t, linux, linux, [2]netip.Addr{client4, server4}, tcp.Defaults(0), nil)
	r.join(delayed)
	at := netip.AddrPortFrom(server4, 9000)
	got := 0
	r.server.Go(func() {
		s, err := r.server.Socket(host.IPv4, host.Datagram, 0)
		if err := errors.Join(err, s.Bind(at), s.SetOption(host.ReceiveBuffer(8<<20)), s.SetOption(host.ReceiveTimeout(time.Second))); err != nil {
			t.Error(err)
		}
		for buf := make([]byte, 1500); ; got++ {
			if _, _, err := s.Recv(buf, 0); err == syscall.EAGAIN {
				break
			} else if err != nil {
				t.Error(err)
				break
			}
			if number := int(binary.BigEndian.Uint32(buf)); number != got {
				t.Errorf("datagram %d came where %d should be", number, got)
				break
			}
		}
	})
	r.client.Go(func() {
		s, err := r.client.Socket(host.IPv4, host.Datagram, 0)
		if err := errors.Join(err, s.Connect(at)); err != nil {
			t.Error(err)
		}
		buf := make([]byte, 1472)
		for i := range n {
			binary.BigEndian.PutUint32(buf, uint32(i))
			if _, err := s.Send(buf, netip.AddrPort{}, 0); err != nil {
				t.Error(err)
			}
		}
	})
	r.run(time.Minute)
	if got != n {
		t.Errorf("%d of %d datagrams arrived", got, n)
	}
}

// seen collects what an observer is told.
type seen struct {
	host.TCPInfo
	local, peer netip.AddrPort
}

type notes map[string][]seen

func (n notes) TCP(h host.Host, local, peer netip.AddrPort, i host.TCPInfo) {
	n[h.Name()] = append(n[h.Name()], seen{i, local, peer})
}

// TestObserverSeesRecovery: 25 ms each way, so recovery lasts at least 50 ms and is seen by who asks every 10 ms. The 40th
// packet with new data is lost once.
func TestObserverSeesRecovery(t *testing.T) {
	n := notes{}
	r := newRig(t, linux, linux, [2]netip.Addr{client4, server4}, tcp.Defaults(0), n)
	r.join(netem.Pipe{
		{Name: "script", Stage: netem.Script{Rules: []netem.Rule{{Match: netem.Match{Kind: netem.KindData, Nth: []netem.Range{{From: 40, To: 40}}}, Do: netem.Do{Drop: true}}}}},
		{Name: "delay", Stage: netem.Delay{Base: 25 * time.Millisecond, KeepOrder: true}},
	})
	r.transfer(1 << 20)
	r.run(time.Minute)
	all := n["client"]
	if len(all) < 5 || len(n["server"]) < 2 {
		t.Fatalf("told %d times of the client, %d of the server", len(all), len(n["server"]))
	}
	if all[0].State != "SYN-SENT" || all[0].RTO != time.Second {
		t.Errorf("before the handshake it is %+v", all[0])
	}
	all = all[1:]
	first := all[0]
	if first.State != "ESTABLISHED" || first.Event != "SYN-ACK received" || first.Waits != "program" || first.Phase != "slow start" || first.Cwnd != 10*1448 || first.MSS != 1448 ||
		first.Ssthresh != 0 || first.SRTT < 50*time.Millisecond || first.SRTT > 100*time.Millisecond ||
		first.peer != netip.AddrPortFrom(server4, 9000) || first.local.Addr() != client4 {
		t.Errorf("the first is %+v", first)
	}
	phases := map[string]int{}
	events, waits := map[string]int{}, map[string]int{}
	for i, s := range all {
		phases[s.Phase]++
		events[s.Event]++
		waits[s.Waits]++
		if i > 0 && s.TCPInfo == all[i-1].TCPInfo {
			t.Errorf("told twice of %+v", s)
		}
	}
	if phases["recovery"] == 0 || phases["slow start"] == 0 || phases["congestion avoidance"] == 0 || events["fast retransmit"] == 0 {
		t.Errorf("phases %v, events %v", phases, events)
	}
	if waits["cwnd"] == 0 { // a megabyte at once, with an initial window of ten segments
		t.Errorf("it waited for %v", waits)
	}
	if last := all[len(all)-1]; last.Ssthresh == 0 || last.Ssthresh%1448 != 0 {
		t.Errorf("after the loss the threshold is %d", last.Ssthresh)
	}
}

// TestSettingsReachTheWire reads what the client's SYN offers, and how much it sends before the first ACK.
func TestSettingsReachTheWire(t *testing.T) {
	for _, on := range []bool{true, false} {
		t.Run(fmt.Sprint(on), func(t *testing.T) {
			c := tcp.Defaults(0)
			c.Timestamps, c.WindowScaling, c.SACK = on, on, on
			c.MSS = 1000
			if !on {
				c.Recovery, c.InitialWindow, c.Congestion = "newreno", 3, "cubic"
			}
			r := newRig(t, linux, linux, [2]netip.Addr{client4, server4}, c, nil)
			var syn []byte
			first := 0
			r.client.Transmit(func(p *netem.Packet) {
				h := netem.ReadHeader(p.Data)
				if h.Flags&netem.FlagSYN != 0 {
					syn = append(syn, p.Data[40:]...)
				} else if h.Payload > 0 && r.w.Now() < 400*time.Millisecond {
					first++
				}
				r.w.After(100*time.Millisecond, func() { r.server.Receive(p) })
			})
			r.server.Transmit(func(p *netem.Packet) { r.w.After(100*time.Millisecond, func() { r.client.Receive(p) }) })
			r.transfer(100_000)
			r.run(time.Minute)
			got := options(syn)
			if got[2] != "03e8" || (got[4] != "absent") != on || (got[8] != "absent") != on || (got[3] != "absent") != on {
				t.Errorf("the SYN's options: MSS %s, SACK %s, timestamps %s, window scale %s; want an MSS of 1000 and the others %v", got[2], got[4], got[8], got[3], on)
			}
			if first != c.InitialWindow {
				t.Errorf("%d segments in the first flight, want %d", first, c.InitialWindow)
			}
		})
	}
}

// A receive buffer of a fixed size is the window that the SYN-ACK offers, in whole segments, whatever memory it takes; one that grows begins
// with 64 KiB.
func TestReceiveBufferReachesTheWire(t *testing.T) {
	for _, d := range []struct {
		size        int
		grows       bool
		least, most uint16
	}{{20000, false, 20000 - 1448, 20000}, {6 << 20, true, 65536 - 1448, 65535}} {
		c := tcp.Defaults(0)
		c.ReceiveBuffer, c.Autotuning = d.size, d.grows
		r := newRig(t, linux, linux, [2]netip.Addr{client4, server4}, c, nil)
		var offered uint16
		r.client.Transmit(func(p *netem.Packet) { r.server.Receive(p) })
		r.server.Transmit(func(p *netem.Packet) {
			if h := netem.ReadHeader(p.Data); h.Kind == netem.KindSYNACK {
				offered = h.Window
			}
			r.client.Receive(p)
		})
		r.transfer(1000)
		r.run(time.Minute)
		if offered < d.least || offered > d.most {
			t.Errorf("a buffer of %d, which grows: %v; the SYN-ACK offers %d, want %d to %d", d.size, d.grows, offered, d.least, d.most)
		}
	}
}

// options reads TCP's options (RFC 9293 section 3.1): what each kind says, or "absent".
func options(b []byte) map[byte]string {
	all := map[byte]string{2: "absent", 3: "absent", 4: "absent", 8: "absent"}
	for len(b) > 0 && b[0] != 0 {
		if b[0] == 1 {
			b = b[1:]
			continue
		}
		all[b[0]] = fmt.Sprintf("%x", b[2:b[1]])
		b = b[b[1]:]
	}
	return all
}
