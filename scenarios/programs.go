package scenarios

import (
	"fmt"
	"time"

	"gopkg.in/yaml.v3"

	"reliabilitylab/netem"
)

// Which keys of a flow are whose: the programs that ask and are answered, or talk, have others than those that send a file or a stream.

// A program is what the format knows of an app.
type program struct {
	keys  []string                          // of programKeys
	talks func(*Flow)                       // its defaults, where it is more than one message after the other in one direction
	words func(f *Flow, over string) string // for lab check
}

// programKeys are the keys that not all programs have.
var programKeys = []string{"from", "size", "rate", "message", "for", "room", "count", "every", "people", "timeout", "tries", "clients", "client", "server", "arq"}

var programs = map[string]program{
	"transfer": {keys: []string{"from", "size", "room", "arq"}},
	"stream":   {keys: []string{"from", "rate", "message", "for", "room", "arq"}},
	"chat": {
		keys: []string{"message", "count", "every", "people"},
		talks: func(f *Flow) {
			f.Message, f.Count, f.Every, f.People = or(f.Message, 80), or(f.Count, 20), or(f.Every, 500*time.Millisecond), or(f.People, 3)
		},
		words: func(f *Flow, over string) string {
			return fmt.Sprintf("chat of %d people over %s: %d messages of %d bytes from each, one every %v, to all the others", f.People, over, f.Count, f.Message, f.Every)
		},
	},
	"web": {
		keys: []string{"size", "count", "every", "timeout", "tries"},
		talks: func(f *Flow) {
			f.From, f.Size, f.Count = "server", or(f.Size, 20*netem.KiB), or(f.Count, 10)
			f.Timeout, f.Tries = or(f.Timeout, 300*time.Millisecond), or(f.Tries, 5)
		},
		words: func(f *Flow, over string) string {
			return fmt.Sprintf("web over %s: a page of %d objects of %s, one after the other; over UDP asked for again after %v, %d times", over, f.Count, FormatSize(f.Size), f.Timeout, f.Tries)
		},
	},
	"echo": {
		keys: []string{"message", "count", "every", "timeout"},
		talks: func(f *Flow) {
			f.From, f.Message, f.Count = "server", or(f.Message, 64), or(f.Count, 100)
			f.Every, f.Timeout, f.Tries = or(f.Every, 100*time.Millisecond), or(f.Timeout, time.Second), 1
		},
		words: func(f *Flow, over string) string {
			return fmt.Sprintf("echo over %s: %d messages of %d bytes there and back, one every %v", over, f.Count, f.Message, f.Every)
		},
	},
	"calls": {
		keys:  []string{"from", "every", "clients", "client", "server"},
		talks: func(f *Flow) { f.Clients = or(f.Clients, 1) },
		words: func(f *Flow, over string) string {
			who := "client"
			if f.Clients > 1 {
				who = fmt.Sprintf("each of %d clients, %v apart", f.Clients, f.Every)
			}
			return fmt.Sprintf("calls over %s; server: %s; %s: %s", over, callWords(f.Server), who, callWords(f.Client))
		},
	},
	"dns": {
		keys: []string{"count", "every", "timeout", "tries"},
		talks: func(f *Flow) {
			f.From, f.Count, f.Every = "server", or(f.Count, 50), or(f.Every, 100*time.Millisecond)
			f.Timeout, f.Tries = or(f.Timeout, time.Second), or(f.Tries, 3)
		},
		words: func(f *Flow, over string) string {
			return fmt.Sprintf("dns over %s: %d questions, one every %v; over UDP asked again after %v, %d times in all", over, f.Count, f.Every, f.Timeout, f.Tries)
		},
	},
}

// checkProgram refuses what the flow's program does not have.
func (d *decoder) checkProgram(n *yaml.Node, f *Flow) {
	has, ok := programs[f.App]
	if !ok { // already an error
		return
	}
	advice := map[string]string{
		"stream size":      ": its length follows from rate and for",
		"transfer rate":    ": TCP goes as fast as it can, and the speed over UDP is udp.rate",
		"transfer message": ": the bytes of a datagram are udp.payload",
		"transfer for":     ": it ends when all of size is sent",
		"web message":      ": the bytes of a datagram are udp.payload",
		"echo tries":       ": it asks once; dns asks again",
		"stream timeout":   ": over a hand-made protocol that is arq.timeout",
		"transfer timeout": ": over a hand-made protocol that is arq.timeout",
	}
	for _, end := range []string{"client", "server"} {
		advice[f.App+" "+end] = ": it has its own; the app calls does the socket calls of a list"
	}
	advice[f.App+" clients"] = ": it has one; the app calls can have many"
	article := "a"
	switch f.App {
	case "echo":
		article = "an"
	case "calls":
		article = "the app"
	}
	for _, k := range programKeys {
		if v := child(n, k); v != nil && !contains(has.keys, k) {
			d.errorf(v, "%s.%s: %s %s has no %s%s", d.name(), k, article, f.App, k, advice[f.App+" "+k])
		}
	}
	for _, p := range f.Protocols {
		if v := child(n, "room"); v != nil && ProtocolNamed(p).HandMade {
			d.errorf(v, "%s.room: %s takes whole messages; room is for tcp and udp", d.name(), p)
			break
		}
		if ProtocolNamed(p).HandMade && !contains(has.keys, "arq") {
			if at := child(n, "protocol"); at != nil {
				d.errorf(at, "%s.protocol: %s carries a transfer or a stream, but no %s", d.name(), p, f.App)
			}
			break
		}
	}
}
