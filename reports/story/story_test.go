package story_test

import (
	"slices"
	"testing"

	"reliabilitylab/lab/trace"
	"reliabilitylab/netem"
	"reliabilitylab/reports/story"
)

// The second of five segments is lost; the three behind it bring three duplicate ACKs. Segments 3, 4 and 5 have arrived at 127, 128 and
// 129 ms, the second comes at 204 ms: the third has waited for 77 ms.
func lossOfOne() *ledger {
	l := newLedger("tcp")
	l.data(100, 125, 125)
	l.data(101, -1, 204).Cause = netem.CauseLoss
	for i := range 3 {
		l.data(102+i, 127+i, 204)
	}
	l.ack(125, 150, 2, 0, 0)
	for i := range 3 {
		l.ack(127+i, 152+i, 2, 3, 3+i)
	}
	l.again(154, 204, 2, "rack")
	l.ack(204, 229, 6, 0, 0)
	return l
}

func TestDuplicateACKsTell(t *testing.T) {
	const behind = " It was sent again at once. It arrived at 0.204 s, 103 ms after it was first sent. Three messages waited behind it, the first of them for 77 ms."
	l := lossOfOne()
	all := l.tells(t, "Segment 2, sent at 0.101 s, was lost. Three duplicate ACKs, the last at 0.154 s, told the sender that segments 3 to 5 had arrived and this one had not."+behind)
	if s := all[0]; s.At != at(101) || s.Took != at(103) || s.Wait != at(77) {
		t.Errorf("it begins at %v, took %v, and the longest wait was %v", s.At, s.Took, s.Wait)
	}
	for i := range l.t.Packets { // without SACK
		l.t.Packets[i].SACK = nil
	}
	l.tells(t, "Segment 2, sent at 0.101 s, was lost. Three duplicate ACKs, the last at 0.154 s, told the sender that something was missing."+behind)
	l.t.Messages = nil // a session's
	l.tells(t, "Segment 2, sent at 0.101 s, was lost. Three duplicate ACKs, the last at 0.154 s, told the sender that something was missing."+
		" It was sent again at once. It arrived at 0.204 s, 103 ms after it was first sent.")
}

// What was sent again is lost, too, and only the timer finds out. In the words of each reason.
func TestReasons(t *testing.T) {
	for reason, want := range map[string]string{
		"timeout":          "No ACK for it came; at 0.400 s the retransmission timer of 250 ms expired, and it was sent again.",
		"after timeout":    "After a timeout it counted as lost, too, and was sent again at 0.400 s.",
		"tail loss probe":  "No ACK for it came; at 0.400 s, before the retransmission timer, it was sent again as a probe (tail loss probe).",
		"reordering timer": "ACKs told the sender. Perhaps it was only late: the sender waited until 0.400 s, when its reordering timer expired, before it was sent again.",
		"partial ack":      "The ACK at 0.400 s for the retransmission before it ended right here (a partial ACK), so it was sent again at once.",
		"unsacked hole":    "No ACK for it came, and when nothing else was to be sent, at 0.400 s, it was sent again in case it was lost.",
		"fast retransmit":  "ACKs for what was sent later told the sender, and it was sent again at 0.400 s.",
		"":                 "It was sent again at 0.400 s.",
		"whim":             "It was sent again at 0.400 s (whim).",
	} {
		l := newLedger("tcp")
		l.sample(100, "ESTABLISHED", "ack", 250)
		l.data(150, -1, 1225).Cause = netem.CauseQueueFull
		l.again(400, -1, 1, reason).Cause = netem.CauseBurst
		l.sample(400, "ESTABLISHED", "timeout", 500)
		l.again(900, 925, 1, "timeout")
		l.tells(t, "Segment 1, sent at 0.150 s, found the queue full and was dropped. "+want+" That one was lost in a burst, too."+
			" No ACK for it came; at 0.900 s the retransmission timer of 500 ms expired, and it was sent a third time."+
			" It arrived at 0.925 s, 775 ms after it was first sent.")
	}
}

