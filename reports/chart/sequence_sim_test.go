package chart

import (
	"container/heap"
	"net/netip"
	"time"

	"reliabilitylab/lab/trace"
	"reliabilitylab/netem"
)

// A sim makes traces for the tests: one connection of a small TCP (slow start, congestion avoidance, SACK recovery,
// timeouts, delayed ACKs) or one flow of datagrams over two links. It shares no code with the lab's own stack.
type sim struct {
	rate     int64         // bits a second of each direction
	delay    time.Duration // one way
	size     int           // bytes of the file
	queue    time.Duration // the longest that a packet waits for the link; 0: for ever
	synLost  int           // so many SYNs die
	lose     func(n int) netem.Cause
	loseAny  func(n int) netem.Cause // n counts retransmissions too
	copyAt   map[int]bool            // these data packets are doubled
	harmAt   map[int]bool            // these arrive harmed and are discarded
	late     map[int]time.Duration   // these are held back
	window   int                     // the receiver's buffer in bytes
	upload   bool                    // the server is the one who sends
	t        *trace.Trace
	now      time.Duration
	order    int
	events   simEvents
	free     [2]time.Duration // when each link is free again
	data     int              // data packets put on the path
	fresh    int              // of them new ones
	segments []simSegment
	una, nxt int // segments
	cwnd     int
	ssthresh int
	dup      int
	recover  int // recovery ends when una gets there; 0: no recovery
	phase    string
	srtt     time.Duration
	rttvar   time.Duration
	rto      time.Duration
	timer    int // the timer's generation
	got      []bool
	next     int // the receiver's next segment
	recent   []int
	unacked  int
	ackTimer int
}

type simSegment struct {
	seq, n              int
	sent                time.Duration
	sacked, lost, again bool
	tries               int
}

type simEvent struct {
	at    time.Duration
	order int
	f     func()
}

type simEvents []simEvent

func (e simEvents) Len() int { return len(e) }
func (e simEvents) Less(i, j int) bool {
	return e[i].at < e[j].at || e[i].at == e[j].at && e[i].order < e[j].order
}
func (e simEvents) Swap(i, j int) { e[i], e[j] = e[j], e[i] }
func (e *simEvents) Push(x any)   { *e = append(*e, x.(simEvent)) }
func (e *simEvents) Pop() any {
	o := *e
	x := o[len(o)-1]
	*e = o[:len(o)-1]
	return x
}

const simMSS = 1448

func (s *sim) after(d time.Duration, f func()) {
	s.order++
	heap.Push(&s.events, simEvent{s.now + d, s.order, f})
}

func (s *sim) begin(protocol string) {
	if s.window == 0 {
		s.window = 65535 << 7
	}
	s.t = &trace.Trace{
		Trial: protocol, Flow: "file", Protocol: protocol, Offered: int64(s.size),
		Client: trace.End{Name: "client", Addr: netip.MustParseAddr("10.0.0.1")},
		Server: trace.End{Name: "server", Addr: netip.MustParseAddr("10.0.0.2")},
	}
	if s.upload {
		s.t.Data = netem.Reverse
	}
}

func (s *sim) run() *trace.Trace {
	for s.events.Len() > 0 {
		e := heap.Pop(&s.events).(simEvent)
		s.now = e.at
		e.f()
	}
	s.t.End = s.now
	return s.t
}

// put sends a packet over the link of its direction and calls arrived when it comes out.
func (s *sim) put(p trace.Packet, die, harm netem.Cause, double bool, hold time.Duration, arrived func()) {
	p.ID = uint64(len(s.t.Packets) + 1)
	p.Sent, p.Arrived = s.now, trace.Never
	p.Options.WindowScale = max(p.Options.WindowScale, -1)
	i := len(s.t.Packets)
	start := max(s.free[p.Direction], s.now)
	if s.queue > 0 && start-s.now > s.queue && die == "" {
		die = netem.CauseQueueFull
	}
	if die != "" {
		p.Fate, p.Cause = trace.Lost, die
		s.t.Packets = append(s.t.Packets, p)
		return
	}
	p.Cause, p.Harm = harm, harm
	s.t.Packets = append(s.t.Packets, p)
	took := time.Duration(int64(p.Length) * 8 * int64(time.Second) / s.rate)
	s.free[p.Direction] = start + took
	land := func(i int) func() {
		return func() {
			s.t.Packets[i].Arrived, s.t.Packets[i].Fate = s.now, trace.Arrived
			if harm != "" {
				s.t.Packets[i].Fate = trace.Discarded
				s.t.Packets[i].Cause = "checksum"
				return
			}
			arrived()
		}
	}
	s.after(start+took+s.delay+hold-s.now, land(i))
	if double {
		c := p
		c.Of, c.ID = p.ID, p.ID+1
		note := *p.Note
		c.Note = &note
		s.t.Packets = append(s.t.Packets, c)
		s.after(start+took+s.delay+2*time.Millisecond-s.now, land(i+1))
	}
}

