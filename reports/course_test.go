package reports

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// The page of a course replaces its like and nothing else, links to what it is told of, and is inert whatever it is told.
func TestCourse(t *testing.T) {
	dir := t.TempDir()
	lesson := Lesson{
		Name: "a&b", Folder: "a b", Title: "<script>", Question: "Why?", Prediction: "<b>", Picture: "charts/x.svg", Failed: 1,
		Broken: []Expectation{{Text: "udp.loss_ratio < 1%"}},
	}
	page := func(lessons ...Lesson) string {
		t.Helper()
		name, err := WriteCourse(dir, []CourseChapter{{"First", lessons}})
		if err != nil {
			t.Fatal(err)
		}
		b, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		return string(b)
	}
	text := page(lesson)
	for _, want := range []string{
		`<a href="#chapter-0">First</a>`, `<a href="a%20b/index.html"><img src="a%20b/charts/x.svg"`, "&lt;script&gt;", "You said: <b>&lt;b&gt;</b>",
		`<p class="not"><code>udp.loss_ratio &lt; 1%</code>`,
	} {
		if !strings.Contains(text, want) {
			t.Errorf("the page has no %s:\n%s", want, text)
		}
	}
	if strings.Contains(text, "expectations hold") {
		t.Error("the page says of a scenario that failed that its expectations hold")
	}
	lesson.Picture, lesson.Failed, lesson.Broken, lesson.Held = "", 0, nil, 1
	if text = page(lesson); strings.Contains(text, "<img") || !strings.Contains(text, "its expectation holds") {
		t.Errorf("without a chart, with one expectation that holds:\n%s", text)
	}

	// Whatever else has the name stays.
	file := filepath.Join(dir, pageFile)
	for name, put := range map[string]func() error{
		"another page": func() error { return os.WriteFile(file, []byte("<!doctype html>\n<p>mine"), 0o644) },
		"a short one":  func() error { return os.WriteFile(file, nil, 0o644) },
		"a folder":     func() error { return os.Mkdir(file, 0o755) },
		"a link":       func() error { return os.Symlink(filepath.Join(dir, "elsewhere"), file) },
	} {
		if err := os.RemoveAll(file); err != nil {
			t.Fatal(err)
		}
		if err := put(); err != nil {
			t.Fatal(err)
		}
		if _, err := WriteCourse(dir, nil); !errors.Is(err, ErrOccupied) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if left, _ := filepath.Glob(filepath.Join(dir, unfinished+"*")); len(left) > 0 {
		t.Errorf("left over: %v", left)
	}
}
