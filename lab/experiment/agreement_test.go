package experiment

import (
	"fmt"
	"math"
	"os"
	"slices"
	"strings"
	"testing"

	"reliabilitylab/reports"
	"reliabilitylab/reports/metrics"
	"reliabilitylab/scenarios"
)

const agreementDoc = "../../docs/lab-and-linux.md"

// compared are the metrics in which the lab's stack and Linux's are held against each other. Two values agree if they are no
// further apart than abs, in the metric's unit, and rel of the larger one together.
var compared = []struct {
	metric   string
	abs, rel float64
}{
	{"delivered_ratio", 0.005, 0},
	{"in_order_ratio", 0.005, 0},
	{"completion_s", 0.01, 0.2},
	{"goodput_bps", 0, 0.2},
	{"latency_p50_s", 0.005, 0.3},
	{"hol_wait_p99_s", 0.01, 0.5},
	{"packets_lost", 3, 0.25},
	{"reordered_ratio", 0.01, 0},
	{"duplicate_ratio", 0.01, 0},
	{"corrupt_ratio", 0.01, 0},
	{"owd_p50_s", 0.001, 0.1},
	{"retransmissions", 3, 0.25},
	{"spurious_retransmissions", 1, 0},
	{"timeouts", 1, 0},
	{"recoveries", 1, 0.15},
	{"handshake_s", 0.002, 0.04},
}

// wider are tolerances of single scenarios. How far slow start overshoots a queue hangs on when each ACK comes and on what HyStart++ makes
// of it, and that decides how much is lost and how long the queue is from then on; a call's packet beside it finds the queue full, or just
// not. A median of what half of the packets met depends on when a window was halved.
var wider = []struct {
	scenario, metric string
	abs, rel         float64
}{
	{"bufferbloat", "delivered_ratio", 0.05, 0},
	{"bufferbloat", "packets_lost", 15, 0.25},
	{"bufferbloat", "latency_p50_s", 0.005, 0.4},
	{"codel", "delivered_ratio", 0.03, 0},
	{"codel", "packets_lost", 8, 0.25},
	{"codel", "retransmissions", 5, 0.25},
	{"codel", "latency_p50_s", 0.01, 0.5},
	{"ecn", "latency_p50_s", 0.005, 0.6}, // Linux lets the program further ahead of the window
	{"asymmetric-dsl", "delivered_ratio", 0.02, 0},
	{"asymmetric-dsl", "packets_lost", 20, 0.5},
	{"asymmetric-dsl", "retransmissions", 20, 0.5},
	{"asymmetric-dsl", "recoveries", 2, 0.5},
	{"asymmetric-dsl", "owd_p50_s", 0.03, 0.35},
	{"asymmetric-dsl", "completion_s", 0.1, 0.35},
	{"asymmetric-dsl", "goodput_bps", 0, 0.35},
	{"asymmetric-dsl", "latency_p50_s", 0.02, 0.5},
	{"asymmetric-dsl", "handshake_s", 0.05, 0},
	{"lte-trace", "packets_lost", 30, 0.5},
	{"lte-trace", "retransmissions", 30, 0.5},
	{"lte-trace", "recoveries", 2, 0},
	{"lte-trace", "owd_p50_s", 0.03, 0.4},
	{"lte-trace", "hol_wait_p99_s", 0.6, 0.5},
	{"bad-wifi", "latency_p50_s", 0.02, 0.5},
}

// tolerance is how far apart the two stacks may be in a scenario, where compared says abs and rel.
func tolerance(scenario, metric string, abs, rel float64) (float64, float64) {
	for _, w := range wider {
		if w.scenario == scenario && w.metric == metric {
			return w.abs, w.rel
		}
	}
	return abs, rel
}

// An apart is where the two stacks may differ, and why.
type apart struct {
	scenario, trial string   // no trial: all
	what            []string // metrics; fates: which packets of new data there are, and what becomes of each; or words: what the scenario expects
	why             string   // for the document
}

const (
	fates = "the fates of packets"
	words = "what the scenario expects"
)

