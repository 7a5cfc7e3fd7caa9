package scenarios

import (
	"embed"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"gopkg.in/yaml.v3"

	"reliabilitylab/netem"
)

// path.rate: a rate, or a trace of how it changes, read from a file.

//go:generate go run traces_generate.go
//go:embed traces
var traces embed.FS

// maxTrace is how many bytes a trace may have.
const maxTrace = 16 << 20

var rateKeys = []key[Way]{
	{name: "trace", take: takeTrace},
}

func takeRate(d *decoder, n *yaml.Node, w *Way) {
	w.Rate, w.Trace = 0, LinkTrace{}
	if n.Kind != yaml.MappingNode {
		scalar(d, n, rate, &w.Rate)
		return
	}
	if len(n.Content) == 0 {
		d.wrong(n, "nothing is said of the rate; give it a trace")
		return
	}
	section(d, n, rateKeys, w)
}

var traceFile = kind[string]{"the name of a file, such as lte.trace", func(s string) (string, error) { return text(s, 1000, true) }}

// takeTrace reads a trace: a shipped one by its bare name, and any other from its file, beside the scenario.
func takeTrace(d *decoder, n *yaml.Node, w *Way) {
	if scalar(d, n, traceFile, &w.Trace.File); w.Trace.File == "" {
		return
	}
	text, file, err := d.trace(w.Trace.File)
	if err != nil {
		d.wrong(n, "read the trace: %v", err)
		return
	}
	if text == nil {
		return
	}
	if strings.EqualFold(filepath.Ext(file), ".csv") {
		w.Trace.Rates, err = netem.ParseRates(text)
	} else {
		w.Trace.Opportunities, err = netem.ParseOpportunities(text)
	}
	if err != nil {
		d.wrong(n, "%s, %v", file, err)
		return
	}
	if w.Rate = w.Trace.mean(); w.Rate < minRate {
		d.wrong(n, "%s carries less than 1kbit a second on average", file)
	}
}

// trace returns the text of a trace, nil where files are not read, and where it stands.
func (d *decoder) trace(name string) (text []byte, file string, err error) {
	if !strings.ContainsAny(name, `/\`) {
		if text, err := traces.ReadFile("traces/" + name); err == nil {
			return text, name, nil
		}
	}
	if text, file, err = d.read(name, maxTrace); errors.Is(err, os.ErrNotExist) {
		err = fmt.Errorf("%w (the shipped ones are %s)", err, strings.Join(shippedTraces(), ", "))
	}
	return text, file, err
}

// shippedTraces are the names of the traces that need no file.
func shippedTraces() []string {
	var names []string
	entries, _ := traces.ReadDir("traces") // embedded: it is there, and in order
	for _, e := range entries {
		names = append(names, e.Name())
	}
	return names
}

// mean is the trace's rate on average; 0 where it was not read.
func (t *LinkTrace) mean() netem.Rate {
	switch {
	case t.Rates != nil:
		return t.Rates.Mean()
	case t.Opportunities != nil:
		return t.Opportunities.Mean()
	}
	return 0
}
