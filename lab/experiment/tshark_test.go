package experiment

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"reliabilitylab/lab/tcp"
	"reliabilitylab/lab/trace"
	"reliabilitylab/netem"
	"reliabilitylab/reports/capture"
	"reliabilitylab/reports/metrics"
	"reliabilitylab/scenarios"
)

// A frame is a packet as tshark sees it.
type frame struct {
	comment, source string
	badChecksum     bool
	again           bool // sent again, as tshark's analysis has it; those that follow closely on others it calls out of order
}

// tshark reads a capture with all checksums verified.
func tshark(t *testing.T, file string) []frame {
	t.Helper()
	fields := []string{"frame.number", "frame.comment", "ip.src", "ipv6.src", "ip.checksum.status", "tcp.checksum.status",
		"udp.checksum.status", "tcp.analysis.retransmission", "tcp.analysis.out_of_order", "icmp.checksum.status", "icmpv6.checksum.status"}
	args := []string{"-r", file, "-n", "-o", "ip.check_checksum:TRUE", "-o", "tcp.check_checksum:TRUE", "-o", "udp.check_checksum:TRUE",
		"-T", "fields", "-E", "separator=|", "-E", "occurrence=f"}
	for _, f := range fields {
		args = append(args, "-e", f)
	}
	var errs strings.Builder
	cmd := exec.Command("tshark", args...)
	cmd.Stderr = &errs
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("tshark -r %s: %v\n%s", file, err, errs.String())
	}
	var frames []frame
	for line := range strings.Lines(string(out)) {
		v := strings.Split(strings.TrimSuffix(line, "\n"), "|")
		if len(v) != len(fields) {
			t.Fatalf("tshark -r %s: %q", file, line)
		}
		f := frame{comment: v[1], source: v[2] + v[3], badChecksum: v[4] == "0" || v[5] == "0" || v[6] == "0", again: v[7]+v[8] != ""}
		if icmp := v[9] + v[10]; icmp != "" { // TCP's and UDP's are of the packet that it quotes, which ends before its checksum's bytes do
			f.badChecksum, f.again = v[4] == "0" || icmp != "1", false
		}
		frames = append(frames, f)
	}
	return frames
}

// TestTsharkReadsTheCaptures: an analyser that we did not write reads what every shipped scenario captures, over IPv4 and IPv6, finds
// every checksum right but those that the path has damaged, and counts as many retransmissions as the lab.
func TestTsharkReadsTheCaptures(t *testing.T) {
	if testing.Short() {
		t.Skip("tshark takes half a minute; go test without -short runs it")
	}
	if _, err := exec.LookPath("tshark"); err != nil {
		if os.Getenv("CI") != "" {
			t.Fatal("CI must have tshark: ", err)
		}
		t.Skip("SKIPPED: tshark is not installed, so the captures are not proved to anybody else")
	}
	for _, s := range single() {
		for _, ip := range []string{"4", "6"} {
			if ip == "6" && s.Name != "two-percent" && s.Name != "corruption" && s.Name != "path-mtu" {
				continue // the others differ in nothing that an address changes
			}
			t.Run(s.Name+"/ipv"+ip, func(t *testing.T) {
				t.Parallel()
				s, err := scenarios.Load(s.Name, scenarios.Setting{Key: "ip", Value: ip}, oneReplicate)
				if err != nil {
					t.Fatal(err)
				}
				for _, trial := range collect(t, s, Options{Dir: t.TempDir()}) {
					dir := t.TempDir()
					if err := capture.Write(dir, trial.Trace, trial.ID); err != nil {
						t.Fatal(err)
					}
					trial.Trace.Bytes.Close()
					for _, name := range []string{capture.ClientFile, capture.ServerFile} {
						proveCapture(t, trial, filepath.Join(dir, name))
					}
				}
			})
		}
	}
}

