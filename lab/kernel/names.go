package kernel

import "strings"

// The files by which programs find the addresses of hosts: hosts(5), and nsswitch.conf(5), which says where else to look.

// hostsFile returns the machine's /etc/hosts with these names in it, before all others. What the machine has under the same
// names is left out: a program may take any line, or all.
func hostsFile(machine string, names []Name) string {
	var b strings.Builder
	for _, n := range names {
		b.WriteString(n.Addr.String() + "\t" + n.Name + "\n")
	}
	for line := range strings.Lines(machine) {
		words, comment, _ := strings.Cut(strings.TrimRight(line, "\r\n"), "#")
		fields := strings.Fields(words)
		var kept []string
		for i, f := range fields {
			if i == 0 || !named(f, names) {
				kept = append(kept, f)
			}
		}
		switch {
		case len(kept) == len(fields): // as it was
			b.WriteString(strings.TrimRight(line, "\r\n") + "\n")
		case len(kept) > 1:
			b.WriteString(strings.Join(kept, " "))
			if comment != "" {
				b.WriteString(" #" + comment)
			}
			b.WriteString("\n")
		}
	}
	return b.String()
}

// named tells whether a name is one of these. Names of hosts know no case (RFC 4343).
func named(name string, names []Name) bool {
	for _, n := range names {
		if strings.EqualFold(name, n.Name) {
			return true
		}
	}
	return false
}

// hostsSource is where names of hosts are looked for: in /etc/hosts, and the machine's own name. Whatever else machines
// ask (DNS, a resolver's daemon) either is not on this network or knows nothing of it, and must not be asked first.
const hostsSource = "hosts: files myhostname\n"

// switchFile returns the machine's /etc/nsswitch.conf with that line.
func switchFile(machine string) string {
	var b strings.Builder
	for line := range strings.Lines(machine) {
		if key, _, _ := strings.Cut(line, ":"); strings.TrimSpace(key) != "hosts" {
			b.WriteString(strings.TrimRight(line, "\r\n") + "\n")
		}
	}
	return b.String() + hostsSource
}
