package experiment

import (
	"cmp"
	"net/netip"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"

	"reliabilitylab/lab/gvisor"
	"reliabilitylab/lab/host"
	"reliabilitylab/lab/tcp"
	"reliabilitylab/lab/trace"
	"reliabilitylab/netem"
	"reliabilitylab/reports/metrics"
	"reliabilitylab/scenarios"
)

// ends says which ends of a path have gVisor's stack instead of the lab's, and with which congestion control and recovery where
// those are not the scenario's.
type ends struct {
	client, server       bool
	congestion, recovery string
}

func (e ends) String() string {
	name := map[bool]string{false: "lab", true: "gVisor"}
	return name[e.client] + " to " + name[e.server]
}

// A foreign is a host with gVisor's stack, whatever the setting of a flow.
type foreign struct{ *gvisor.Host }

// WithTCP implements node: the host has the setting that it was made with.
func (f foreign) WithTCP(tcp.Config) (host.Host, error) { return f.Host, nil }

// maker makes gVisor's hosts; done closes them.
func (e ends) maker() (make maker, done func()) {
	var mu sync.Mutex
	var hosts []*gvisor.Host
	make = func(l *lab, name string, addr netip.Addr, dice netem.Stream) (node, error) {
		if name == "client" && !e.client || name == "server" && !e.server {
			return nil, nil
		}
		config := tcpConfig(&l.scenario.Flows[l.trials[0].flow].TCP)
		config.Congestion, config.Recovery = cmp.Or(e.congestion, config.Congestion), cmp.Or(e.recovery, config.Recovery)
		h, err := gvisor.New(l.world, gvisor.Config{
			Name: name, Addr: addr, MTU: l.scenario.Path.MTU, Rand: dice.Sub("host " + name), Pool: l.pool, TCP: config,
		})
		if err != nil {
			return nil, err
		}
		mu.Lock()
		defer mu.Unlock()
		hosts = append(hosts, h)
		return foreign{h}, nil
	}
	return make, func() {
		for _, h := range hosts {
			h.Close()
		}
	}
}

// beside runs a scenario with gVisor's stack at some ends and returns its trials.
func beside(t *testing.T, s *scenarios.Scenario, e ends) []*Trial {
	t.Helper()
	make, done := e.maker()
	defer done()
	return collect(t, s, Options{host: make})
}

// written is a trial's record as it would be kept.
func written(t *testing.T, trial *Trial) string {
	t.Helper()
	dir := t.TempDir()
	if err := trace.Write(dir, trial.Trace); err != nil {
		t.Fatal(err)
	}
	var b strings.Builder
	for _, name := range []string{"packets.csv", "messages.csv", "calls.csv", "tcp.csv"} {
		data, err := os.ReadFile(filepath.Join(dir, name))
		if err != nil {
			t.Fatal(err)
		}
		b.Write(data)
	}
	return b.String()
}

// TestGvisor runs every shipped scenario between the lab's stack and gVisor's, either way round, over IPv4 and IPv6, with the
// data from either end. Over TCP all arrives, once and intact, and each packet of new data meets the fate that it meets
// between two of the lab's; over UDP the ledger is the same, sending by sending. Of flows together what has come is sound. With -short two of the four.
func TestGvisor(t *testing.T) {
	for _, shipped := range single() {
		for _, family := range []string{"4", "6"} {
			for _, from := range []string{"client", "server"} {
				if testing.Short() && (family == "6") != (from == "server") {
					continue
				}
				if asks := !slices.Contains([]string{"transfer", "stream"}, shipped.Flows[0].App); asks && from == "server" {
					continue // it is the client that asks
				}
				t.Run(shipped.Name+"/IPv"+family+"/from "+from, func(t *testing.T) {
					t.Parallel()
					settings := []scenarios.Setting{{Key: "ip", Value: family}, {Key: "duration", Value: "5m"}, oneReplicate} // a file may take its time on the way back
					for _, f := range shipped.Flows {
						if f.App != "transfer" && f.App != "stream" {
							continue
						}
						settings = append(settings, scenarios.Setting{Key: "flows." + f.Name + ".from", Value: from})
					}
					s, err := scenarios.Load(shipped.Name, settings...)
					if err != nil {
						t.Fatal(err)
					}
					ours := collect(t, s, Options{})
					for _, e := range []ends{{client: true, recovery: "rack"}, {server: true, recovery: "rack"}} { // gVisor's default
						for i, trial := range beside(t, s, e) {
							if trial.Protocol == "udp" && e.client && slices.Contains(dataFates(ours[i].Trace), "lost: "+string(netem.CauseTooBig)) {
								continue // gVisor's UDP neither hears a router nor cuts datagrams for it: all of them are lost
							}
							if trial.Protocol == "udp" && family == "4" && trial.Scenario.Name == "fragmentation" && e.client == (from == "client") {
								continue // gVisor gives what it cuts the ID 0 (addIPHeader), so that pieces of two datagrams are taken for one's
							}
							name := e.String() + ", " + trial.ID
							if s.Together { // who meets which dice is a matter of timing
								soundSoFar(t, name, trial)
							} else {
								compareFates(t, name, ours[i], trial)
							}
						}
					}
				})
			}
		}
	}
}

