package kernel

import (
	"context"
	"fmt"
	"net/netip"
	"os"
	"strings"
	"testing"
	"time"

	"reliabilitylab/lab/host"
	"reliabilitylab/lab/host/hosttest"
	"reliabilitylab/lab/inet"
	"reliabilitylab/lab/tcp"
	"reliabilitylab/netem"
)

var (
	client4, server4 = netip.MustParseAddr("10.0.0.1"), netip.MustParseAddr("10.0.0.2")
	client6, server6 = netip.MustParseAddr("fd00::1"), netip.MustParseAddr("fd00::2")
)

// need skips the test where there can be no kernel hosts, saying what is missing. In CI, as root, that is a failure.
func need(t testing.TB) {
	t.Helper()
	var missing []string
	for _, f := range Check() {
		if f.Need && !f.OK {
			missing = append(missing, f.What+": "+f.Has+"; "+f.Mend)
		}
	}
	if missing == nil {
		return
	}
	why := "there can be no kernel hosts here: " + strings.Join(missing, "; ")
	if os.Getenv("CI") == "true" && os.Getuid() == 0 {
		t.Fatal(why)
	}
	t.Skip(why)
}

// A rig is two hosts, and a way between them each direction.
type rig struct {
	t              testing.TB
	w              *World
	pool           netem.Pool
	client, server host.Node
	discarded      map[netem.Cause]int // what the kernel's hosts threw away
}

// A stack makes one host of a rig.
type stack func(r *rig, name string, addr netip.Addr, c tcp.Config, o host.Observer) host.Node

func linux(r *rig, name string, addr netip.Addr, c tcp.Config, o host.Observer) host.Node {
	h, err := r.w.AddHost(Config{Name: name, Addr: addr, MTU: 1500, Pool: &r.pool, TCP: c, Observer: o,
		Discard: func(_ *netem.Packet, cause netem.Cause) { r.discarded[cause]++ }})
	if err != nil {
		r.t.Fatal(err)
	}
	return h
}

func lab(r *rig, name string, addr netip.Addr, c tcp.Config, o host.Observer) host.Node {
	return inet.New(r.w, inet.Config{Name: name, Addr: addr, MTU: 1500, Rand: netem.NewStream(1).Sub(name), Pool: &r.pool, TCP: c, Observer: o})
}

func newRig(t testing.TB, client, server stack, a [2]netip.Addr, c tcp.Config, o host.Observer) *rig {
	hosttest.Together(t)
	t.Helper()
	need(t)
	w, err := NewWorld()
	if err != nil {
		t.Fatal(err)
	}
	r := &rig{t: t, w: w, discarded: map[netem.Cause]int{}}
	t.Cleanup(func() {
		if err := w.Close(); err != nil {
			t.Error(err)
		}
	})
	r.client = client(r, "client", a[0], c, o)
	r.server = server(r, "server", a[1], c, o)
	return r
}

// join puts a path between the two, the same stages each way.
func (r *rig) join(stages netem.Pipe) {
	way := func(from, to host.Node, d netem.Direction) {
		env := netem.Env{
			Clock: r.w, Rand: netem.NewStream(7).Sub(d.String()), Copy: r.pool.Copy,
			Drop: func(p *netem.Packet, _ netem.Cause) { r.pool.Put(p) },
		}
		from.Transmit(netem.Entry{}.Attach(env, stages.Attach(env, to.Receive)))
	}
	way(r.client, r.server, netem.Forward)
	way(r.server, r.client, netem.Reverse)
}

// run runs the programs to their end, within the time.
func (r *rig) run(most time.Duration) {
	r.t.Helper()
	r.w.Quiet = 0
	if err := r.w.Run(context.Background(), most); err != nil {
		r.t.Fatal(err)
	}
	if r.w.programs > 0 {
		r.t.Fatalf("%d programs have not ended after %v", r.w.programs, most)
	}
}

var delayed = netem.Pipe{{Name: "delay", Stage: netem.Delay{Base: 2 * time.Millisecond, KeepOrder: true}}}

// bad is a path that loses, damages and doubles packets and delivers them out of order. Its dice do not change from run to run.
var bad = netem.Pipe{
	{Name: "loss", Stage: netem.Loss{Probability: 0.03}},
	{Name: "corrupt", Stage: netem.Corrupt{Probability: 0.01}},
	{Name: "duplicate", Stage: netem.Duplicate{Probability: 0.01}},
	{Name: "delay", Stage: netem.Delay{Base: 3 * time.Millisecond, Jitter: time.Millisecond, Distribution: netem.Uniform}},
}

// moment is long enough for a few round trips, however many worlds there are at once.
const moment = 250 * time.Millisecond

// TestConformance holds the kernel's hosts, and pairs of one of them with the lab's, to what every host must do.
func TestConformance(t *testing.T) {
	for _, a := range [][2]netip.Addr{{client4, server4}, {client6, server6}} {
		for _, s := range []struct {
			name           string
			client, server stack
		}{{"linux,linux", linux, linux}, {"lab,linux", lab, linux}, {"linux,lab", linux, lab}} {
			t.Run(fmt.Sprintf("%s,%v", s.name, a[0]), func(t *testing.T) {
				need(t)
				if testing.Short() && s.name != "linux,linux" {
					t.Skip("short: the mixed pairs are left out")
				}
				pair := func(path netem.Pipe, most time.Duration) func(t *testing.T) hosttest.Pair {
					return func(t *testing.T) hosttest.Pair {
						r := newRig(t, s.client, s.server, a, tcp.Defaults(0), nil)
						r.join(path)
						return hosttest.Pair{Client: r.client, Server: r.server, Moment: moment, Late: r.w.Lateness().Max, Run: func() error {
							r.w.Quiet = 0
							return r.w.Run(context.Background(), most)
						}}
					}
				}
				hosttest.Run(t, pair(delayed, 20*time.Second))
				t.Run("bad", func(t *testing.T) { hosttest.RunLossy(t, pair(bad, time.Minute)) })
			})
		}
	}
}
