package scenarios

import (
	"errors"
	"os"
	"strings"
	"testing"
	"unicode/utf8"
)

// Whatever the text and the setting: no panic, and every error says where it is.
func FuzzParse(f *testing.F) {
	var files []string
	for _, dir := range []string{".", "testdata/errors", "testdata/describe"} {
		entries, err := os.ReadDir(dir)
		if err != nil {
			f.Fatal(err)
		}
		for _, e := range entries {
			if strings.HasSuffix(e.Name(), ".yaml") {
				files = append(files, dir+"/"+e.Name())
			}
		}
	}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(text, "path.delay", "80ms")
	}
	f.Add([]byte("flows: [{name: a}]"), "flows.a.tcp.sack", "{a: [1, 2]}")
	f.Add([]byte("expect: 'a-tcp.timeouts == 0'"), "seed", "1") // an expectation, and no flow
	f.Add([]byte("\"\\x00\": \"\xff"), "..", "&a *a")
	f.Fuzz(func(t *testing.T, text []byte, key, value string) {
		s, err := Parse("f.yaml", text, Setting{key, value})
		if err == nil {
			for _, p := range s.Points()[:1] {
				if _, err := s.At(p); err != nil && len(s.Sweep.Vary) < 2 {
					t.Errorf("point %v of a checked sweep: %v", p, err)
				}
			}
			if s.Describe() == "" || !utf8.ValidString(s.Title) {
				t.Error("no description")
			}
			return
		}
		var all Errors
		if !errors.As(err, &all) || len(all) == 0 {
			t.Fatalf("%T: %v", err, err)
		}
		for _, e := range all {
			if e.Line < 1 || e.Column < 1 || e.File != "f.yaml" && e.File != settingsName || e.Message == "" || strings.Contains(e.Message, "\n") {
				t.Errorf("%+v", e)
			}
			if n := strings.Count(string(text), "\n") + 1; e.File == "f.yaml" && e.Line > n {
				t.Errorf("line %d of %d: %v", e.Line, n, e)
			}
			if len(e.Error()) > 3000 {
				t.Errorf("an error of %d bytes", len(e.Error()))
			}
		}
	})
}
