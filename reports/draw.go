package reports

import (
	"fmt"
	"os"
	"path/filepath"

	"reliabilitylab/reports/chart"
)

// draw makes the charts that the scenario asks for and saves them, each in these formats and as a table; it returns them in
// order.
func (f *Folder) draw(formats []string, each Each) ([]*chart.Drawing, error) {
	for i := range f.charts.Trials {
		f.charts.Trials[i].Label = f.results.Trials[i].label(f.results.Trials[:len(f.charts.Trials)])
	}
	wanted := wantedCharts(f.scenario.Charts)
	all := make([]*chart.Drawing, len(wanted))
	err := each(len(wanted), func(i int) (err error) {
		c := chart.All[wanted[i]]
		if all[i], err = c.New(f.charts); err != nil {
			return fmt.Errorf("chart %s: %w", c.Name, err)
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	var drawn []*chart.Drawing
	for _, d := range all {
		if d != nil { // nil: it has nothing to show
			drawn = append(drawn, d)
		}
	}
	dir := filepath.Join(f.place.temp, chartsDir)
	if err := os.Mkdir(dir, 0o755); err != nil {
		return nil, err
	}
	files := len(formats) + 1
	return drawn, each(len(drawn)*files, func(i int) error {
		d, k := drawn[i/files], i%files
		if k == len(formats) {
			return os.WriteFile(filepath.Join(dir, d.Name+".csv"), d.Points.CSV(), 0o644)
		}
		b, err := chart.Save(d, formats[k])
		if err != nil {
			return fmt.Errorf("chart %s: %w", d.Name, err)
		}
		return os.WriteFile(filepath.Join(dir, d.Name+"."+formats[k]), b, 0o644)
	})
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
