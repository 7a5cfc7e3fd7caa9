package reports

import (
	"encoding/csv"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"testing"

	"reliabilitylab/scenarios"
)

// TestTrialTable reads trials.csv as anybody would, and holds it against results.json.
func TestTrialTable(t *testing.T) {
	dir := ran(t, swept)
	r, err := ReadResults(dir)
	if err != nil {
		t.Fatal(err)
	}
	file, err := os.Open(filepath.Join(dir, trialsFile))
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	rows, err := csv.NewReader(file).ReadAll() // every row has as many fields as the first
	if err != nil {
		t.Fatal(err)
	}
	want := []string{"id", "flow", "protocol", "replicate", "seed", "path.forward.loss", "path.delay"}
	for _, m := range scenarios.Metrics {
		want = append(want, m.Name)
	}
	if !slices.Equal(rows[0], want) {
		t.Errorf("columns %v, want %v", rows[0], want)
	}
	// 2 losses, 2 delays, 2 replicates, 3 flows and protocols.
	if len(rows) != 1+24 || len(r.Trials) != 24 {
		t.Fatalf("%d rows and %d trials, want 24", len(rows)-1, len(r.Trials))
	}
	for i, trial := range r.Trials {
		cell := func(name string) string { return rows[i+1][slices.Index(rows[0], name)] }
		if cell("id") != trial.ID || cell("flow") != trial.Flow || cell("protocol") != trial.Protocol ||
			cell("replicate") != strconv.Itoa(trial.Replicate) || cell("seed") != strconv.FormatUint(trial.Seed, 10) {
			t.Errorf("row %v is not of trial %s", rows[i+1][:7], trial.ID)
		}
		if len(trial.Point) != 2 {
			t.Errorf("trial %s: point %v", trial.ID, trial.Point)
		}
		for key, value := range trial.Point {
			want := value // of path.delay one value is no quantity, so the column is of words
			if key == "path.forward.loss" {
				want = map[string]string{"0%": "0", "20%": "0.2"}[value]
			}
			if cell(key) != want {
				t.Errorf("trial %s: %s is %s, want %s", trial.ID, key, cell(key), want)
			}
		}
		for _, m := range scenarios.Metrics {
			v, ok := trial.Metrics[m.Name]
			got, err := strconv.ParseFloat(cell(m.Name), 64)
			if (err == nil) != ok || got != v {
				t.Errorf("trial %s: %s is %q, want %v (%v)", trial.ID, m.Name, cell(m.Name), v, ok)
			}
		}
	}
}
