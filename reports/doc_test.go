package reports

import (
	"encoding/csv"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"reliabilitylab/scenarios"
)

// sections returns docs/results.md by heading.
func sections(t *testing.T) map[string]string {
	t.Helper()
	b, err := os.ReadFile("../docs/results.md")
	if err != nil {
		t.Fatal(err)
	}
	out := map[string]string{}
	for _, s := range regexp.MustCompile(`(?m)^#+ `).Split(string(b), -1) {
		head, body, _ := strings.Cut(s, "\n")
		out[strings.TrimSpace(head)] = body
	}
	return out
}

// TestEveryMetricIsDocumented: every metric stands in the table of its group with its unit and a meaning, in the order of the
// result files; and nothing else does.
func TestEveryMetricIsDocumented(t *testing.T) {
	doc := sections(t)
	var want []string
	for _, m := range scenarios.Metrics {
		want = append(want, fmt.Sprintf("%s: %s, %s", m.Group, m.Name, m.Unit))
	}
	var got []string
	for _, group := range []string{"program", "wire", "tcp", "together"} {
		for _, row := range regexp.MustCompile("(?m)^\\| `([a-z0-9_]+)` \\| ([^|]+) \\| (.{10,}) \\|$").FindAllStringSubmatch(doc[group], -1) {
			got = append(got, fmt.Sprintf("%s: %s, %s", group, row[1], row[2]))
		}
	}
	for i := range max(len(got), len(want)) {
		g, w := "nothing", "nothing"
		if i < len(got) {
			g = got[i]
		}
		if i < len(want) {
			w = want[i]
		}
		if g != w {
			t.Fatalf("docs/results.md has %q where the result files have %q", g, w)
		}
	}
}

// TestEveryFileIsDocumented runs a scenario with all charts and looks for each file, each column and each key in the document.
func TestEveryFileIsDocumented(t *testing.T) {
	doc := sections(t)
	all := scenarios.Setting{Key: "charts", Value: "[delivery, order, latency, sequence, time-sequence, window, throughput, queue, sweep.goodput_bps, heatmap.goodput_bps, paired.goodput_bps, cdf.goodput_bps]"}
	ten := scenarios.Setting{Key: "sweep.repeat", Value: "10"}
	dir := filepath.Join(t.TempDir(), "results")
	if _, err := begin(t, dir, swept, all, ten).Finish([]string{"svg"}, inOrder); err != nil {
		t.Fatal(err)
	}
	charts := 0
	for name := range tree(t, dir) {
		name = filepath.ToSlash(name)
		place := regexp.MustCompile(`^trials/[^/]+/`).ReplaceAllString(name, "")
		switch filepath.Ext(name) {
		case ".csv":
			if strings.HasPrefix(name, "charts/") {
				charts++
			}
			place = regexp.MustCompile(`^charts/(sweep|heatmap|paired|cdf)-.*\.csv$`).ReplaceAllString(place, "charts/$1-METRIC.csv")
			file, err := os.Open(filepath.Join(dir, name))
			if err != nil {
				t.Fatal(err)
			}
			columns, err := csv.NewReader(file).Read()
			file.Close()
			if err != nil {
				t.Fatal(err)
			}
			for _, c := range columns {
				_, metric := scenarios.MetricNamed(c)
				if !metric && !strings.HasPrefix(c, "path.") && !strings.Contains(doc[place], "`"+c+"`") {
					t.Errorf("%s: the column %s is not documented", place, c)
				}
			}
		case ".html", ".json", ".pcapng":
			if !strings.Contains(doc["What a run leaves"], place) {
				t.Errorf("%s is not documented", place)
			}
		}
	}
	if charts != 12 {
		t.Errorf("%d charts, want 12", charts)
	}
	b, err := os.ReadFile(filepath.Join(dir, resultsFile))
	if err != nil {
		t.Fatal(err)
	}
	var results map[string]any
	if err := json.Unmarshal(b, &results); err != nil {
		t.Fatal(err)
	}
	documentedKeys(t, doc[resultsFile], results)
}

// documentedKeys looks for the keys of a JSON value in the document, but for those that name metrics and swept keys.
func documentedKeys(t *testing.T, doc string, v any) {
	switch v := v.(type) {
	case []any:
		for _, e := range v {
			documentedKeys(t, doc, e)
		}
	case map[string]any:
		for key, e := range v {
			if !strings.Contains(doc, "`"+key+"`") {
				t.Errorf("results.json: the key %s is not documented", key)
			}
			if key != "metrics" && key != "point" {
				documentedKeys(t, doc, e)
			}
		}
	}
}
