package chart

import (
	"bytes"
	"flag"
	"os"
	"path/filepath"
	"runtime"
	"testing"
	"time"

	"reliabilitylab/netem"
)

var update = flag.Bool("update", false, "write the golden files anew")

// golden compares what a test made with the file of that name in testdata.
func golden(t *testing.T, name string, got []byte) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if *update {
		if err := os.MkdirAll("testdata", 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, got, 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, want) {
		i := 0
		for i < len(got) && i < len(want) && got[i] == want[i] {
			i++
		}
		cut := func(b []byte) []byte { return b[max(0, i-80):min(len(b), i+80)] }
		t.Errorf("%s differs at byte %d:\n got … %s …\nwant … %s …\n(-update writes it anew)", path, i, cut(got), cut(want))
	}
}

// smallPair is forty messages each, with something of everything.
func smallPair() Input {
	m := made{messages: 40, loss: 0.08, late: 0.1, duplicate: 0.08, heldBack: 12 * time.Millisecond, rate: 4 * netem.Mbit}
	return m.pair()
}

func TestGolden(t *testing.T) {
	for _, d := range drawn(t, smallPair()) {
		switch d.Name {
		case "delivery", "order", "latency", "throughput":
		default:
			continue
		}
		golden(t, d.Name+".csv", d.Points.CSV())
		golden(t, d.Name+".txt", []byte(d.Title+"\n"+d.Caption+"\n"))
		if runtime.GOARCH != "amd64" {
			continue // gonum's coordinates may differ in their last digit where multiplication and addition are fused
		}
		svg, err := Save(d, "svg")
		if err != nil {
			t.Fatal(err)
		}
		golden(t, d.Name+".svg", svg)
	}
}
