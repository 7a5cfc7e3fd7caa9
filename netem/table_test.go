package netem

import (
	"bytes"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"
)

func TestParseTable(t *testing.T) {
	for _, c := range []struct {
		text string
		want Table
	}{
		{"1", Table{1}},
		{"# This is the distribution table for the experimental distribution.\n -8192 0\t8192\n\n 32767 -32768\r\n# 7\n5", Table{-8192, 0, 8192, 32767, -32768, 5}},
		{"+3\n", Table{3}},
	} {
		if got, err := ParseTable([]byte(c.text)); err != nil || !slices.Equal(got, c.want) {
			t.Errorf("%q: %v, %v", c.text, got, err)
		}
	}
	for _, c := range []struct{ text, want string }{
		{"", "no values"}, {"# only words\n", "no values"},
		{"1\n2 x", `line 2: "x" is no whole number`}, {"1.5", `"1.5" is no`}, {"0x10", "is no"}, {"1,2", "is no"},
		{"32768", "line 1: 32768 is not from"}, {"-32769", "is not from"}, {strings.Repeat("9", 100), "is not from"},
		{strings.Repeat("1 ", MaxTable+1), "more than 16384 values"}, {strings.Repeat(" ", MaxTableText+1), "more than 1048576 bytes"},
		{strings.Repeat("y", 100), "yyy\" is no"},
	} {
		if _, err := ParseTable([]byte(c.text)); err == nil || !strings.Contains(err.Error(), c.want) || len(err.Error()) > 100 {
			t.Errorf("%.20q: %v, want %s", c.text, err, c.want)
		}
	}
}

// FuzzParseTable: no panic, and what is read can be written and read again.
func FuzzParseTable(f *testing.F) {
	for _, s := range []string{"", "1 2 3", "# words\n-1\n", "32768", "1\x00", "\n\n#"} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		table, err := ParseTable(text)
		if err != nil {
			return
		}
		again, err := ParseTable([]byte(strings.Trim(fmt.Sprint([]int16(table)), "[]")))
		if err != nil || !slices.Equal(again, table) || len(table) == 0 || len(table) > MaxTable {
			t.Fatalf("%v became %v, %v", table, again, err)
		}
	})
}

// TestDelayTable: a delay is Base and one of the table's values times Jitter/8192, each as often as it stands there. The
// counts are compared by Pearson's chi-square: with 3 degrees of freedom 30.66 is passed once in a million.
func TestDelayTable(t *testing.T) {
	var text bytes.Buffer
	for i := range 1000 {
		fmt.Fprintln(&text, []int{-8192, 0, 4096, 16384}[i%10/3]) // 0.3, 0.3, 0.3 and 0.1 of them
	}
	table, err := ParseTable(text.Bytes())
	if err != nil {
		t.Fatal(err)
	}
	const n = 40000
	w := newWorld(1, Delay{Base: 10 * ms, Jitter: 2 * ms, Table: table, Distribution: Normal})
	for range n {
		w.put(udp(0))
	}
	w.run()
	count := map[time.Duration]float64{}
	for _, e := range w.out {
		count[e.at]++
	}
	x, seen := 0.0, 0.0
	for at, p := range map[time.Duration]float64{8 * ms: .3, 10 * ms: .3, 11 * ms: .3, 14 * ms: .1} {
		seen += count[at]
		x += (count[at] - n*p) * (count[at] - n*p) / (n * p)
	}
	if x > 30.66 || seen != n {
		t.Errorf("chi-square is %g; %v", x, count)
	}
}
