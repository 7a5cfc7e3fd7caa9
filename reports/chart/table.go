package chart

import (
	"math"
	"strconv"
	"strings"
	"time"
)

// A Table is a chart's points as numbers: tidy, a row a point, columns named with their units ("sent_s", "size_bytes").
// It is kept as CSV (RFC 4180, with \n), so that a million rows cost their text and no more.
type Table struct {
	Columns []string
	Rows    int
	csv     []byte
}

// newTable returns a table of these columns without rows.
func newTable(columns ...string) Table { return Table{Columns: columns} }

// add appends a row, a cell a column.
func (t *Table) add(cells ...cell) {
	if len(cells) != len(t.Columns) {
		panic("chart: a row of " + strconv.Itoa(len(cells)) + " cells in a table of columns " + strings.Join(t.Columns, ","))
	}
	for i, c := range cells {
		if i > 0 {
			t.csv = append(t.csv, ',')
		}
		t.csv = c.append(t.csv)
	}
	t.csv = append(t.csv, '\n')
	t.Rows++
}

// CSV returns the table's file: a line of column names, then the rows.
func (t *Table) CSV() []byte {
	b := make([]byte, 0, len(t.csv)+64)
	for i, name := range t.Columns {
		if i > 0 {
			b = append(b, ',')
		}
		b = word(name).append(b)
	}
	b = append(b, '\n')
	return append(b, t.csv...)
}

// A cell is one value of a row.
type cell struct {
	kind byte // 0 nothing, 'w' word, 'n' number, 'i' integer, 't' duration
	s    string
	f    float64
	i    int64
}

// none is an empty cell: what is undefined.
var none = cell{}

func word(s string) cell           { return cell{kind: 'w', s: s} }
func number(f float64) cell        { return cell{kind: 'n', f: f} } // NaN and infinities are left empty
func integer(i int64) cell         { return cell{kind: 'i', i: i} }
func seconds(d time.Duration) cell { return cell{kind: 't', i: int64(d)} } // exact, in decimals
func (c cell) append(b []byte) []byte {
	switch c.kind {
	case 'w':
		if strings.ContainsAny(c.s, ",\"\r\n") {
			return append(append(append(b, '"'), strings.ReplaceAll(c.s, `"`, `""`)...), '"')
		}
		return append(b, c.s...)
	case 'n':
		if math.IsNaN(c.f) || math.IsInf(c.f, 0) {
			return b
		}
		return strconv.AppendFloat(b, c.f, 'g', 9, 64)
	case 'i':
		return strconv.AppendInt(b, c.i, 10)
	case 't':
		return appendSeconds(b, c.i)
	}
	return b
}

// appendSeconds appends nanoseconds as exact decimal seconds without zeros at the end.
func appendSeconds(b []byte, ns int64) []byte {
	if ns < 0 {
		b, ns = append(b, '-'), -ns
	}
	b = strconv.AppendInt(b, ns/1e9, 10)
	frac := ns % 1e9
	if frac == 0 {
		return b
	}
	b = append(b, '.')
	for place := int64(1e8); frac > 0; place /= 10 {
		b = append(b, byte('0'+frac/place))
		frac %= place
	}
	return b
}
