package scenarios

import (
	"strings"
	"testing"
)

func TestFlat(t *testing.T) {
	text := `# a comment
title: "A link"
about: |
  Many words.
path: {rate: 10Mbit, forward: {loss: 2%, delay: {base: 25ms}}}
script:
  - {match: {kind: syn, nth: 1}, do: drop}
flows:
  - name: file
    protocol: [tcp, udp]
    tcp: {congestion: "reno"}
  - app: chat
sweep: {vary: {path.mtu: [1500, 576]}, repeat: 3}
expect: ["tcp.delivered_ratio == 1"]
of_a_later_version: {new: 1}
`
	all, err := Flat([]byte(text), Setting{"flows.file.tcp.congestion", "cubic"}, Setting{"path.forward.loss.correlation", "25%"})
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, s := range all {
		got = append(got, s.String())
	}
	want := []string{
		"path.rate=10Mbit", "path.forward.loss.random=2%", "path.forward.loss.correlation=25%", "path.forward.delay.base=25ms",
		"script=[{match: {kind: syn, nth: 1}, do: drop}]",
		"flows.file.name=file", "flows.file.protocol=[tcp, udp]", "flows.file.tcp.congestion=cubic", "flows.chat.app=chat",
		"sweep.vary.path.mtu=[1500, 576]", "sweep.repeat=3", "of_a_later_version.new=1",
	}
	if strings.Join(got, "\n") != strings.Join(want, "\n") {
		t.Errorf("%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
	for _, bad := range []string{"", "title: only\n", "path: [", "a\tb"} {
		if all, err := Flat([]byte(bad)); err == nil {
			t.Errorf("%q is %v", bad, all)
		}
	}
	if _, err := Flat([]byte(text), Setting{"flows.nobody.size", "1MiB"}); err == nil || !strings.Contains(err.Error(), "no flow is called nobody") {
		t.Error(err)
	}
}
