package app

import (
	"bytes"
	"fmt"
	"slices"
	"testing"
	"time"
)

// talking are programs that ask or chat, over both protocols.
func talking() []Program {
	var all []Program
	for _, protocol := range []string{"tcp", "udp"} {
		all = append(all,
			Program{App: "echo", Protocol: protocol, Count: 10, Message: 64},
			Program{App: "dns", Protocol: protocol, Count: 10},
			Program{App: "web", Protocol: protocol, Count: 10, Size: 5000, Message: 1000},
			Program{App: "chat", Protocol: protocol, Count: 4, Message: 80, People: 3},
		)
	}
	return all
}

// latencies returns how long each message took from Sent to Delivered.
func (j *notes) latencies() (all []time.Duration) {
	for _, d := range j.delivered {
		all = append(all, d.at-j.sent[d.n-1].at)
	}
	return all
}

// On a path of 10 ms each way everything is answered in the round trips that it needs: an answer in one, a question over TCP that
// first connects (which takes one on this wire) in two, what one says in a chat has gone to the server and on.
func TestTalkingPrograms(t *testing.T) {
	for _, p := range talking() {
		t.Run(p.App+" "+p.Protocol, func(t *testing.T) {
			r := talk(newWire(t), p)
			r.check(t)
			count, trips := 10, 1
			if p.App == "chat" {
				count = 12
			}
			if p.App == "dns" && p.Protocol == "tcp" {
				trips = 2
			}
			expect(t, "delivered", r.order(), upTo(count))
			expect(t, "latencies", r.latencies(), slices.Repeat([]time.Duration{time.Duration(trips) * 20 * ms}, count))
		})
	}
}

// Over UDP the first question and the answer to the third are lost, both the first time. echo lets them be; dns and web ask again, a second and
// 300 ms later.
func TestAskedAgain(t *testing.T) {
	for _, c := range []struct {
		p    Program
		want []time.Duration // 0: never
	}{
		{Program{App: "echo", Count: 4, Message: 64}, []time.Duration{0, 20 * ms, 0, 20 * ms}},
		{Program{App: "dns", Count: 4}, []time.Duration{1020 * ms, 20 * ms, 1020 * ms, 20 * ms}},
		{Program{App: "web", Count: 4, Size: 500}, []time.Duration{320 * ms, 20 * ms, 320 * ms, 20 * ms}},
	} {
		t.Run(c.p.App, func(t *testing.T) {
			c.p.Protocol = "udp"
			n := newWire(t)
			sent := map[string]int{}
			n.fate = func(_ int, from string, b []byte) []arrival {
				sent[from]++
				// The server's first answer is to question 2 of echo, and to question 1, asked again, of the others.
				lost := from == "client" && sent[from] == 1 || from == "server" && sent[from] == map[bool]int{true: 2, false: 3}[c.p.App == "echo"]
				if lost {
					return nil
				}
				return []arrival{{0, b}}
			}
			r := talk(n, c.p)
			r.check(t)
			got := make([]time.Duration, 4)
			for _, d := range r.delivered {
				got[d.n-1] = d.at - r.sent[d.n-1].at
			}
			expect(t, "latencies", got, c.want)
		})
	}
}

// An object of 150 pieces, of which the path loses two of three: they are asked for again, 32 by a request, and those alone.
func TestWebAsksForPieces(t *testing.T) {
	n := newWire(t)
	pieces := 0
	n.fate = func(_ int, from string, b []byte) []arrival {
		if from == "server" {
			if pieces++; pieces <= 150 && pieces%3 != 0 {
				return nil
			}
		}
		return []arrival{{0, b}}
	}
	r := talk(n, Program{App: "web", Protocol: "udp", Count: 1, Size: 150_000, Message: 1000})
	r.check(t)
	expect(t, "delivered", r.order(), []int{1})
	if pieces != 150+100 {
		t.Errorf("%d pieces were sent, want 250", pieces)
	}
}

// In a chat over UDP a message that one of the others never gets is not delivered; copies count once.
func TestChatOverUDP(t *testing.T) {
	n := newWire(t)
	passed := 0
	n.fate = func(_ int, from string, b []byte) []arrival {
		if number, sound := numberOf(b); from == "server" && sound && number == 5 {
			if passed++; passed == 1 {
				return nil
			}
		}
		if from == "server" {
			return []arrival{{0, b}, {ms, b}}
		}
		return []arrival{{0, b}}
	}
	r := talk(n, Program{App: "chat", Protocol: "udp", Count: 4, Message: 80, People: 3, Every: time.Second})
	r.check(t)
	expect(t, "delivered", r.order(), slices.DeleteFunc(upTo(12), func(n int) bool { return n == 5 }))
}

// The message of RFC 1035 section 4.1, byte by byte.
func TestDNSMessages(t *testing.T) {
	question := dnsQuestion(258)
	want := "\x01\x02\x01\x00\x00\x01\x00\x00\x00\x00\x00\x00\x0bhost0000258\x07example\x00\x00\x01\x00\x01"
	if string(question) != want {
		t.Errorf("question %q, want %q", question, want)
	}
	answer := dnsAnswer(question)
	want = "\x01\x02\x81\x80\x00\x01\x00\x01" + want[8:] + "\xc0\x0c\x00\x01\x00\x01\x00\x00\x0e\x10\x00\x04\xc0\x00\x02\x02"
	if string(answer) != want {
		t.Errorf("answer %q, want %q", answer, want)
	}
	if dnsAnswer(answer) != nil || dnsAnswer(nil) != nil || dnsAnswer(bytes.Repeat([]byte{0}, 12)) != nil {
		t.Error("what is no question is answered")
	}
}

func TestBadTalking(t *testing.T) {
	for want, p := range map[string]Program{
		"chat: it runs over tcp or udp, not over go-back-n":           {App: "chat", Protocol: "go-back-n"},
		"echo: it runs over tcp or udp, not over go-back-n":           {App: "echo", Protocol: "go-back-n"},
		"chat: 1 people: there must be from 2 to 100":                 {App: "chat", Protocol: "tcp", People: 1},
		"dns: a count of -1: it must be from 1 to 1000000":            {App: "dns", Protocol: "tcp", Count: -1},
		"web: every -1ns: it cannot be negative":                      {App: "web", Protocol: "tcp", Every: -1},
		"dns: 21 tries: it must be from 1 to 20":                      {App: "dns", Protocol: "udp", Tries: 21},
		"web: objects of -1 bytes: they must have from 1 to 16777216": {App: "web", Protocol: "tcp", Size: -1},
	} {
		if err := p.Check(); fmt.Sprint(err) != want {
			t.Errorf("%+v: %v, want %s", p, err, want)
		}
	}
}
