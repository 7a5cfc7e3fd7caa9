package scenarios

import (
	"fmt"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
)

const docFile = "../docs/scenario-format.md"

// sections are all tables of the decoder, under the names that the document gives them.
func sections() map[string][]string {
	return map[string][]string{
		"The scenario":              names(scenarioKeys),
		"stack":                     names(stackKeys),
		"path":                      names(pathKeys),
		"path.hop_mtu":              names(hopKeys),
		"path.rate":                 names(rateKeys),
		"path.queue":                names(queueKeys),
		"path.loss":                 names(lossKeys),
		"path.loss.gilbert_elliott": names(burstKeys),
		"path.loss.markov":          names(markovKeys),
		"path.overhead":             names(overheadKeys),
		"path.duplicate":            names(duplicateKeys),
		"path.slot":                 names(slotKeys),
		"path.corrupt":              names(corruptKeys),
		"path.reorder":              names(reorderKeys),
		"path.delay":                names(delayKeys),
		"path.replay":               names(replayKeys),
		"script":                    names(ruleKeys),
		"script.match":              names(matchKeys),
		"script.do":                 names(doKeys),
		"timeline":                  names(turnKeys),
		"timeline.ramp":             names(rampKeys),
		"timeline.flap":             names(flapKeys),
		"flows":                     names(flowKeys),
		"flows.calls":               names(callKeys),
		"flows.calls.accept":        names(acceptKeys),
		"flows.tcp":                 names(tcpKeys),
		"flows.udp":                 names(udpKeys),
		"flows.arq":                 names(arqKeys),
		"sweep":                     names(sweepKeys),
	}
}

var (
	headingLine = regexp.MustCompile("^#+ (?:`(.*)`|(.*))$")
	keyRow      = regexp.MustCompile("^\\| `([a-z_0-9]+)` \\| .* \\|$")
)

func readDoc(t *testing.T) string {
	t.Helper()
	text, err := os.ReadFile(docFile)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// The document has a row for every key that the decoder knows, in the decoder's sections, and no other.
func TestDocumentHasEveryKey(t *testing.T) {
	documented := map[string][]string{}
	section := ""
	for _, l := range strings.Split(readDoc(t), "\n") {
		if m := headingLine.FindStringSubmatch(l); m != nil {
			section = m[1] + m[2]
		} else if m := keyRow.FindStringSubmatch(l); m != nil {
			documented[section] = append(documented[section], m[1])
		}
	}
	for name, keys := range sections() {
		got := documented[name]
		slices.Sort(got)
		slices.Sort(keys)
		if !slices.Equal(got, keys) {
			t.Errorf("section %s: documented %v, known %v", name, got, keys)
		}
		delete(documented, name)
	}
	for name := range documented {
		if name != "Expectations" && name != "Charts" {
			t.Errorf("section %q is documented but not known", name)
		}
	}
}

func TestDocumentHasEveryMetricAndChart(t *testing.T) {
	doc := readDoc(t)
	for _, m := range Metrics {
		if row := fmt.Sprintf("\n| `%s` | %s | %s |\n", m.Name, m.Unit, m.Meaning); !strings.Contains(doc, row) {
			t.Errorf("no row%s", row)
		}
	}
	for _, c := range append(slices.Clone(Charts), SweepCharts...) {
		if row := fmt.Sprintf("\n| `%s` | %s |\n", c.Name, c.Meaning); !strings.Contains(doc, row) {
			t.Errorf("no row%s", row)
		}
	}
}

// The examples of the document are scenarios, and the error that it shows is the one that comes.
func TestDocumentExamples(t *testing.T) {
	blocks := regexp.MustCompile("(?s)```yaml\n(.*?)```").FindAllStringSubmatch(readDoc(t), -1)
	if len(blocks) < 8 {
		t.Fatalf("only %d examples found", len(blocks))
	}
	for i, b := range blocks {
		if _, err := Parse(fmt.Sprintf("example-%d.yaml", i+1), []byte(b[1])); err != nil {
			t.Errorf("%v\nin\n%s", err, b[1])
		}
	}
	_, err := Parse("class.yaml", []byte("path:\n  rate: 10Mbps\nflows: [{}]\n"))
	if err == nil || !strings.Contains(readDoc(t), "```\n"+err.Error()+"\n```") {
		t.Errorf("the document does not show this error:\n%v", err)
	}
}

// The table of TCP's keys says of each its default, which is the decoder's; Linux's name for it, which is what lab/kernel
// sets, or that there is none; and the RFC, or that there is none.
func TestDocumentOfTCP(t *testing.T) {
	kernel, err := os.ReadFile("../lab/kernel/tcp_linux.go")
	if err != nil {
		t.Fatal(err)
	}
	_, table, _ := strings.Cut(readDoc(t), "\n### `flows.tcp`\n")
	table, _, _ = strings.Cut(table, "\n### ")
	code := regexp.MustCompile("`([^`]*)`")
	seen := 0
	for _, l := range strings.Split(table, "\n") {
		m := keyRow.FindStringSubmatch(l)
		if m == nil {
			continue
		}
		seen++
		cells := strings.Split(strings.Trim(l, "| "), " | ")
		if len(cells) != 6 || slices.Contains(cells, "") {
			t.Errorf("%s: %d cells, want 6: key, kind, default, Linux, RFC, meaning, none empty", m[1], len(cells))
			continue
		}
		value := code.FindStringSubmatch(cells[2])
		if value == nil {
			t.Errorf("%s: no default in %q", m[1], cells[2])
			continue
		}
		s, err := Parse("default.yaml", fmt.Appendf(nil, "flows: [{tcp: {%s: %s}}]", m[1], value[1]))
		if err != nil || s.Flows[0].TCP != defaultTCP() {
			t.Errorf("%s: %s is not the default (%v)", m[1], value[1], err)
		}
		names := code.FindAllStringSubmatch(cells[3], -1)
		if names == nil && !regexp.MustCompile("^(always|fixed)").MatchString(cells[3]) {
			t.Errorf("%s: %q is no name of Linux's, nor always or fixed", m[1], cells[3])
		}
		for _, n := range names {
			if !regexp.MustCompile(`\b` + n[1] + `\b`).Match(kernel) {
				t.Errorf("%s: lab/kernel sets no %s", m[1], n[1])
			}
		}
		if !regexp.MustCompile(`^(none|\d{3,4}\b)`).MatchString(cells[4]) {
			t.Errorf("%s: %q is no RFC, nor none", m[1], cells[4])
		}
	}
	if seen != len(tcpKeys) {
		t.Errorf("%d rows for %d keys", seen, len(tcpKeys))
	}
}
