package scenarios

import "testing"

// A sweep reads its scenario once a point: what a point costs.
func BenchmarkAt(b *testing.B) {
	s, err := Load("two-percent")
	if err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	for b.Loop() {
		if _, err := s.At(Point{{"path.forward.loss", "1%"}}); err != nil {
			b.Fatal(err)
		}
	}
}
