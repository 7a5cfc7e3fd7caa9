package chart

import (
	"fmt"
	"testing"
)

// BenchmarkSave tells what each chart of the made pair costs in each format.
func BenchmarkSave(b *testing.B) {
	in := madePair()
	for _, c := range All {
		d, err := c.New(in)
		if err != nil {
			b.Fatal(err)
		}
		if d == nil {
			continue
		}
		for _, f := range Formats {
			b.Run(c.Name+"/"+f, func(b *testing.B) {
				b.ReportAllocs()
				var size int
				for b.Loop() {
					out, err := Save(d, f)
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

// BenchmarkNew tells what working out each chart of the made pair costs.
func BenchmarkNew(b *testing.B) {
	in := madePair()
	for _, c := range All {
		b.Run(c.Name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if _, err := c.New(in); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// BenchmarkRun is what a run of two trials spends on its charts: every chart worked out once and saved in every format, on
// one core.
func BenchmarkRun(b *testing.B) {
	in := madePair()
	for b.Loop() {
		for _, d := range drawn(b, in) {
			for _, f := range Formats {
				if _, err := Save(d, f); err != nil {
					b.Fatal(err)
				}
			}
		}
	}
}

// BenchmarkSweep makes and saves each chart of a sweep of 20 points, 10 replicates and 2 protocols.
func BenchmarkSweep(b *testing.B) {
	text := "path: {rate: 100Mbit, delay: 25ms}\nflows: [{name: file, size: 5MiB}]\nsweep: {vary: {path.forward.loss: ["
	for i := range 20 {
		text += fmt.Sprintf("%.1f%%, ", 0.1*float64(1+i*i/4+i))
	}
	s := sweepOf(b, text+"]}, repeat: 10}\n", plausible)
	for _, name := range s.Choose(nil) {
		for _, format := range Formats {
			b.Run(name.String()+"/"+format, func(b *testing.B) {
				b.ReportAllocs()
				for b.Loop() {
					if _, err := Save(drawSweep(b, s, name.String()), format); err != nil {
						b.Fatal(err)
					}
				}
			})
		}
	}
}
