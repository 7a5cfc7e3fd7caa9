package reports

import (
	"bytes"
	_ "embed"
	"errors"
	"fmt"
	"html/template"
	"io"
	"net/url"
	"os"
	"path"
	"path/filepath"

	"reliabilitylab/scenarios"
)

// The page of a course stands in the folder that the results of its scenarios are in, and leads to each of them.

//go:embed course.html
var courseText string

var courseTemplate = template.Must(template.New("course").Parse(courseText))

// A CourseChapter is a heading and the scenarios under it.
type CourseChapter struct {
	Title   string
	Lessons []Lesson
}

// A Lesson is a scenario that has been run.
type Lesson struct {
	Name, Title, Question string
	Prediction            string        // what was said to the question before; "" if nothing was
	Folder                string        // of its results, within the course's
	Picture               string        // in it, with slashes; "" if no chart was drawn
	Held, Failed          int           // expectations
	Broken                []Expectation // the first of those that failed
}

// NewLesson takes of a scenario's results what the course's page tells, and holds on to nothing else of them.
func NewLesson(s *scenarios.Scenario, r *Results) Lesson {
	failed := r.Failed()
	return Lesson{
		Name: s.Name, Title: s.Title, Question: s.Question, Prediction: r.Prediction, Folder: s.Name, Picture: r.Picture,
		Held: len(r.Expect) - len(failed), Failed: len(failed), Broken: failed[:min(len(failed), maxClaims)],
	}
}

// Href is the place of a file of the lesson, for a link on the course's page.
func (l Lesson) Href(file string) string {
	u := url.URL{Path: path.Join(l.Folder, file)}
	return u.EscapedPath()
}

// courseMark is what a course's page begins with, so that no other page is taken for one.
const courseMark = "<!doctype html>\n<!-- reliability lab: course -->\n"

// CourseFree tells with an error that wraps ErrOccupied whether the page of a course may not be put into a folder, because
// something else has its name there.
func CourseFree(dir string) error {
	file := filepath.Join(dir, pageFile)
	st, err := os.Lstat(file)
	if errors.Is(err, os.ErrNotExist) {
		return nil
	}
	if err == nil && st.Mode().IsRegular() {
		var f *os.File
		if f, err = os.Open(file); err == nil {
			defer f.Close()
			head := make([]byte, len(courseMark))
			if _, err := io.ReadFull(f, head); err == nil && string(head) == courseMark {
				return nil
			}
		}
	}
	if err != nil {
		return fmt.Errorf("write the course's page %s: %w", file, err)
	}
	return fmt.Errorf("%w: %s is no page of a course, so it is left alone; name another place with -o", ErrOccupied, file)
}

// WriteCourse puts the page of a course into a folder, whole or not at all, and returns its name.
func WriteCourse(dir string, chapters []CourseChapter) (string, error) {
	if err := CourseFree(dir); err != nil { // somebody may have put something there meanwhile
		return "", err
	}
	var b bytes.Buffer
	b.WriteString(courseMark)
	if err := courseTemplate.Execute(&b, chapters); err != nil {
		return "", err
	}
	file := filepath.Join(dir, pageFile)
	failed := func(err error) error { return fmt.Errorf("write the course's page %s: %w", file, err) }
	temp, err := os.CreateTemp(dir, unfinished)
	if err != nil {
		return "", failed(err)
	}
	_, err = temp.Write(b.Bytes())
	err = errors.Join(err, temp.Chmod(0o644), temp.Close()) // CreateTemp's is private
	if err == nil {
		err = os.Rename(temp.Name(), file)
	}
	if err != nil {
		return "", failed(errors.Join(err, os.Remove(temp.Name())))
	}
	return file, nil
}
