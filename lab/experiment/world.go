package experiment

import (
	"cmp"
	"context"
	"fmt"
	"net/netip"
	"path/filepath"
	"strconv"
	"time"

	"reliabilitylab/lab/app"
	"reliabilitylab/lab/host"
	"reliabilitylab/lab/tcp"
	"reliabilitylab/lab/trace"
	"reliabilitylab/netem"
	"reliabilitylab/scenarios"
)

// firstPort is the server's port of the first flow; each further flow has the next one.
const firstPort = 9000

// mostExpected bounds the room that is made beforehand for messages: a scenario may ask for more than will ever be sent.
const mostExpected = 1 << 22

// A lab is one world with its two hosts, the path between them, and the recorders of the trials in it.
type lab struct {
	plan
	world     host.World
	pool      netem.Pool
	client    node
	server    node
	recorders []*trace.Recorder
	errors    [][]string // by trial: how its programs failed
	queueMax  [2]int     // by direction: the longest queue; -1 where there is no bottleneck
}

// run runs one world to its end and returns its trials.
func (p plan) run(ctx context.Context, o Options, tell func(part float64)) ([]*Trial, error) {
	trials, _, err := p.runLab(ctx, o, tell)
	return trials, err
}

func (p plan) runLab(ctx context.Context, o Options, tell func(part float64)) (trials []*Trial, l *lab, err error) {
	l = &lab{plan: p, errors: make([][]string, len(p.trials)), queueMax: [2]int{-1, -1}}
	if l.world, err = newWorld(p.scenario); err != nil {
		return nil, l, err
	}
	defer l.world.Close()
	spools, err := l.open(o.Dir)
	defer func() {
		if err != nil {
			for _, s := range spools {
				s.Close()
			}
		}
	}()
	if err != nil {
		return nil, l, err
	}
	if err := l.build(spools, !o.bare); err != nil {
		return nil, l, err
	}
	for i := range p.trials {
		if err := l.start(i); err != nil {
			return nil, l, err
		}
	}
	if err := l.until(ctx, p.scenario.Duration, tell); err != nil {
		return nil, l, err
	}
	for i, r := range l.recorders {
		t, err := r.Finish()
		if err != nil {
			return nil, l, fmt.Errorf("trial %s: %w", p.trials[i].id, err)
		}
		t.QueueMax = l.queueMax[t.Data]
		trials = append(trials, &Trial{
			ID: p.trials[i].id, Flow: t.Flow, Protocol: t.Protocol, Point: p.point, Replicate: p.replicate, Seed: p.seed,
			Scenario: p.scenario, Trace: t, Lateness: lateness(l.world), Errors: l.errors[i],
		})
	}
	return trials, l, nil
}

// open makes the files for the packets' bytes.
func (l *lab) open(dir string) ([]*trace.Spool, error) {
	var spools []*trace.Spool
	for _, t := range l.trials {
		if dir == "" {
			return nil, nil
		}
		s, err := trace.NewSpool(filepath.Join(dir, t.id+".packets"))
		if err != nil {
			return spools, fmt.Errorf("trial %s: %w", t.id, err)
		}
		spools = append(spools, s)
	}
	return spools, nil
}

// build makes recorders, hosts and path, and joins them.
func (l *lab) build(spools []*trace.Spool, record bool) error {
	s := l.scenario
	clientAddr, serverAddr := netip.MustParseAddr("10.0.0.1"), netip.MustParseAddr("10.0.0.2")
	if s.Family == 6 {
		clientAddr, serverAddr = netip.MustParseAddr("fd00::1"), netip.MustParseAddr("fd00::2")
	}
	for i, t := range l.trials {
		if !record {
			break
		}
		f := &s.Flows[t.flow]
		facts := trace.Trace{
			Trial: t.id, Flow: f.Name, Protocol: t.protocol, Data: dataWay(f), Start: f.Start,
			Client: trace.End{Name: "client", Addr: clientAddr}, Server: trace.End{Name: "server", Addr: serverAddr},
			Offered: l.program(i).Offered(),
		}
		if spools != nil {
			facts.Bytes = spools[i]
		}
		r := trace.NewRecorder(l.world, facts)
		l.expect(r, i, facts.Offered)
		if port := firstPort + uint16(t.flow); len(l.trials) > 1 {
			proto := netem.UDP
			if t.protocol == "tcp" {
				proto = netem.TCP
			}
			r.Only(func(p *netem.Packet) bool {
				h := &p.Header
				return h.Protocol == proto && (h.SrcPort == port || h.DstPort == port)
			})
		}
		l.recorders = append(l.recorders, r)
	}
	dice := netem.NewStream(l.seed)
	var err error
	if l.client, err = l.host("client", s.Stack.Client, clientAddr, dice); err != nil {
		return err
	}
	if l.server, err = l.host("server", s.Stack.Server, serverAddr, dice); err != nil {
		return err
	}
	if err := l.join(l.client, l.server, netem.Forward, dice); err != nil {
		return err
	}
	return l.join(l.server, l.client, netem.Reverse, dice)
}

// expect tells the recorder of trial i how much there will be to record.
func (l *lab) expect(r *trace.Recorder, i int, offered int64) {
	message := int64(cmp.Or(l.program(i).Message, app.DefaultMessage))
	messages := int(min(offered/message, mostExpected))
	if l.trials[i].protocol == "udp" { // a datagram a message, each sent and received by a call
		r.Expect(messages+messages/16, messages, 2*messages+64, 0)
		return
	}
	segments := int(min(offered/int64(l.scenario.Path.MTU-52), mostExpected)) // 52: headers with timestamps
	r.Expect(segments*7/4, messages, segments/8, segments*3/4)                // an ACK for every other segment, and some loss
}

