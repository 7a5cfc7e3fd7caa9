package experiment

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
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
		"udp.checksum.status", "tcp.analysis.retransmission", "tcp.analysis.out_of_order"}
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
		frames = append(frames, frame{
			comment: v[1], source: v[2] + v[3], badChecksum: v[4] == "0" || v[5] == "0" || v[6] == "0", again: v[7]+v[8] != "",
		})
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
	for _, s := range scenarios.Catalog() {
		for _, ip := range []string{"4", "6"} {
			if ip == "6" && s.Name != "two-percent" && s.Name != "corruption" {
				continue // the other six differ in nothing that an address changes
			}
			t.Run(s.Name+"/ipv"+ip, func(t *testing.T) {
				t.Parallel()
				s, err := scenarios.Load(s.Name, scenarios.Setting{Key: "ip", Value: ip})
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
	seen, harmed := 0, 0
	for _, p := range trial.Trace.Packets {
		if left := (p.Direction == netem.Forward) == atClient; left && p.Of == 0 {
			seen++
		} else if !left && p.Arrived != trace.Never {
			seen++
			if p.Harm != "" {
				harmed++
			}
		}
	}
	name := trial.ID + " " + filepath.Base(file)
	frames := tshark(t, file)
	if len(frames) != seen {
		t.Errorf("%s: tshark reads %d packets, the ledger has %d", name, len(frames), seen)
	}
	bad, again := 0, 0
	for i, f := range frames {
		if f.badChecksum {
			bad++
			if !strings.Contains(f.comment, "corrupt") {
				t.Errorf("%s: packet %d has a wrong checksum, and its comment (%q) does not say why", name, i+1, f.comment)
			}
		}
		if f.again && f.source == trial.Trace.Client.Addr.String() {
			again++
		}
	}
	// Damage may hit a header so badly that tshark sees no checksum to judge.
	if bad > harmed || harmed > 0 && bad == 0 {
		t.Errorf("%s: tshark finds %d wrong checksums, the path has damaged %d packets", name, bad, harmed)
	}
	if want := metrics.Of(trial.Trace)["retransmissions"]; trial.Protocol == "tcp" && atClient && float64(again) != want {
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

// TestShippedScenariosKeepTheirWord: every expectation of every shipped scenario holds.
func TestShippedScenariosKeepTheirWord(t *testing.T) {
	for _, s := range scenarios.Catalog() {
		values := map[string]map[string]float64{}
		for _, trial := range collect(t, s, Options{}) {
			values[trial.ID] = metrics.Of(trial.Trace)
			for _, e := range trial.Errors {
				t.Errorf("%s, %s: %s", s.Name, trial.ID, e)
			}
		}
		if len(s.Expect) == 0 {
			t.Errorf("%s expects nothing", s.Name)
		}
		for _, e := range s.Expect {
			ok, left, right, err := e.Eval(func(trial, metric string) (float64, bool) { v, ok := values[trial][metric]; return v, ok })
			if !ok {
				t.Errorf("%s: %s: %v against %v (%v)", s.Name, e.Text, left, right, err)
			}
		}
	}
}
