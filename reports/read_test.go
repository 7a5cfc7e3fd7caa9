package reports

import (
	"bytes"
	"encoding/json"
	"fmt"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
)

func TestFolderName(t *testing.T) {
	for _, id := range []string{"tcp", "file-udp", "loss=2%_r10_tcp", "a.b", strings.Repeat("x", 255)} {
		if !folderName(id) {
			t.Errorf("%q is a good name", id)
		}
	}
	for _, id := range []string{"", ".", "..", ".hidden", "/", "/etc", "a/b", "../a", `a\b`, `C:`, "a\x00b", strings.Repeat("x", 256)} {
		if folderName(id) {
			t.Errorf("%q is no name", id)
		}
	}
}

func TestDecodeSaysWhere(t *testing.T) {
	for text, want := range map[string]string{
		"":                                    "line 1: unexpected end",
		"{\n \"version\": 1,\n nonsense":      "line 3: invalid character 'n'",
		"{\n \"version\": 1,\n \"seed\": -1}": "line 3: json: cannot unmarshal",
		"{}":                                  "version 0",
		`{"version": 1, "trials": []}`:        "no trials",
		`{"version": 1, "trials": [{"id": "a", "protocol": "tcp", "replicate": 1}, {"id": "a/b"}]}`:                      `trial 2: "a/b" is no trial's id`,
		`{"version": 1, "scenario": "a\u001b[2J", "trials": [{"id": "a", "protocol": "tcp", "replicate": 1}]}`:           "control characters in a name",
		`{"version": 1, "trials": [{"id": "a", "protocol": "tcp", "replicate": 1, "point": {"path.delay": "1\u009b"}}]}`: "trial 1: there are control characters in its flow or its point",
	} {
		if _, err := decode([]byte(text)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: error %v, want one with %q", text, err, want)
		}
	}
}

// FuzzDecode holds decode to its promise: what it returns names folders within trials/ and nothing else, and means the same
// when it is written and read again.
func FuzzDecode(f *testing.F) {
	f.Add([]byte(`{
 "version": 1,
 "scenario": "tiny",
 "title": "Tiny",
 "seed": 1,
 "stack": "lab",
 "source": "flows: [{size: 20kB}]\n",
 "settings": ["path.delay=5ms"],
 "trials": [
  {"id": "loss=1%_r2_tcp", "flow": "file", "protocol": "tcp", "point": {"path.forward.loss": "1%"}, "replicate": 2, "seed": 2,
   "facts": {"client": {"name": "client", "addr": "10.0.0.1"}, "server": {"name": "server", "addr": "fd00::2"}, "data": "forward",
    "start_s": 0.000000000, "end_s": 0.056152000, "offered_bytes": 20000, "queue_max_packets": 3},
   "errors": ["client: connect 10.0.0.2:9000: connection timed out"], "metrics": {"messages_sent": 14, "delivered_ratio": 0.5}}
 ],
 "expect": [{"text": "tcp.loss_ratio < 1", "point": {}, "replicate": 1, "ok": false, "error": "tcp.loss_ratio is undefined"},
  {"text": "1 < 2", "replicate": 1, "ok": true, "left": 1, "right": 2e0}]
}`))
	f.Add([]byte(`{"version": 1, "trials": [{"id": "tcp", "protocol": "tcp", "replicate": 1, "metrics": {"loss_ratio": 0.5}}], "expect": [{"left": 1}]}`))
	f.Add([]byte(`{"version": 1, "trials": [{"id": "..", "protocol": "tcp", "replicate": 1}]}`))
	f.Add([]byte(`{"version": 1e0, "trials": null}`))
	f.Fuzz(func(t *testing.T, b []byte) {
		r, err := decode(b)
		if err != nil {
			if r != nil || strings.TrimSpace(err.Error()) == "" {
				t.Fatalf("%v with error %q", r, err)
			}
			return
		}
		for _, trial := range r.Trials {
			at := filepath.Join("results", trialsDir, trial.ID)
			if filepath.Dir(at) != filepath.Join("results", trialsDir) {
				t.Fatalf("%q leads to %s", trial.ID, at)
			}
		}
		written, err := encoded(r)
		if err != nil {
			t.Fatal(err)
		}
		again, err := decode(written)
		if err != nil {
			t.Fatalf("%v\n%s", err, written)
		}
		rewritten, err := encoded(again)
		if err != nil {
			t.Fatal(err)
		}
		if !reflect.DeepEqual(rewritten, written) {
			t.Fatalf("%s\nbecomes\n%s", written, rewritten)
		}
	})
}

// encoded is results.json as a run writes it, which must be as encoding/json would.
func encoded(r *Results) ([]byte, error) {
	var b bytes.Buffer
	if err := r.encode(&b); err != nil {
		return nil, err
	}
	whole := *r
	if whole.Expect == nil {
		whole.Expect = []Expectation{}
	}
	want, err := json.MarshalIndent(whole, "", " ")
	if err != nil || b.String() != string(want)+"\n" {
		return nil, fmt.Errorf("written as\n%s\nand not as\n%s, %v", &b, want, err)
	}
	return b.Bytes(), nil
}
