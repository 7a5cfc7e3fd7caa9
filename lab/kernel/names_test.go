package kernel

import (
	"net/netip"
	"testing"
)

func TestHostsFile(t *testing.T) {
	names := []Name{{"client", netip.MustParseAddr("10.0.0.1")}, {"server", netip.MustParseAddr("fd00::2")}}
	const ours = "10.0.0.1\tclient\nfd00::2\tserver\n"
	for machine, want := range map[string]string{
		"":                                          ours,
		"127.0.0.1 localhost":                       ours + "127.0.0.1 localhost\n",
		"# all\n\n::1\tlocalhost  ip6\r\n":          ours + "# all\n\n::1\tlocalhost  ip6\n",
		"1.2.3.4 server\n1.2.3.5 x\n":               ours + "1.2.3.5 x\n",
		"1.2.3.4 SERVER other client # mine\n":      ours + "1.2.3.4 other # mine\n",
		"1.2.3.4 servers my.server # server\n":      ours + "1.2.3.4 servers my.server # server\n",
		"#1.2.3.4 server\n1.2.3.4 #server client\n": ours + "#1.2.3.4 server\n1.2.3.4 #server client\n",
	} {
		if got := hostsFile(machine, names); got != want {
			t.Errorf("%q becomes\n%s\nwant\n%s", machine, got, want)
		}
	}
}

func TestSwitchFile(t *testing.T) {
	for machine, want := range map[string]string{
		"": hostsSource,
		"passwd: files\nhosts: resolve [!UNAVAIL=return] files\nnetworks: files": "passwd: files\nnetworks: files\n" + hostsSource,
		" hosts:dns\n# hosts: dns\n": "# hosts: dns\n" + hostsSource,
	} {
		if got := switchFile(machine); got != want {
			t.Errorf("%q becomes\n%s\nwant\n%s", machine, got, want)
		}
	}
}
