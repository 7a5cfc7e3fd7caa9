package kernel

import (
	"fmt"
	"maps"
	"net/netip"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"reliabilitylab/lab/host"
	"reliabilitylab/lab/tcp"
	"reliabilitylab/netem"
)

// counters reads what the kernel has counted in a host's namespace: /proc/net/netstat and /proc/net/snmp, by name. A
// program of the host, or nobody, must be running.
func counters(t testing.TB, h *Host) map[string]int {
	t.Helper()
	if err := h.w.move(h.namespace); err != nil {
		t.Fatal(err)
	}
	all := map[string]int{}
	for _, file := range []string{"netstat", "snmp", "snmp6"} {
		b, err := os.ReadFile("/proc/thread-self/net/" + file)
		if err != nil {
			t.Fatal(err)
		}
		var names []string
		for line := range strings.Lines(string(b)) {
			words := strings.Fields(line)
			if file == "snmp6" {
				all[words[0]], _ = strconv.Atoi(words[1])
				continue
			}
			if names == nil || names[0] != words[0] {
				names = words
				continue
			}
			for i := 1; i < len(words); i++ {
				all[strings.TrimSuffix(words[0], ":")+names[i]], _ = strconv.Atoi(words[i])
			}
			names = nil
		}
	}
	return all
}

// sentAgain counts, by reason, what passes and was sent before, and which of that was SYN or SYN-ACK; new data must be called
// new.
func sentAgain(t *testing.T, count map[string]int) netem.Stage {
	var high uint32
	known := false
	return netem.Tap{Saw: func(p *netem.Packet) {
		h := &p.Header
		end := h.Seq + uint32(h.Payload)
		if h.Flags&(netem.FlagSYN|netem.FlagFIN) != 0 {
			end++
		}
		if h.Protocol != netem.TCP || h.Kind == netem.KindRST || end == h.Seq {
			return
		}
		if known && int32(h.Seq-high) < 0 {
			count[p.Reason]++
			if h.Flags&netem.FlagSYN != 0 {
				count["SYN"]++
			}
		} else if high, known = end, true; p.Reason != "new" {
			t.Errorf("new data, a %v, was sent for the reason %q", h.Kind, p.Reason)
		}
	}}
}

// lose drops the n-th packets of a kind.
func lose(k netem.Kind, n ...int) netem.Rule {
	r := netem.Rule{Match: netem.Match{Kind: k}, Do: netem.Do{Drop: true}}
	for _, i := range n {
		r.Match.Nth = append(r.Match.Nth, netem.Range{From: i, To: i})
	}
	return r
}

