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
		"path.queue":                names(queueKeys),
		"path.loss":                 names(lossKeys),
		"path.loss.gilbert_elliott": names(burstKeys),
		"path.corrupt":              names(corruptKeys),
		"path.reorder":              names(reorderKeys),
		"path.delay":                names(delayKeys),
		"script":                    names(ruleKeys),
		"script.match":              names(matchKeys),
		"script.do":                 names(doKeys),
		"timeline":                  names(phaseKeys),
		"flows":                     names(flowKeys),
		"flows.tcp":                 names(tcpKeys),
		"flows.udp":                 names(udpKeys),
		"sweep":                     names(sweepKeys),
	}
}

var (
	headingLine = regexp.MustCompile("^#+ (?:`(.*)`|(.*))$")
	keyRow      = regexp.MustCompile("^\\| `([a-z_]+)` \\| .* \\|$")
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
	for _, c := range Charts {
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
