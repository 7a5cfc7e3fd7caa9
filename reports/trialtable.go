package reports

import (
	"bytes"
	"encoding/csv"
	"strconv"

	"reliabilitylab/scenarios"
)

// trialTable returns trials.csv: a row a trial; columns for what it is, for the swept keys, and for every metric. An
// undefined metric is an empty cell.
func trialTable(r *Results, s *scenarios.Scenario) []byte {
	head := []string{"id", "flow", "protocol", "replicate", "seed"}
	for _, a := range s.Sweep.Vary {
		head = append(head, a.Key)
	}
	for _, m := range scenarios.Metrics {
		head = append(head, m.Name)
	}
	var b bytes.Buffer
	w := csv.NewWriter(&b)
	w.Write(head)
	for _, t := range r.Trials {
		row := []string{t.ID, t.Flow, t.Protocol, strconv.Itoa(t.Replicate), strconv.FormatUint(t.Seed, 10)}
		for _, a := range s.Sweep.Vary {
			row = append(row, t.Point[a.Key])
		}
		for _, m := range scenarios.Metrics {
			cell := ""
			if v, ok := t.Metrics[m.Name]; ok {
				cell = strconv.FormatFloat(v, 'g', -1, 64)
			}
			row = append(row, cell)
		}
		w.Write(row)
	}
	w.Flush() // a bytes.Buffer takes everything
	return b.Bytes()
}
