package chart

import (
	"os"
	"path/filepath"
	"testing"
)

// TestLook writes the charts of the usual run, and those of inputs at the edge, into CHART_DIR, to be looked at.
func TestLook(t *testing.T) {
	dir := os.Getenv("CHART_DIR")
	if dir == "" {
		t.Skip("CHART_DIR is not set")
	}
	inputs := oddInputs()
	inputs["usual"] = madePair()
	inputs["small"] = smallPair()
	for name, in := range inputs {
		for _, d := range drawn(t, in) {
			for _, f := range Formats {
				b, err := Save(d, f)
				if err != nil {
					t.Fatal(err)
				}
				if err := os.WriteFile(filepath.Join(dir, name+" "+d.Name+"."+f), b, 0o644); err != nil {
					t.Fatal(err)
				}
			}
		}
	}
}
