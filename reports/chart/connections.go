package chart

import (
	"cmp"
	"fmt"
	"net/netip"
	"slices"
	"time"

	"gonum.org/v1/plot/vg/draw"

	"reliabilitylab/lab/trace"
	"reliabilitylab/netem"
)

// connections: the life of each TCP connection, a bar a connection: asked for, open but not accepted, accepted, remembered (TIME_WAIT); and
// above them the server's port, which listens or does not.

const connectionsTitle = "Connections: asked for, waiting, accepted, ended"

// A connection is one between a client's port and the server's, as the ledger and the calls have it.
type connection struct {
	port     uint16          // the client's
	syns     []*trace.Packet // its client's, in order
	open     time.Duration   // the client has its SYN-ACK; Never
	accepted time.Duration   // the server's program has it; Never
	fins     [2]fin          // the client's, the server's
	reset    time.Duration   // when a host took a RST, or Never
	end      time.Duration   // nothing happens to it from here on
}

// A fin is the end of one direction.
type fin struct{ sent, arrived time.Duration }

// A stay is a time that a bar shows.
type stay struct {
	what     string // listening, asked for, open, accepted, TIME_WAIT
	from, to time.Duration
}

// timeWait is how long Linux and the lab's TCP remember a connection that they have ended (RFC 9293 section 3.4.2 has four minutes).
const timeWait = 60 * time.Second

// asked is when its first SYN was sent.
func (c *connection) asked() time.Duration { return c.syns[0].Sent }

// closed is when one end first said that it has no more to say, or was reset; Never if none was.
func (c *connection) closed() time.Duration {
	at := c.reset
	for _, f := range c.fins {
		if f.sent >= 0 && (at < 0 || f.sent < at) {
			at = f.sent
		}
	}
	return at
}

// refused tells whether a reset came before the connection was open.
func (c *connection) refused() bool { return c.reset >= 0 && c.open < 0 }

// remembers returns which end has the connection in TIME_WAIT, 0 the client, 1 the server, and from when; -1 if neither does.
func (c *connection) remembers() (side int, from time.Duration) {
	a, b := c.fins[0], c.fins[1]
	if c.reset >= 0 || a.arrived < 0 || b.arrived < 0 {
		return -1, trace.Never
	}
	if a.sent <= b.sent {
		return 0, b.arrived
	}
	return 1, a.arrived
}

// stays are the parts of its life, in order.
func (c *connection) stays() (out []stay) {
	add := func(what string, from, to time.Duration) {
		if from >= 0 && to > from {
			out = append(out, stay{what, from, to})
		}
	}
	if c.open < 0 {
		add("asked for", c.asked(), c.end)
		return out
	}
	add("asked for", c.asked(), c.open)
	if c.accepted < 0 {
		add("open", c.open, c.end)
		return out
	}
	add("open", c.open, c.accepted)
	add("accepted", max(c.open, c.accepted), c.end)
	return out
}

// A lifeline is a row of bars: connections that are not there at the same time.
type lifeline []*connection

// A portLife is one trial: its server's port, and its connections.
type portLife struct {
	trial  Trial
	server []stay        // listening, TIME_WAIT
	failed []*trace.Call // calls of the server that failed
	rows   []lifeline
	more   int // rows that have no room
}

// mostLifelines is how many rows a trial has at most.
const mostLifelines = 10

// mostPortLives is how many trials stand one below the other.
const mostPortLives = 3

func newConnections(in Input) (*Drawing, error) {
	var lives []*portLife
	some := false
	for _, t := range in.Trials {
		if t.Protocol != "tcp" || t.Trace == nil || len(lives) == mostPortLives {
			continue
		}
		if l := portLifeOf(t); len(l.rows) > 0 {
			lives = append(lives, l)
			some = some || len(l.rows) > 1 || len(l.rows[0]) > 1 || l.rows[0][0].refused()
		}
	}
	if !some { // one connection each
		return nil, nil
	}
	end := time.Duration(0)
	for _, l := range lives {
		for _, row := range l.rows {
			end = max(end, row[len(row)-1].end)
		}
		for i := range l.trial.Trace.Calls {
			end = max(end, l.trial.Trace.Calls[i].Return)
		}
	}
	return &Drawing{
		Name: "connections", Title: connectionsTitle, Width: width, Height: height, Points: connectionsTable(lives),
		Caption: "A bar is a connection's life: asked for, open but waiting for accept(), accepted; crosses are SYNs thrown away and calls that failed.",
		Draw: func(c draw.Canvas) {
			paintConnections(frame(c, connectionsTitle, pathInWords(in.Scenario)), lives, end)
		},
	}, nil
}

// portLifeOf reads a trial.
func portLifeOf(t Trial) *portLife {
	l := &portLife{trial: t}
	all := connectionsOf(t.Trace)
	l.listening()
	for _, c := range all {
		if side, from := c.remembers(); side == 1 {
			l.server = append(l.server, stay{"TIME_WAIT", from, from + timeWait})
		}
		k := slices.IndexFunc(l.rows, func(row lifeline) bool { return row[len(row)-1].end <= c.asked() })
		switch {
		case k >= 0:
			l.rows[k] = append(l.rows[k], c)
		case len(l.rows) < mostLifelines:
			l.rows = append(l.rows, lifeline{c})
		default:
			l.more++
		}
	}
	return l
}

