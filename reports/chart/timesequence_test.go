package chart

import (
	"math"
	"testing"
	"time"

	"gonum.org/v1/plot/vg/draw"
	"gonum.org/v1/plot/vg/recorder"

	"reliabilitylab/lab/trace"
	"reliabilitylab/netem"
)

func TestExchangeOfOneLostSegment(t *testing.T) {
	e := exchangeOf(simTCP(oneLost()))
	if len(e.fresh) != 60 || len(e.again) != 1 || len(e.lost) != 1 {
		t.Fatalf("%d segments, %d sent again, %d lost; want 60, 1, 1", len(e.fresh), len(e.again), len(e.lost))
	}
	if l, a := e.lost[0], e.again[0]; l.low != 3*simMSS+1 || l.high != 4*simMSS+1 || a.low != l.low || a.high != l.high || a.at <= l.at {
		t.Errorf("lost %+v, sent again %+v", l, a)
	}
	for i, s := range e.fresh {
		if s.low != int64(1+i*simMSS) {
			t.Fatalf("segment %d begins at %d", i, s.low)
		}
	}
	if len(e.controls) != 2 || e.controls[0].name != "SYN" || e.controls[1].name != "FIN" || e.controls[1].low != 60*simMSS+1 {
		t.Errorf("controls %+v", e.controls)
	}
	for i := range e.acks {
		if i > 0 && (e.acks[i].Y < e.acks[i-1].Y || e.acks[i].X < e.acks[i-1].X || e.window[i].Y < e.window[i-1].Y) {
			t.Fatalf("ACK %d: the line falls", i)
		}
		if i > 0 && e.window[i].Y != e.acks[i].Y+float64(65535<<7) {
			t.Fatalf("ACK %d: window edge %v above %v, want 65535 << 7 more", i, e.window[i].Y, e.acks[i].Y)
		}
	}
	// The SYN-ACK's window is not scaled (RFC 7323 section 2.2).
	if e.acks[0].Y != 1 || e.window[0].Y != 1+65535 {
		t.Errorf("the SYN-ACK allows up to %v", e.window[0].Y)
	}
	if end := e.acks[len(e.acks)-1].Y; end != 60*simMSS+2 {
		t.Errorf("in the end %v is acknowledged, want the file, SYN and FIN", end)
	}
	for _, s := range e.sacks {
		if s.low <= 3*simMSS+1 || s.high <= s.low || s.high > 60*simMSS+1 {
			t.Fatalf("SACK block %+v", s)
		}
	}
	if len(e.sacks) == 0 || len(e.dups) < 3 {
		t.Errorf("%d SACK blocks, %d duplicates", len(e.sacks), len(e.dups))
	}
}

func TestWindowShiftNeedsBothOffers(t *testing.T) {
	tr := simPath(simMSS).tcp()
	if got := windowShift(tr); got != 7 {
		t.Errorf("shift %d, want 7", got)
	}
	for i := range tr.Packets {
		if tr.Packets[i].Header.Kind == netem.KindSYN {
			tr.Packets[i].Options.WindowScale = -1
		}
	}
	if got := windowShift(tr); got != 0 {
		t.Errorf("shift %d without the client's offer, want 0", got)
	}
}

// The enlarged part holds the first loss, its repair and the ACK behind it.
func TestDetailHoldsTheRecovery(t *testing.T) {
	s := simPath(3600 * simMSS)
	s.lose, s.queue = oneIn(50), 120*time.Millisecond
	e := exchangeOf(simTCP(s))
	from, to, what := e.detail()
	if what != "the first recovery" || e.lost[0].at < from || e.again[0].at > to || to-from > time.Second {
		t.Errorf("%q from %v to %v; lost at %v, repaired at %v", what, from, to, e.lost[0].at, e.again[0].at)
	}
	p := e.panelOf(from, to, false)
	if float64(e.lost[0].low) < p.low || float64(e.again[0].high) > p.high {
		t.Errorf("bytes from %v to %v do not hold %v to %v", p.low, p.high, e.lost[0].low, e.again[0].high)
	}
	if _, _, what := exchangeOf(simTCP(oneLost())).detail(); what != "" {
		t.Errorf("60 segments are enlarged: %q", what)
	}
}

// However many segments there are, at most so many bars are drawn as there is room for, and no byte range disappears.
func TestBarsAreThinned(t *testing.T) {
	rec := new(recorder.Canvas)
	a := area{draw.NewCanvas(rec, 400, 300), axis{Max: 100}, axis{Max: 1e8}}
	spans := make([]span, 100_000)
	for i := range spans {
		spans[i] = span{time.Duration(i) * time.Millisecond, int64(i) * 1000, int64(i+1) * 1000}
	}
	a.bars(draw.LineStyle{Color: blue, Width: 1}, spans, 2)
	bars, low, high := 0, math.Inf(1), math.Inf(-1)
	for _, act := range rec.Actions {
		if s, ok := act.(*recorder.Stroke); ok {
			bars += len(s.Path) / 2
			for _, c := range s.Path {
				low, high = math.Min(low, float64(c.Pos.Y)), math.Max(high, float64(c.Pos.Y))
			}
		}
	}
	if most := int(math.Ceil(float64(400/column))) + 2; bars == 0 || bars > most {
		t.Errorf("%d bars, want at most %d", bars, most)
	}
	if low > 1 || high < 299 {
		t.Errorf("drawn from %v to %v of 0 to 300", low, high)
	}
}

func TestTimeSequenceTable(t *testing.T) {
	tr := simTCP(oneLost())
	d := connectionCharts(t, Input{Trials: []Trial{tr}})["time-sequence"]
	e := exchangeOf(tr)
	want := len(e.fresh) + len(e.again) + len(e.lost) + len(e.sacks) + len(e.dups) + len(e.controls) + 2*len(e.acks)
	if d.Points.Rows != want {
		t.Errorf("%d rows, want %d", d.Points.Rows, want)
	}
}

// BenchmarkConnectionCharts tells what the three charts of a TCP trial of 80,000 packets cost, made and saved.
func BenchmarkConnectionCharts(b *testing.B) {
	s := simPath(50_000 * simMSS)
	s.lose, s.queue = oneIn(50), 120*time.Millisecond
	in := Input{Trials: []Trial{{ID: "tcp", Label: "TCP", Protocol: "tcp", Trace: s.tcp()}}}
	b.Run("new", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			connectionCharts(b, in)
		}
	})
	charts := connectionCharts(b, in)
	for _, name := range [...]string{"sequence", "time-sequence", "window"} {
		for _, f := range Formats {
			b.Run(name+"/"+f, func(b *testing.B) {
				b.ReportAllocs()
				size := 0
				for b.Loop() {
					out, err := Save(charts[name], f)
					if err != nil {
						b.Fatal(err)
					}
					size = len(out)
				}
				b.ReportMetric(float64(size), "file-B")
			})
		}
	}
}

// Only the sender's own segments count: what the path copied it did not send.
func TestExchangeWithoutCopies(t *testing.T) {
	s := simPath(30 * simMSS)
	s.copyAt = map[int]bool{4: true, 9: true}
	e := exchangeOf(simTCP(s))
	if len(e.fresh) != 30 || len(e.again) != 0 {
		t.Errorf("%d segments and %d sent again, want 30 and 0", len(e.fresh), len(e.again))
	}
	copies := 0
	for _, p := range s.t.Packets {
		if p.Of != 0 && p.Fate == trace.Arrived {
			copies++
		}
	}
	if copies != 2 {
		t.Errorf("%d copies on record, want 2", copies)
	}
}
