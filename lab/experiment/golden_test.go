package experiment

import (
	"context"
	"flag"
	"fmt"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"reliabilitylab/lab/host"
	"reliabilitylab/lab/host/hosttest"
	"reliabilitylab/lab/trace"
	"reliabilitylab/netem"
)

var update = flag.Bool("update", false, "write testdata/golden and docs/lab-and-linux.md anew")

// A line is one segment that somebody sent: when, who, what, and why.
type line struct {
	at     time.Duration // since the first SYN
	way    netem.Direction
	what   string // "SYN", "data 15 (1448 bytes)" …
	reason string
	fate   string
}

func (l line) String() string {
	arrow := "→"
	if l.way == netem.Reverse {
		arrow = "←"
	}
	s := fmt.Sprintf("%8.1f ms %s %s", float64(l.at)/1e6, arrow, l.what)
	if l.reason != "" && l.reason != "new" {
		s += ", " + l.reason
	}
	return s + l.fate
}

// play runs a storyboard on a stack and returns its segments in the order of sending, pure ACKs only if asked for, and how
// late real time was.
func play(t *testing.T, s storyboard, stack string, acks bool) ([]line, *trace.Lateness) {
	t.Helper()
	text := fmt.Sprintf("path: {rate: 10Mbit, delay: 25ms, queue: 100p}\nflows: [{app: transfer, protocol: tcp, tcp: {congestion: reno, %s}}]\nstack: %s\n%s\n", s.tcp, stack, s.path)
	var err error
	l := &lab{plan: planOf(t, parse(t, text)), errors: make([][]string, 1), queueMax: [2]int{-1, -1}}
	if l.world, err = newWorld(l.scenario); err != nil {
		t.Fatal(err)
	}
	defer l.world.Close()
	if err := l.build(nil, true); err != nil {
		t.Fatal(err)
	}
	server := s.server
	if server == nil {
		server = reads
	}
	at := netip.AddrPortFrom(l.server.Addr(), firstPort)
	for _, side := range []struct {
		on    node
		plays program
	}{{l.server, server}, {l.client, s.client}} {
		if err := l.launch(0, side.on, 0, func(h host.Host) error { return side.plays(h, at) }); err != nil {
			t.Fatal(err)
		}
	}
	if err := l.until(context.Background(), 30*time.Second, func(float64) {}); err != nil {
		t.Fatal(err)
	}
	tr, err := l.recorders[0].Finish()
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range l.errors[0] {
		t.Errorf("%s, stack %s: %s", s.name, stack, e)
	}
	return conversation(tr, acks), lateness(l.world)
}

func conversation(tr *trace.Trace, acks bool) []line {
	var out []line
	for i := range tr.Packets {
		p := &tr.Packets[i]
		h := &p.Header
		if p.Of != 0 || h.Protocol != netem.TCP || h.Kind == netem.KindACK && !acks {
			continue
		}
		what := strings.ToUpper(h.Kind.String())
		switch {
		case h.Payload > 0:
			what = fmt.Sprintf("data %d", (h.Seq-1)/mss+1)
			if h.Payload != mss {
				what += fmt.Sprintf(" (%d bytes)", h.Payload)
			}
			if h.Flags&netem.FlagFIN != 0 {
				what += " FIN"
			}
		case h.Kind == netem.KindACK:
			what = fmt.Sprintf("ack %d, window %d", h.Ack, h.Window)
			for _, b := range p.SACK {
				what += fmt.Sprintf(" sack %d-%d", b[0], b[1])
			}
		}
		l := line{at: p.Sent - tr.Packets[0].Sent, way: p.Direction, what: what, reason: p.Reason}
		if p.Fate != trace.Arrived {
			l.fate = " ✗"
		}
		out = append(out, l)
	}
	return out
}

