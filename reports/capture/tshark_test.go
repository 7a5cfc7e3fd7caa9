package capture

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// TestTshark lets Wireshark judge: it reads the captures without a warning, finds the checksums good (and the harmed
// one bad), and shows comments, packet numbers, directions and times.
func TestTshark(t *testing.T) {
	tshark, err := exec.LookPath("tshark")
	if err != nil {
		if os.Getenv("CI") == "true" {
			t.Fatal("tshark is not installed; CI must prove that it reads the captures")
		}
		t.Skip("TSHARK IS NOT INSTALLED: nobody but ourselves has read the captures")
	}
	dir := t.TempDir()
	if err := Write(dir, story(t), "scenario story, trial tcp, seed 1"); err != nil {
		t.Fatal(err)
	}
	fields := []string{
		"frame.packet_id", "frame.time_epoch", "frame.packet_flags_direction", "frame.interface_name",
		"ip.checksum.status", "tcp.checksum.status", "udp.checksum.status", "tcp.analysis.retransmission", "frame.comment",
	}
	// Status 1 is good, 0 is bad. The fields stand between bars; 1970's seconds are the lab's.
	for file, want := range map[string][]string{
		ClientFile: {
			"1|0.000000000|0x00000002|client|1|1|||",
			"2|0.020000000|0x00000001|client|1|1|||",
			"3|0.020000000|0x00000002|client|1|1|||",
			"4|0.020000000|0x00000002|client|1|1|||lost: queue full",
			"5|0.050000001|0x00000002|client|1|1||1|fast retransmit",
			"7|0.062000000|0x00000002|client|1||1||corrupt: bit flipped; discarded: checksum",
			"8|0.090000000|0x00000001|client|||1||",
			"9|0.100000000|0x00000002|client||1|||still on its way when the trial ended",
		},
		ServerFile: {
			"1|0.010000000|0x00000001|server|1|1|||",
			"2|0.010000000|0x00000002|server|1|1|||",
			"3|0.030000000|0x00000001|server|1|1|||",
			"6|0.060000000|0x00000001|server|1|1|||copy of packet 5",
			"5|0.061000000|0x00000001|server|1|1||1|fast retransmit",
			"7|0.072000000|0x00000001|server|1||0||corrupt: bit flipped; discarded: checksum",
			"8|0.080000000|0x00000002|server|||1||",
		},
	} {
		args := []string{
			"-n", "-r", filepath.Join(dir, file), "-T", "fields", "-E", "separator=|",
			"-o", "ip.check_checksum:TRUE", "-o", "tcp.check_checksum:TRUE", "-o", "udp.check_checksum:TRUE",
		}
		for _, f := range fields {
			args = append(args, "-e", f)
		}
		var stderr bytes.Buffer
		cmd := exec.Command(tshark, args...)
		cmd.Env = append(os.Environ(), "LC_ALL=C", "HOME="+t.TempDir())
		cmd.Stderr = &stderr
		out, err := cmd.Output()
		if err != nil {
			t.Fatalf("%s: %v\n%s", file, err, stderr.Bytes())
		}
		for line := range strings.Lines(stderr.String()) {
			if !strings.HasPrefix(line, "Running as user") {
				t.Errorf("%s: tshark says: %s", file, line)
			}
		}
		if got := strings.Split(strings.TrimRight(string(out), "\n"), "\n"); strings.Join(got, "\n") != strings.Join(want, "\n") {
			t.Errorf("%s: tshark reads\n%s\nwant\n%s", file, strings.Join(got, "\n"), strings.Join(want, "\n"))
		}
	}
}
