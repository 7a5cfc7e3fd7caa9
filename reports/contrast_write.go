package reports

import (
	"bytes"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"path/filepath"
	"strconv"

	"reliabilitylab/reports/chart"
)

// What a comparison leaves in a folder: compare.csv with every row, and compare.png, .svg and .pdf, a picture of the rows that tell the story.

// contrastFile is what the files are called, without their ends.
const contrastFile = "compare"

// Write writes the files into a folder, which is made if it is not there, and returns their names. What else stands there is left alone, but into a
// run's own results nothing is put: they would no longer be replaced.
func (c *Contrast) Write(dir string, formats []string) (names []string, err error) {
	failed := func(err error) error { return fmt.Errorf("write the comparison to %s: %w", dir, err) }
	if _, err := os.Lstat(filepath.Join(dir, resultsFile)); err == nil {
		return nil, fmt.Errorf("%w: %s holds the results of a run; name another folder with -o", ErrOccupied, dir)
	}
	files := []struct {
		name string
		text []byte
	}{{contrastFile + ".csv", c.table()}}
	if d := c.forest().Draw(); d != nil {
		for _, format := range formats {
			b, err := chart.Save(d, format)
			if err != nil {
				return nil, failed(err)
			}
			files = append(files, struct {
				name string
				text []byte
			}{contrastFile + "." + format, b})
		}
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return nil, failed(err)
	}
	for _, f := range files {
		name := filepath.Join(dir, f.name)
		err := writeFile(name+unfinished, func(w io.Writer) error { _, err := w.Write(f.text); return err })
		if err == nil {
			err = os.Rename(name+unfinished, name)
		}
		if err != nil {
			return names, failed(errors.Join(err, os.RemoveAll(name+unfinished)))
		}
		names = append(names, name)
	}
	return names, nil
}

// forest is the picture: of the metrics that tell the story those that are not the same.
func (c *Contrast) forest() *chart.Forest {
	f := &chart.Forest{A: c.A.Name, B: c.B.Name, Title: c.B.Name + " beside " + c.A.Name, Words: c.marks()}
	if title := c.A.Results.Title; title != "" && title == c.B.Results.Title {
		f.Title = title + ": " + f.Title
	}
	turns := false
	for _, r := range c.Rows {
		if !r.Key || !c.stands(r.Verdict) && r.Verdict != Noise {
			continue
		}
		row := chart.ForestRow{
			Label: c.RowLabel(r), Protocol: r.Protocol, Values: r.Value(r.A) + " → " + r.Value(r.B), Certain: r.Verdict == Differs,
			Change: Percent(r.Change.Estimate), Low: Percent(r.Change.Low), High: Percent(r.Change.High),
		}
		if r.Verdict == Turns {
			row.Change, row.Low, row.High, row.Certain = math.NaN(), Percent(r.Least), Percent(r.Most), true
			turns = true
		}
		f.Rows = append(f.Rows, row)
	}
	if turns {
		f.Words += "; dashed: both ways, from point to point"
	}
	return f
}

// marks says what the picture's marks are.
func (c *Contrast) marks() string {
	switch {
	case c.Seeds == 0:
		return fmt.Sprintf("change of the median; filled: beyond noise (%s)", c.TestName())
	case c.Tests == 0:
		return fmt.Sprintf("change with the same dice, %s: whether it is noise cannot be told", c.Observations())
	}
	return fmt.Sprintf("change with the same dice, %s, and its 95%% interval; filled: beyond noise (%s)",
		c.Observations(), c.TestName())
}

// table is compare.csv.
func (c *Contrast) table() []byte {
	var out bytes.Buffer
	w := csv.NewWriter(&out)
	w.Write([]string{"flow", "protocol", "point", "metric", "unit", "seeds", "pairs", "a_median", "b_median", "difference", "change", "change_low", "change_high",
		"p", "p_adjusted", "effect", "verdict"})
	for _, rows := range [][]ContrastRow{c.Rows, c.Detail} {
		for _, r := range rows {
			p, effect := r.Test.P, r.Test.Effect
			if r.Seeds == 0 || r.Seeds == 1 && c.Seeds > 0 {
				p, effect = math.NaN(), math.NaN()
			}
			verdict := string(r.Verdict)
			if r.Point != "" && r.Verdict == Few {
				verdict = "" // nothing is said of single points
			}
			w.Write([]string{r.Flow, r.Protocol, r.Point, r.Metric.Name, string(r.Metric.Unit), strconv.Itoa(r.Seeds), strconv.Itoa(r.Pairs),
				finite(r.A), finite(r.B), finite(r.Difference), finite(Percent(r.Change.Estimate)), finite(Percent(r.Change.Low)), finite(Percent(r.Change.High)),
				short(p), short(r.Adjusted), short(effect), verdict})
		}
	}
	w.Flush()
	return out.Bytes()
}

// finite is empty for what is not.
func finite(v float64) string {
	if math.IsNaN(v) || math.IsInf(v, 0) {
		return ""
	}
	return formatNumber(v)
}

// short writes a probability or an effect: more digits than these are no knowledge.
func short(v float64) string {
	if math.IsNaN(v) {
		return ""
	}
	return strconv.FormatFloat(v, 'g', 4, 64)
}
