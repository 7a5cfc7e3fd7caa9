package experiment

import (
	"cmp"
	"context"
	"fmt"
	"net/netip"
	"path/filepath"
	"runtime/debug"
	"time"

	"reliabilitylab/lab/app"
	"reliabilitylab/lab/host"
	"reliabilitylab/lab/tcp"
	"reliabilitylab/lab/trace"
	"reliabilitylab/netem"
	"reliabilitylab/scenarios"
)

// firstPort is the server's port of the first flow over TCP and over UDP; each further flow has the next one.
const firstPort = 9000

// port is where the trial's server is. Each protocol that is built by hand has ports of its own, a thousand further on: they may be
// on one path together.
func (t trialPlan) port() uint16 {
	port := firstPort + uint16(t.flow)
	for _, p := range scenarios.Protocols {
		if p.HandMade {
			port += 1000
		}
		if p.Name == t.protocol {
			break
		}
	}
	return port
}

// mostExpected bounds the room that is made beforehand for messages: a scenario may ask for more than will ever be sent.
const mostExpected = 1 << 22

// A lab is one world with its two hosts, the path between them, and the recorders of the trials in it.
type lab struct {
	plan
	tcp       tcp.Config // what the kernel's hosts begin with
	make      maker
	world     host.World
	client    node
	server    node
	flows     map[service]int // the trials' numbers, see numbers
	recorders []*trace.Recorder
	errors    [][]string    // by trial: how its programs failed
	queueMax  [2]int        // by direction: the longest queue; -1 where there is no bottleneck
	stages    [2]netem.Port // by direction: the path behind Entry and the near Tap, where a router's messages enter
}

// run runs one world to its end and returns its trials. A panic is the lab's mistake, and an error of this world, so that it is said
// in which it happened.
func (p plan) run(ctx context.Context, o Options, tell func(part float64)) (trials []*Trial, err error) {
	defer func() {
		if r := recover(); r != nil {
			trials, err = nil, fmt.Errorf("this is a mistake of the lab: %v\n%s", r, debug.Stack())
		}
	}()
	trials, _, err = p.runLab(ctx, o, tell)
	return trials, err
}

