package app

import (
	"errors"
	"fmt"
	"net/netip"
	"time"

	"reliabilitylab/lab/host"
	"reliabilitylab/netem"
)

// A Call is one line of a program of the app calls: a socket call, or a sleep. Which fields a name has is said behind them.
type Call struct {
	Name    string        // setsockopt, bind, listen, connect, accept, send, recv, shutdown, close, sleep
	Option  string        // setsockopt: SO_REUSEADDR (on), or SO_LINGER (on, with a time of 0: close resets); shutdown: SHUT_RD, SHUT_WR, SHUT_RDWR
	Backlog int           // listen
	Again   time.Duration // bind, connect: so long after it has failed it is tried again; 0: never
	Times   int           // accept: so many connections one after another, or at once with Poll, and Do with each; 0: one, and no Do
	Poll    bool          // accept
	Do      []Call        // accept
	Size    int64         // send; recv, where 0 is until the end
	Rate    netem.Rate    // recv: bits a second that the program takes; 0: as they come
	For     time.Duration // sleep
}

// calls is two programs that are lists of socket calls, as a textbook has them. A call is of the newest socket: connect, bind and
// setsockopt make one where there is none, accept puts a connection above its listener, and close takes the newest away. Datagram
// sockets neither listen, accept nor shut down: over UDP these are left out, and the close of what was not accepted, too, so that one list
// says what either protocol's program does. A call that fails ends its program, as perror and exit would, unless it is tried again.
//
// What the end named From sends are the messages. Each says its own length (see put), so that the other end can tell them apart
// whoever reads them, and however many clients send them.
func calls(p Program) (conversation, error) {
	if p.Protocol != "tcp" && p.Protocol != "udp" {
		return nil, fmt.Errorf("it runs over tcp or udp, not over %s", p.Protocol)
	}
	if p.Clients == 0 {
		p.Clients = 1
	}
	switch {
	case p.Clients < 0 || p.Clients > maxPeople:
		return nil, fmt.Errorf("%d clients: there must be from 1 to %d", p.Clients, maxPeople)
	case p.Every < 0:
		return nil, fmt.Errorf("every %v: it cannot be negative", p.Every)
	}
	for _, list := range [][]Call{p.ClientCalls, p.ServerCalls} {
		if err := p.checkCalls(list); err != nil {
			return nil, err
		}
	}
	return script{p}, nil
}

// checkCalls refuses what cannot be sent as messages, each of which has a header.
func (p Program) checkCalls(list []Call) error {
	for _, c := range list {
		switch {
		case c.Name == "send" && (c.Size < headerSize || p.Message < 2*headerSize):
			return fmt.Errorf("send %d bytes in messages of %d: there must be %d, and %d in a message", c.Size, p.Message, headerSize, 2*headerSize)
		case c.Times < 0 || c.Size < 0 || c.Rate < 0:
			return fmt.Errorf("%s: a negative number", c.Name)
		}
		if err := p.checkCalls(c.Do); err != nil {
			return err
		}
	}
	return nil
}

type script struct{ Program }

// offered implements conversation: what is sent if no call fails.
func (s script) offered() int64 {
	if s.From == netem.Reverse {
		return sent(s.ServerCalls)
	}
	return sent(s.ClientCalls) * int64(s.Clients)
}

// sent is how many bytes a list of calls sends.
func sent(list []Call) (n int64) {
	for _, c := range list {
		if n += sent(c.Do) * int64(max(c.Times, 1)); c.Name == "send" {
			n += c.Size
		}
	}
	return n
}

// one tells whether all messages are the bytes of one stream, one behind the other.
func (s script) one() bool {
	connections := func(list []Call, name string) (n int) {
		for _, c := range list {
			if c.Name == name {
				n += max(c.Times, 1)
			}
		}
		return n
	}
	return s.Clients == 1 && connections(s.ClientCalls, "connect") == 1 && connections(s.ServerCalls, "accept") <= 1
}

func (s script) client(h host.Host, server netip.AddrPort) error {
	var said said
	running := s.Clients
	errs := make([]error, s.Clients)
	program := func(i int) {
		defer func() { running-- }()
		if wait := time.Duration(i) * s.Every; wait > 0 {
			h.Sleep(wait)
		}
		e := &end{script: s, h: h, server: server, local: netip.AddrPortFrom(h.Addr(), 0), sends: s.From == netem.Forward, said: &said}
		if errs[i] = e.run(s.ClientCalls); errs[i] != nil && s.Clients > 1 {
			errs[i] = fmt.Errorf("number %d: %w", i+1, errs[i])
		}
	}
	for i := 1; i < s.Clients; i++ {
		h.Go(func() { program(i) })
	}
	program(0)
	for running > 0 { // no call waits for a program: look again
		h.Sleep(10 * time.Millisecond)
	}
	return errors.Join(errs...)
}

func (s script) server(h host.Host, local netip.AddrPort) error {
	var said said
	e := &end{script: s, h: h, local: local, sends: s.From == netem.Reverse, said: &said}
	return e.run(s.ServerCalls)
}

