package reports

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"

	"reliabilitylab/reports/chart"
)

// draw makes the charts that the scenario asks for, saves them, each in these formats and as a table, and returns them in
// order, without their points: of a million packets those of all charts together would take more memory than the record.
func (f *Folder) draw(formats []string, each Each) ([]*chart.Drawing, error) {
	for i := range f.charts.Trials {
		f.charts.Trials[i].Label = f.results.Trials[i].label(f.results.Trials[:len(f.charts.Trials)])
	}
	dir := filepath.Join(f.place.temp, chartsDir)
	if err := os.Mkdir(dir, 0o755); err != nil {
		return nil, err
	}
	wanted := wantedCharts(f.scenario.Charts)
	drawn := make([]*chart.Drawing, len(wanted))
	err := each(len(wanted), func(i int) error {
		c := chart.All[wanted[i]]
		d, err := c.New(f.charts)
		if err != nil {
			return fmt.Errorf("chart %s: %w", c.Name, err)
		}
		if d == nil { // it has nothing to show
			return nil
		}
		if err := save(dir, d, formats); err != nil {
			return fmt.Errorf("chart %s: %w", c.Name, err)
		}
		d.Draw, d.Points = nil, chart.Table{}
		drawn[i] = d
		return nil
	})
	return slices.DeleteFunc(drawn, func(d *chart.Drawing) bool { return d == nil }), err
}

// save writes a chart's files.
func save(dir string, d *chart.Drawing, formats []string) error {
	for _, format := range formats {
		b, err := chart.Save(d, format)
		if err != nil {
			return err
		}
		if err := os.WriteFile(filepath.Join(dir, d.Name+"."+format), b, 0o644); err != nil {
			return err
		}
	}
	return os.WriteFile(filepath.Join(dir, d.Name+".csv"), d.Points.CSV(), 0o644)
}

// wantedCharts are the places in chart.All of the named ones, in the order of naming; all if none is named.
func wantedCharts(names []string) []int {
	var out []int
	for i := range chart.All {
		if len(names) == 0 {
			out = append(out, i)
		}
	}
	for _, name := range names {
		for i, c := range chart.All {
			if c.Name == name {
				out = append(out, i)
			}
		}
	}
	return out
}