// TestGoldenConversations: the lab's stack plays each storyboard as it stands in testdata/golden (go test -update writes it; what
// has changed is for a person to judge), and Linux's plays it alike: the same segments, in the same order, for the same
// reasons, at the same times but for what real time blurs. Where they differ the storyboard says by whose rule.
func TestGoldenConversations(t *testing.T) {
	for _, s := range storyboards {
		t.Run(s.name, func(t *testing.T) {
			var b strings.Builder
			lines, _ := play(t, s, "lab", true)
			for _, l := range lines {
				fmt.Fprintln(&b, l)
			}
			file := filepath.Join("testdata", "golden", strings.ReplaceAll(s.name, " ", "-")+".txt")
			if *update {
				if err := os.WriteFile(file, []byte(b.String()), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			if string(want) != b.String() {
				t.Errorf("the conversation is\n%s\nwant, by %s\n%s", b.String(), file, want)
			}
		})
	}
}

// blur is how far apart two stacks may send the same segment; wheel, over how much of its wait a timer of Linux may go off
// late besides: its timer wheel has 64 slots of a tick of 4 ms, then 64 of 8 ticks, and so on.
const (
	blur  = 8 * time.Millisecond
	wheel = 8
)

// kinds are the reasons of retransmissions that two stacks share. Linux does not tell RACK's from the others of a recovery.
var kinds = map[string]string{
	"fast retransmit": "recovery", "rack": "recovery", "reordering timer": "recovery", "unsacked hole": "recovery", "rescue": "recovery",
	"timeout": "timeout", "after timeout": "timeout", "tail loss probe": "probe",
}

func sameSegment(x, y line) bool { return x.way == y.way && x.what == y.what }

// alike tells whether two stacks sent the same. shift is by how much the second is behind already; it grows where a timer of
// Linux is late. wait is how long the sender had been silent.
func alike(x, y line, wait time.Duration, shift *time.Duration) bool {
	late := y.at - x.at - *shift
	most := blur
	if kind := kinds[x.reason]; kind == "timeout" || kind == "probe" || x.reason == "reordering timer" {
		most += wait / wheel
	}
	sameReason := kinds[x.reason] == kinds[y.reason] || x.reason == "tail loss probe" && y.reason == "new" // Linux does not tell of probes with new data
	if !sameSegment(x, y) || !sameReason || late < -blur || late > most {
		return false
	}
	if most > blur {
		*shift += late
	}
	return true
}

// TestLinuxPlaysTheSameConversations: Linux plays every storyboard as the lab does. When a receiver goes over from acknowledging
// every segment to every second one is left to it (RFC 5681 section 4.2), and Linux counts for it what its compression of SACKs
// let out by a timer of 1 ms (tcp_comp_sack_delay_ns), so one storyboard has more than one ending there: the lab's has to be one
// of those that turn up in few plays. A play on a machine that had something else to do meanwhile is none, whatever came of it.
func TestLinuxPlaysTheSameConversations(t *testing.T) {
	needLinux(t)
	if testing.Short() {
		t.Skip("a minute of real time, in which no other such test may run")
	}
	hosttest.Alone(t)
	const plays, tries = 4, 30
	for _, s := range storyboards {
		t.Run(s.name, func(t *testing.T) {
			lab, _ := play(t, s, "lab", false)
			if s.differ != "" {
				t.Log(s.differ)
				lab = lab[:min(s.until, len(lab))]
			}
			var differences []string
			for range tries {
				kernel, late := play(t, s, linux, false)
				if late.Max >= trace.Seconds(blur/4) {
					continue
				}
				if s.differ != "" {
					kernel = kernel[:min(s.until, len(kernel))]
				}
				differ := compare(lab, kernel)
				if differ == "" {
					return
				}
				if differences = append(differences, differ); len(differences) == plays {
					t.Fatalf("in none of %d plays:\n%s", plays, strings.Join(differences, "\n"))
				}
			}
			t.Errorf("this machine is too busy for real time; in %d plays of those in time:\n%s", len(differences), strings.Join(differences, "\n"))
		})
	}
}

// compare tells where a conversation of Linux is not like the lab's, nothing if it is.
func compare(lab, kernel []line) string {
	var differ strings.Builder
	var shift, before time.Duration
	kernel = slices.Clone(kernel)
	for i := range max(len(lab), len(kernel)) {
		// What Linux's receiver put off by 1 ms leaves its sender together, first what is sent again.
		if n := i + 1; n < len(lab) && n < len(kernel) && !sameSegment(lab[i], kernel[i]) && sameSegment(lab[i], kernel[n]) &&
			sameSegment(lab[n], kernel[i]) && lab[n].at-lab[i].at < blur/4 {
			kernel[i], kernel[n] = kernel[n], kernel[i]
		}
		a, b := "nothing", "nothing"
		if i < len(lab) {
			a = lab[i].String()
		}
		if i < len(kernel) {
			b = kernel[i].String()
		}
		if i >= len(lab) || i >= len(kernel) || !alike(lab[i], kernel[i], lab[i].at-before, &shift) {
			fmt.Fprintf(&differ, "segment %d:\nlab   %s\nlinux %s\n", i+1, a, b)
		}
		if i < len(lab) {
			before = lab[i].at
		}
	}
	return differ.String()
}