// said counts what one end's programs have sent.
type said struct {
	messages uint64
	bytes    int64
}

// An end is one program, as it runs.
type end struct {
	script
	h       host.Host
	server  netip.AddrPort // of a client: whom it connects to
	local   netip.AddrPort
	sends   bool // what it sends are the messages, and not what it gets
	said    *said
	sockets []*ended // those that are open, the newest last
}

// An ended is a socket, and what its program knows of it.
type ended struct {
	host.Socket
	peer  netip.AddrPort // of a datagram socket that has none fixed: who sent last
	heard bool           // something has come
	timed bool           // it waits no longer than Quiet
	in    []byte         // of a stream: what has come of a message
	due   []byte         // what is being sent
}

// run does all calls of a list, and closes what is open then.
func (e *end) run(list []Call) error {
	err := e.all(list)
	for len(e.sockets) > 0 {
		err = errors.Join(err, e.close())
	}
	return err
}

// all does calls until one fails.
func (e *end) all(list []Call) error {
	for _, c := range list {
		err := e.do(c)
		for ; err != nil && c.Again > 0; err = e.do(c) {
			if c.Name == "connect" { // POSIX does not say what becomes of a socket that failed to: the next try takes a new one
				if err := e.close(); err != nil {
					return err
				}
			}
			e.h.Sleep(c.Again)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// do does one call.
func (e *end) do(c Call) error {
	switch c.Name {
	case "sleep":
		e.h.Sleep(c.For)
		return nil
	case "setsockopt", "bind", "connect":
		if len(e.sockets) == 0 {
			if err := e.open(); err != nil {
				return err
			}
		}
	}
	if len(e.sockets) == 0 {
		return fmt.Errorf("%s: there is no socket; bind or connect make one", c.Name)
	}
	s := e.sockets[len(e.sockets)-1]
	switch c.Name {
	case "setsockopt":
		return e.set(s, c.Option)
	case "bind":
		return failed(s.Bind(e.local), "bind %s", e.local)
	case "connect":
		return failed(s.Connect(e.server), "connect %s", e.server)
	case "listen":
		if e.Protocol == "udp" {
			return nil
		}
		return failed(s.Listen(c.Backlog), "listen")
	case "accept":
		return e.serve(s, c)
	case "send":
		return failed(e.send(s, c.Size), "send")
	case "recv":
		return failed(e.recv(s, c), "recv")
	case "shutdown":
		return e.shutdown(s, c.Option)
	case "close":
		return e.close()
	}
	return fmt.Errorf("there is no call %q", c.Name)
}

// failed says which call an error is of.
func failed(err error, call string, args ...any) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("%s: %w", fmt.Sprintf(call, args...), err)
}

// open makes a socket.
func (e *end) open() error {
	s, err := e.Program.open(e.h, e.local.Addr())
	if err != nil {
		return err
	}
	e.sockets = append(e.sockets, &ended{Socket: s})
	return nil
}

// set sets an option.
func (e *end) set(s *ended, option string) error {
	if option == "SO_LINGER" {
		if e.Protocol == "udp" {
			return nil
		}
		return failed(s.SetOption(host.Linger{On: true}), "set SO_LINGER")
	}
	return failed(s.SetOption(host.ReuseAddress(true)), "set SO_REUSEADDR")
}

// shutdown ends one direction of a connection, or both.
func (e *end) shutdown(s *ended, how string) error {
	if e.Protocol == "udp" {
		return nil
	}
	for h := host.ShutRead; h <= host.ShutBoth; h++ {
		if h.String() == how {
			return failed(s.Shutdown(h), "shutdown")
		}
	}
	return fmt.Errorf("shutdown %s: there is no such direction", how)
}

// close closes the newest socket; over UDP, where the listener is the connection, not before it is closed as both.
func (e *end) close() error {
	last := len(e.sockets) - 1
	s := e.sockets[last]
	if e.sockets = e.sockets[:last]; last > 0 && e.sockets[last-1] == s {
		return nil
	}
	return failed(s.Close(), "close")
}

// serve accepts connections, one after the other or all at once.
func (e *end) serve(l *ended, c Call) error {
	if c.Poll && e.Protocol == "tcp" {
		return e.poll(l, c)
	}
	for range max(c.Times, 1) {
		s, err := e.accept(l)
		if err != nil {
			return err
		}
		e.sockets = append(e.sockets, s)
		open := len(e.sockets)
		if err := e.all(c.Do); err != nil {
			return err
		}
		if len(c.Do) > 0 && len(e.sockets) == open {
			if err := e.close(); err != nil {
				return err
			}
		}
	}
	return nil
}

// accept returns the next connection; over UDP the socket itself.
func (e *end) accept(l *ended) (*ended, error) {
	if e.Protocol == "udp" {
		return l, nil
	}
	s, _, err := l.Accept()
	if err != nil {
		return nil, failed(err, "accept")
	}
	return &ended{Socket: s}, nil
}
