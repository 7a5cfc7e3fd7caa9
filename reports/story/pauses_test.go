package story_test

import (
	"testing"

	"reliabilitylab/netem"
)

// Two segments fill the window, and their ACKs shut it; two probes ask, and at 900 ms it opens.
func TestShutWindow(t *testing.T) {
	l := newLedger("tcp")
	l.data(100, 125, 900)
	l.data(101, 126, 900)
	l.waits(101, "window", 200)
	l.waits(150, "window", 100)
	l.waits(151, "zero window", 0)
	const text = "From 0.101 s on the server's window was shut: its program had not read what had come."
	l.t.End = at(300)
	all := l.tells(t, text+" It was shut still when the trial ended.")
	if all[0].Wait != at(199) || all[0].At != at(101) {
		t.Errorf("%+v", all[0])
	}
	for _, ms := range []int{400, 800} {
		p := l.put(netem.Forward, ms, ms+25, netem.Header{Kind: netem.KindACK, Flags: netem.FlagACK, Seq: 200, Ack: 1}, *l.t.Packets[0].Note)
		p.Note.Reason = "window probe"
	}
	l.data(925, 950, 950)
	l.waits(925, "program", 200)
	all = l.tells(t, text+" The client asked for it twice (window probes). At 0.925 s the client went on, after 824 ms.")
	if all[0].Wait != at(824) {
		t.Errorf("%+v", all[0])
	}
	l.t.TCP[2].Waits = "window" // Linux has no word for it
	l.tells(t, all[0].Text)
}

// Each ACK makes room for one segment more: 10 ms, then 20 and 30 ms pass until one comes. Other reasons to wait are none of them, and what
// is less than half a round trip in all is not worth words.
func TestWindowInTheWay(t *testing.T) {
	l := newLedger("tcp")
	l.data(100, 125, 125)
	l.waits(100, "window", 1000)
	l.data(110, 135, 135)
	l.waits(110, "cwnd", 1000)
	l.data(115, 140, 140)
	l.waits(115, "program", 1000)
	l.tells(t)
	l.data(150, 175, 175)
	l.waits(150, "window", 1500)
	l.waits(155, "window", 1400)
	l.data(170, 195, 195)
	l.waits(170, "window", 3000)
	l.data(200, 225, 225)
	l.waits(200, "program", 3000)
	l.tells(t, "The client waited until the server's window had room, three times, for 60 ms in all, at most for 30 ms, from 0.170 s; it grew from 1000 bytes to 3000.")
	l.t.TCP = l.t.TCP[5:]
	for i := range l.t.TCP {
		l.t.TCP[i].SendWnd = 3000
	}
	l.tells(t, "The client waited until the server's window had room, from 0.170 s on, for 30 ms; it was 3000 bytes.")
}

// What is told once holds: the window stays full and each ACK lets a segment out, of which the sender says nothing new.
func TestWindowStaysFull(t *testing.T) {
	l := newLedger("tcp")
	l.waits(100, "window", 1000)
	for i := range 20 {
		l.data(110+10*i, 135+10*i, 135+10*i)
	}
	l.waits(300, "program", 1000)
	l.tells(t, "The client waited until the server's window had room, 20 times, for 200 ms in all, at most for 10 ms, from 0.100 s; it was 1000 bytes.")
	l.t.TCP = l.t.TCP[:1]
	l.t.End = at(315)
	l.tells(t, "The client waited until the server's window had room, 21 times, for 215 ms in all, at most for 15 ms, from 0.300 s; it was 1000 bytes.")
}

// Small segments that wait, by Nagle's algorithm and under the cork.
func TestSmallSegmentsWait(t *testing.T) {
	l := newLedger("tcp")
	for i, why := range []string{"nagle", "cork", "nagle"} {
		l.data(100*i, 100*i+25, 100*i+25)
		l.waits(100*i, why, 65535)
	}
	l.data(350, 375, 375)
	l.waits(350, "program", 65535)
	l.tells(t, "The client held a small segment back until the one before it was acknowledged (Nagle's algorithm), twice, for 250 ms in all, at most for 150 ms, from 0.200 s.",
		"The client held a segment back that was not full (cork), from 0.100 s on, for 100 ms.")
}