func (s *sim) tcpHeader(d netem.Direction, k netem.Kind, f netem.Flags, seq, ack, n int) trace.Packet {
	h := netem.Header{
		Version: 4, Protocol: netem.TCP, Kind: k, Flags: f, Payload: n, SrcPort: 40000, DstPort: 80,
		Seq: uint32(seq), Window: uint16(min(s.window>>7, 65535)),
	}
	if d == netem.Reverse {
		h.SrcPort, h.DstPort = 80, 40000
	}
	if f&netem.FlagACK != 0 {
		h.Ack = uint32(ack)
	}
	p := trace.Packet{Direction: d, Header: h, Length: int32(52 + n), Note: &trace.Note{Reason: "new"}}
	p.Options.WindowScale = -1
	if f&netem.FlagSYN != 0 {
		p.Options.WindowScale = 7
		p.Header.Window = 65535
	}
	return p
}

func (s *sim) call(host, name, args string, size, result int, begin, ret time.Duration) {
	s.t.Calls = append(s.t.Calls, trace.Call{
		CallText: &trace.CallText{Host: host, Name: name, Text: args}, Socket: 1, Size: int32(size), Result: int32(result), Begin: begin, Return: ret,
	})
}

// tcp runs a transfer of s.size bytes over a new connection.
func (s *sim) tcp() *trace.Trace {
	s.begin("tcp")
	for at := 0; at < s.size; at += simMSS {
		s.segments = append(s.segments, simSegment{seq: 1 + at, n: min(simMSS, s.size-at)})
	}
	s.got = make([]bool, len(s.segments))
	s.cwnd, s.ssthresh, s.rto, s.phase = 10, 1<<30, time.Second, "slow start"
	s.call("client", "socket", "AF_INET, SOCK_STREAM", 0, 3, 0, 0)
	s.call("server", "socket", "AF_INET, SOCK_STREAM", 0, 3, 0, 0)
	s.call("server", "bind", "10.0.0.2:80", 0, 0, 0, 0)
	s.call("server", "listen", "128", 0, 0, 0, 0)
	s.syn(0)
	return s.run()
}

func (s *sim) syn(try int) {
	p := s.tcpHeader(netem.Forward, netem.KindSYN, netem.FlagSYN, 0, 0, 0)
	var die netem.Cause
	if try > 0 {
		p.Reason = "timeout"
	}
	if try < s.synLost {
		die = netem.CauseScript
		s.after(time.Second<<try, func() { s.rto *= 2; s.syn(try + 1) })
	}
	s.put(p, die, "", false, 0, func() {
		s.put(s.tcpHeader(netem.Reverse, netem.KindSYNACK, netem.FlagSYN|netem.FlagACK, 0, 1, 0), "", "", false, 0, func() {
			s.sampleRTT(2 * s.delay)
			s.call("client", "connect", "10.0.0.2:80", 0, 0, 0, s.now)
			s.put(s.tcpHeader(netem.Forward, netem.KindACK, netem.FlagACK, 1, 1, 0), "", "", false, 0, func() {
				s.call("server", "accept", "", 0, 4, 0, s.now)
				if s.upload {
					s.established()
				}
			})
			if !s.upload {
				s.established()
			}
		})
	})
}

func (s *sim) dir() netem.Direction { return s.t.Data }

func (s *sim) sender() trace.End {
	if s.upload {
		return s.t.Server
	}
	return s.t.Client
}

func (s *sim) receiver() trace.End {
	if s.upload {
		return s.t.Client
	}
	return s.t.Server
}

func (s *sim) established() {
	for left := s.size; left > 0; left -= 65536 {
		s.call(s.sender().Name, "send", "", min(left, 65536), min(left, 65536), s.now, s.now)
	}
	s.sample("state")
	s.transmit()
}

func (s *sim) sample(event string) {
	t := trace.TCPSample{
		Connection: &trace.Connection{Host: s.sender().Name}, TCPState: &trace.TCPState{State: "ESTABLISHED", Phase: s.phase, Event: event},
		At: s.now, Cwnd: s.cwnd * simMSS,
		InFlight: s.pipe() * simMSS, SendWnd: s.window, MSS: simMSS, SRTT: s.srtt, RTTVar: s.rttvar, RTO: s.rto,
	}
	if s.ssthresh < 1<<30 {
		t.Ssthresh = s.ssthresh * simMSS
	}
	s.t.TCP = append(s.t.TCP, t)
}

