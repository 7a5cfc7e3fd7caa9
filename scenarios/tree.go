package scenarios

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"regexp"
	"strings"
	"unicode/utf8"

	"gopkg.in/yaml.v3"
)

// A scenario's text becomes a tree of YAML nodes, each of which knows its line and column. What YAML has beyond mappings,
// lists and plain values (anchors, aliases, merges, tags, several documents) has no place in a scenario, and is refused
// before anything is made of it.

// The limits of a scenario's text.
const (
	MaxText  = 1 << 20 // bytes of a scenario file
	maxDepth = 32      // mappings and lists inside each other
)

// readTree reads the text. The root is a mapping; without one there are errors.
func readTree(src *source, text []byte) (*yaml.Node, Errors) {
	if len(text) > MaxText {
		return nil, Errors{{File: src.name, Line: 1, Column: 1,
			Message: fmt.Sprintf("the file has %d bytes; a scenario has at most %d", len(text), MaxText)}}
	}
	if e := src.characters(text); e != nil {
		return nil, Errors{e}
	}
	doc, next, err := readYAML(text)
	switch {
	case errors.Is(err, io.EOF) || err == nil && doc.Content[0].Tag == "!!null":
		return nil, Errors{place{src, 1, 1, 1}.errorf("the scenario is empty; it needs at least flows")}
	case err != nil:
		return nil, Errors{src.syntax(text, err)}
	case next != nil:
		return nil, Errors{src.of(next).errorf("a second YAML document; a file is one scenario, so put each into its own file")}
	}
	root := doc.Content[0]
	if errs := src.plain(nil, root, 0); len(errs) > 0 {
		return nil, errs
	}
	if root.Kind != yaml.MappingNode {
		return nil, Errors{src.of(root).errorf("a scenario is a mapping of keys to values, not a %s", kindName(root))}
	}
	return root, nil
}

// characters finds what no YAML reader agrees about: text that is not UTF-8, control characters, exotic line breaks, and
// tabs in the indentation.
func (s *source) characters(text []byte) *Error {
	for i, line := range bytes.Split(text, []byte("\n")) {
		line = bytes.TrimSuffix(line, []byte("\r"))
		indent := true
		for col := 1; len(line) > 0; col++ {
			r, n := utf8.DecodeRune(line)
			at := place{s, i + 1, col, 1}
			switch {
			case r == utf8.RuneError && n == 1:
				return at.errorf("byte %#02x is not UTF-8 text", line[0])
			case r == '\t' && indent:
				return at.errorf("a tab in the indentation; YAML wants spaces")
			case r < ' ' && r != '\t', r >= 0x7f && r < 0xa0, r == 0x2028, r == 0x2029, r == 0xfeff, r == 0xfffe, r == 0xffff:
				return at.errorf("character U+%04X has no place in a scenario", r)
			case r != ' ':
				indent = false
			}
			line = line[n:]
		}
	}
	return nil
}

// readYAML reads the first document; next is the second document's root, if there is one.
func readYAML(text []byte) (doc, next *yaml.Node, err error) {
	defer func() {
		// The YAML reader has panicked at odd input before; whatever it meets is the text's fault, not this program's.
		if r := recover(); r != nil {
			doc, next, err = nil, nil, fmt.Errorf("cannot be read: %v", r)
		}
	}()
	dec := yaml.NewDecoder(bytes.NewReader(text))
	var first, second yaml.Node
	if err := dec.Decode(&first); err != nil {
		return nil, nil, err
	}
	switch err := dec.Decode(&second); {
	case errors.Is(err, io.EOF):
		return &first, nil, nil
	case err != nil:
		return nil, nil, err
	}
	return &first, &second, nil
}