// aparts are those that measuring and reading have explained.
var aparts = []apart{
	{"voice", "tcp", []string{fates}, "Linux counts cwnd in segments, the lab in bytes (RFC 5681 has it in bytes): with a window of two segments " +
		"Linux has two messages of 160 bytes on their way, the lab 18. What has to wait leaves in larger segments."},
	{"cubic-against-reno", "", []string{"latency_p50_s"}, "A message's latency begins when the program hands it over. How far the program may be ahead is the " +
		"send buffer's size, which either stack grows with cwnd in its own way."},
	{"nagle", "", []string{fates}, "Linux acknowledges a small segment as soon as the program has read it, the lab the second one or after 40 ms (RFC 5681 section 4.2 " +
		"leaves it to them). Nagle's algorithm waits for that ACK, so on the lab's stack fewer segments carry more."},
	{"hand-made-reliability", "tcp", []string{"owd_p50_s"}, "CUBIC's slow start ends by HyStart++ (RFC 9406) on the lab's stack, when round trips become longer, and on Linux by " +
		"HyStart, which also looks at how long a train of ACKs is: here earlier, so less waits in the queue."},
	{"outage", "tcp", []string{fates, "packets_lost", "retransmissions", "hol_wait_p99_s", "latency_p50_s", "owd_p50_s"}, "What is on its way when the outage begins is lost, and how much fits the " +
		"receive buffer is each stack's own: Linux counts what a packet takes in memory, the lab its bytes (RFC 9293 section 3.8.6 leaves it to them)."},
	{"slow-reader", "", []string{"delivered_ratio", "latency_p50_s", "hol_wait_p99_s"}, "How many datagrams fit a receive buffer, and how many bytes may wait in a send buffer, is each stack's own: " +
		"Linux counts what a packet takes in memory, the lab its payload."},
	{"slow-reader", "pause-tcp", []string{"owd_p50_s"}, "After the pause the lab's TCP fills the window, Linux's stays at the threshold that its HyStart had set before (RFC 9406's HyStart++ had " +
		"not ended slow start), so that less waits in the queue."},
	{"slow-reader", "slow-tcp", []string{fates}, "By how much the window opens at a time is the receiver's affair; where it is not a full segment, the segment that uses it is short."},
	{"bad-wifi", "tcp", []string{fates}, "How many messages share a segment depends on when the window opens."},
}

func mayDiffer(scenario, trial, metric string) bool {
	return slices.ContainsFunc(aparts, func(a apart) bool {
		return a.scenario == scenario && (a.trial == "" || a.trial == trial) && slices.Contains(a.what, metric)
	})
}

// explain is what the document says of a scenario below its table.
func explain(scenario string) string {
	var out []string
	for _, a := range aparts {
		if a.scenario == scenario {
			of := ""
			if a.trial != "" {
				of = " of " + a.trial
			}
			out = append(out, fmt.Sprintf("May differ further: %s%s. %s", strings.Join(a.what, ", "), of, a.why))
		}
	}
	return strings.Join(out, "\n\n")
}

// A versus is one metric of one trial on both stacks.
type versus struct {
	scenario, trial, metric string
	lab, linux              float64
}

// ratio is lab over Linux, 1 where both are 0.
func (v versus) ratio() float64 {
	if v.lab == v.linux {
		return 1
	}
	return v.lab / v.linux
}

func (v versus) String() string { return v.scenario + " " + v.trial + " " + v.metric }

// agree tells whether the two are within the tolerance.
func (v versus) agree(abs, rel float64) bool {
	return math.Abs(v.lab-v.linux) <= abs+float64(rel*max(v.lab, v.linux))
}

// holdAgainst compares a scenario's trials in virtual time with those of the kernel, and tells where they do not agree.
func holdAgainst(name string, lab, linux []*Trial) (out []versus, differ []string) {
	for i := range lab {
		a, b := metrics.Of(lab[i].Trace), metrics.Of(linux[i].Trace)
		for _, c := range compared {
			x, has := a[c.metric]
			y, hasToo := b[c.metric]
			if !has && !hasToo {
				continue
			}
			v := versus{name, lab[i].ID, c.metric, x, y}
			if has != hasToo && c.metric == "completion_s" {
				continue // one message too few on one stack, which delivered_ratio is held to
			}
			if has != hasToo {
				differ = append(differ, fmt.Sprintf("%s: measured on one stack only", v))
				continue
			}
			abs, rel := tolerance(name, c.metric, c.abs, c.rel)
			if !v.agree(abs, rel) && !mayDiffer(name, lab[i].ID, c.metric) {
				differ = append(differ, fmt.Sprintf("%s: lab %v, linux %v, ratio %.3f; the tolerance is %v and %v of it", v, x, y, v.ratio(), abs, rel))
			}
			out = append(out, v)
		}
	}
	return out, differ
}

