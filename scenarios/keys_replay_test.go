package scenarios

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"reliabilitylab/netem"
)

// TestFatesAndPatterns: their files are read beside the scenario by Load, and not by Parse; what is wrong with them is told with the key that
// names them, their own name and line.
func TestFatesAndPatterns(t *testing.T) {
	const header = "direction,class,number,copy,fate,late,delay_s,harm,bit\n"
	dir := t.TempDir()
	write := func(name, text string) string {
		file := filepath.Join(dir, name)
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return file
	}
	write("good.csv", header+"forward,data,1,0,lost,,,,\nreverse,other,1,0,arrived,,0.02,,\n")
	write("oneway.csv", header+"forward,data,1,0,lost,,,,\n")
	write("bad.csv", header+"forward,data,2,0,lost,,,,\n")
	write("good.pattern", "packet,do\n3,drop\n")
	write("bad.pattern", "packet,do\n3,lose\n")
	for text, want := range map[string]string{
		"path: {replay: good.csv}":                                "",
		"path: {replay: {file: good.csv, repeat: true}}":          "",
		"path: {forward: {replay: oneway.csv}}":                   "",
		"path: {replay: oneway.csv, reverse: {replay: none}}":     "",
		"path: {replay: bad-link.csv}":                            "",
		"script: [{do: {pattern: good.pattern}}]":                 "",
		"path: {replay: oneway.csv}":                              "oneway.csv has no packets of direction reverse",
		"path: {replay: bad.csv}":                                 `bad.csv, line 2: data packet "2"; the next one is 1`,
		"path: {replay: {repeat: true}}":                          "s.yaml:1:16: path.replay: file is missing",
		"path: {replay: missing.csv}":                             "s.yaml:1:16: path.replay: read the fates: open",
		"script: [{do: {pattern: bad.pattern}}]":                  `bad.pattern, line 2: "lose" is nothing to do`,
		"script: [{do: {pattern: missing.pattern}}]":              "s.yaml:1:25: script.do.pattern: read the pattern: open",
		"timeline: [{from: 1s, to: 2s, path: {replay: bad.csv}}]": "bad.csv, line 2",
	} {
		s, err := Load(write("s.yaml", text+"\nflows: [{}]\n"))
		var all Errors
		switch {
		case want == "" && err != nil:
			t.Errorf("%s: %v", text, err)
		case want != "" && (!errors.As(err, &all) || !strings.Contains(err.Error(), want)):
			t.Errorf("%s: %v, want %s", text, err, want)
		}
		if err == nil && strings.Contains(text, "repeat") && (!s.Path.Reverse.Replay.Repeat || s.Path.Reverse.Replay.Fates.Data(netem.Forward) != 1) {
			t.Errorf("%s: %+v", text, s.Path.Reverse.Replay)
		}
		if s, err := Parse("s.yaml", []byte(text+"\nflows: [{}]\n")); strings.Contains(want, "open") && (err != nil || s.Path.Forward.Replay.Fates != nil) {
			t.Errorf("Parse of %s: %v", text, err)
		}
	}
}

// TestMissing: a scenario whose files are not to be read says which they are, those of its sweep's points too.
func TestMissing(t *testing.T) {
	const text = `path: {replay: a.csv, rate: 10Mbit, delay: {base: 5ms, jitter: 1ms, distribution: ./t.dist}}
flows: [{}]
sweep: {vary: {path.forward.rate: [5Mbit, {trace: b.trace}, {trace: lte.trace}]}}
`
	for _, c := range []struct {
		files map[string][]byte
		want  []string
	}{
		{nil, []string{"./t.dist", "a.csv", "b.trace"}},
		{map[string][]byte{"./t.dist": []byte("1 2 3"), "b.trace": []byte("1\n2\n")}, []string{"a.csv"}},
	} {
		s, err := ParseWith(c.files, "s.yaml", []byte(text))
		if err != nil {
			t.Fatal(err)
		}
		if !slices.Equal(s.Missing, c.want) {
			t.Errorf("of %d files %q are missing, want %q", len(c.files), s.Missing, c.want)
		}
	}
}