func (p plan) runLab(ctx context.Context, o Options, tell func(part float64)) (trials []*Trial, l *lab, err error) {
	p.pool.Begin()
	l = &lab{plan: p, make: o.host, errors: make([][]string, len(p.trials)), queueMax: [2]int{-1, -1}}
	if l.world, err = newWorld(p.scenario); err != nil {
		return nil, l, err
	}
	defer l.world.Close()
	dir := o.Dir
	if !p.kept {
		dir = ""
	}
	spools, err := l.open(dir)
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
	var queue []trace.QueueLength // the first recorder has it for all
	for i, r := range l.recorders {
		t, err := r.Finish()
		if err != nil {
			return nil, l, fmt.Errorf("trial %s: %w", p.trials[i].id, err)
		}
		if i == 0 {
			queue = t.Queue
		}
		t.Queue, t.QueueMax = queue, l.queueMax[t.Data]
		trials = append(trials, &Trial{
			Index: p.first + i, Kept: p.kept,
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
	for i, t := range l.trials {
		if !record {
			break
		}
		f := &l.scenario.Flows[t.flow]
		facts := trace.Trace{
			Trial: t.id, Flow: f.Name, Protocol: t.protocol, Data: f.Data(), Start: f.Start,
			Offered: l.program(i).Offered(),
		}
		if spools != nil {
			facts.Bytes = spools[i]
		}
		r := l.record(facts)
		l.expect(r, i, facts.Offered)
	}
	l.tcp = l.hostTCP()
	return l.connect()
}

// record begins a record of what happens between the two hosts.
func (l *lab) record(facts trace.Trace) *trace.Recorder {
	client, server := l.addresses()
	facts.Client, facts.Server = trace.End{Name: "client", Addr: client}, trace.End{Name: "server", Addr: server}
	r := trace.NewRecorder(l.world, facts)
	l.recorders = append(l.recorders, r)
	return r
}

// addresses are the two hosts'.
func (l *lab) addresses() (client, server netip.Addr) {
	if l.scenario.Family == 6 {
		return netip.MustParseAddr("fd00::1"), netip.MustParseAddr("fd00::2")
	}
	return netip.MustParseAddr("10.0.0.1"), netip.MustParseAddr("10.0.0.2")
}

// connect makes the hosts and the path between them.
func (l *lab) connect() (err error) {
	dice := netem.NewStream(l.seed)
	client, server := l.addresses()
	if l.client, err = l.host("client", l.scenario.Stack.Client, client, dice); err != nil {
		return err
	}
	if l.server, err = l.host("server", l.scenario.Stack.Server, server, dice); err != nil {
		return err
	}
	if err := l.join(l.client, l.server, netem.Forward, dice); err != nil {
		return err
	}
	return l.join(l.server, l.client, netem.Reverse, dice)
}

// expect tells the recorder of trial i how much there will be to record.
func (l *lab) expect(r *trace.Recorder, i int, offered int64) {
	if rate := l.scenario.Path.Forward.Rate; rate > 0 && l.scenario.Flows[l.trials[i].flow].Data() == netem.Forward {
		// No more gets through, and it is for all.
		offered = min(offered, int64(float64(rate)/8*l.scenario.Duration.Seconds()/float64(len(l.trials)))+1<<16)
	}
	message := int64(cmp.Or(l.program(i).Message, app.DefaultMessage))
	messages := int(min(offered/message, mostExpected))
	if l.trials[i].protocol != "tcp" { // a datagram a message, each sent and received by a call
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
	c.Pacing, c.ECN = t.Pacing, t.ECN
	c.SACK, c.Timestamps, c.WindowScaling, c.Nagle = t.SACK, t.Timestamps, t.WindowScaling, t.Nagle
	c.DelayedACK, c.InitialWindow = t.DelayedACK, t.InitialWindow
	c.MinRTO, c.InitialRTO, c.MaxRTO = t.MinRTO, t.InitialRTO, t.MaxRTO
	c.SYNRetries, c.SYNLinear, c.Retries, c.UserTimeout = t.SYNRetries, t.SYNLinear, t.Retries, t.UserTimeout
	c.KeepAlive, c.KeepIdle, c.KeepInterval, c.KeepCount = t.KeepAlive, t.KeepIdle, t.KeepInterval, t.KeepCount
	c.Cork = t.Cork
	c.SendBuffer = int(t.SendBuffer)
	c.ReceiveBuffer, c.Autotuning = int(t.ReceiveBuffer.Most), t.ReceiveBuffer.Auto
	c.TLP, c.PRR, c.FRTO, c.DSACK, c.Undo, c.SlowStartAfterIdle = t.TLP, t.PRR, t.FRTO, t.DSACK, t.Undo, t.SlowStartAfterIdle
	return c
}

// join puts the path of one direction between two hosts: Entry, Tap, the stages, Tap.
func (l *lab) join(from, to host.Node, d netem.Direction, dice netem.Stream) error {
	stages, err := pipe(l.scenario, d)
	if err != nil {
		return err
	}
	if stages, err = l.withAccess(stages, d); err != nil {
		return err
	}
	env := netem.Env{
		Clock:   l.world,
		Rand:    dice.Sub("path").Sub(d.String()),
		Weather: dice.Sub("weather"),
		Drop: func(p *netem.Packet, cause netem.Cause) {
			if r := l.recorder(p); r != nil {
				r.Drop(p, cause)
			}
			l.pool.Put(p)
		},
		Copy: func(of *netem.Packet) *netem.Packet {
			c := l.pool.Copy(of)
			if r := l.recorder(of); r != nil {
				r.Copied(of, c)
			}
			return c
		},
	}
	env.Reply = func(of *netem.Packet, message []byte, reason string) { l.reply(of, message, reason, 1-d) }
	if stages.Has("bottleneck") {
		l.watchQueue(&env, d)
	}
	arrived, putOn := l.taps(d)
	port := arrived.Attach(env, to.Receive)
	port = stages.Attach(env, port)
	l.stages[d] = port
	port = putOn.Attach(env, port)
	from.Transmit(netem.Entry{Flow: l.flowOf(d)}.Attach(env, port))
	return nil
}

// reply puts a router's message about a packet on the path in a direction: all of it, so that it takes half a round trip.
func (l *lab) reply(of *netem.Packet, message []byte, reason string, d netem.Direction) {
	p := l.pool.Reply(of, message, reason)
	if r := l.recorder(of); r != nil {
		r.Replied(of, p, d)
	}
	l.stages[d](p)
}

// watchQueue has the length of a direction's queue recorded.
func (l *lab) watchQueue(env *netem.Env, d netem.Direction) {
	l.queueMax[d] = 0
	tell := func(int) {}
	if l.recorders != nil {
		tell = l.recorders[0].Waiting(d)
	}
	env.Queue = func(n int) {
		l.queueMax[d] = max(l.queueMax[d], n)
		tell(n)
	}
}

// program is the program of trial i, without its journal.
func (l *lab) program(i int) app.Program {
	f := &l.scenario.Flows[l.trials[i].flow]
	p := app.Program{
		App: f.App, Protocol: l.trials[i].protocol, From: f.Data(), Size: int64(f.Size),
		Message: f.UDP.Payload, Rate: f.UDP.Rate, For: f.For, Quiet: patience(l.scenario), Room: f.Room,
		Window: f.ARQ.Window, Timeout: f.ARQ.Timeout,
	}
	switch f.App {
	case "stream":
		p.Rate, p.Message = f.Rate, f.Message
	case "chat", "echo":
		p.Message = f.Message
	}
	if f.Count > 0 {
		p.Count, p.Every, p.People, p.Timeout, p.Tries = f.Count, f.Every, f.People, f.Timeout, f.Tries
	}
	if f.App == "calls" {
		p.Every, p.Clients, p.ClientCalls, p.ServerCalls = f.Every, f.Clients, appCalls(f.Client), appCalls(f.Server)
	}
	if p.Protocol != "tcp" {
		if f.UDP.ReceiveBuffer > 0 {
			p.Options = append(p.Options, host.ReceiveBuffer(f.UDP.ReceiveBuffer))
		}
	} else if f.App != "stream" {
		p.Rate = 0 // over TCP a file goes as fast as it can
	}
	return p
}

// appCalls turns a scenario's list of socket calls into a program's.
func appCalls(list []scenarios.Call) []app.Call {
	out := make([]app.Call, len(list))
	for i, c := range list {
		out[i] = app.Call{
			Name: c.Name, Option: c.Option, Backlog: c.Backlog, Again: c.Again, Times: c.Times, Poll: c.By == "poll", Do: appCalls(c.Do),
			Size: int64(c.Size), Rate: c.Rate, For: c.For,
		}
	}
	return out
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
	at := netip.AddrPortFrom(l.server.Addr(), l.trials[i].port())
	if err := l.launch(i, l.server, 0, func(h host.Host) error { return p.Server(h, at) }); err != nil {
		return err
	}
	return l.launch(i, l.client, f.Start, func(h host.Host) error { return p.Client(h, at) })
}

// launch starts one program on a watched host.
func (l *lab) launch(i int, on node, start time.Duration, program func(host.Host) error) error {
	config := l.tcp // what no connection of the flow asks for is the host's
	if l.trials[i].protocol == "tcp" {
		config = tcpConfig(&l.scenario.Flows[l.trials[i].flow].TCP)
	}
	h, err := on.WithTCP(config)
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
