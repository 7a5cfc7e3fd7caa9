package reports

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"reliabilitylab/scenarios"
)

// The shipped scenarios tell what their text promises, to the word, and so does a report that is made anew.
func TestShippedStories(t *testing.T) {
	for _, c := range []struct {
		scenario, trial string
		stories         int // in all
		first           string
	}{
		{"one-lost-segment", "tcp", 1, "Segment 20, sent at 0.106 s, was dropped by the script. Three duplicate ACKs, the last at 0.166 s, told the sender that" +
			" segments 21 to 23 had arrived and this one had not. It was sent again at once. It arrived at 0.203 s, 96.6 ms after it was first sent." +
			" 30 messages waited behind it, the first of them for 64.4 ms."},
		{"one-lost-segment", "udp", 1, "Datagram 20, sent at 0.028 s, was dropped by the script, and that was the end of it: message 20 never came."},
		{"lost-syn", "tcp", 1, "The client's SYN, sent at 0.000 s, was dropped by the script. No answer came; at 1.000 s the retransmission timer of 1 s" +
			" expired, and it was sent again. It arrived at 1.025 s. The SYN-ACK came back at 1.050 s."},
		{"lost-syn", "udp", 1, "Nothing was lost, late, damaged or sent again."},
		{"two-percent", "tcp", 43, "Segment 139, sent at 0.246 s, was lost at 0.288 s. Three duplicate ACKs, the last at 0.342 s, told the sender that segments 140 to 142" +
			" had arrived and this one had not. It was sent again at once. It arrived at 0.486 s, 240 ms after it was first sent." +
			" 140 messages waited behind it, the first of them for 172 ms."},
	} {
		s, err := scenarios.Load(c.scenario)
		if err != nil {
			t.Fatal(err)
		}
		dir := ran(t, string(s.Text), scenarios.Setting{Key: "charts", Value: "[delivery]"})
		file := filepath.Join(dir, trialsDir, c.trial, storyFile)
		told, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		lines := strings.Split(strings.TrimSuffix(string(told), "\n"), "\n")
		if len(lines) != c.stories || lines[0] != c.first {
			t.Errorf("%s, %s: %d stories, the first of them\n%s\nwant %d, the first\n%s", c.scenario, c.trial, len(lines), lines[0], c.stories, c.first)
		}
		page, err := os.ReadFile(filepath.Join(dir, pageFile))
		if err != nil {
			t.Fatal(err)
		}
		if text := strings.ReplaceAll(string(page), "&#39;", "'"); !strings.Contains(text, "<p>"+c.first+"</p>") {
			t.Errorf("%s, %s: the page does not tell the first story", c.scenario, c.trial)
		}
		if err := os.WriteFile(file, []byte("lies\n"), 0o644); err != nil {
			t.Fatal(err)
		}
		if _, _, err := Redraw(dir, []string{"svg"}, inOrder); err != nil {
			t.Fatal(err)
		}
		if again, err := os.ReadFile(file); err != nil || string(again) != string(told) {
			t.Errorf("%s, %s: the report tells another story: %s %v", c.scenario, c.trial, again, err)
		}
	}
}