// tcpConfig turns a flow's settings into a connection's.
func tcpConfig(t *scenarios.TCP) tcp.Config {
	c := tcp.Defaults(0) // 0: what fits the MTU
	c.Congestion, c.Recovery = t.Congestion, t.Recovery
	c.SACK, c.Timestamps, c.WindowScaling, c.Nagle = t.SACK, t.Timestamps, t.WindowScaling, t.Nagle
	c.DelayedACK, c.InitialWindow = t.DelayedACK, t.InitialWindow
	c.MinRTO, c.InitialRTO = t.MinRTO, t.InitialRTO
	c.SendBuffer, c.ReceiveBuffer = int(t.SendBuffer), int(t.ReceiveBuffer)
	return c
}

// observers tells several recorders of what each connection does; each keeps the flow that is its own.
type observers []*trace.Recorder

// TCP implements host.Observer.
func (o observers) TCP(h host.Host, local, peer netip.AddrPort, i host.TCPInfo) {
	for _, r := range o {
		r.TCP(h, local, peer, i)
	}
}

// join puts the path of one direction between two hosts: Entry, Tap, the stages, Tap.
func (l *lab) join(from, to host.Node, d netem.Direction, dice netem.Stream) error {
	stages, err := pipe(l.scenario, d)
	if err != nil {
		return err
	}
	env := netem.Env{
		Clock: l.world,
		Rand:  dice.Sub("path").Sub(d.String()),
		Drop: func(p *netem.Packet, cause netem.Cause) {
			for _, r := range l.recorders {
				r.Drop(p, cause)
			}
			l.pool.Put(p)
		},
		Copy: func(of *netem.Packet) *netem.Packet {
			c := l.pool.Copy(of)
			for _, r := range l.recorders {
				r.Copied(of, c)
			}
			return c
		},
		Queue: func(n int) { l.queueMax[d] = max(l.queueMax[d], n) },
	}
	if stages.Has("bottleneck") {
		l.queueMax[d] = 0
	}
	port := netem.Port(to.Receive)
	for _, r := range l.recorders {
		port = netem.Tap{Saw: r.Arrived}.Attach(env, port)
	}
	port = stages.Attach(env, port)
	for _, r := range l.recorders {
		port = netem.Tap{Saw: r.PutOn(d)}.Attach(env, port)
	}
	from.Transmit(netem.Entry{}.Attach(env, port))
	return nil
}

// dataWay is the direction in which a flow's messages travel.
func dataWay(f *scenarios.Flow) netem.Direction {
	if f.From == "server" {
		return netem.Reverse
	}
	return netem.Forward
}

// program is the program of trial i, without its journal.
func (l *lab) program(i int) app.Program {
	f := &l.scenario.Flows[l.trials[i].flow]
	p := app.Program{
		App: f.App, Protocol: l.trials[i].protocol, From: dataWay(f), Size: int64(f.Size),
		Message: f.UDP.Payload, Rate: f.UDP.Rate, For: f.For, Quiet: patience(l.scenario),
	}
	if f.App == "stream" {
		p.Rate, p.Message = f.Rate, f.Message
	}
	if p.Protocol == "udp" {
		if f.UDP.ReceiveBuffer > 0 {
			p.Options = append(p.Options, host.ReceiveBuffer(f.UDP.ReceiveBuffer))
		}
	} else if f.App == "transfer" {
		p.Rate = 0 // over TCP a file goes as fast as it can
	}
	return p
}

// start starts both ends of trial i.
func (l *lab) start(i int) error {
	f := &l.scenario.Flows[l.trials[i].flow]
	p := l.program(i)
	if err := p.Check(); err != nil {
		return fmt.Errorf("flow %s: %w", f.Name, err)
	}
	if l.recorders != nil {
		p.Journal = l.recorders[i]
	}
	at := netip.AddrPortFrom(l.server.Addr(), firstPort+uint16(l.trials[i].flow))
	if err := l.launch(i, l.server, 0, func(h host.Host) error { return p.Server(h, at) }); err != nil {
		return err
	}
	return l.launch(i, l.client, f.Start, func(h host.Host) error { return p.Client(h, at) })
}

// launch starts one program on a watched host.
func (l *lab) launch(i int, on node, start time.Duration, program func(host.Host) error) error {
	h, err := on.WithTCP(tcpConfig(&l.scenario.Flows[l.trials[i].flow].TCP))
	if err != nil {
		return err
	}
	if l.recorders != nil {
		h = l.recorders[i].Watch(h)
	}
	h.Go(func() {
		if start > 0 {
			h.Sleep(start)
		}
		if err := program(h); err != nil {
			l.errors[i] = append(l.errors[i], on.Name()+": "+err.Error())
		}
	})
	return nil
}

// glances is how often a run of the longest possible duration looks up to say how far it has come.
const glances = 100

// until runs the world until nothing is left to happen, or the scenario's time is up, or ctx ends.
func (l *lab) until(ctx context.Context, end time.Duration, tell func(part float64)) error {
	for at := time.Duration(0); at < end; {
		at = min(at+max(end/glances, 1), end)
		if err := l.world.Run(ctx, at); err != nil {
			return err
		}
		if l.world.Now() < at { // nothing is left
			return nil
		}
		tell(float64(at) / float64(end))
	}
	return nil
}

// String names the plan in errors.
func (p plan) String() string {
	return p.trials[0].id + " (seed " + strconv.FormatUint(p.seed, 10) + ")"
}
