package kernel

import (
	"context"
	"fmt"
	"net/netip"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"reliabilitylab/lab/host"
	"reliabilitylab/lab/tcp"
	"reliabilitylab/netem"
)

// BenchmarkEvents runs 20,000 events a second for as long as the benchmark takes and reports how late they were.
func BenchmarkEvents(b *testing.B) {
	w, err := NewWorld()
	if err != nil {
		b.Fatal(err)
	}
	defer w.Close()
	w.Go(func() {
		for range b.N {
			w.Sleep(50 * time.Microsecond)
		}
	})
	begin := threadTime(b)
	b.ResetTimer()
	if err := w.Run(context.Background(), never); err != nil {
		b.Fatal(err)
	}
	reportLateness(b, w, begin)
}

// reportLateness also reports the processor's time: what else runs on the machine does not show in it.
func reportLateness(b *testing.B, w *World, begin time.Duration) {
	b.ReportMetric(float64(threadTime(b)-begin)/1e3/float64(b.N), "cpu-µs/op")
	l := w.Lateness()
	b.ReportMetric(float64(l.Percentile(50))/1e3, "p50-µs-late")
	b.ReportMetric(float64(l.Percentile(99))/1e3, "p99-µs-late")
	b.ReportMetric(float64(l.Max())/1e3, "max-µs-late")
}

// threadTime is how long this thread has used a processor.
func threadTime(b *testing.B) time.Duration {
	var u unix.Rusage
	if err := unix.Getrusage(unix.RUSAGE_THREAD, &u); err != nil {
		b.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// BenchmarkTCP sends 64 KiB after 64 KiB over a path with delay, or with delay and loss.
func BenchmarkTCP(b *testing.B) {
	for _, c := range []struct {
		name       string
		congestion string
		stages     netem.Pipe
	}{
		{"5ms", "cubic", netem.Pipe{{Name: "delay", Stage: netem.Delay{Base: 5 * time.Millisecond, KeepOrder: true}}}},
		{"5ms,0.1%", "bbr", netem.Pipe{
			{Name: "loss", Stage: netem.Loss{Probability: 0.001}}, {Name: "delay", Stage: netem.Delay{Base: 5 * time.Millisecond, KeepOrder: true}},
		}},
	} {
		b.Run(c.name, func(b *testing.B) {
			const size = 64 << 10
			config := tcp.Defaults(0)
			config.Congestion = c.congestion
			config.SendBuffer, config.ReceiveBuffer = 16<<20, 16<<20
			r := newRig(b, linux, linux, [2]netip.Addr{client4, server4}, config, nil)
			r.join(c.stages)
			at := netip.AddrPortFrom(server4, 9000)
			r.server.Go(func() {
				l, _ := r.server.Socket(host.IPv4, host.Stream, 0)
				if err := l.Bind(at); err != nil {
					b.Error(err)
				}
				_ = l.Listen(1)
				s, _, err := l.Accept()
				if err != nil {
					b.Error(err)
					return
				}
				buf := make([]byte, size)
				for {
					if n, _, err := s.Recv(buf, 0); n == 0 || err != nil {
						break
					}
				}
				_ = s.Close()
			})
			r.client.Go(func() {
				s, _ := r.client.Socket(host.IPv4, host.Stream, 0)
				if err := s.Connect(at); err != nil {
					b.Error(err)
					return
				}
				buf := make([]byte, size)
				for range b.N {
					if _, err := s.Send(buf, netip.AddrPort{}, 0); err != nil {
						b.Error(err)
					}
				}
				_ = s.Shutdown(host.ShutWrite)
				_, _, _ = s.Recv(buf, 0)
				_ = s.Close()
			})
			b.SetBytes(size)
			begin := threadTime(b)
			b.ResetTimer()
			r.run(time.Hour)
			b.StopTimer()
			b.ReportMetric(float64(b.N)*size*8/1e9/b.Elapsed().Seconds(), "Gbit/s")
			reportLateness(b, r.w, begin)
		})
	}
}

// BenchmarkUDP sends full datagrams at a rate and counts those that were lost without a cause.
func BenchmarkUDP(b *testing.B) {
	for _, rate := range []int{40_000, 80_000, 120_000, 0} {
		b.Run(fmt.Sprint(rate), func(b *testing.B) {
			r := newRig(b, linux, linux, [2]netip.Addr{client4, server4}, tcp.Defaults(0), nil)
			r.join(delayed)
			at := netip.AddrPortFrom(server4, 9000)
			got := 0
			r.server.Go(func() {
				s, _ := r.server.Socket(host.IPv4, host.Datagram, 0)
				_ = s.Bind(at)
				_ = s.SetOption(host.ReceiveBuffer(8 << 20))
				_ = s.SetOption(host.ReceiveTimeout(300 * time.Millisecond))
				buf := make([]byte, 2000)
				for {
					if _, _, err := s.Recv(buf, 0); err != nil {
						break
					}
					got++
				}
				_ = s.Close()
			})
			var took time.Duration
			r.client.Go(func() {
				s, _ := r.client.Socket(host.IPv4, host.Datagram, 0)
				_ = s.Connect(at)
				buf := make([]byte, 1472)
				for i := range b.N {
					if rate > 0 {
						if due := time.Duration(i) * time.Second / time.Duration(rate); due > r.w.Now() {
							r.client.Sleep(due - r.w.Now())
						}
					}
					if _, err := s.Send(buf, netip.AddrPort{}, 0); err != nil {
						b.Error(err)
					}
				}
				took = r.w.wall()
				_ = s.Close()
			})
			begin := threadTime(b)
			b.ResetTimer()
			r.run(time.Hour)
			b.ReportMetric(float64(b.N)/took.Seconds(), "datagrams/s")
			b.ReportMetric(float64(b.N-got), "lost")
			reportLateness(b, r.w, begin)
		})
	}
}

// BenchmarkAsk asks for one connection out of many, as sampling does: it runs between packets that have to leave in time.
func BenchmarkAsk(b *testing.B) {
	for _, n := range []int{1, 100} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			r := newRig(b, linux, linux, [2]netip.Addr{client4, server4}, tcp.Defaults(0), notes{})
			r.join(delayed)
			at := netip.AddrPortFrom(server4, 9000)
			r.server.Go(func() {
				l, _ := r.server.Socket(host.IPv4, host.Stream, 0)
				if err := l.Bind(at); err != nil {
					b.Error(err)
				}
				_ = l.Listen(n)
				for range n {
					if _, _, err := l.Accept(); err != nil {
						b.Error(err)
					}
				}
			})
			r.client.Go(func() {
				for range n {
					s, _ := r.client.Socket(host.IPv4, host.Stream, 0)
					if err := s.Connect(at); err != nil {
						b.Error(err)
					}
				}
			})
			r.run(time.Minute)
			h := r.client.(*Host)
			b.ReportAllocs()
			b.ResetTimer()
			for i := range b.N {
				if !h.look(h.live[i%n]) {
					b.Fatal("the connection is gone")
				}
			}
		})
	}
}
