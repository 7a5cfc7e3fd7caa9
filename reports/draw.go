package reports

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"

	"reliabilitylab/reports/chart"
)

// A drawnChart is a chart that has been saved.
type drawnChart struct {
	*chart.Drawing
	swept bool // it shows all trials of a sweep
}

// draw makes the charts that the scenario asks for, saves them, each in these formats and as a table, and returns them in
// order, without their points: of a million packets those of all charts together would take more memory than the record.
func (f *Folder) draw(formats []string, each Each) ([]drawnChart, error) {
	f.charts.Trials = nil
	for i, t := range f.shown() {
		f.charts.Trials = append(f.charts.Trials, views(t, t.label(f.shown()), f.traces[i])...)
	}
	dir := filepath.Join(f.place.temp, chartsDir)
	if err := os.Mkdir(dir, 0o755); err != nil {
		return nil, err
	}
	jobs := f.chartJobs()
	drawn := make([]drawnChart, len(jobs))
	err := each(len(jobs), func(i int) error {
		d, err := jobs[i].draw()
		if err != nil {
			return fmt.Errorf("chart %s: %w", jobs[i].name, err)
		}
		if d == nil { // it has nothing to show
			return nil
		}
		if err := save(dir, d, formats); err != nil {
			return fmt.Errorf("chart %s: %w", jobs[i].name, err)
		}
		d.Draw, d.Points = nil, chart.Table{}
		drawn[i] = drawnChart{d, jobs[i].swept}
		return nil
	})
	return slices.DeleteFunc(drawn, func(d drawnChart) bool { return d.Drawing == nil }), err
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