// listening reads from the server's calls when a socket listened, and which calls failed.
func (l *portLife) listening() {
	t := l.trial.Trace
	since := map[int32]time.Duration{} // by socket
	for i := range t.Calls {
		c := &t.Calls[i]
		if c.Host != t.Server.Name {
			continue
		}
		if failed(c) {
			l.failed = append(l.failed, c)
			continue
		}
		from, listens := since[c.Socket]
		switch {
		case c.Name == "listen":
			since[c.Socket] = c.Return
		case c.Name == "close" && listens:
			l.server = append(l.server, stay{"listening", from, c.Return})
			delete(since, c.Socket)
		}
	}
	for _, from := range since {
		l.server = append(l.server, stay{"listening", from, t.End})
	}
	slices.SortFunc(l.server, func(a, b stay) int { return cmp.Compare(a.from, b.from) })
}

// connectionsOf returns a trial's connections in the order in which they were asked for.
func connectionsOf(t *trace.Trace) []*connection {
	var all []*connection
	last := map[uint16]*connection{} // by the client's port
	for i := range t.Packets {
		p := &t.Packets[i]
		h := &p.Header
		if h.Protocol != netem.TCP || p.Of != 0 {
			continue
		}
		port := h.SrcPort
		if p.Direction == netem.Reverse {
			port = h.DstPort
		}
		c := last[port]
		if h.Flags&netem.FlagSYN != 0 && p.Direction == netem.Forward {
			if c == nil || c.closed() >= 0 {
				never := fin{trace.Never, trace.Never}
				c = &connection{port: port, open: trace.Never, accepted: trace.Never, reset: trace.Never, fins: [2]fin{never, never}}
				all, last[port] = append(all, c), c
			}
			c.syns = append(c.syns, p)
		}
		if c != nil {
			c.met(p)
		}
	}
	for i := range t.Calls {
		call := &t.Calls[i]
		if call.Host != t.Server.Name || call.Name != "accept" || call.Result < 0 || call.Return < 0 {
			continue
		}
		peer, _ := netip.ParseAddrPort(call.Text)
		for _, c := range all {
			if c.port == peer.Port() && c.accepted < 0 && c.asked() < call.Return {
				c.accepted = call.Return
				break
			}
		}
	}
	return all
}

// met notes a packet of the connection.
func (c *connection) met(p *trace.Packet) {
	c.end = max(c.end, p.Sent, p.Arrived)
	h := &p.Header
	side := 0
	if p.Direction == netem.Reverse {
		side = 1
	}
	if h.Flags&netem.FlagFIN != 0 {
		if c.fins[side].sent < 0 {
			c.fins[side].sent = p.Sent
		}
		if p.Fate == trace.Arrived && c.fins[side].arrived < 0 {
			c.fins[side].arrived = p.Arrived
		}
	}
	if p.Fate != trace.Arrived {
		return
	}
	if h.Kind == netem.KindSYNACK && c.open < 0 {
		c.open = p.Arrived
	}
	if h.Flags&netem.FlagRST != 0 && c.reset < 0 {
		c.reset = p.Arrived
	}
}

// connectionsTable has a row for each stay, and for each cross.
func connectionsTable(lives []*portLife) Table {
	t := newTable("trial", "row", "client_port", "what", "from_s", "to_s")
	for _, l := range lives {
		for _, s := range l.server {
			t.add(word(l.trial.ID), word("server"), none, word(s.what), seconds(s.from), seconds(s.to))
		}
		for _, c := range l.failed {
			t.add(word(l.trial.ID), word("server"), none, word(c.Name+" = "+c.Errno), seconds(c.Begin), seconds(c.Return))
		}
		for i, row := range l.rows {
			name := l.rowName(i)
			for _, c := range row {
				for _, s := range c.stays() {
					t.add(word(l.trial.ID), word(name), word(fmt.Sprint(c.port)), word(s.what), seconds(s.from), seconds(s.to))
				}
				for _, x := range c.crosses() {
					t.add(word(l.trial.ID), word(name), word(fmt.Sprint(c.port)), word(x.what), seconds(x.from), none)
				}
			}
		}
	}
	return t
}

// crosses are where something went wrong: a SYN that did not come through, a reset.
func (c *connection) crosses() (out []stay) {
	for _, p := range c.syns {
		if p.Fate == trace.Lost || p.Fate == trace.Discarded && !c.refused() {
			out = append(out, stay{what: "SYN " + p.Fate.String() + ": " + string(p.Cause), from: p.Sent})
		}
	}
	if c.reset >= 0 {
		what := "reset"
		if c.refused() {
			what = "refused"
		}
		out = append(out, stay{what: what, from: c.reset})
	}
	return out
}

// rowName is what stands at the left of a row.
func (l *portLife) rowName(i int) string {
	if len(l.rows) == 1 {
		return "client"
	}
	return fmt.Sprintf("client %d", i+1)
}
