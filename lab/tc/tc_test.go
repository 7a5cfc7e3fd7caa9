package tc

import (
	"errors"
	"fmt"
	"reflect"
	"strings"
	"testing"
	"unicode/utf8"

	"reliabilitylab/netem"
	"reliabilitylab/scenarios"
)

// scenario reads a translated path.
func scenario(t *testing.T, yaml string) *scenarios.Scenario {
	t.Helper()
	s, err := scenarios.Parse("tc.yaml", []byte(yaml+"flows: [{}]\n"))
	if err != nil {
		t.Fatalf("%v\nin\n%s", err, yaml)
	}
	return s
}

// keys are the lines under forward.
func keys(yaml string) string {
	var out []string
	for _, l := range strings.Split(yaml, "\n") {
		if k, ok := strings.CutPrefix(l, "    "); ok {
			out = append(out, k)
		}
	}
	return strings.Join(out, "; ")
}

// lines are tc lines, the path's keys that they become, and a part of a note.
var lines = []struct{ tc, want, note string }{
	{"tc qdisc add dev eth0 root netem", "", "here that is client to server"},
	{"netem delay 25ms", "delay: 25ms", "netem drops what is more than 1000 packets"},
	{"tc qdisc change dev eth0 parent 1:1 handle 10: netem delay 1.5s 800us", "delay: {base: 1.5s, jitter: 800µs, keep_order: false}", "jitter reorders packets"},
	{"sudo /sbin/tc qdisc add dev lo root netem latency 100msec 10MS 25% dist normal", "delay: {base: 100ms, jitter: 10ms, distribution: normal, correlation: 25%, keep_order: false}", "narrows it to about 77 %"},
	{"netem delay 10ms 20ms", "delay: {base: 10ms, jitter: 10ms, keep_order: false}", "before they are sent"},
	{"netem delay 10ms 2ms rate 1mbit", "rate: 1Mbit; queue: 1000p; delay: {base: 10ms, jitter: 2ms}", "14 bytes of the Ethernet header"},
	{"netem delay 10ms 2ms distribution experimental", "delay: {base: 10ms, jitter: 2ms, distribution: experimental.dist, keep_order: false}", "copy it beside the scenario"},
	{"netem loss 1", "loss: 1%", ""},
	{"netem loss 0.3% 25%", "loss: {random: 0.3%, correlation: 25%}", "loss 0.3% 25% really hits 4e-07 % of the packets"},
	{"netem loss random 1% 25 ecn", "loss: {random: 1%, correlation: 25%, ecn: true}", "really hits 0.00024 % of the packets in netem, whose correlation is broken; here it is 1%, in runs of 1.35"},
	{"netem drop state 1% 20% 10% 40% 0.5%", "loss: {markov: {p13: 1%, p31: 20%, p32: 10%, p23: 40%, p14: 0.5%}}", ""},
	{"netem loss state 10%", "loss: {markov: {p13: 10%, p31: 90%, p32: 0%, p23: 100%, p14: 0%}}", ""},
	{"netem loss gemodel 1% 10% 70% 0.1%", "loss: {gilbert_elliott: {p: 1%, r: 10%, bad: 70%, good: 0.1%}}", ""},
	{"netem loss gemodel 25%", "loss: {gilbert_elliott: {p: 25%, r: 75%}}", ""},
	{"netem delay 10ms reorder 25% 50%", "reorder: {probability: 25%, correlation: 50%, ahead: true}; delay: 10ms", "reorder 25% 50% really hits"},
	{"netem gap 5 delay 10ms reorder 100%", "reorder: {probability: 100%, gap: 5, ahead: true}; delay: 10ms", ""},
	{"netem corrupt 0.1% duplicate 2% 10%", "corrupt: 0.1%; duplicate: {probability: 2%, correlation: 10%}", "duplicate 2% 10% really hits"},
	{"netem rate 1mbit 20 48 5 limit 50", "rate: 1Mbit; overhead: {packet: 34, cell_size: 48, cell_overhead: 5}; queue: 50p", "tc's 20 bytes a packet and the 14"},
	{"netem rate 100kbps -14", "rate: 800kbit; queue: 1000p", "tc's -14 bytes"},
	{"netem slot 800us 1ms packets 32 bytes 64k", "slot: {min: 800µs, max: 1ms, packets: 32, bytes: 65536}", "slots open at times of their own"},
	{"netem slot 2ms", "slot: 2ms", ""},
	{"netem slot 10us", "slot: 100µs", "slots 10µs apart are here 100µs apart"},
	{"netem slot 0ms 1ms", "slot: {delay: 500µs, jitter: 500µs, distribution: uniform}", ""},
	{"netem slot distribution pareto 2ms 300us", "slot: {delay: 2ms, jitter: 300µs, distribution: pareto}", ""},
	{"netem loss 1% seed 18446744073709551615", "loss: 1%", "a scenario has its own seed"},
	{"netem de 10ms lo 1% du 2% l 7 ra 1mbit", "rate: 1Mbit; queue: 7p; loss: 1%; duplicate: 2%; delay: 10ms", ""},          // tc takes any beginning
	{"tc qdisc add dev eth0 root tbf rate 1mbit burst 32kbit latency 400ms", "rate: 1Mbit; queue: 54096B", "burst of 4KiB"}, // tc-tbf(8): 10^6/8 · 0.4 + 4096
	{"tc qdisc add dev eth0 root handle 1: tbf rate 8mbit burst 10kb limit 64kb peakrate 9mbit mtu 1540", "rate: 8Mbit; queue: 64KiB", "peakrate is left out"},
	{"tbf rate 8mbit burst 10kb limit 64kb overhead 4 linklayer atm", "rate: 8Mbit; overhead: {packet: 18, cell_size: 48, cell_overhead: 5}; queue: 64KiB", ""},
	{"# a router\n\ntc qdisc add dev eth0 root handle 1: tbf rate 8mbit \\\n  burst 10kb limit 64kb\ntc qdisc add dev eth0 parent 1:1 handle 10: netem delay 10ms # no\n", "", ""},
	{"tc qdisc add dev eth0 root handle 1: tbf rate 8mbit \\\n  burst 10kb limit 64kb\r\n\ttc qdisc add dev eth0 parent 1:1 handle 10: netem delay 10ms\n", "rate: 8Mbit; queue: 64KiB; delay: 10ms", ""},
	{"qdisc netem 8001: dev eth0 root refcnt 2 limit 500 delay 100ms  10ms 25% loss gemodel p 1% r 10% 1-h 100% 1-k 0% reorder 25% 50% gap 1", "loss: {gilbert_elliott: {p: 1%, r: 10%}}; reorder: {probability: 25%, correlation: 50%, ahead: true}; delay: {base: 100ms, jitter: 10ms, correlation: 25%, keep_order: false}", "limit 500 is left out"},
	{"qdisc netem 8001: root refcnt 2 limit 1000 loss state p13 1% p31 20% p32 10% p23 40% p14 0% rate 1Mbit packetoverhead 20 cellsize 48 celloverhead 5", "rate: 1Mbit; overhead: {packet: 34, cell_size: 48, cell_overhead: 5}; queue: 1000p; loss: {markov: {p13: 1%, p31: 20%, p32: 10%, p23: 40%, p14: 0%}}", ""},
}