// sameErrors: the programs of a trial fail in the same way as those of the same trial between two of the lab's hosts, or not at all.
func sameErrors(t *testing.T, name string, ours, theirs *Trial) {
	t.Helper()
	if !slices.Equal(ours.Errors, theirs.Errors) {
		t.Errorf("%s: its programs failed with %q, between two of the lab's with %q", name, theirs.Errors, ours.Errors)
	}
}

// soundSoFar checks a trial that time may have cut off: what arrived by then did so once, intact and, over TCP, without a gap.
func soundSoFar(t *testing.T, name string, trial *Trial) {
	t.Helper()
	for _, e := range trial.Errors {
		t.Errorf("%s: %s", name, e)
	}
	came, gap := 0, false
	for _, m := range trial.Trace.Messages {
		if m.Copies == 0 {
			gap = true
			continue
		}
		came++
		if m.Copies > 1 || !m.Intact || gap && trial.Protocol == "tcp" {
			t.Errorf("%s: message %d came %d times, intact %v, behind a gap %v", name, m.Number, m.Copies, m.Intact, gap)
			return
		}
	}
	if came < min(100, len(trial.Trace.Messages)/2) {
		t.Errorf("%s: only %d messages came", name, came)
	}
}

// compareFates holds a trial with another stack to the same one between two of the lab's.
func compareFates(t *testing.T, name string, ours, theirs *Trial) {
	t.Helper()
	sameErrors(t, name, ours, theirs)
	want, got := dataFates(ours.Trace), dataFates(theirs.Trace)
	if theirs.Protocol == "udp" && !theirs.Scenario.Together {
		if !slices.Equal(want, got) || len(want) == 0 {
			t.Errorf("%s: the fates of %d datagrams differ from those of %d between two of the lab's", name, len(got), len(want))
		}
		if !slices.Equal(ours.Trace.Messages, theirs.Trace.Messages) && !mayDiffer(theirs.Scenario.Name, theirs.ID, "delivered_ratio") {
			for i := range ours.Trace.Messages {
				if a, b := ours.Trace.Messages[i], theirs.Trace.Messages[i]; a != b {
					t.Errorf("%s: the program got message %d as %+v, between two of the lab's as %+v", name, a.Number, b, a)
					break
				}
			}
		}
		return
	}
	for i := range min(len(want), len(got)) {
		if mayDiffer(theirs.Scenario.Name, theirs.ID, fates) {
			break
		}
		if want[i] != got[i] && !byQueue(want[i]) && !byQueue(got[i]) {
			t.Errorf("%s: packet %d of new data: %q, between two of the lab's %q", name, i+1, got[i], want[i])
			break
		}
	}
	if metrics.Of(ours.Trace)["bytes_delivered"] == 0 { // a black hole: how much is written into the send buffer differs
		if metrics.Of(theirs.Trace)["bytes_delivered"] != 0 {
			t.Errorf("%s: something has passed, and nothing does between two of the lab's", name)
		}
		return
	}
	if theirs.Protocol == "udp" { // beside another flow on the same path
		if len(want) != len(got) {
			t.Errorf("%s: %d datagrams, between two of the lab's %d", name, len(got), len(want))
		}
		return
	}
	allDelivered(t, name, ours.Trace, theirs.Trace)
	if len(theirs.Trace.Messages) == 0 || len(theirs.Trace.Messages) != len(ours.Trace.Messages) {
		t.Errorf("%s: %d messages, between two of the lab's %d", name, len(theirs.Trace.Messages), len(ours.Trace.Messages))
	}
}

// TestGvisorRepeats: the record of a trial with gVisor's stack does not depend on which of its goroutines runs when.
func TestGvisorRepeats(t *testing.T) {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(0))
	for _, shipped := range single() {
		if testing.Short() && shipped.Name != "two-percent" {
			continue
		}
		s, err := scenarios.Load(shipped.Name, oneReplicate)
		if err != nil {
			t.Fatal(err)
		}
		for _, e := range []ends{{client: true, recovery: "rack"}, {server: true, recovery: "rack"}, {client: true, server: true, recovery: "rack"}} {
			var first []string
			for i, procs := range []int{1, 2, 4} {
				runtime.GOMAXPROCS(procs)
				for k, trial := range beside(t, s, e) {
					record := written(t, trial)
					if i == 0 {
						first = append(first, record)
					} else if record != first[k] {
						t.Errorf("%s, %v, %s: the record on %d processors is another than on one", shipped.Name, e, trial.ID, procs)
					}
				}
			}
		}
	}
}