func (s *sim) sampleRTT(r time.Duration) {
	if s.srtt == 0 {
		s.srtt, s.rttvar = r, r/2
	} else {
		s.rttvar += (max(s.srtt-r, r-s.srtt) - s.rttvar) / 4
		s.srtt += (r - s.srtt) / 8
	}
	s.rto = max(200*time.Millisecond, s.srtt+4*s.rttvar)
}

func (s *sim) pipe() int {
	n := 0
	for i := s.una; i < s.nxt; i++ {
		if g := &s.segments[i]; !g.sacked && (!g.lost || g.again) {
			n++
		}
	}
	return n
}

func (s *sim) transmit() {
	pipe := s.pipe()
	for i := s.una; i < s.nxt && pipe < s.cwnd; i++ {
		if g := &s.segments[i]; g.lost && !g.again && !g.sacked {
			reason := "fast retransmit"
			if s.phase == "loss" {
				reason = "timeout"
			}
			g.again = true
			s.sendSegment(i, netem.KindRetransmission, reason)
			pipe++
		}
	}
	for ; s.nxt < len(s.segments) && pipe < s.cwnd && (s.nxt+1-s.una)*simMSS <= s.window; pipe++ {
		s.nxt++
		s.sendSegment(s.nxt-1, netem.KindData, "new")
	}
	s.sample("sent")
}

func (s *sim) sendSegment(i int, k netem.Kind, reason string) {
	g := &s.segments[i]
	g.sent = s.now
	g.tries++
	p := s.tcpHeader(s.dir(), k, netem.FlagACK, g.seq, 1, g.n)
	p.Reason = reason
	s.data++
	var die, harm netem.Cause
	var double bool
	var hold time.Duration
	if k == netem.KindData {
		s.fresh++
		if s.lose != nil {
			die = s.lose(s.fresh)
		}
		double, hold = s.copyAt[s.fresh], s.late[s.fresh]
		if s.harmAt[s.fresh] {
			harm = netem.CauseCorrupt
		}
	}
	if s.loseAny != nil && die == "" {
		die = s.loseAny(s.data)
	}
	s.put(p, die, harm, double, hold, func() { s.deliver(i) })
	if i == s.una || s.timer == 0 {
		s.arm()
	}
}

func (s *sim) arm() {
	s.timer++
	gen := s.timer
	s.after(s.rto, func() {
		if gen != s.timer || s.una >= s.nxt {
			return
		}
		s.ssthresh, s.cwnd, s.phase, s.recover = max(s.pipe()/2, 2), 1, "loss", s.nxt
		s.rto *= 2
		for i := s.una; i < s.nxt; i++ {
			s.segments[i].lost, s.segments[i].again = !s.segments[i].sacked, false
		}
		s.sample("timeout")
		s.transmit()
		s.arm()
	})
}

// deliver is the receiver's side.
func (s *sim) deliver(i int) {
	was := s.next
	fresh := !s.got[i]
	s.got[i] = true
	for s.next < len(s.got) && s.got[s.next] {
		s.next++
	}
	if fresh {
		s.recent = append([]int{i}, s.recent[:min(len(s.recent), 255)]...)
	}
	if s.next > was {
		s.call(s.receiver().Name, "recv", "", 65536, (s.next-was)*simMSS, s.now-s.delay/4, s.now)
	}
	s.unacked++
	if s.next != was+1 || s.next < 10 || s.unacked >= 2 || s.next == len(s.got) || len(s.blocks()) > 0 {
		s.ack()
		return
	}
	gen := s.ackTimer
	s.after(40*time.Millisecond, func() {
		if gen == s.ackTimer {
			s.ack()
		}
	})
}

func (s *sim) blocks() (blocks [][2]uint32) {
	end := 0
	for _, i := range s.recent {
		if i < s.next || end > 0 && i <= end && i >= end-40 {
			continue
		}
		a, b := i, i
		for a > s.next && s.got[a-1] {
			a--
		}
		for b+1 < len(s.got) && s.got[b+1] {
			b++
		}
		end = b
		g := s.segments[b]
		blocks = append(blocks, [2]uint32{uint32(s.segments[a].seq), uint32(g.seq + g.n)})
		if len(blocks) == 3 {
			break
		}
	}
	return blocks
}

func (s *sim) ack() {
	s.ackTimer++
	s.unacked = 0
	end := s.size + 1
	if s.next < len(s.segments) {
		end = s.segments[s.next].seq
	}
	p := s.tcpHeader(1-s.dir(), netem.KindACK, netem.FlagACK, 1, end, 0)
	p.SACK = s.blocks()
	next, sacked := s.next, make([]int, 0, 8)
	for _, i := range s.recent {
		if i > next && len(sacked) < 64 {
			sacked = append(sacked, i)
		}
	}
	s.put(p, "", "", false, 0, func() { s.acked(next, sacked) })
}

