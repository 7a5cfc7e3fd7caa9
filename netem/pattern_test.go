package netem

import (
	"strings"
	"testing"
	"time"
)

func pattern(t testing.TB, text string) *Pattern {
	t.Helper()
	p, err := ParsePattern([]byte(text))
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func TestParsePattern(t *testing.T) {
	p := pattern(t, "# what happened on a bad day\r\npacket,do\r\n\n3,drop\n5 - 7 , delay 20ms\n8,corrupt\n9,corrupt 77\n10,duplicate\n1000000000,hold 3")
	for n, want := range map[uint64]Do{
		1: {}, 3: {Drop: true}, 4: {}, 5: {Delay: 20 * ms}, 7: {Delay: 20 * ms}, 8: {Corrupt: true}, 9: {Corrupt: true, Bit: 77}, 10: {Duplicate: true}, 1e9: {Hold: 3}, 1e9 + 1: {},
	} {
		if got, hit := p.at(n, time.Hour); got != want || hit != (want != Do{}) {
			t.Errorf("packet %d: %+v, %v", n, got, hit)
		}
	}
	if p.Timed() || p.Rows() != 6 || p.Delay() != HoldLimit {
		t.Errorf("timed %v, %d rows, delay %v", p.Timed(), p.Rows(), p.Delay())
	}
	p = pattern(t, "time_s,do\n0.5-1.000000001,drop\n1.000000001-2,delay 1h")
	for at, want := range map[time.Duration]Do{
		0: {}, time.Second/2 - 1: {}, time.Second / 2: {Drop: true}, time.Second: {Drop: true}, time.Second + 1: {Delay: time.Hour}, 2*time.Second - 1: {Delay: time.Hour}, 2 * time.Second: {},
	} {
		if got, hit := p.at(1, at); got != want || hit != (want != Do{}) {
			t.Errorf("at %v: %+v, %v", at, got, hit)
		}
	}
}

func TestPatternErrors(t *testing.T) {
	for _, c := range []struct{ text, want string }{
		{"", "line 1: the pattern is empty"},
		{"# nothing\n", "the pattern is empty"},
		{"1,drop", "line 1: \"1,drop\" is no header"},
		{"packet,do\n7", "line 2: \"7\" has no comma"},
		{"packet,do\n0,drop", "from 1 to 1000000000"},
		{"packet,do\n9-7,drop", "runs backwards"},
		{"packet,do\n\n7,drop\n7,drop", "line 4: 7 is not behind"},
		{"packet,do\n7,", "there is nothing to do"},
		{"packet,do\n7,lose", "\"lose\" is nothing to do; it is drop, duplicate"},
		{"packet,do\n7,drop 3", "nothing to do"},
		{"packet,do\n7,delay 3", "no time from 1µs"},
		{"packet,do\n7,delay 2h", "no time from 1µs"},
		{"packet,do\n7,hold", "nothing to do"},
		{"packet,do\n7,hold 0", "no whole number from 1 to 1000000"},
		{"packet,do\n7,corrupt 600000", "from 1 to 524280"},
		{"time_s,do\n1,drop", "no stretch of time"},
		{"time_s,do\n1-1,drop", "ends where it begins"},
		{"time_s,do\n1-2,drop\n1.5-3,drop", "line 3: 1.5-3 is not behind"},
		{"time_s,do\n1-x,drop", "no time in seconds"},
		{strings.Repeat("#", MaxPatternText+1), "more than"},
	} {
		if _, err := ParsePattern([]byte(c.text)); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%.60q: %v, want %q", c.text, err, c.want)
		}
	}
}

// FuzzPattern: whatever the text, no panic; errors are one line; and what is read says something of its positions.
func FuzzPattern(f *testing.F) {
	for _, s := range []string{"packet,do\n3,drop\n5-7,delay 20ms\n8,corrupt\n9,corrupt 77\n10,duplicate\n11,hold 3", "time_s,do\n0.5-1,drop\n", "# x\n", "packet,do\n1,\x00"} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		p, err := ParsePattern(text)
		if err != nil {
			if strings.ContainsAny(err.Error(), "\n\r") || len(err.Error()) > 500 {
				t.Errorf("%q", err)
			}
			return
		}
		last := int64(0)
		for _, r := range p.rows {
			if r.from < last || r.to < r.from || r.do == (Do{}) {
				t.Fatalf("%+v behind %d", r, last)
			}
			last = r.to
			if do, ok := p.at(uint64(max(r.from, 0)), time.Duration(r.from)); !ok || do != r.do {
				t.Fatalf("%+v: %+v, %v", r, do, ok)
			}
		}
	})
}