func TestParse(t *testing.T) {
	for _, c := range lines {
		p, err := Parse(c.tc)
		if strings.Contains(c.tc, "# no") { // tc has no comments at the end of a line
			if err == nil {
				t.Errorf("%s: no error", c.tc)
			}
			continue
		}
		if err != nil {
			t.Errorf("%s: %v", c.tc, err)
			continue
		}
		yaml := p.YAML()
		if got := keys(yaml); got != c.want {
			t.Errorf("%s\n got %s\nwant %s", c.tc, got, c.want)
		}
		if !strings.Contains(strings.Join(p.Notes, "\n"), c.note) {
			t.Errorf("%s: no note %q in %q", c.tc, c.note, p.Notes)
		}
		sameWay(t, c.tc, p)
	}
}

// sameWay holds a path's YAML to what the line said.
func sameWay(t *testing.T, line string, p *Path) {
	t.Helper()
	got, want := scenario(t, p.YAML()).Path.Forward, p.Way
	if want.Rate == 0 {
		want.Overhead, want.Queue = got.Overhead, got.Queue
	}
	if got.Queue.Packets == want.Queue.Packets && got.Queue.Bytes == want.Queue.Bytes { // tc's lines say no more of it
		want.Queue = got.Queue
	}
	if want.Loss.Random == 0 && want.Loss.Burst == nil && want.Loss.Markov == nil {
		want.Loss = got.Loss
	}
	if want.Corrupt.Probability == 0 {
		want.Corrupt = got.Corrupt
	}
	if want.Duplicate.Probability == 0 {
		want.Duplicate = got.Duplicate
	}
	if want.Reorder.Probability == 0 {
		want.Reorder = got.Reorder
	}
	want.Reorder.Delay = got.Reorder.Delay // netem has none
	if want.Reorder.Gap == 1 {
		want.Reorder.Gap = 0
	}
	if want.Delay.Base == 0 {
		want.Delay = got.Delay
	}
	if want.Slot.Base == 0 {
		want.Slot = got.Slot
	}
	if want.Slot.Jitter == 0 {
		want.Slot.Distribution = got.Slot.Distribution
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("%s\n got %+v\nwant %+v", line, got, want)
	}
}