// RACK: what was sent after a retransmission has arrived, so that is lost, too (RFC 8985 section 6.2).
func TestLostRetransmission(t *testing.T) {
	l := lossOfOne()
	l.t.Packets = l.t.Packets[:len(l.t.Packets)-2]
	for i := range l.t.Messages[1:] {
		l.t.Messages[i+1].Delivered = at(230)
	}
	l.again(154, -1, 2, "rack").Cause = netem.CauseLoss
	l.data(155, 180, 230)
	l.ack(180, 205, 2, 3, 6)
	l.again(205, 230, 2, "rack")
	l.tells(t, "Segment 2, sent at 0.101 s, was lost. Three duplicate ACKs, the last at 0.154 s, told the sender that segments 3 to 5 had arrived and this one had not."+
		" It was sent again at once. That one was lost, too."+
		" The ACK at 0.205 s told the sender that segment 6, sent after that, had arrived and this one had not. It was sent a third time at 0.205 s."+
		" It arrived at 0.230 s, 129 ms after it was first sent. Four messages waited behind it, the first of them for 103 ms.")
}

// A segment that never arrives: until the connection is given up, or until the trial ends.
func TestNeverRepaired(t *testing.T) {
	l := newLedger("tcp")
	l.data(100, -1, -1).Cause = netem.CauseOutage
	l.again(400, -1, 1, "timeout").Cause = netem.CauseOutage
	const text = "Segment 1, sent at 0.100 s, was lost in an outage. No ACK for it came; at 0.400 s the retransmission timer expired, and it was sent again. That one was lost in an outage, too."
	l.tells(t, text+" When the trial ended it had not come through.")
	l.sample(1000, "CLOSED", "gave up after 1 retry", 0)
	l.tells(t, text+" It never came through: the connection ended at 1.000 s (gave up after 1 retry).")
	l.again(1100, -1, 1, "timeout").Fate = trace.InFlight
	all := story.Of(&l.t)
	if len(all) != 1 || all[0].Took != trace.Never {
		t.Errorf("%+v", all)
	}
}

// What is damaged is thrown away, or is not noticed.
func TestDamage(t *testing.T) {
	l := lossOfOne()
	p := &l.t.Packets[1]
	p.Fate, p.Arrived, p.Note = trace.Discarded, at(126), &trace.Note{Reason: "new", Harm: netem.CauseCorrupt, Cause: "checksum"}
	l.t.Packets[2].Note = &trace.Note{Reason: "new", Harm: netem.CauseMended, Cause: netem.CauseMended}
	l.tells(t, "Segment 2, sent at 0.101 s, was damaged on the way, and the server threw it away for its wrong checksum."+
		" Three duplicate ACKs, the last at 0.154 s, told the sender that segments 3 to 5 had arrived and this one had not."+
		" It was sent again at once. It arrived at 0.204 s, 103 ms after it was first sent. Three messages waited behind it, the first of them for 77 ms.",
		"Segment 3, sent at 0.102 s, was damaged on the way, and the server took it: its checksum had been made right again.")
}

// Three ways to be sent again for nothing, and a way to be late without that.
func TestForNothing(t *testing.T) {
	l := newLedger("tcp")
	l.sample(0, "ESTABLISHED", "ack", 250)
	l.data(100, 125, 125)
	l.ack(125, -1, 2, 0, 0).Cause = netem.CauseLoss
	l.again(350, 375, 1, "timeout")
	l.ack(375, 400, 2, 0, 0)
	l.tells(t, "Segment 1, sent at 0.100 s, arrived at 0.125 s, but the ACK of it, sent at 0.125 s, was lost."+
		" No ACK for it came; at 0.350 s the retransmission timer of 250 ms expired, and it was sent again. That was for nothing.")

	l = newLedger("tcp")
	l.data(100, 475, 475)
	l.again(350, 375, 1, "timeout")
	l.tells(t, "Segment 1, sent at 0.100 s, was not lost but late: it arrived at 0.475 s, after 375 ms."+
		" No ACK for it came; at 0.350 s the retransmission timer expired, and it was sent again. That was for nothing.")

	l = newLedger("tcp")
	l.data(100, 135, 135)
	l.data(101, 126, 135)
	l.ack(126, 151, 1, 2, 2)
	l.tells(t, "Segment 1, sent at 0.100 s, was overtaken on the way: it arrived at 0.135 s, 9 ms after one that was sent later."+
		" One message waited 9 ms behind it. TCP did not take it for lost.")
	l.again(151, -1, 1, "rack")
	l.tells(t, "Segment 1, sent at 0.100 s, was not lost but overtaken: it arrived at 0.135 s, 9 ms after one that was sent later."+
		" A duplicate ACK at 0.151 s told the sender that segment 2 had arrived and this one had not. It was sent again at once."+
		" That was for nothing, and that it was lost did no harm. One message waited 9 ms behind it.")
}

