package netem

import (
	"bytes"
	"fmt"
	"reflect"
	"strings"
	"testing"
	"time"
)

const someFates = fatesHeader + `
forward,data,1,0,arrived,,0.010000000,,
forward,data,2,0,lost,,,,
forward,data,3,0,arrived,1,0.025000000,,
forward,data,4,0,arrived,,0.008000000,corrupt,9
forward,data,5,0,arrived,,0.010000000,,
forward,data,5,1,arrived,,0.010000000,,
forward,data,5,2,lost,,,,
forward,data,6,0,marked,,0.010000001,mended,225
forward,other,1,0,arrived,,0.001000000,,
reverse,other,1,0,lost,,,,
`

func fatesFrom(t testing.TB, text string) *Fates {
	t.Helper()
	f, err := ParseFates([]byte(text))
	if err != nil {
		t.Fatal(err)
	}
	return f
}

func TestFatesFile(t *testing.T) {
	f := fatesFrom(t, "# a comment\n"+someFates)
	var b bytes.Buffer
	if err := f.Write(&b); err != nil || b.String() != someFates {
		t.Errorf("%v, written again it is\n%s", err, b.String())
	}
	all, lost := f.Packets(Forward)
	if all != 7 || lost != 1 || f.Data(Forward) != 6 || f.Data(Reverse) != 0 || f.Longest(Forward) != 25*ms || f.Longest(Reverse) != 0 {
		t.Errorf("%d packets, %d lost, %d of data, longest %v", all, lost, f.Data(Forward), f.Longest(Forward))
	}
}

func TestFatesErrors(t *testing.T) {
	for _, c := range []struct{ text, want string }{
		{"", "line 1: there are no fates"},
		{"time_s,rate_bps\n", "line 1: \"time_s,rate_bps\" is no header"},
		{fatesHeader + "\n\nforward,data,1,0,arrived,,1", "line 3: 7 columns"},
		{fatesHeader + "\nforward,data,1,0,arrived,,1,,,", "more than 9 columns"},
		{fatesHeader + "\nsideways,data,1,0,arrived,,1,,", `"sideways" is no direction`},
		{fatesHeader + "\nforward,ack,1,0,arrived,,1,,", `"ack" is no class, data, retransmission, other`},
		{fatesHeader + "\nforward,data,2,0,arrived,,1,,", `data packet "2"; the next one is 1`},
		{fatesHeader + "\nforward,data,1,1,arrived,,1,,", `copy "1" of data packet "1"`},
		{fatesHeader + "\nforward,data,1,0,arrived,,1,,\nforward,data,1,2,arrived,,1,,", "line 3: copy"},
		{fatesHeader + "\nforward,data,1,0,gone,,1,,", `"gone" is no fate`},
		{fatesHeader + "\nforward,data,1,0,arrived,0,1,,", "\"0\" is no lateness"},
		{fatesHeader + "\nforward,data,1,0,arrived,,,,", "time is empty"},
		{fatesHeader + "\nforward,data,1,0,arrived,,-1,,", "no time in seconds"},
		{fatesHeader + "\nforward,data,1,0,lost,,1,,", "leave those columns empty"},
		{fatesHeader + "\nforward,data,1,0,arrived,,1,bent,1", `"bent" is no harm`},
		{fatesHeader + "\nforward,data,1,0,arrived,,1,corrupt,", "harm and bit go together"},
		{fatesHeader + "\nforward,data,1,0,arrived,,1,corrupt,0", "no bit of a packet"},
	} {
		if _, err := ParseFates([]byte(c.text)); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%.80q: %v, want %q", c.text, err, c.want)
		}
	}
}

