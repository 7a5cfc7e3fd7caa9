package scenarios

import (
	"errors"
	"fmt"
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
		Congestion: "cubic", Recovery: "rack", SACK: true, Timestamps: true, WindowScaling: true, Nagle: true,
		DelayedACK: 40 * time.Millisecond, InitialWindow: 10, MinRTO: 200 * time.Millisecond, InitialRTO: time.Second,
		MaxRTO: 120 * time.Second, SYNRetries: 6, SYNLinear: 4, Retries: 15, KeepIdle: 7200 * time.Second, KeepInterval: 75 * time.Second, KeepCount: 9,
		SendBuffer: 4194304, ReceiveBuffer: ReceiveBuffer{Most: 6291456, Auto: true},
		TLP: true, PRR: true, FRTO: true, DSACK: true, Undo: true, SlowStartAfterIdle: true,
	}
}

func TestDefaults(t *testing.T) {
	text := "flows: [{}]"
	way := Way{Queue: Queue{Packets: 100, MTU: 1500, Discipline: "fifo"}, Delay: Delay{Distribution: "uniform", KeepOrder: true}}
	want := &Scenario{
		Name: "test", Title: "test", Seed: 1, Stack: Stack{"lab", "lab"}, Sample: 10 * time.Millisecond, Duration: 60 * time.Second, Family: 4,
		Path: Path{MTU: 1500, Forward: way, Reverse: way},
		Flows: []Flow{{
			Name: "transfer", App: "transfer", Protocols: []string{"tcp", "udp"}, From: "client", Size: 1048576,
			TCP: linux(), UDP: UDP{Rate: 8_000_000, Payload: 1448, ReceiveBuffer: 212992}, ARQ: ARQ{Window: 16},
		}},
		Sweep: Sweep{Repeat: 1, Record: "first"}, File: "test.yaml", Text: []byte(text),
	}
	if got := mustParse(t, text); !reflect.DeepEqual(got, want) {
		t.Errorf("got\n%+v\nwant\n%+v", got, want)
	}
}

