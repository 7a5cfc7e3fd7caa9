package chart

import (
	"os"
	"testing"
	"time"

	"reliabilitylab/netem"
)

// The traces of these tests: a path of 10 Mbit/s and 25 ms each way.
func simPath(size int) *sim {
	return &sim{rate: 10_000_000, delay: 25 * time.Millisecond, size: size}
}

func trial(s *sim, udp time.Duration) Trial {
	if udp > 0 {
		return Trial{ID: "udp", Label: "UDP", Protocol: "udp", Trace: s.udp(udp)}
	}
	return Trial{ID: "tcp", Label: "TCP", Protocol: "tcp", Trace: s.tcp()}
}

// looks are the situations in which the charts must look well.
func looks() map[string]Input {
	loseSecond := func() *sim { s := simPath(60 * simMSS); s.lose = only(netem.CauseScript, 4); return s }
	lostSYN := func() *sim { s := simPath(12 * simMSS); s.synLost = 1; return s }
	percent := func(n int) *sim {
		s := simPath(n * simMSS)
		s.lose, s.queue = oneIn(50), 120*time.Millisecond
		return s
	}
	mixed := func() *sim {
		s := simPath(200 * simMSS)
		s.copyAt, s.harmAt, s.late = map[int]bool{14: true}, map[int]bool{20: true}, map[int]time.Duration{17: 9 * time.Millisecond}
		return s
	}
	const gap = 1500 * time.Microsecond
	return map[string]Input{
		"one-lost": {Trials: []Trial{trial(loseSecond(), 0), trial(loseSecond(), gap)}},
		"lost-syn": {Trials: []Trial{trial(lostSYN(), 0), trial(simPath(12*simMSS), gap)}},
		"percent":  {Trials: []Trial{trial(percent(3600), 0), trial(percent(3600), gap)}},
		"mixed":    {Trials: []Trial{trial(mixed(), 0), trial(mixed(), gap)}},
		"clean":    {Trials: []Trial{trial(simPath(5*simMSS), 0)}},
		"long":     {Trials: []Trial{trial(percent(50000), 0)}},
	}
}

// TestLookOfConnections writes the charts of these situations where CHART_DIR says, to be looked at.
func TestLookOfConnections(t *testing.T) {
	dir := os.Getenv("CHART_DIR")
	if dir == "" {
		t.Skip("CHART_DIR is not set")
	}
	for name, in := range looks() {
		for _, c := range All {
			if c.Name != "sequence" && c.Name != "time-sequence" && c.Name != "window" {
				continue
			}
			begin := time.Now()
			d, err := c.New(in)
			if err != nil {
				t.Fatal(err)
			}
			if d == nil {
				continue
			}
			made := time.Since(begin)
			for _, f := range Formats {
				begin := time.Now()
				b, err := Save(d, f)
				if err != nil {
					t.Fatal(err)
				}
				t.Logf("%-10s %-14s %s: new %v save %v, %d bytes, %d rows", name, c.Name, f, made.Round(time.Millisecond), time.Since(begin).Round(time.Millisecond), len(b), d.Points.Rows)
				if err := os.WriteFile(dir+"/"+name+"-"+c.Name+"."+f, b, 0o644); err != nil {
					t.Fatal(err)
				}
			}
		}
	}
}