// FuzzFates: what is read is written the same, whatever else was between the lines.
func FuzzFates(f *testing.F) {
	f.Add([]byte(someFates))
	f.Add([]byte(fatesHeader + "\r\n# x\r\nreverse,retransmission,1,0,arrived,1,3600.1,mended,524280"))
	f.Fuzz(func(t *testing.T, text []byte) {
		one, err := ParseFates(text)
		if err != nil {
			if strings.ContainsAny(err.Error(), "\n\r") || len(err.Error()) > 500 {
				t.Errorf("%q", err)
			}
			return
		}
		var b bytes.Buffer
		if err := one.Write(&b); err != nil {
			t.Fatal(err)
		}
		if two := fatesFrom(t, b.String()); !reflect.DeepEqual(one, two) {
			t.Errorf("written and read again it is\n%s", b.String())
		}
	})
}

// TestReplay puts packets in a millisecond apart: what becomes of each is what the file says, whatever the packets are.
func TestReplay(t *testing.T) {
	f := fatesFrom(t, someFates)
	history := func(w *world) (s string) {
		for _, e := range w.out {
			s += fmt.Sprintf("%d.%d at %v", e.Number, min(e.Of, 1), e.at)
			if e.Harm != "" {
				n, _ := difference(w.sent[e.Number-1], e.Data)
				s += fmt.Sprintf(" %s %d sound %v", e.Harm, n, e.Sound)
			}
			s += "; "
		}
		return s + fmt.Sprint(len(w.dead))
	}
	run := func(r Replay, n int) *world {
		w := newWorld(1, r)
		for i := range n {
			w.runTo(time.Duration(i) * ms)
			b := udp(5)
			w.sent = append(w.sent, bytes.Clone(b))
			w.put(b)
		}
		w.run()
		return w
	}
	w := run(Replay{Fates: f, Direction: Forward}, 8)
	// 4 is held back by 1, 3 by nobody; 7 and 8 are past the end.
	const want = "1.0 at 10ms; 4.0 at 11ms replay 1 sound false; 5.0 at 14ms; 5.1 at 14ms; 6.0 at 15.000001ms replay 3 sound true; 7.0 at 16.000001ms; 8.0 at 17.000001ms; 3.0 at 27ms; 2"
	if got := history(w); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
	for _, e := range w.dead {
		if e.cause != CauseReplay {
			t.Errorf("a packet died of %q", e.cause)
		}
	}
	var numbers []uint64 // 2, 8 and 14 are the second of a round; 5 and 11 have a copy that is lost
	for _, e := range run(Replay{Fates: f, Direction: Forward, Repeat: true}, 14).dead {
		numbers = append(numbers, e.Number)
	}
	if got := fmt.Sprint(numbers); got != "[2 5 8 11 14]" {
		t.Errorf("repeated: lost %s", got)
	}
	w = newWorld(1, Replay{Fates: f, Direction: Forward})
	w.put(tcp(FlagACK, 100, 0)) // the first other
	w.put(tcp(FlagACK, 100, 0)) // past the end
	w.put(tcp(FlagACK, 100, 9)) // data
	w.put(tcp(FlagACK, 100, 9)) // a retransmission, of which there are none: as the last of data
	w.run()
	got := ""
	for _, e := range w.out {
		got += fmt.Sprintf("%d at %v; ", e.ID, e.at)
	}
	if got != "1 at 1ms; 2 at 1ms; 3 at 10ms; 4 at 10.000001ms; " {
		t.Error(got)
	}
}

// TestReplayMarks: a mark is set where the sender takes marks, and is no loss where it does not.
func TestReplayMarks(t *testing.T) {
	f := fatesFrom(t, fatesHeader+"\nforward,data,1,0,marked,,0,,\nforward,data,2,0,marked,,0,,\n")
	w := newWorld(1, Replay{Fates: f})
	capable := udp(3)
	capable[1] = byte(ECT0)
	w.put(capable)
	w.put(udp(3))
	w.run()
	if len(w.out) != 2 || w.out[0].Header.ECN != CE || w.out[0].Marked != CauseReplay || w.out[1].Header.ECN != NotECT {
		t.Errorf("%+v", w.out)
	}
}
