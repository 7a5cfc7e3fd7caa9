package reports

import (
	"encoding/csv"
	"io"
	"strconv"

	"reliabilitylab/scenarios"
)

// trialTable writes trials.csv: a row a trial; columns for what it is, for the swept keys, and for every metric. What can be a number is
// one, in SI units, so that any tool reads the column as numbers. An undefined metric is an empty cell.
func trialTable(out io.Writer, r *Results, s *scenarios.Scenario) error {
	head := []string{"id", "flow", "protocol", "replicate", "seed"}
	for _, a := range s.Sweep.Vary {
		head = append(head, a.Key)
	}
	for _, m := range scenarios.Metrics {
		head = append(head, m.Name)
	}
	w := csv.NewWriter(out)
	w.Write(head)
	number := map[string]bool{}
	for _, a := range s.Sweep.Vary {
		number[a.Key] = quantities(a.Values)
	}
	for _, t := range r.Trials {
		row := []string{t.ID, t.Flow, t.Protocol, strconv.Itoa(t.Replicate), strconv.FormatUint(t.Seed, 10)}
		for _, a := range s.Sweep.Vary {
			value := t.Point[a.Key]
			if v, _, _, ok := scenarios.Quantity(value); ok && number[a.Key] {
				value = formatNumber(v)
			}
			row = append(row, value)
		}
		for _, m := range scenarios.Metrics {
			cell := ""
			if v, ok := t.Metrics[m.Name]; ok {
				cell = formatNumber(v)
			}
			row = append(row, cell)
		}
		w.Write(row)
	}
	w.Flush()
	return w.Error()
}

func formatNumber(v float64) string { return strconv.FormatFloat(v, 'g', -1, 64) }

// quantities tells whether all values are quantities of one kind, or have no unit.
func quantities(values []string) bool {
	var unit scenarios.Unit
	for _, text := range values {
		_, u, bare, ok := scenarios.Quantity(text)
		if !ok || !bare && unit != "" && u != unit {
			return false
		}
		if !bare {
			unit = u
		}
	}
	return true
}
