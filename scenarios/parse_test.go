package scenarios

import (
	"errors"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"reliabilitylab/netem"
)

// mustParse parses a scenario that has no error.
func mustParse(t *testing.T, text string, set ...Setting) *Scenario {
	t.Helper()
	s, err := Parse("test.yaml", []byte(text), set...)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// linux is Linux's TCP, written out.
func linux() TCP {
	return TCP{
		Congestion: "reno", Recovery: "sack", SACK: true, Timestamps: true, WindowScaling: true, Nagle: true,
		DelayedACK: 40 * time.Millisecond, InitialWindow: 10, MinRTO: 200 * time.Millisecond, InitialRTO: time.Second,
		SendBuffer: 4194304, ReceiveBuffer: 6291456,
	}
}

func TestDefaults(t *testing.T) {
	text := "flows: [{}]"
	way := Way{Queue: Queue{Packets: 100}, Delay: Delay{Distribution: "uniform", KeepOrder: true}}
	want := &Scenario{
		Name: "test", Title: "test", Seed: 1, Stack: Stack{"lab", "lab"}, Duration: 60 * time.Second, Family: 4,
		Path: Path{MTU: 1500, Forward: way, Reverse: way},
		Flows: []Flow{{
			Name: "transfer", App: "transfer", Protocols: []string{"tcp", "udp"}, From: "client", Size: 1048576,
			TCP: linux(), UDP: UDP{Rate: 8_000_000, Payload: 1448, ReceiveBuffer: 212992},
		}},
		Sweep: Sweep{Repeat: 1}, File: "test.yaml", Text: []byte(text),
	}
	if got := mustParse(t, text); !reflect.DeepEqual(got, want) {
		t.Errorf("got\n%+v\nwant\n%+v", got, want)
	}
}

func TestEveryKey(t *testing.T) {
	file := "testdata/describe/everything.yaml"
	s, err := Load(file)
	if err != nil {
		t.Fatal(err)
	}
	ms := time.Millisecond
	forwardWay := netem.Forward
	forward := Way{
		Rate: 10_000_000, Queue: Queue{Packets: 100},
		Loss: Loss{Burst: &GilbertElliott{P: 0.005, R: 0.245, Bad: 1, Good: 0}}, Duplicate: 0.005,
		Reorder: Reorder{0.01, 20 * ms}, Corrupt: Corrupt{0.001, true},
		Delay: Delay{Base: 25 * ms, Jitter: 5 * ms, Distribution: "normal"},
	}
	outage := forward
	outage.Loss = Loss{Random: 1}
	text, _ := os.ReadFile(file)
	want := &Scenario{
		Name: "everything", Title: "Everything at once", Seed: 1, Stack: Stack{"lab", "linux"}, Duration: 30 * time.Second,
		Together: true, Family: 6,
		Path: Path{MTU: 1400, Forward: forward, Reverse: Way{
			Queue: Queue{Bytes: 65536}, Loss: Loss{Packets: []Range{{3, 3}, {7, 9}}}, Delay: forward.Delay,
		}},
		Script: []Rule{
			{Match{Kind: "syn", Nth: []Range{{1, 1}}}, Do{Drop: true}},
			{Match{Kind: "data", Nth: []Range{{5, 7}, {20, 20}}, Direction: &forwardWay, Protocol: "tcp"}, Do{Delay: 200 * ms}},
			{Match{Kind: "any", Nth: []Range{{4, 4}}}, Do{Hold: 3}},
		},
		Timeline: []Phase{{From: 5 * time.Second, To: 7 * time.Second, Forward: &outage}},
		Flows: []Flow{
			{Name: "file", App: "transfer", Protocols: []string{"tcp", "udp"}, From: "client", Size: 5242880, TCP: linux(),
				UDP: UDP{8_000_000, 2000, 212992}},
			{Name: "call", App: "stream", Protocols: []string{"udp"}, From: "server", Rate: 1_000_000, Message: 1000,
				For: 5 * time.Second, TCP: linux(), UDP: UDP{1_000_000, 1000, 212992}},
		},
		Sweep: Sweep{Repeat: 3, Vary: []Axis{
			{"path.forward.duplicate", []string{"0%", "1%"}}, {"flows.file.tcp.sack", []string{"true", "false"}},
		}},
		Expect: s.Expect, Charts: []string{"latency", "order"}, File: file, Text: text,
	}
	if !reflect.DeepEqual(s, want) {
		t.Errorf("got\n%+v\nwant\n%+v", s, want)
	}
}

// The datagram is TCP's segment: the MTU less all headers of a segment.
func TestPayloadIsMSS(t *testing.T) {
	for _, c := range []struct {
		text string
		want int
	}{
		{"flows: [{}]", 1448},                                   // 1500 - 20 - 20 - 12
		{"ip: 6\nflows: [{}]", 1428},                            // 1500 - 40 - 20 - 12
		{"flows: [{tcp: {timestamps: false}}]", 1460},           // 1500 - 20 - 20
		{"path: {mtu: 9000}\nflows: [{}]", 8948},                //
		{"path: {mtu: 68}\nflows: [{}]", 16},                    // what every link carries (RFC 791)
		{"flows: [{udp: {payload: 100}}]", 100},                 //
		{"flows: [{app: stream, message: 500B, for: 1s}]", 500}, //
	} {
		if got := mustParse(t, c.text).Flows[0].UDP.Payload; got != c.want {
			t.Errorf("%s: payload %d, want %d", c.text, got, c.want)
		}
	}
}

// Over UDP a transfer takes four fifths of the direction in which its data goes.
func TestUDPRate(t *testing.T) {
	for _, c := range []struct {
		text string
		want netem.Rate
	}{
		{"path: {rate: 10Mbit}\nflows: [{}]", 8_000_000},
		{"path: {rate: 10Mbit, reverse: {rate: 1Mbit}}\nflows: [{from: server}]", 800_000},
		{"path: {rate: 10Mbit, forward: {rate: unlimited}}\nflows: [{}]", 8_000_000},
		{"path: {rate: 1.000009Mbit}\nflows: [{}]", 800_007}, // 800007.2, rounded down
		{"path: {rate: 10Mbit}\nflows: [{udp: {rate: 3Mbit}}]", 3_000_000},
		{"path: {rate: 10Mbit}\nflows: [{app: stream}]", 64_000},
	} {
		if got := mustParse(t, c.text).Flows[0].UDP.Rate; got != c.want {
			t.Errorf("%s: rate %d, want %d", c.text, got, c.want)
		}
	}
}

func TestRecoveryWithoutSACK(t *testing.T) {
	if got := mustParse(t, "flows: [{tcp: {sack: false}}]").Flows[0].TCP.Recovery; got != "newreno" {
		t.Errorf("recovery without SACK is %s", got)
	}
}

// A phase is the path's settings with its own on top, whatever the order in the file; untouched directions are nil.
func TestTimeline(t *testing.T) {
	s := mustParse(t, `
timeline:
  - {to: 1s, path: {rate: 1Mbit, reverse: {loss: 5%}}}
  - {from: 1s, to: 2s, path: {reverse: {rate: 2Mbit}}}
  - {from: 59s, path: {forward: {delay: 1ms}}}
path: {rate: 10Mbit, delay: 5ms, forward: {loss: 1%}}
flows: [{}]`)
	if n := len(s.Timeline); n != 3 {
		t.Fatalf("%d phases", n)
	}
	p := s.Timeline[0]
	if p.From != 0 || p.To != time.Second || p.Forward.Rate != 1e6 || p.Forward.Loss.Random != 0.01 || p.Reverse.Loss.Random != 0.05 ||
		p.Reverse.Rate != 1e6 || p.Forward.Delay.Base != 5*time.Millisecond {
		t.Errorf("phase 1 is %+v, %+v, %+v", p, p.Forward, p.Reverse)
	}
	if p := s.Timeline[1]; p.Forward != nil || p.Reverse.Rate != 2e6 {
		t.Errorf("phase 2 is %+v", p)
	}
	if p := s.Timeline[2]; p.To != time.Minute || p.Reverse != nil || p.Forward.Delay.Base != time.Millisecond || p.Forward.Rate != 1e7 {
		t.Errorf("phase 3 is %+v", p)
	}
	if s.Path.Forward.Rate != 1e7 {
		t.Errorf("the phases changed the path: %+v", s.Path.Forward)
	}
}

func TestNotYet(t *testing.T) {
	_, err := Parse("x.yaml", []byte("flows: [{tcp: {congestion: cubic}}]\nseed: x"))
	var all Errors
	if !errors.As(err, &all) || len(all) != 2 || !all[0].NotYet || all[1].NotYet {
		t.Errorf("%v", err)
	}
}

func TestLimits(t *testing.T) {
	big := []byte("about: " + strings.Repeat("x", MaxText) + "\nflows: [{}]")
	if _, err := Parse("big.yaml", big); err == nil || !strings.Contains(err.Error(), "at most 1048576") {
		t.Errorf("a file that is too big: %.200v", err)
	}
	// Each ten times the one before: a billion if they were written out.
	bomb := "a: &a [x, x, x, x, x, x, x, x, x, x]\n"
	for c := 'b'; c <= 'i'; c++ {
		bomb += string(c) + ": &" + string(c) + " [" + strings.TrimSuffix(strings.Repeat("*"+string(c-1)+", ", 10), ", ") + "]\n"
	}
	if _, err := Parse("bomb.yaml", []byte(bomb)); err == nil || !strings.Contains(err.Error(), "bomb.yaml:1:4: anchors") {
		t.Errorf("a bomb of aliases: %.200v", err)
	}
	for _, deep := range []string{strings.Repeat("[", 5000), strings.Repeat("{a: ", 5000), strings.Repeat("- ", 200_000),
		"a: " + strings.Repeat("[", 100) + strings.Repeat("]", 100)} {
		if _, err := Parse("deep.yaml", []byte(deep)); err == nil {
			t.Errorf("%.20s… is accepted", deep)
		}
	}
}

func TestByteOrderMarkAndCRLF(t *testing.T) {
	if s := mustParse(t, "\ufeffseed: 7\r\nflows: [{}]\r\n"); s.Seed != 7 {
		t.Errorf("seed %d", s.Seed)
	}
}

func TestLoad(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, "my class.yaml")
	if err := os.WriteFile(file, []byte("flows: [{}]"), 0o666); err != nil {
		t.Fatal(err)
	}
	if s, err := Load(file); err != nil || s.Name != "my-class" {
		t.Errorf("%+v, %v", s, err)
	}
	if s, err := Load("two-percent", Setting{"path.forward.loss", "5%"}); err != nil || s.Path.Forward.Loss.Random != 0.05 {
		t.Errorf("%+v, %v", s, err)
	}
	for _, c := range []struct{ name, nearest string }{
		{"two-procent", "two-percent"}, {"burstloss", "burst-loss"}, {"quux", ""}, {filepath.Join(dir, "claen.yaml"), "clean"},
	} {
		_, err := Load(c.name)
		var unknown *UnknownError
		if !errors.As(err, &unknown) || unknown.Nearest != c.nearest || !strings.Contains(err.Error(), "lab list") {
			t.Errorf("%s: %v", c.name, err)
		}
	}
	if _, err := Load(dir); err == nil || !strings.Contains(err.Error(), "is a directory") {
		t.Errorf("a directory: %v", err)
	}
}
