package scenarios

import (
	"slices"
	"strings"
	"testing"
)

// noted returns the lines under a word, and those that go on from them.
func noted(t *testing.T, text, word string) []string {
	t.Helper()
	var out []string
	under := ""
	for _, l := range strings.Split(strings.TrimSpace(mustParse(t, text).Describe()), "\n") {
		if l[0] != ' ' {
			under, l, _ = strings.Cut(l, "  ")
		}
		if under == word {
			out = append(out, strings.TrimSpace(l))
		}
	}
	return out
}

// TestNumbers: what a path comes to, by arithmetic of its own.
func TestNumbers(t *testing.T) {
	for _, c := range []struct{ path, word, want string }{
		// 10 Mbit/s · 50 ms / 8 = 62500 bytes; 100 · 1500 · 8 / 10^7 s = 120 ms
		{"rate: 10Mbit, delay: 25ms", "in flight", "each way: bandwidth-delay product 62500 bytes, 41.7 full packets"},
		{"rate: 10Mbit, delay: 25ms", "queue", "each way: a full one of 100p delays by 120ms, 2.4 round trips"},
		{"rate: 10Mbit, queue: 15000B", "queue", "each way: a full one of 15kB delays by 12ms"},
		{"rate: 10Mbit, queue: unlimited", "queue", "each way: no limit, so it grows as long as more comes than leaves"},
		// 1508 bytes are 32 cells of 53: 1696 bytes for 1500
		{"rate: 1696kbit, delay: 50ms, overhead: {packet: 8, cell_size: 48, cell_overhead: 5}", "in flight", "each way: bandwidth-delay product 18750 bytes, 12.5 full packets"},
		{"rate: 1696kbit, queue: 10p, overhead: {packet: 8, cell_size: 48, cell_overhead: 5}", "queue", "each way: a full one of 10p delays by 80ms"},
		{"forward: {loss: {random: 20%, correlation: 50%}}", "loss", "forward: 20% on average, 2.5 in a row"},
		{"loss: 100%", "loss", ""},
		{"reverse: {loss: {packets: [3]}}", "loss", ""},
	} {
		if got := strings.Join(noted(t, "path: {"+c.path+"}\nflows: [{size: 16GiB}]", c.word), "\n"); got != c.want {
			t.Errorf("%s: %q, want %q", c.path, got, c.want)
		}
	}
}

// TestTraps: each trap is told where it is one, and not where it is none.
func TestTraps(t *testing.T) {
	for _, c := range []struct{ path, want string }{
		{"loss: {random: 1%, correlation: 25%}", "would lose 0.00024%"},
		{"loss: {random: 1%, correlation: 25%}", "gilbert_elliott: {p: 0.75%, r: 74.25%}"},
		{"loss: {random: 0.1%, correlation: 50%}", "less than one in a billion"},
		{"duplicate: {probability: 10%, correlation: 50%}, corrupt: {probability: 5%, correlation: 25%}", "duplicate 10% 50% would hit 0.11%"},
		{"duplicate: {probability: 10%, correlation: 50%}, corrupt: {probability: 5%, correlation: 25%}", "corrupt 5% 25% would hit 0.19%"},
		{"delay: {base: 9ms, jitter: 1ms, correlation: 60%}", "vary by about 50%"},
		{"delay: {base: 9ms, jitter: 1ms, keep_order: false}", "reorders packets sent at once"},
		{"delay: {base: 9ms, jitter: 1ms, keep_order: false}, rate: 12Mbit", "reorders full packets 1ms apart"},
		{"reorder: {gap: 5, delay: 1ms}, rate: 1Mbit", "held back for 1ms are not overtaken"},
		{"reorder: {gap: 5, ahead: true}", "nothing to overtake"},
		{"corrupt: 3%", "expect 3% more"},
		{"overhead: 38", "costs nothing"},
		{"loss: {every: 9, ecn: true}", "no flow here does"},
	} {
		got := mustParse(t, "path: {"+c.path+"}\nflows: [{size: 16GiB}]").Describe()
		if flat := strings.Join(strings.Fields(got), " "); !strings.Contains(flat, c.want) {
			t.Errorf("%s: no %q in\n%s", c.path, c.want, got)
		}
	}
	marking := mustParse(t, "path: {loss: {every: 9, ecn: true}}\nflows: [{tcp: {ecn: true}}]").Describe()
	if !strings.Contains(marking, "marks only new data of a TCP with ECN") {
		t.Errorf("nothing is said of what is marked:\n%s", marking)
	}
	quiet := `loss: 1%, rate: 12Mbit, overhead: 38, corrupt: {probability: 1%, fix_checksum: true}, duplicate: 1%,
    delay: {base: 9ms, jitter: 500us, keep_order: false}, reorder: 1%`
	if got := noted(t, "path: {"+quiet+"}\nflows: [{size: 16GiB}]", "note"); !slices.Equal(got, nil) {
		t.Errorf("notes where there is nothing to note: %q", got)
	}
	// 200 packets cannot tell 1 % from 2 %: 1.96 sqrt(.01 · .99 / 200) is 1.4 %.
	text := "path: {loss: 1%}\nflows: [{protocol: udp, size: 200kB, udp: {payload: 1000}}]"
	if got := strings.Join(noted(t, text, "note"), " "); !strings.Contains(got, "with 200 packets, 95 of 100 seeds will measure a loss from 0% to 2.4%") {
		t.Errorf("%q", got)
	}
	if got := noted(t, text+"\nsweep: {repeat: 20}", "note"); len(got) > 0 { // 0.3 %
		t.Errorf("%q", got)
	}
}
