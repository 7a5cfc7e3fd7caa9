package experiment

import (
	"bytes"
	"fmt"
	"os"
	"testing"

	"reliabilitylab/lab/trace"
	"reliabilitylab/netem"
	"reliabilitylab/scenarios"
)

// fatesOf runs a scenario and returns the trace of one of its trials, and its fates as a file.
func fatesOf(t *testing.T, s *scenarios.Scenario, trial string) (*trace.Trace, []byte) {
	t.Helper()
	for _, r := range collect(t, s, Options{Dir: t.TempDir()}) {
		if r.ID != trial {
			continue
		}
		f, err := trace.FatesOf(r.Trace)
		if err != nil {
			t.Fatal(err)
		}
		var b bytes.Buffer
		if err := f.Write(&b); err != nil {
			t.Fatal(err)
		}
		return r.Trace, b.Bytes()
	}
	t.Fatalf("no trial %s", trial)
	return nil, nil
}

// journeys are what happened to the packets of a direction, in the order of sending, without what they died of. Copies are left out: they are
// made sooner when they are replayed.
func journeys(t *trace.Trace, way netem.Direction) (all []string) {
	for i := range t.Packets {
		if p := &t.Packets[i]; p.Of == 0 && p.Direction == way {
			all = append(all, fmt.Sprintf("%v %v seq %d len %d sent %v arrived %v %v", p.Direction, p.Header.Kind, p.Header.Seq, p.Length, p.Sent, p.Arrived, p.Fate))
		}
	}
	return all
}

const badPath = `
path:
  rate: 10Mbit
  delay: {base: 25ms, jitter: 3ms}
  loss: {gilbert_elliott: {p: 1%, r: 40%}}
  duplicate: 1%
  reorder: {probability: 2%, delay: 8ms}
  forward: {corrupt: 1%}
script: [{match: {kind: syn, nth: 1}, do: drop}]
`

const goodFlow = "flows: [{size: 300kB, protocol: [tcp, udp], tcp: {congestion: reno}}]\n"

// TestReplayIsTheRecording: the fates of a trial, replayed onto the same flow, give the same trial: every packet is sent at the same
// instant, and arrives at the same instant, or does not.
func TestReplayIsTheRecording(t *testing.T) {
	for _, trial := range []string{"tcp", "udp"} {
		for seed := range 5 {
			s := parse(t, fmt.Sprintf("seed: %d\n", seed)+badPath+goodFlow)
			recorded, file := fatesOf(t, s, trial)
			path := "path: {replay: f.csv}\n"
			if trial == "udp" { // nothing comes back
				path = "path: {forward: {replay: f.csv}}\n"
			}
			again, err := scenarios.ParseWith(map[string][]byte{"f.csv": file}, "again.yaml", []byte(path+goodFlow+"seed: 99\n"))
			if err != nil {
				t.Fatal(err)
			}
			replayed, same := fatesOf(t, again, trial)
			if !bytes.Equal(file, same) {
				t.Errorf("%s, seed %d: the replay's fates are others", trial, seed)
			}
			if len(recorded.Packets) != len(replayed.Packets) {
				t.Errorf("%s, seed %d: %d packets, %d recorded", trial, seed, len(replayed.Packets), len(recorded.Packets))
			}
			for _, way := range []netem.Direction{netem.Forward, netem.Reverse} {
				want, got := journeys(recorded, way), journeys(replayed, way)
				for i := range min(len(want), len(got)) {
					if got[i] != want[i] {
						t.Fatalf("%s, seed %d:\n got %s\nwant %s", trial, seed, got[i], want[i])
					}
				}
			}
		}
	}
}

// TestReplayOntoOthers: recorded from TCP and replayed onto UDP and another TCP, the k-th packet of new data is lost or damaged
// exactly if the recording's was.
func TestReplayOntoOthers(t *testing.T) {
	recorded, file := fatesOf(t, parse(t, badPath+goodFlow), "tcp")
	want := lostData(recorded)
	s, err := scenarios.ParseWith(map[string][]byte{"f.csv": file}, "again.yaml",
		[]byte("path: {replay: f.csv}\nflows: [{size: 300kB, protocol: [tcp, udp], tcp: {congestion: cubic}}]\n"))
	if err != nil {
		t.Fatal(err)
	}
	for _, trial := range collect(t, s, Options{}) {
		got := lostData(trial.Trace)
		for n := range min(len(got), len(want)) {
			if got[n] != want[n] {
				t.Fatalf("%s: packet %d of new data: lost or harmed %v, in the recording %v", trial.ID, n+1, got[n], want[n])
			}
		}
		if len(got) < 200 {
			t.Errorf("%s: only %d packets", trial.ID, len(got))
		}
	}
}

// lostData tells of each packet of new data whether it was lost or harmed.
func lostData(t *trace.Trace) (lost []bool) {
	for i := range t.Packets {
		p := &t.Packets[i]
		if p.Of == 0 && p.Direction == t.Data && p.Header.Class() == netem.ClassData {
			lost = append(lost, p.Arrived == trace.Never || p.Harm != "")
		}
	}
	return lost
}

// TestShippedFates: the shipped recording is what its scenario gives.
func TestShippedFates(t *testing.T) {
	const dir = "../../scenarios/fates/"
	s, err := scenarios.Load(dir + "bad-link.yaml")
	if err != nil {
		t.Fatal(err)
	}
	_, got := fatesOf(t, s, "tcp")
	if *update {
		if err := os.WriteFile(dir+"bad-link.csv", got, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(dir + "bad-link.csv")
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, want) {
		t.Errorf("bad-link.csv is not what bad-link.yaml gives (-update writes it):\n%s", got)
	}
}
