package tc

import (
	"bytes"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"

	"reliabilitylab/netem"
)

// realTC runs lines of tc in a network namespace of its own, on its loopback interface, and returns what tc said of the last.
func realTC(lines ...string) (string, error) {
	var said bytes.Buffer
	cmd := exec.Command("tc", "-batch", "-")
	var in strings.Builder
	for _, l := range lines {
		in.WriteString(strings.TrimPrefix(l, "tc ") + "\n")
	}
	cmd.Stdin = strings.NewReader(in.String())
	cmd.Stdout, cmd.Stderr = &said, &said
	cmd.SysProcAttr = &syscall.SysProcAttr{
		Cloneflags:  syscall.CLONE_NEWUSER | syscall.CLONE_NEWNET,
		UidMappings: []syscall.SysProcIDMap{{ContainerID: 0, HostID: os.Getuid(), Size: 1}},
		GidMappings: []syscall.SysProcIDMap{{ContainerID: 0, HostID: os.Getgid(), Size: 1}},
	}
	err := cmd.Run()
	return said.String(), err
}

// noNetem is what tc says, having read a line, where the kernel has no sch_netem: its words were all right then.
const noNetem = "qdisc kind is unknown"

// needTC skips, loudly, where there is no tc or no namespace; in CI there must be both. It tells whether the kernel has netem.
func needTC(t *testing.T) (kernelHasNetem bool) {
	t.Helper()
	said, err := realTC("qdisc add dev lo root netem delay 1ms")
	switch {
	case err == nil:
		return true
	case strings.Contains(said, noNetem):
		t.Log("this kernel has no sch_netem: tc reads the lines, and nobody carries them out")
		return false
	case os.Getenv("CI") != "":
		t.Fatalf("CI must have tc (iproute2) and user namespaces: %v: %s", err, said)
	}
	t.Skipf("SKIPPED: our lines are not shown to tc: %v: %s; install iproute2 and allow user namespaces", err, said)
	return false
}

// accepted tells whether tc takes a line, as far as it can be told here.
func accepted(kernelHasNetem bool, lines ...string) (bool, string) {
	said, err := realTC(lines...)
	return err == nil || !kernelHasNetem && strings.Contains(said, noNetem), said
}

// TestTCTakesOurLines: tc takes every line that a path becomes.
func TestTCTakesOurLines(t *testing.T) {
	kernelHasNetem := needTC(t)
	for _, c := range lines {
		p, err := Parse(c.tc)
		if err != nil || strings.Contains(c.tc, "experimental") {
			continue
		}
		for _, l := range Of(scenario(t, p.YAML()), netem.Forward, "lo").Text {
			if ok, said := accepted(kernelHasNetem, l); !ok {
				t.Errorf("%s\nof\n%s\ntc says: %s", l, c.tc, said)
			}
		}
	}
}

// TestTCAgrees: what we read tc reads, and what we refuse as no words of tc's tc refuses.
func TestTCAgrees(t *testing.T) {
	kernelHasNetem := needTC(t)
	for _, c := range []struct {
		line string
		want bool
	}{
		{"delay 25ms", true}, {"delay 1.5s 10MS 25%", true}, {"latency 100msec 10ms 25 dist normal", true}, {"de 10ms lo 1% du 2% l 7 ra 1mbit", true},
		{"loss 1", true}, {"loss 0.3% 25%", true}, {"loss random 1% 25 ecn", true}, {"drop state 1% 20% 10% 40% 0.5%", true}, {"loss state 10%", true},
		{"loss gemodel 1% 10% 70% 0.1%", true}, {"delay 10ms reorder 25% 50%", true}, {"gap 5 delay 10ms reorder 100%", true},
		{"corrupt 0.1% duplicate 2% 10%", true}, {"rate 1mbit 20 48 5 limit 50", true}, {"rate 100kbps -14", true}, {"rate 1.5Mibit", true},
		{"slot 800us 1ms packets 32 bytes 64k", true}, {"slot 2ms pack 3", true}, {"slot distribution pareto 2ms 300us", true},
		{"loss", false}, {"loss 1x", false}, {"loss 101%", false}, {"loss 1% loss 2%", false}, {"loss gemodle 1%", false}, {"delay 10min", false}, {"delay x", false},
		{"delay 10ms distribution normal", false}, {"gap 5 delay 10ms", false}, {"reorder 5%", false}, {"ecn", false}, {"slot", false}, {"delya 10ms", false},
		{"rate 10mb", false}, {"slot 1ms packets x", false}, {"slot 1ms bytes x", false},
	} {
		line := "tc qdisc add dev lo root netem " + c.line
		_, err := Parse(line)
		ok, said := accepted(kernelHasNetem, line)
		if ok != c.want || (err == nil) != c.want {
			t.Errorf("%s: tc takes it: %v (%s); we: %v", line, ok, strings.TrimSpace(said), err)
		}
	}
	for line, want := range map[string]bool{
		"rate 1mbit burst 32kbit latency 400ms": true, "rate 8mbit buffer 10kb limit 64kb overhead 4 linklayer atm": true,
		"rate 1mbit burst 1kb": false, "burst 1kb limit 1kb": false, "rate 1mbit burst 1kb limit 1kb latency 1ms": false, "rate 1mbit burts 1kb limit 1kb": false,
	} {
		line = "tc qdisc add dev lo root tbf " + line
		_, err := Parse(line)
		if ok, said := accepted(false, line); ok != want || (err == nil) != want {
			t.Errorf("%s: tc takes it: %v (%s); we: %v", line, ok, strings.TrimSpace(said), err)
		}
	}
}

// TestTCShows: what `tc qdisc show` prints of a tbf is read as what was set up.
func TestTCShows(t *testing.T) {
	needTC(t)
	line := "tc qdisc add dev lo root tbf rate 1mbit burst 32kbit latency 400ms"
	said, err := realTC(line, "qdisc show dev lo")
	if err != nil {
		t.Skipf("SKIPPED: this kernel has no sch_tbf: %s", said)
	}
	got, err := Parse(said)
	if err != nil {
		t.Fatalf("%s: %v", said, err)
	}
	// tc prints the latency in whole units, so some bytes are lost.
	if w := got.Way; w.Rate != netem.Mbit || w.Queue.Bytes < 54096-200 || w.Queue.Bytes > 54096+200 {
		t.Errorf("%s became %v, %v", said, w.Rate, w.Queue)
	}
}