// SYN, SYN-ACK and FIN.
func TestSignals(t *testing.T) {
	const syn, fin, ack = netem.FlagSYN, netem.FlagFIN, netem.FlagACK
	l := newLedger("tcp")
	l.sample(0, "SYN-SENT", "open", 1000)
	l.put(netem.Forward, 0, -1, netem.Header{Kind: netem.KindSYN, Flags: syn}, trace.Note{Reason: "new", Cause: netem.CauseScript})
	l.put(netem.Forward, 1000, 1025, netem.Header{Kind: netem.KindSYN, Flags: syn}, trace.Note{Reason: "timeout"})
	l.put(netem.Reverse, 1025, -1, netem.Header{Kind: netem.KindSYNACK, Flags: syn | ack, Ack: 1}, trace.Note{Reason: "new", Cause: netem.CauseLoss})
	l.put(netem.Reverse, 2025, 2050, netem.Header{Kind: netem.KindSYNACK, Flags: syn | ack, Ack: 1}, trace.Note{Reason: "timeout"})
	l.put(netem.Forward, 2100, -1, netem.Header{Kind: netem.KindFIN, Flags: fin | ack, Seq: 1, Ack: 1}, trace.Note{Reason: "new", Cause: netem.CauseLoss})
	l.sample(2300, "FIN-WAIT-1", "close", 250)
	l.put(netem.Forward, 2350, 2375, netem.Header{Kind: netem.KindFIN, Flags: fin | ack, Seq: 1, Ack: 1}, trace.Note{Reason: "timeout"})
	l.tells(t,
		"The client's SYN, sent at 0.000 s, was dropped by the script. No answer came; at 1.000 s the retransmission timer of 1 s expired, and it was sent again."+
			" It arrived at 1.025 s. The SYN-ACK came back at 2.050 s.",
		"The server's SYN-ACK, sent at 1.025 s, was lost. No answer came; at 2.025 s the retransmission timer expired, and it was sent again."+
			" It arrived at 2.050 s, 1.025 s after it was first sent.",
		"The client's FIN, sent at 2.100 s, was lost. No answer came; at 2.350 s the retransmission timer of 250 ms expired, and it was sent again."+
			" It arrived at 2.375 s, 275 ms after it was first sent.")
}

// Lost ACKs do no harm where another follows.
func TestLostACKs(t *testing.T) {
	l := newLedger("tcp")
	for i := range 3 {
		l.data(100+10*i, 125+10*i, 125+10*i)
	}
	l.ack(125, -1, 2, 0, 0).Cause = netem.CauseLoss
	l.ack(135, 160, 3, 0, 0)
	one := "An ACK from the server, sent at 0.125 s, was lost. It did no harm: the next one, sent 10 ms later, acknowledged all that it had."
	l.tells(t, one)
	l.ack(145, -1, 4, 0, 0).Cause = netem.CauseLoss
	l.tells(t, "Two ACKs from the server were lost, the first sent at 0.125 s. One of them did no harm: each time the next one, sent at most 10 ms later,"+
		" acknowledged all that the lost one had. Behind the last one none came.")
	l.ack(150, 175, 4, 0, 0)
	l.tells(t, "Two ACKs from the server were lost, the first sent at 0.125 s. They did no harm: each time the next one, sent at most 10 ms later,"+
		" acknowledged all that the lost one had.")
}

