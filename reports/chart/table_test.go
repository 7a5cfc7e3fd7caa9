package chart

import (
	"encoding/csv"
	"math"
	"strings"
	"testing"
	"time"
)

func TestTableIsCSV(t *testing.T) {
	table := newTable("what", "at_s", "n", "share")
	table.add(word(`a "b", c`), seconds(1500*time.Millisecond), integer(-3), number(0.25))
	table.add(word("plain"), seconds(1), none, number(math.NaN()))
	table.add(word(""), seconds(-2*time.Second), integer(1<<62), number(math.Inf(1)))
	want := "what,at_s,n,share\n" +
		"\"a \"\"b\"\", c\",1.5,-3,0.25\n" +
		"plain,0.000000001,,\n" +
		",-2,4611686018427387904,\n"
	if got := string(table.CSV()); got != want {
		t.Errorf("CSV:\n%s\nwant:\n%s", got, want)
	}
	rows, err := csv.NewReader(strings.NewReader(want)).ReadAll()
	if err != nil || len(rows) != 4 || rows[1][0] != `a "b", c` {
		t.Errorf("encoding/csv reads %q, %v", rows, err)
	}
	if table.Rows != 3 {
		t.Errorf("%d rows, want 3", table.Rows)
	}
}

func TestTableRefusesARaggedRow(t *testing.T) {
	defer func() {
		if recover() == nil {
			t.Error("a row of one cell in a table of two columns was taken")
		}
	}()
	table := newTable("a", "b")
	table.add(integer(1))
}