// TestReasonsAreTheKernels: of each host, what it sent again, counted by reason, is what its kernel counts in its own books,
// which nobody here has written:
//
//	TcpRetransSegs          all of them
//	TCPFastRetrans          fast retransmit
//	TCPSlowStartRetrans     after timeout
//	TCPTimeouts             timeout
//	TCPSynRetrans           SYN and SYN-ACK, for either of their reasons: timeout, peer repeats SYN
//	TCPLossProbes           tail loss probes, and those that sent new data
//
// No counter has the probes alone that sent something again; they are what is left of all.
func TestReasonsAreTheKernels(t *testing.T) {
	script := func(rules ...netem.Rule) netem.Pipe {
		return netem.Pipe{{Name: "script", Stage: netem.Script{Rules: rules}}}
	}
	loss := func(p netem.Probability) netem.Pipe {
		return netem.Pipe{{Name: "loss", Stage: netem.Loss{Probability: p}}}
	}
	v4, v6 := [2]netip.Addr{client4, server4}, [2]netip.Addr{client6, server6}
	type counts map[string]int
	for _, c := range []struct {
		name           string
		addr           [2]netip.Addr
		path           netem.Pipe
		newReno        bool
		client, server counts // at least; on a busy machine a probe may be added
	}{
		{name: "one", addr: v4, path: script(lose(netem.KindData, 20)), client: counts{"fast retransmit": 1}},
		{name: "one", addr: v6, path: script(lose(netem.KindData, 20)), client: counts{"fast retransmit": 1}},
		{name: "tail", addr: v4, path: script(lose(netem.KindData, 70))},
		{name: "tail", addr: v6, path: script(lose(netem.KindData, 71))},
		{name: "retransmission", addr: v4, path: script(lose(netem.KindData, 20), lose(netem.KindRetransmission, 1, 2)), client: counts{"fast retransmit": 3}},
		{name: "SYN", addr: v4, path: script(lose(netem.KindSYN, 1)), client: counts{"timeout": 1}},
		{name: "SYN-ACK", addr: v4, path: script(lose(netem.KindSYNACK, 1)), client: counts{"timeout": 1}},
		{name: "SYN-ACK, SYN", addr: v4, path: script(lose(netem.KindSYNACK, 1), lose(netem.KindSYN, 2)), client: counts{"timeout": 1}, server: counts{"timeout": 1}},
		{name: "FIN", addr: v4, path: script(lose(netem.KindFIN, 1))},
		{name: "flight", addr: v4, path: script(lose(netem.KindData, 61, 62, 63, 64, 65, 66, 67, 68, 69, 70), lose(netem.KindRetransmission, 1))},
		{name: "no SACK, 3%", addr: v4, path: loss(0.03), newReno: true},
		{name: "2%", addr: v4, path: loss(0.02)}, {name: "5%", addr: v6, path: loss(0.05)}, {name: "15%", addr: v4, path: loss(0.15)},
		{name: "reordered", addr: v4, path: netem.Pipe{{Name: "jitter", Stage: netem.Delay{Base: 5 * time.Millisecond, Jitter: 4 * time.Millisecond}}}},
	} {
		t.Run(fmt.Sprintf("%s,%v", c.name, c.addr[0]), func(t *testing.T) {
			t.Parallel()
			config := tcp.Defaults(0)
			if c.newReno {
				config.SACK, config.Recovery = false, "newreno"
			}
			r := newRig(t, linux, linux, c.addr, config, nil)
			got := map[string]counts{"client": {}, "server": {}}
			for d, ends := range [][2]host.Node{{r.client, r.server}, {r.server, r.client}} {
				env := netem.Env{Clock: r.w, Rand: netem.NewStream(7).Sub(netem.Direction(d).String()), Copy: r.pool.Copy,
					Drop: func(p *netem.Packet, _ netem.Cause) { r.pool.Put(p) }}
				path := append(netem.Pipe{{Name: "entry", Stage: netem.Entry{}}, {Name: "again", Stage: sentAgain(t, got[ends[0].Name()])}}, c.path...)
				path = append(path, netem.Pipe{{Name: "delay", Stage: netem.Delay{Base: 5 * time.Millisecond, KeepOrder: true}}}...)
				ends[0].Transmit(path.Attach(env, ends[1].Receive))
			}
			r.transfer(101_360) // 70 segments of 1448 bytes, 71 of 1428
			r.run(3 * time.Minute)
			for i, h := range []*Host{r.client.(*Host), r.server.(*Host)} {
				n, k := got[h.Name()], counters(t, h)
				if n["SYN"] != k["TcpExtTCPSynRetrans"] {
					t.Errorf("%s sent SYN or SYN-ACK again %d times, its kernel %d", h.Name(), n["SYN"], k["TcpExtTCPSynRetrans"])
				}
				delete(n, "SYN")
				want := counts{
					"fast retransmit": k["TcpExtTCPFastRetrans"], "after timeout": k["TcpExtTCPSlowStartRetrans"],
					"timeout": k["TcpExtTCPTimeouts"], "peer repeats SYN": n["peer repeats SYN"],
				}
				left := k["TcpRetransSegs"]
				for _, n := range want {
					left -= n
				}
				want["tail loss probe"] = left
				maps.DeleteFunc(want, func(_ string, n int) bool { return n == 0 })
				blank := n[""] // on a machine that let this thread wait so long that more than one thing happened
				delete(n, "")
				unknown := blank
				for reason, k := range want {
					unknown -= k - n[reason]
				}
				if unknown != 0 || slices.ContainsFunc(slices.Collect(maps.Keys(n)), func(reason string) bool { return n[reason] > want[reason] }) || left > k["TcpExtTCPLossProbes"] {
					t.Errorf("%s sent again %v, its kernel %v, with %d loss probes", h.Name(), n, want, k["TcpExtTCPLossProbes"])
				}
				if i == 0 && len(n) == 0 && blank == 0 && c.name != "reordered" {
					t.Error("nothing was sent again")
				}
				for reason, k := range []counts{c.client, c.server}[i] {
					if blank == 0 && n[reason] < k {
						t.Errorf("%s sent again %v, want at least %d for the reason %q", h.Name(), n, k, reason)
					}
				}
			}
		})
	}
}
