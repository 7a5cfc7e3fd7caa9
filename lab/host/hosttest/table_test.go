package hosttest

import (
	"flag"
	"os"
	"slices"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "write the table into docs/sockets.md")

// TestTable holds docs/sockets.md to the table. That its rows are true, every run of the suite finds out, on each kind of host.
func TestTable(t *testing.T) {
	all := cases()
	for _, r := range table {
		if !slices.ContainsFunc(all, func(c test) bool { return c.name == r.in }) {
			t.Errorf("%s returns %s: %q is no case", r.call, r.returns, r.in)
		}
	}
	const name, begin, end = "../../../docs/sockets.md", "<!-- the table of lab/host/hosttest -->\n", "<!-- its end -->\n"
	b, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	head, rest, found := strings.Cut(string(b), begin)
	old, tail, closed := strings.Cut(rest, end)
	if !found || !closed {
		t.Fatalf("%s has no place for the table, between %q and %q", name, begin, end)
	}
	if old == markdown() {
		return
	}
	if !*update {
		t.Fatalf("%s has another table; go test ./lab/host/hosttest -run Table -update writes it", name)
	}
	if err := os.WriteFile(name, []byte(head+begin+markdown()+end+tail), 0o644); err != nil {
		t.Fatal(err)
	}
}

// TestReturned: how a result is judged against a row.
func TestReturned(t *testing.T) {
	for _, k := range []struct {
		size         int
		result, what string
		want         bool
	}{
		{10, "10", "all", true}, {10, "9", "all", false}, {0, "0", "all", false}, {10, "EAGAIN", "all", false},
		{10, "9", "fewer", true}, {10, "0", "fewer", false}, {10, "10", "fewer", false},
		{10, "11", "more", true}, {10, "10", "more", false},
		{10, "1", "some", true}, {10, "0", "some", false}, {10, "", "some", false},
		{0, "EAGAIN", "EAGAIN", true}, {0, "", "0", false}, {0, "0", "0", true}, {0, "POLLIN", "POLLIN|POLLOUT", false},
	} {
		c := call{size: k.size, result: k.result}
		if got := c.returned(k.what); got != k.want {
			t.Errorf("a call of %d bytes that returned %q returned %q: %v, want %v", k.size, k.result, k.what, got, k.want)
		}
	}
}