// TestErrors: each error points at its word.
func TestErrors(t *testing.T) {
	for _, c := range []struct{ tc, at, want string }{
		{"tc qdisc add dev eth0 root netem los 1x", "1x", `"1x" is no loss: a percentage`},
		{"tc qdisc add dev eth0 root netem loss", "", "the line ends where loss should stand"},
		{"tc qdisc add dev eth0 root netem loss 101%", "101%", "more than 100%"},
		{"netem loss 1% loss 2%", "loss", "a second loss"},
		{"netem loss gemodle 1%", "gemodle", `did you mean gemodel?`},
		{"netem loss 1e2%", "1e2%", "is no loss"},
		{"netem loss -1%", "-1%", "is no model of loss"},
		{"netem loss 1% 100%", "100%", "would hold for all"},
		{"netem loss state 60% 40% 0% 100% 60%", "state", "more than 100% together"},
		{"netem loss state 1% 0%", "state", "a burst never ends"},
		{"netem loss state 1% 20% 10% 0%", "state", "state 2 never ends"},
		{"netem loss gemodel 1% 0%", "gemodel", "a bad spell never ends"},
		{"netem delay 10", "10", "10 has no unit"},
		{"netem delay 10min", "10min", "is no delay: a time"},
		{"netem delay 2000000s", "2000000s", "more than an hour"},
		{"netem delay x", "x", "is no delay: a time"},
		{"netem delay 10ms distribution normal", "netem", "distribution without delay and jitter"},
		{"netem delay 10ms 1ms distribution ../../etc/passwd", "../../etc/passwd", "is no name of a distribution"},
		{"netem gap 5 delay 10ms", "netem", "its manual's own example does so"},
		{"netem reorder 5%", "netem", "reorder without delay"},
		{"netem ecn", "netem", "ecn without loss"},
		{"netem rate 10", "10", "less than 1kbit"},
		{"netem rate 50%", "50%", "of the interface's speed"},
		{"netem rate 10mb", "10mb", "is no rate"},
		{"netem rate 9999gbit", "9999gbit", "more than 1000gbit"},
		{"netem rate 1mbit 5 48 -5", "-5", "less than no header"},
		{"netem rate 1mbit 5000", "5000", "is no overhead of a packet from -14 to 986"},
		{"netem rate 1mbit rate 1mbit", "rate", "a second rate"},
		{"netem slot", "slot", "slot of what?"},
		{"netem slot distribution normal 1ms 2ms", "1ms", "open before they close"},
		{"netem slot 1ms packets x", "x", "is no packets a slot"},
		{"netem slot 1ms bytes 0", "0", "is not from 1 byte"},
		{"netem seed -1", "-1", "is no seed"},
		{"netem limit 0", "0", "is no limit from 1"},
		{"netem delya 10ms", "delya", "did you mean delay?"},
		{"tc qdisc add dev eth0 root fq_codel", "fq_codel", "is no qdisc that is translated; there are netem, tbf"},
		{"tc qdisc add dev eth0 root netm delay 1ms", "netm", "did you mean netem?"},
		{"tc qdisc del dev eth0 root", "del", "sets nothing up"},
		{"tc qdisc add dev eth0 ingress", "ingress", "ifb device"},
		{"tc class add dev eth0 parent 1: classid 1:1 htb rate 1mbit", "class", "classes and filters"},
		{"tc qdisc add dev", "", "the line ends where what belongs to dev"},
		{"tc qdisc add dev eth0 root", "tc", "neither netem nor tbf"},
		{"\n tc qdisc add dev é root netem delay 1ms\n\ntc qdisc add dev é root netem", "netem", "a second netem"},
		{"tbf rate 1mbit burst 1kb", "tbf", "tbf wants a limit or a latency"},
		{"tbf rate 1mbit limit 1kb", "tbf", "tbf wants a burst"},
		{"tbf burst 1kb limit 1kb", "tbf", "tbf wants a rate"},
		{"tbf rate 1mbit burst 1kb limit 1kb latency 1ms", "tbf", "not both"},
		{"tbf rate 1mbit burts 1kb", "burts", "did you mean burst?"},
		{"tbf rate 1mbit linklayer wifi", "wifi", "is no link layer"},
		{"netem rate 1mbit\ntbf rate 1mbit burst 1kb limit 1kb", "tbf", "a second rate"},
		{"netem delay 1ms \x1b[31m", "\x1b[31m", "is no option of netem"},
	} {
		_, err := Parse(c.tc)
		var e *Error
		if !errors.As(err, &e) {
			t.Errorf("%q: %v", c.tc, err)
			continue
		}
		line := strings.Split(c.tc, "\n")[e.Line-1]
		if at := string([]rune(line + " ")[e.Column-1:]); !strings.HasPrefix(at, c.at) || c.at != "" && e.Width != utf8.RuneCountInString(c.at) || !strings.Contains(e.Message, c.want) {
			t.Errorf("%q: %v\nwant at %q: %s", c.tc, err, c.at, c.want)
		}
		if strings.ContainsAny(strings.ReplaceAll(e.Error(), "\n", ""), "\x1b\t") {
			t.Errorf("%q: a control character in %q", c.tc, e.Error())
		}
	}
	for _, text := range []string{"", "\n# nothing\n", strings.Repeat("#", MaxText+1)} {
		if _, err := Parse(text); err == nil {
			t.Errorf("%.10q: no error", text)
		}
	}
}