// A receive buffer grows by itself, to a limit that may be given, or is of a fixed size.
func TestReceiveBuffer(t *testing.T) {
	for text, want := range map[string]ReceiveBuffer{
		"auto": {6 << 20, true}, "{}": {6 << 20, true}, "{most: 32MiB}": {32 << 20, true}, "64KiB": {64 << 10, false}, "6MiB": {6 << 20, false},
	} {
		if got := mustParse(t, "flows: [{tcp: {receive_buffer: "+text+"}}]").Flows[0].TCP.ReceiveBuffer; got != want {
			t.Errorf("%s is %+v, want %+v", text, got, want)
		}
	}
	for text, want := range map[string]string{
		"atuo": "did you mean auto?", "500": "too small", "{most: 2GiB}": "too large", "{max: 1MiB}": "most",
	} {
		if _, err := Parse("test.yaml", []byte("flows: [{tcp: {receive_buffer: "+text+"}}]")); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v; want an error that says %q", text, err, want)
		}
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
		Rate: 10_000_000, Queue: Queue{Packets: 100, MTU: 1400, Discipline: "fifo"},
		Loss: Loss{Burst: &GilbertElliott{P: 0.005, R: 0.245, Bad: 1, Good: 0}}, Duplicate: Duplicate{Probability: 0.005},
		Reorder: Reorder{Probability: 0.01, Delay: 20 * ms}, Corrupt: Corrupt{Probability: 0.001, FixChecksum: true},
		Delay: Delay{Base: 25 * ms, Jitter: 5 * ms, Distribution: "normal"},
	}
	outage := forward
	outage.Loss = Loss{Random: 1}
	text, _ := os.ReadFile(file)
	want := &Scenario{
		Name: "everything", Title: "Everything at once", Seed: 1, Stack: Stack{"lab", "linux"}, Sample: 2 * ms, Duration: 30 * time.Second,
		Together: true, Family: 6,
		Path: Path{MTU: 1400, Forward: forward, Reverse: Way{
			Queue: Queue{Bytes: 65536, MTU: 1400, Discipline: "fifo"}, Loss: Loss{Packets: []Range{{3, 3}, {7, 9}}}, Delay: forward.Delay,
		}},
		Script: []Rule{
			{Match{Kind: "syn", Nth: []Range{{1, 1}}}, Do{Drop: true}},
			{Match{Kind: "data", Nth: []Range{{5, 7}, {20, 20}}, Direction: &forwardWay, Protocol: "tcp"}, Do{Delay: 200 * ms}},
			{Match{Kind: "any", Nth: []Range{{4, 4}}}, Do{Hold: 3}},
		},
		Changes:  []Change{{From: 5 * time.Second, To: 7 * time.Second, Forward: &outage}},
		Timeline: []Phase{{From: 5 * time.Second, To: 7 * time.Second, Forward: &outage}},
		Flows: []Flow{
			{Name: "file", App: "transfer", Protocols: []string{"tcp", "udp"}, From: "client", Size: 5242880, TCP: linux(),
				UDP: UDP{8_000_000, 2000, 212992}, ARQ: ARQ{Window: 16}},
			{Name: "call", App: "stream", Protocols: []string{"udp"}, From: "server", Rate: 1_000_000, Message: 1000,
				For: 5 * time.Second, TCP: linux(), UDP: UDP{1_000_000, 1000, 212992}, ARQ: ARQ{Window: 16}},
		},
		Sweep: Sweep{Repeat: 3, Record: "first", Vary: []Axis{
			{Key: "path.forward.duplicate", Values: []string{"0%", "1%"}}, {Key: "flows.file.tcp.sack", Values: []string{"true", "false"}},
		}},
		Expect: s.Expect, Charts: []ChartName{{Kind: "latency"}, {Kind: "order"}}, folder: "testdata/describe", File: file, Text: text,
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

// A ramp is a staircase from the first value to the last one, in whole numbers; behind it the last one holds. What overlaps it and
// changes something else is cut where it has its steps.
func TestRamp(t *testing.T) {
	s := mustParse(t, `
timeline:
  - {from: 1s, to: 4s, over: 2s, steps: 5, ramp: {rate: [1Mbit, 2Mbit], forward: {loss: [6.25%, 0%]}}}
  - {from: 1500ms, to: 5s, path: {forward: {delay: 7ms}}}
path: {rate: 10Mbit, delay: 5ms, forward: {loss: 1%}}
flows: [{}]`)
	var got string
	for _, p := range s.Timeline {
		got += fmt.Sprintf("%v-%v %v %v %v", p.From, p.To, FormatRate(p.Forward.Rate), FormatProbability(p.Forward.Loss.Random), p.Forward.Delay.Base)
		if p.Reverse != nil {
			got += fmt.Sprintf(" | %v %v %v", FormatRate(p.Reverse.Rate), FormatProbability(p.Reverse.Loss.Random), p.Reverse.Delay.Base)
		}
		got += "\n"
	}
	const want = `1s-1.4s 1Mbit 6.25% 5ms | 1Mbit 0% 5ms
1.4s-1.5s 1.25Mbit 4.6875% 5ms | 1.25Mbit 0% 5ms
1.5s-1.8s 1.25Mbit 4.6875% 7ms | 1.25Mbit 0% 5ms
1.8s-2.2s 1.5Mbit 3.125% 7ms | 1.5Mbit 0% 5ms
2.2s-2.6s 1.75Mbit 1.5625% 7ms | 1.75Mbit 0% 5ms
2.6s-4s 2Mbit 0% 7ms | 2Mbit 0% 5ms
4s-5s 10Mbit 1% 7ms
`
	if got != want {
		t.Errorf("got\n%swant\n%s", got, want)
	}
	for _, c := range []Change{ // all steps come in their order, whatever the rounding of their instants
		{From: 3, To: 2_000_000, Over: 1_000_003, Steps: 1000, Ramps: []Ramp{{First: 0, Last: 999}}},
		{From: 3, To: 2_000_000, Over: 1_999_997, Steps: 7, Ramps: []Ramp{{First: 6, Last: 0}}},
	} {
		for k := range c.Steps {
			want := c.Ramps[0].First + int64(k)
			if c.Ramps[0].Last == 0 {
				want = c.Ramps[0].First - int64(k)
			}
			if got := c.value(&c.Ramps[0], c.From+c.begins(k)); got != want {
				t.Errorf("%+v: step %d has the value %d", c, k, got)
			}
		}
	}
}

func TestOutages(t *testing.T) {
	s := mustParse(t, `
timeline:
  - {from: 1s, to: 2s, outage: both}
  - {from: 1s, outage: reverse}
  - {to: 3s, flap: {period: 1s, down: 200ms}}
  - {flap: {up: 1s, down: 3s, random: true, direction: forward}}
flows: [{}]`)
	const sec = time.Second
	forward, reverse := netem.Forward, netem.Reverse
	want := []Outage{
		{From: sec, To: 2 * sec}, {Direction: &reverse, From: sec, To: 60 * sec}, {To: 3 * sec, Up: 800 * time.Millisecond, Down: 200 * time.Millisecond},
		{Direction: &forward, To: 60 * sec, Up: sec, Down: 3 * sec, Random: true},
	}
	if !reflect.DeepEqual(s.Outages, want) || s.Timeline != nil || len(s.Changes) != 4 {
		t.Errorf("got %+v, timeline %v", s.Outages, s.Timeline)
	}
}

// TestTimelineLimit: too many steps are refused before anything is made of them.
func TestTimelineLimit(t *testing.T) {
	text := "flows: [{}]\ntimeline:\n"
	for i := range 8 {
		text += fmt.Sprintf("  - {from: %dms, to: %dms, steps: 1000, ramp: {delay: [0s, 1s]}}\n", 10*i, 10*i+10)
	}
	if _, err := Parse("steps.yaml", []byte(text)); err == nil || !strings.Contains(err.Error(), "fewer steps") {
		t.Errorf("%.300v", err)
	}
}

func TestNotYet(t *testing.T) {
	_, err := Parse("x.yaml", []byte("seed: x\ntimeline: [{path: {mtu: 1000}}]\nflows: [{}]"))
	var all Errors
	if !errors.As(err, &all) || len(all) != 2 || all[0].NotYet || !all[1].NotYet {
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