// plain refuses anchors, aliases, merges, tags and depth.
func (s *source) plain(errs Errors, n *yaml.Node, depth int) Errors {
	switch {
	case len(errs) >= maxErrors:
		return errs
	case n.Kind == yaml.AliasNode:
		return append(errs, s.of(n).errorf("aliases (*%s) are not used in scenarios: write the value out", n.Value))
	case n.Anchor != "":
		return append(errs, s.of(n).errorf("anchors (&%s) are not used in scenarios: write the value out where it is needed", n.Anchor))
	case n.Style&yaml.TaggedStyle != 0:
		return append(errs, s.of(n).errorf("tags (%s) are not used in scenarios", n.Tag))
	case n.Kind == yaml.ScalarNode && n.Tag == "!!merge":
		return append(errs, s.of(n).errorf("merge keys (<<) are not used in scenarios"))
	case depth > maxDepth:
		return append(errs, s.of(n).errorf("more than %d mappings and lists inside each other", maxDepth))
	}
	for _, c := range n.Content {
		errs = s.plain(errs, c, depth+1)
	}
	return errs
}

// syntax says where the text stops being YAML. The YAML reader's own line numbers are those of the construct it was
// reading, not of the mistake; so the text is read again up to ever later lines, and the mistake stands behind the
// longest part that can be read.
func (s *source) syntax(text []byte, err error) *Error {
	line := min(lastGood(text)+1, len(s.lines))
	col, shown := 1, s.lines[line-1]
	if t := strings.TrimLeft(shown, " "); t != "" {
		col += len(shown) - len(t)
	}
	p := place{s, line, col, max(1, utf8.RuneCountInString(strings.TrimSpace(shown)))}
	return p.errorf("not YAML: %s%s", readerWords.ReplaceAllString(err.Error(), ""), syntaxHint(shown))
}

var readerWords = regexp.MustCompile(`^yaml: (line \d+: )?`)

// syntaxHint says what is mostly meant by a line that cannot be read.
func syntaxHint(line string) string {
	t := strings.TrimSpace(line)
	_, value, found := strings.Cut(t, ": ")
	value = strings.TrimSpace(value)
	switch {
	case found && value != "" && strings.ContainsRune("%@`*&!", rune(value[0])):
		return fmt.Sprintf("; a value that begins with %c stands in quotes", value[0])
	case found && value != "" && !strings.ContainsRune("\"'[{|>", rune(value[0])) && strings.Contains(value, ": "):
		return `; a text with ": " in it stands in quotes`
	case found && value != "" && strings.ContainsRune("\"'", rune(value[0])):
		return "; is a closing quote missing?"
	case strings.Count(t, "[") != strings.Count(t, "]") || strings.Count(t, "{") != strings.Count(t, "}"):
		return "; is a bracket missing?"
	case strings.HasPrefix(line, " "):
		return "; is the indentation the same as that of its neighbours?"
	}
	return ""
}

// syntaxWork bounds the search for the line of a mistake: bytes read again.
const syntaxWork = 8 << 20

// lastGood returns how many lines from the beginning can be read as YAML. A beginning may be unreadable only because it
// ends inside brackets or quotes, so a boundary found by halving is tried again beyond.
func lastGood(text []byte) int {
	ends := []int{0} // where line i ends
	for i, c := range text {
		if c == '\n' {
			ends = append(ends, i+1)
		}
	}
	ends = append(ends, len(text))
	work := 0
	good := func(lines int) bool {
		work += ends[lines] + 1
		_, _, err := readYAML(text[:ends[lines]])
		return err == nil || errors.Is(err, io.EOF)
	}
	low, high := 0, len(ends)-1 // low can be read
	for work < syntaxWork {
		for high-low > 1 && work < syntaxWork {
			if mid := (low + high) / 2; good(mid) {
				low = mid
			} else {
				high = mid
			}
		}
		later := high + 1
		for later < len(ends)-1 && work < syntaxWork && !good(later) {
			later++
		}
		if later >= len(ends)-1 || work >= syntaxWork {
			return low
		}
		low, high = later, len(ends)-1
	}
	return low
}

func kindName(n *yaml.Node) string {
	switch n.Kind {
	case yaml.MappingNode:
		return "mapping"
	case yaml.SequenceNode:
		return "list"
	}
	return "single value"
}