// FuzzParse: no panic; an error points into the text; what is read is a path that a scenario can have, and says what the line
// said.
func FuzzParse(f *testing.F) {
	for _, c := range lines {
		f.Add(c.tc)
	}
	f.Add("netem delay 1ms 1ms loss state 1% slot distribution uniform 1ms 1ms")
	f.Fuzz(func(t *testing.T, text string) {
		p, err := Parse(text)
		var e *Error
		switch {
		case err == nil:
			sameWay(t, text, p)
			for _, l := range Of(scenario(t, p.YAML()), netem.Forward, "eth0").Text {
				if _, err := Parse(l); err != nil {
					t.Errorf("%q became %q: %v", text, l, err)
				}
			}
		case errors.As(err, &e):
			if n := strings.Count(text, "\n") + 1; e.Line < 1 || e.Line > n || e.Column < 1 || e.Column > utf8.RuneCountInString(e.Text)+1 || !utf8.ValidString(e.Error()) {
				t.Errorf("%q: %+v", text, e)
			}
		}
	})
}

// TestLines: what a path becomes, and what is said to be lost.
func TestLines(t *testing.T) {
	for _, c := range []struct{ path, want, note string }{
		{"", "", ""},
		{"delay: 25ms", "limit 100000 delay 25ms", "what netem holds beyond its limit it drops"},
		{"loss: 2%", "limit 1000 loss random 2%", ""},
		{"loss: {random: 1%, correlation: 25%}", "limit 1000 loss gemodel 0.75% 74.25%", "gemodel says what it means"},
		{"loss: {gilbert_elliott: {p: 1%, r: 25%, bad: 90%}, ecn: true}", "limit 1000 loss gemodel 1% 25% 90% 0% ecn", ""},
		{"loss: {markov: {p13: 1%}}", "limit 1000 loss state 1% 99% 0% 100% 0%", ""},
		{"loss: {every: 7}", "", "cannot lose chosen packets"},
		// 12 Mbit/s: a packet each millisecond; 100 wait, one is sent, 25 are on their way
		{"rate: 12Mbit, delay: 25ms", "limit 126 delay 25ms rate 12mbit -14", "the queue's 100 packets, one on the wire, and 25 full ones"},
		{"rate: 1.5Mbit, queue: 30kB, overhead: {packet: 34, cell_size: 48, cell_overhead: 5}", "limit 21 rate 1.5mbit 20 48 5", "30kB are 20 full ones"},
		{"rate: {trace: lte.trace}", "limit 101 rate 7.028605mbit -14", "here it is the mean of lte.trace"},
		{"rate: 1Mbit, queue: {discipline: codel}", "limit 101 rate 1mbit -14", "the likes of codel as qdiscs of their own"},
		{"rate: 1Mbit, queue: unlimited", "limit 1000000 rate 1mbit -14", "a million packets"},
		{"delay: {base: 10ms, jitter: 1500us, distribution: normal, correlation: 10%}", "limit 100000 delay 10ms 1500us 10% distribution normal", "netem's jitter reorders"},
		{"rate: 12Mbit, queue: 1p, delay: {base: 10ms, jitter: 1ms, keep_order: false}", "limit 13 delay 10ms 1ms rate 12mbit -14", "netem with a rate keeps the order"},
		{"delay: {base: 1s, jitter: 1ns, distribution: ./my.dist}", "limit 100000 delay 1s 1ns distribution my", "TC_LIB_DIR"},
		{"corrupt: {probability: 1%, fix_checksum: true, correlation: 5%}, duplicate: 0.1%", "limit 1000 corrupt 1% duplicate 0.1%", "leaves the checksums wrong"},
		{"delay: 9ms, reorder: {gap: 5, ahead: true}", "limit 100000 delay 9ms reorder 100% gap 5", ""},
		{"delay: 9ms, reorder: 1%", "limit 100000 delay 9ms reorder 1%", "the lab holds them back by 10ms"},
		{"reorder: 1%", "", "without a delay it cannot reorder"},
		{"rate: 12Mbit, queue: 10p, loss: {gilbert_elliott: {mean_good: 1s, mean_bad: 100ms}}", "limit 11 loss gemodel 0.1% 1% 100% 0% rate 12mbit -14", "not with time"},
		{"loss: {gilbert_elliott: {mean_good: 1s, mean_bad: 100ms}}", "", "without a rate"},
		{"slot: {min: 800us, max: 1ms, packets: 5, bytes: 64KiB}", "limit 1000 slot 800us 1ms packets 5 bytes 65536", ""},
		{"slot: {delay: 2ms, jitter: 1ms, distribution: pareto}", "limit 1000 slot distribution pareto 2ms 1ms", ""},
	} {
		s := scenario(t, "path: {forward: {"+c.path+"}}\n")
		got := Of(s, netem.Forward, "eth0")
		want := fmt.Sprint([]string{"tc qdisc add dev eth0 root netem " + c.want})
		if c.want == "" {
			want = "[]"
		}
		if fmt.Sprint(got.Text) != want || !strings.Contains(strings.Join(got.Notes, "\n"), c.note) {
			t.Errorf("%s:\n got %v\nwant %v\nnotes %q", c.path, got.Text, want, got.Notes)
		}
		if c.note == "" && len(got.Notes) > 0 && !strings.Contains(c.path, "delay") {
			t.Errorf("%s: notes %q where nothing is lost", c.path, got.Notes)
		}
		if back := Of(s, netem.Reverse, "eth0"); len(back.Text) > 0 {
			t.Errorf("%s: reverse is %v", c.path, back.Text)
		}
	}
	s := scenario(t, "path: {loss: 1%}\nscript: [{do: drop}]\ntimeline: [{to: 1s, path: {loss: 2%}}, {outage: both}]\nsweep: {vary: {seed: [1, 2]}}\n")
	if notes := strings.Join(Of(s, netem.Reverse, "x").Notes, "\n"); !strings.Contains(notes, "script:") || !strings.Contains(notes, "timeline:") || !strings.Contains(notes, "outages") || !strings.Contains(notes, "sweep:") {
		t.Errorf("%q", notes)
	}
}