func TestDatagrams(t *testing.T) {
	l := newLedger("udp")
	l.data(100, 125, 125)
	l.data(101, -1, -1).Cause = netem.CauseBurst
	l.data(102, 140, 140)
	l.data(103, 128, 128)
	first := l.t.Packets[0]
	first.ID, first.Of = 5, 1
	l.t.Packets = append(l.t.Packets, first)
	l.t.Messages[0].Copies = 2
	l.tells(t,
		"Datagram 1, sent at 0.100 s, arrived twice, since the path made a copy: the program got message 1 twice.",
		"Datagram 2, sent at 0.101 s, was lost in a burst, and that was the end of it: message 2 never came.",
		"Datagram 3, sent at 0.102 s, was overtaken on the way: it arrived at 0.140 s, 12 ms after one that was sent later, and the program got them in that order.")
}

// A perfect trial has no stories, nor has an empty one.
func TestNothingHappened(t *testing.T) {
	for _, protocol := range []string{"tcp", "udp"} {
		l := newLedger(protocol)
		l.tells(t)
		l.data(100, 125, 125)
		l.data(101, 126, 126)
		l.tells(t)
	}
}

// Of many losses the page tells two of each kind, the longest wait first, and sums up the others: 7 datagrams are lost,
// 3 overtaken by 10 ms.
func TestPick(t *testing.T) {
	l := newLedger("udp")
	for range 7 {
		l.data(100, -1, -1)
	}
	for i := range 3 {
		l.data(200+20*i, 240+20*i, 240+20*i)
		l.data(201+20*i, 230+20*i, 230+20*i)
	}
	first, more := story.Pick(story.Of(&l.t), 5)
	var begins []string
	for _, s := range first {
		begins = append(begins, s.Text[:11])
	}
	if want := []string{"Datagram 8,", "Datagram 1,", "Datagram 2,", "Datagram 10"}; !slices.Equal(begins, want) {
		t.Errorf("the first are %q, want %q", begins, want)
	}
	want := []string{"Five more datagrams never came.", "One more datagram was overtaken: it took 40 ms to arrive."}
	if !slices.Equal(more, want) {
		t.Errorf("and more: %q, want %q", more, want)
	}
	if first, more := story.Pick(nil, 5); first != nil || more != nil {
		t.Errorf("of nothing: %v %v", first, more)
	}
}

// A router drops what is too long for its next link, and says so: the sender cuts it in two and sends both at once. Where its word is
// lost, or never given, only timeouts are left.
func TestTooBig(t *testing.T) {
	l := newLedger("tcp")
	first := l.data(100, -1, 151)
	first.Cause = netem.CauseTooBig
	second := l.data(100, -1, 152)
	second.Cause = netem.CauseTooBig
	l.reply(100, 125, 1)
	for n := range 2 {
		for half := range 2 {
			p := l.again(125, 150+n, n+1, netem.ReasonTooBig)
			p.Header.Seq += uint32(50 * half)
			p.Header.Payload = 50
		}
	}
	l.tells(t,
		"Segment 1, sent at 0.100 s, was too long for the next link, and the router there dropped it. The router's ICMP came at 0.125 s and told the sender"+
			" how much would pass; it was sent again at 0.125 s, in shorter segments. It arrived at 0.150 s, 50 ms after it was first sent.",
		"Segment 2, sent at 0.100 s, was too long for the next link, and the router there dropped it without a word. ICMP about another one told the sender"+
			" how much would pass; it was sent again at 0.125 s, in shorter segments. It arrived at 0.151 s, 51 ms after it was first sent.")

	l = newLedger("tcp")
	l.sample(50, "ESTABLISHED", "ack", 250)
	l.data(100, -1, -1).Cause = netem.CauseTooBig
	l.reply(100, -1, 1)
	l.again(350, -1, 1, "timeout").Cause = netem.CauseTooBig
	l.tells(t, "Segment 1, sent at 0.100 s, was too long for the next link, and the router there dropped it; that it said so was lost, too."+
		" No ACK for it came; at 0.350 s the retransmission timer of 250 ms expired, and it was sent again. That one was too long, too."+
		" When the trial ended it had not come through.")

	l = newLedger("udp")
	l.data(100, -1, -1).Cause = netem.CauseTooBig
	l.tells(t, "Datagram 1, sent at 0.100 s, was too long for the next link, and the router there dropped it without a word, and that was the end of it:"+
		" message 1 never came.")
}
