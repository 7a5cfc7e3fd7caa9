package reports

import (
	"reliabilitylab/reports/chart"
)

// sweep is what the charts of the sweep are drawn from: every trial, without its trace.
func (f *Folder) sweep() *chart.Sweep {
	s := &chart.Sweep{Scenario: f.scenario}
	for _, t := range f.results.Trials {
		s.Trials = append(s.Trials, chart.Measured{
			Point: t.Point, Flow: t.Flow, Protocol: t.Protocol, Replicate: t.Replicate, Metrics: t.Metrics,
		})
	}
	return s
}

// A chartJob makes one chart. Of a sweep it shows all trials, else those of the first point's first replicate.
type chartJob struct {
	name  string
	swept bool
	draw  func() (*chart.Drawing, error)
}

// chartJobs are the charts that the scenario asks for: those of the sweep first, then those of single trials. With a sweep the
// latter are made only where they are named: one trial of many is rarely what it is about.
func (f *Folder) chartJobs() []chartJob {
	var jobs []chartJob
	sweep := f.sweep()
	for _, name := range sweep.Choose(f.scenario.Charts) {
		jobs = append(jobs, chartJob{name.String(), true, func() (*chart.Drawing, error) { return sweep.Draw(name) }})
	}
	for _, c := range chart.All {
		if len(f.scenario.Charts) == 0 && !f.varies() {
			jobs = append(jobs, chartJob{c.Name, false, func() (*chart.Drawing, error) { return c.New(f.charts) }})
		}
	}
	for _, name := range f.scenario.Charts {
		for _, c := range chart.All {
			if c.Name == name.Kind {
				jobs = append(jobs, chartJob{c.Name, false, func() (*chart.Drawing, error) { return c.New(f.charts) }})
			}
		}
	}
	return jobs
}

// varies tells whether the sweep has more than one point.
func (f *Folder) varies() bool { return f.scenario.Sweep.Count() > 1 }
