// Package app holds the programs of the lab, written once against lab/host: the same code over TCP and UDP, on the
// lab's stack and on the kernel's.
//
// A Program is the setting of one conversation, known to both of its ends; Client and Server are the two ends. Apps is
// the table of what there is: an app is one file that turns a Program into a conversation, and one row of the table.
package app

import (
	"cmp"
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"time"

	"reliabilitylab/lab/host"
	"reliabilitylab/netem"
)

// A Journal is told what programs send and get; lab/trace keeps it. Messages are numbered from 1 in the order of sending.
type Journal interface {
	// Sent: message n, its first byte at that offset in the stream of all messages, or NoOffset, was handed over for sending now.
	Sent(n uint64, offset int64, size int)
	// Delivered: the receiving program has all of message n now; intact says that its bytes are those that were sent.
	Delivered(n uint64, intact bool)
	// Garbled: the receiving program got something in which it could not even tell the message.
	Garbled(size int)
}

// NoOffset is the place of a message that is not simply the next bytes of a stream: of an exchange, or of one of many people.
const NoOffset = -1

// A Program is one conversation between a client, which begins it, and a server. It is a plain value; both ends must
// have the same one. Its zero fields mean the defaults that are named, else zero.
type Program struct {
	App                      string          // which of Apps
	Protocol                 string          // one of Protocols
	From                     netem.Direction // the way the messages travel: Forward from the client, Reverse from the server
	Size                     int64           // transfer: bytes of the file
	Message                  int             // bytes of a message, and so of a datagram; 0 is DefaultMessage
	Rate                     netem.Rate      // bits of messages a second: of stream, and of transfer over UDP; 0 is without limit
	For                      time.Duration   // stream: how long it talks
	Window                   int             // go-back-n, selective-repeat: messages that may be under way; 0 is DefaultWindow
	Timeout                  time.Duration   // hand-made protocols: when a message is sent again; 0 is computed (RFC 6298). dns, echo, web over UDP: how long an answer is waited for first
	Count                    int             // dns, echo, web: questions; chat: messages of each person
	Every                    time.Duration   // dns, echo, web, chat: from one to the next
	Tries                    int             // dns and web over UDP: how often a question is asked at most
	People                   int             // chat: how many talk
	Clients                  int             // calls: how many clients there are, each Every after the one before it; 0 is 1
	Quiet                    time.Duration   // UDP has no end: its receiver stops when nothing has come for so long; 0 is DefaultQuiet
	Room                     int             // transfer, stream over TCP and UDP: bytes that each recv has room for; 0: enough
	ClientCalls, ServerCalls []Call          // calls
	Options                  []host.Option   // set on every socket before it connects or listens: only such as its protocol has
	Journal                  Journal         // nil: nobody listens
}

// The defaults of a Program.
const (
	DefaultMessage = 1448            // a full segment: Ethernet's 1500 less the headers of IPv4 and of TCP with timestamps
	DefaultWindow  = 16              // messages
	DefaultQuiet   = 2 * time.Second // more than any delay on a usual path; a path with more of it needs more
)

// An App is a kind of program.
type App struct {
	Name  string // in scenario files
	About string // in one line
	start func(Program) (conversation, error)
}

// Apps are all kinds of programs, by name.
var Apps = []App{
	{"calls", "socket calls, one after the other, as a list at each end", calls},
	{"chat", "people in a room, small messages to all the others", chat},
	{"dns", "small questions and answers (RFC 1035), asked again after a timeout", dns},
	{"echo", "messages that come back, one at a time", echo},
	{"stream", "messages at a constant rate, like a call", stream},
	{"transfer", "a file, as fast as TCP goes, or as datagrams at a rate", transfer},
	{"web", "a page of objects, over HTTP/1.1, or in datagrams that are asked for again", web},
}

// MaxWindow is the largest Window: the sender looks through it whenever something comes.
const MaxWindow = 4096

// Protocols are what programs talk over: TCP, UDP as it is, and reliability built by hand over UDP.
var Protocols = append([]string{"tcp", "udp"}, handMade...)

// A conversation is a Program whose settings are checked, ready to run.
type conversation interface {
	client(h host.Host, server netip.AddrPort) error
	server(h host.Host, local netip.AddrPort) error
	offered() int64 // bytes that will be sent, or 0 if nobody can know
}

// Client runs the client's end on h until it is over. The server must have been started before.
// Errors name the call that failed and wrap its errno.
func (p Program) Client(h host.Host, server netip.AddrPort) error {
	c, err := p.start()
	if err != nil {
		return err
	}
	return c.client(h, server)
}

// Server runs the server's end on h, at that address, until it is over. It serves one client, for which it waits without
// limit.
func (p Program) Server(h host.Host, local netip.AddrPort) error {
	c, err := p.start()
	if err != nil {
		return err
	}
	return c.server(h, local)
}

// Check says what is wrong with the settings, or nil.
func (p Program) Check() error {
	_, err := p.start()
	return err
}

// Offered returns how many bytes the program is asked to send, or 0 if that cannot be known beforehand.
func (p Program) Offered() int64 {
	c, err := p.start()
	if err != nil {
		return 0
	}
	return c.offered()
}

// start checks the settings that all apps share, fills in the defaults, and lets the app check the rest.
func (p Program) start() (conversation, error) {
	i := slices.IndexFunc(Apps, func(a App) bool { return a.Name == p.App })
	switch {
	case i < 0:
		return nil, fmt.Errorf("no app %q: there are %s", p.App, names())
	case !slices.Contains(Protocols, p.Protocol):
		return nil, fmt.Errorf("%s over %q: an app runs over %s", p.App, p.Protocol, strings.Join(Protocols, ", "))
	case p.Rate < 0:
		return nil, fmt.Errorf("%s: a rate of %d bit/s: it cannot be negative", p.App, p.Rate)
	case p.Quiet < 0:
		return nil, fmt.Errorf("%s: a quiet time of %v: it cannot be negative", p.App, p.Quiet)
	}
	switch {
	case p.Window < 0 || p.Window > MaxWindow:
		return nil, fmt.Errorf("%s: a window of %d messages: it must have from 1 to %d", p.App, p.Window, MaxWindow)
	case p.Timeout < 0:
		return nil, fmt.Errorf("%s: a timeout of %v: it cannot be negative", p.App, p.Timeout)
	}
	p.Message, p.Window = cmp.Or(p.Message, DefaultMessage), cmp.Or(p.Window, DefaultWindow)
	if p.Message < headerSize || p.Message > maxMessage {
		return nil, fmt.Errorf("%s: a message of %d bytes: it must have from %d (its header) to %d (what a datagram holds)",
			p.App, p.Message, headerSize, maxMessage)
	}
	if p.Quiet == 0 {
		p.Quiet = DefaultQuiet
	}
	if p.Journal == nil {
		p.Journal = noJournal{}
	}
	c, err := Apps[i].start(p)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", p.App, err)
	}
	return c, nil
}

func names() string {
	s := ""
	for i, a := range Apps {
		if i > 0 {
			s += ", "
		}
		s += a.Name
	}
	return s
}

type noJournal struct{}

func (noJournal) Sent(uint64, int64, int) {}
func (noJournal) Delivered(uint64, bool)  {}
func (noJournal) Garbled(int)             {}