// agreementTable is the document's table of one scenario, with what is to be known of it below.
func agreementTable(scenario string, all []versus) string {
	var trials []string
	for _, v := range all {
		if !slices.Contains(trials, v.trial) {
			trials = append(trials, v.trial)
		}
	}
	var b strings.Builder
	fmt.Fprintf(&b, "| %s | tolerance |", scenario)
	for _, trial := range trials {
		fmt.Fprintf(&b, " %s lab | linux | ratio |", trial)
	}
	fmt.Fprintf(&b, "\n|%s\n", strings.Repeat(" --- |", 2+3*len(trials)))
	for _, c := range compared {
		m, _ := scenarios.MetricNamed(c.metric)
		cells := ""
		some := false
		for _, trial := range trials {
			i := slices.IndexFunc(all, func(v versus) bool { return v.trial == trial && v.metric == c.metric })
			if i < 0 {
				cells += " | | |"
				continue
			}
			some = true
			v := all[i]
			ratio := fmt.Sprintf("%.2f", v.ratio())
			if v.linux == 0 && v.lab != 0 {
				ratio = "–"
			}
			cells += fmt.Sprintf(" %s | %s | %s |", reports.Human(v.lab, m.Unit), reports.Human(v.linux, m.Unit), ratio)
		}
		if some {
			abs, rel := tolerance(scenario, c.metric, c.abs, c.rel)
			fmt.Fprintf(&b, "| `%s` | %s |%s\n", c.metric, toleranceText(abs, rel, m.Unit), cells)
		}
	}
	if why := explain(scenario); why != "" {
		fmt.Fprintf(&b, "\n%s\n", why)
	}
	return b.String()
}

func toleranceText(abs, rel float64, u scenarios.Unit) string {
	var parts []string
	if abs > 0 {
		parts = append(parts, reports.Human(abs, u))
	}
	if rel > 0 {
		parts = append(parts, fmt.Sprintf("%.0f %%", 100*rel))
	}
	return strings.Join(parts, " + ")
}

// checkAgreementDoc holds the document to what was measured: the same rows, and the lab's values to the last digit. What
// the kernel does in real time is a little different every time.
func checkAgreementDoc(t *testing.T, tables []string) {
	b, err := os.ReadFile(agreementDoc)
	if err != nil {
		t.Fatal(err)
	}
	const heading = "## Shipped scenarios\n"
	head, _, found := strings.Cut(string(b), heading)
	if !found {
		t.Fatalf("docs/lab-and-linux.md has no %q", heading)
	}
	if *update {
		if err := os.WriteFile(agreementDoc, []byte(head+heading+"\n"+strings.Join(tables, "\n")), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	doc := string(b)
	for _, table := range tables {
		for row := range strings.Lines(table) {
			if want := withoutLinux(row); !strings.Contains(withoutLinux(doc), want) {
				t.Errorf("docs/lab-and-linux.md has no row\n%s(go test ./lab/experiment -run SameDice -update writes it, as root, with CI=true)", row)
			}
		}
	}
}

// withoutLinux leaves out of each row what the kernel did.
func withoutLinux(text string) string {
	var out strings.Builder
	for row := range strings.Lines(text) {
		cells := strings.Split(row, "|")
		if len(cells) < 7 || strings.Contains(row, "linux") || strings.Contains(row, "---") {
			out.WriteString(row)
			continue
		}
		kept := cells[1:3]
		for i := 3; i+2 < len(cells); i += 3 {
			kept = append(kept, cells[i])
		}
		out.WriteString(strings.Join(kept, "|") + "\n")
	}
	return out.String()
}