// acked is the sender's side of an ACK.
func (s *sim) acked(next int, sacked []int) {
	for _, i := range sacked {
		s.segments[i].sacked = true
	}
	if next > s.una {
		if g := &s.segments[next-1]; g.tries == 1 {
			s.sampleRTT(s.now - g.sent)
		}
		n := next - s.una
		s.una, s.dup = next, 0
		switch {
		case s.recover > 0 && s.una >= s.recover:
			if s.phase == "recovery" {
				s.cwnd = s.ssthresh
			}
			s.recover, s.phase = 0, "congestion avoidance"
			if s.cwnd < s.ssthresh {
				s.phase = "slow start"
			}
		case s.phase == "loss" && s.cwnd < s.ssthresh, s.phase == "slow start":
			s.cwnd += n
			if s.cwnd >= s.ssthresh && s.phase == "slow start" {
				s.phase = "congestion avoidance"
			}
		case s.phase == "congestion avoidance" && s.una%max(s.cwnd, 1) < n:
			s.cwnd++
		}
		s.sample("ack")
		s.arm()
	} else {
		s.dup++
		if s.recover == 0 && s.dup == 3 {
			s.ssthresh, s.recover, s.phase = max(s.pipe()/2, 2), s.nxt, "recovery"
			s.cwnd = s.ssthresh
			s.sample("fast retransmit")
		}
	}
	if s.recover > 0 {
		above := 0
		for i := s.nxt - 1; i >= s.una; i-- {
			if s.segments[i].sacked {
				above++
			} else if above >= 3 {
				s.segments[i].lost = true
			}
		}
	}
	if s.una == len(s.segments) {
		s.finish()
		return
	}
	s.transmit()
}

func (s *sim) finish() {
	s.timer++
	me, peer := s.dir(), 1-s.dir()
	s.sample("ack")
	s.call(s.sender().Name, "shutdown", "SHUT_WR", 0, 0, s.now, s.now)
	s.put(s.tcpHeader(me, netem.KindFIN, netem.FlagFIN|netem.FlagACK, s.size+1, 1, 0), "", "", false, 0, func() {
		s.call(s.receiver().Name, "recv", "", 65536, 0, s.now-s.delay, s.now)
		s.call(s.receiver().Name, "close", "", 0, 0, s.now, s.now)
		s.put(s.tcpHeader(peer, netem.KindFIN, netem.FlagFIN|netem.FlagACK, 1, s.size+2, 0), "", "", false, 0, func() {
			s.put(s.tcpHeader(me, netem.KindACK, netem.FlagACK, s.size+2, 2, 0), "", "", false, 0, func() {})
			s.call(s.sender().Name, "close", "", 0, 0, s.now, s.now)
		})
	})
}

// udp sends s.size bytes as datagrams of simMSS bytes, one each gap.
func (s *sim) udp(gap time.Duration) *trace.Trace {
	s.begin("udp")
	s.call("client", "socket", "AF_INET, SOCK_DGRAM", 0, 3, 0, 0)
	s.call("server", "socket", "AF_INET, SOCK_DGRAM", 0, 3, 0, 0)
	s.call("server", "bind", "10.0.0.2:9", 0, 0, 0, 0)
	last := time.Duration(0)
	for at := 0; at < s.size; at += simMSS {
		n := min(simMSS, s.size-at)
		s.after(time.Duration(at/simMSS)*gap, func() {
			s.fresh++
			p := trace.Packet{Length: int32(28 + n), Note: &trace.Note{Reason: "new"}, Header: netem.Header{
				Version: 4, Protocol: netem.UDP, Kind: netem.KindData, Payload: n, Seq: uint32(at/simMSS + 1), SrcPort: 40000, DstPort: 9}}
			p.Options.WindowScale = -1
			var die, harm netem.Cause
			if s.lose != nil {
				die = s.lose(s.fresh)
			}
			if s.harmAt[s.fresh] {
				harm = netem.CauseCorrupt
			}
			s.call("client", "send", "", n, n, s.now, s.now)
			s.put(p, die, harm, s.copyAt[s.fresh], s.late[s.fresh], func() {
				s.call("server", "recv", "", 65536, n, last, s.now)
				last = s.now
			})
		})
	}
	return s.run()
}

// only returns a function that loses these packets.
func only(cause netem.Cause, ns ...int) func(int) netem.Cause {
	return func(n int) netem.Cause {
		for _, k := range ns {
			if n == k {
				return cause
			}
		}
		return ""
	}
}

// oneIn returns a function that loses about one in `in` packets, the same ones every time.
func oneIn(in uint64) func(int) netem.Cause {
	dice := netem.NewStream(7)
	return func(n int) netem.Cause {
		if netem.Below(dice.At(uint64(n), 0), in) == 0 {
			return netem.CauseLoss
		}
		return ""
	}
}
