package main

import (
	"bufio"
	"strings"
	"testing"
	"unicode"
)

// What is kept of a line is one line of printable characters, no longer than is kept, and the next line is the next one.
func FuzzPrediction(f *testing.F) {
	for _, s := range []string{"", "5 s", "\x1b]0;title\x07", "a\r\nb", strings.Repeat("é", 5000), "\xff\xfe", "\u202eabc\u2028d", "\t x"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		first, _, _ := strings.Cut(text, "\n")
		a := &asker{in: bufio.NewReader(strings.NewReader(first + "\nnext\n"))}
		got, err := a.line()
		if err != nil {
			t.Fatal(err)
		}
		if n := len([]rune(got)); n > maxPrediction {
			t.Errorf("%d characters are kept", n)
		}
		if strings.IndexFunc(got, func(r rune) bool { return !unicode.IsPrint(r) }) >= 0 || got != strings.TrimSpace(got) {
			t.Errorf("%q is kept", got)
		}
		if next, err := a.line(); next != "next" || err != nil {
			t.Errorf("the next line is %q, %v", next, err)
		}
	})
}