func proveCapture(t *testing.T, trial *Trial, file string) {
	t.Helper()
	atClient := filepath.Base(file) == capture.ClientFile
	seen, harmed := 0, 0 // harmed: so that a checksum tells
	for _, p := range trial.Trace.Packets {
		if left := (p.Direction == netem.Forward) == atClient; left && p.Of == 0 {
			seen++
		} else if !left && p.Arrived != trace.Never {
			seen++
			if p.Harm != "" && p.Harm != netem.CauseMended {
				harmed++
			}
		}
	}
	name := trial.ID + " " + filepath.Base(file)
	sender, atSender := trial.Trace.Client, atClient
	if trial.Trace.Data == netem.Reverse {
		sender, atSender = trial.Trace.Server, !atClient
	}
	frames := tshark(t, file)
	if len(frames) != seen {
		t.Errorf("%s: tshark reads %d packets, the ledger has %d", name, len(frames), seen)
	}
	bad, again := 0, 0
	for i, f := range frames {
		if f.badChecksum {
			bad++
			if !strings.Contains(f.comment, "corrupt") && !strings.Contains(f.comment, "replay") {
				t.Errorf("%s: packet %d has a wrong checksum, and its comment (%q) does not say why", name, i+1, f.comment)
			}
		}
		if f.again && f.source == sender.Addr.String() {
			again++
		}
	}
	// Damage may hit a header so badly that tshark sees no checksum to judge.
	if bad > harmed || harmed > 0 && bad == 0 {
		t.Errorf("%s: tshark finds %d wrong checksums, the path has damaged %d packets", name, bad, harmed)
	}
	if want := metrics.Of(trial.Trace)["retransmissions"]; trial.Protocol == "tcp" && atSender && float64(again) != want {
		t.Errorf("%s: tshark counts %d retransmissions, the lab %v", name, again, want)
	}
}

// TestScenarioDefaultsAreTCPs: the defaults of the scenario format are those of lab/tcp, which it cannot import.
func TestScenarioDefaultsAreTCPs(t *testing.T) {
	s := parse(t, "flows: [{app: transfer, protocol: tcp, size: 1kB}]\n")
	if got, want := fmt.Sprintf("%+v", tcpConfig(&s.Flows[0].TCP)), fmt.Sprintf("%+v", tcp.Defaults(0)); got != want {
		t.Errorf("a scenario without tcp: has\n%s\nlab/tcp has\n%s", got, want)
	}
}

// measured are the metrics of one world's trials, by their IDs.
func measured(s *scenarios.Scenario, trials []*Trial) map[string]map[string]float64 {
	var sharing metrics.Sharing
	values := map[string]map[string]float64{}
	for _, trial := range trials {
		m := metrics.Of(trial.Trace)
		values[trial.ID] = m
		if s.Together {
			sharing.Add(trial.Trace, m)
		}
	}
	sharing.Measure()
	return values
}

// meant are the errors of programs that are what their scenario shows, by scenario and trial. No other program fails.
var meant = map[string][]string{
	"ports-and-refusal nobody-tcp": {"client: connect 10.0.0.2:9000: connection refused"},
	"ports-and-refusal nobody-udp": {"client: send: connection refused"},
	"half-close whole-tcp":         {"server: send: broken pipe"},
	"reset unread-tcp":             {"client: recv: connection reset by peer"},
	"reset linger-tcp":             {"server: recv: connection reset by peer"},
}

// TestShippedScenariosKeepTheirWord: every expectation of every shipped scenario holds, and its programs fail where they are to, and nowhere
// else; of the sweeps the tests of the command say so.
func TestShippedScenariosKeepTheirWord(t *testing.T) {
	for _, s := range single() {
		trials := collect(t, s, Options{})
		values := measured(s, trials)
		for _, trial := range trials {
			if want := meant[s.Name+" "+trial.ID]; !slices.Equal(trial.Errors, want) {
				t.Errorf("%s, %s: its programs failed with %q, want %q", s.Name, trial.ID, trial.Errors, want)
			}
		}
		if len(s.Expect) == 0 {
			t.Errorf("%s expects nothing", s.Name)
		}
		for _, broken := range brokenWords(s, values) {
			t.Errorf("%s: %s", s.Name, broken)
		}
	}
}

// brokenWords are the expectations that do not hold of such metrics, each with what is there instead.
func brokenWords(s *scenarios.Scenario, values map[string]map[string]float64) (out []string) {
	for _, e := range s.Expect {
		ok, left, right, err := e.Eval(func(trial, metric string) (float64, bool) { v, ok := values[trial][metric]; return v, ok })
		if !ok {
			out = append(out, fmt.Sprintf("%s: %v against %v (%v)", e.Text, left, right, err))
		}
	}
	return out
}

// oneReplicate has each point of a sweep run once.
var oneReplicate = scenarios.Setting{Key: "sweep.repeat", Value: "1"}
