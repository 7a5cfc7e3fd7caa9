package scenarios

import (
	"fmt"
	"strings"
)

// Nearest returns the word of the list that was probably meant: the one with the smallest edit distance, the first of
// several. ok is false where nothing is near, which is more than a third of the word's letters (at least two) away.
func Nearest(word string, list []string) (nearest string, ok bool) {
	if len(word) > 64 {
		return "", false
	}
	w := fold(word)
	best := max(2, len(w)/3) + 1
	for _, s := range list {
		if d := distance(w, fold(s)); d < best && d < len(s) {
			best, nearest, ok = d, s, true
		}
	}
	return nearest, ok
}

// fold makes words that differ in case and in their separators equal.
func fold(s string) string {
	return strings.NewReplacer("-", "", "_", "", " ", "").Replace(strings.ToLower(s))
}

// distance is the optimal string alignment distance: the fewest insertions, deletions, substitutions and swaps of
// neighbours that make b of a.
func distance(a, b string) int {
	before, last, row := make([]int, len(b)+1), make([]int, len(b)+1), make([]int, len(b)+1)
	for j := range last {
		last[j] = j
	}
	for i := 1; i <= len(a); i++ {
		row[0] = i
		for j := 1; j <= len(b); j++ {
			change := last[j-1]
			if a[i-1] != b[j-1] {
				change++
			}
			row[j] = min(last[j]+1, row[j-1]+1, change)
			if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
				row[j] = min(row[j], before[j-2]+1)
			}
		}
		before, last, row = last, row, before
	}
	return last[len(b)]
}

// suggest ends a message about an unknown word: "; did you mean loss?" or, with nothing near, what there is.
func suggest(word string, list []string) string {
	if s, ok := Nearest(word, list); ok {
		return fmt.Sprintf("; did you mean %s?", s)
	}
	return "; there " + isAre(list)
}

// isAre lists what there is: "are mtu, rate and queue".
func isAre(list []string) string {
	switch len(list) {
	case 0:
		return "is none"
	case 1:
		return "is only " + list[0]
	}
	return "are " + strings.Join(list[:len(list)-1], ", ") + " and " + list[len(list)-1]
}
