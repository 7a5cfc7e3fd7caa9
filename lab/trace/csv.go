package trace

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
)

// The record on disk is five CSV files (RFC 4180, lines ending with LF), each with a header line that names its columns.
// Columns are found by name: an older or newer version may have them in another order, and more of them. All instants
// are seconds with nine decimals, exact to the nanosecond; an empty field is "never", "none" or 0.

// The files of a trial's folder.
const (
	PacketsFile  = "packets.csv"
	MessagesFile = "messages.csv"
	CallsFile    = "calls.csv"
	TCPFile      = "tcp.csv"
	QueueFile    = "queue.csv"
)

// A column is one column of a table, both ways.
type column[T any] struct {
	name string
	put  func(b []byte, row *T) []byte    // appends the field
	get  func(row *T, field []byte) error // reads the field
}

// A table is one kind of file.
type table[T any] struct {
	file       string
	columns    []column[T]
	start, end func(*T) // called before and after a row is read; may be nil
}

// Files are all of them.
var Files = [...]string{PacketsFile, MessagesFile, CallsFile, TCPFile, QueueFile}

// Write writes the five files of a trace into an existing folder, over those that are there. What is in none of them is
// in Facts.
func Write(dir string, t *Trace) error {
	if err := writeFile(dir, packetTable(&shared{}), t.Packets); err != nil {
		return err
	}
	if err := writeFile(dir, messageTable(), t.Messages); err != nil {
		return err
	}
	if err := writeFile(dir, callTable(&shared{}), t.Calls); err != nil {
		return err
	}
	if err := writeFile(dir, sampleTable(&shared{}), t.TCP); err != nil {
		return err
	}
	return writeFile(dir, queueTable(), t.Queue)
}

// Read reads the five files of a folder. Facts must be added by the caller; the packets' bytes are in the captures only:
// At and AtFar are -1. Errors name file, line and column.
func Read(dir string) (*Trace, error) {
	var t Trace
	var err error
	s := &shared{}
	if t.Packets, err = readFile(dir, packetTable(s)); err != nil {
		return nil, err
	}
	if t.Messages, err = readFile(dir, messageTable()); err != nil {
		return nil, err
	}
	if t.Calls, err = readFile(dir, callTable(s)); err != nil {
		return nil, err
	}
	if t.TCP, err = readFile(dir, sampleTable(s)); err != nil {
		return nil, err
	}
	if t.Queue, err = readFile(dir, queueTable()); err != nil {
		return nil, err
	}
	return &t, nil
}

func writeFile[T any](dir string, tab table[T], rows []T) (err error) {
	f, err := os.Create(filepath.Join(dir, tab.file))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	return tab.encode(f, rows)
}

func readFile[T any](dir string, tab table[T]) ([]T, error) {
	f, err := os.Open(filepath.Join(dir, tab.file))
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return tab.decode(f)
}

// encode writes the header line and a line a row.
func (tab table[T]) encode(w io.Writer, rows []T) error {
	bw := bufio.NewWriterSize(w, 1<<17)
	var b []byte
	for i, c := range tab.columns {
		if i > 0 {
			b = append(b, ',')
		}
		b = append(b, c.name...)
	}
	b = append(b, '\n')
	for i := range rows {
		for k := range tab.columns {
			if k > 0 {
				b = append(b, ',')
			}
			b = tab.columns[k].put(b, &rows[i])
		}
		b = append(b, '\n')
		if len(b) > 1<<14 {
			if _, err := bw.Write(b); err != nil {
				return fmt.Errorf("write %s: %w", tab.file, err)
			}
			b = b[:0]
		}
	}
	bw.Write(b)
	if err := bw.Flush(); err != nil {
		return fmt.Errorf("write %s: %w", tab.file, err)
	}
	return nil
}

// decode reads what encode wrote.
func (tab table[T]) decode(r io.Reader) ([]T, error) {
	rec := newRecords(r)
	names, err := rec.next()
	if err == io.EOF {
		return nil, fmt.Errorf("%s:1: the file is empty; the header line is missing", tab.file)
	}
	if err != nil {
		return nil, fmt.Errorf("%s:%d: %w", tab.file, rec.line, err)
	}
	width := len(names)
	place := make([]int, len(tab.columns)) // the field of each of our columns
	for k, c := range tab.columns {
		place[k] = -1
		for i, n := range names {
			if string(n) == c.name {
				place[k] = i
			}
		}
		if place[k] < 0 {
			return nil, fmt.Errorf("%s:1: no column %q", tab.file, c.name)
		}
	}
	var rows list[T]
	for {
		fields, err := rec.next()
		if err == io.EOF {
			return rows.slice(), nil
		}
		if err != nil {
			return nil, fmt.Errorf("%s:%d: %w", tab.file, rec.line, err)
		}
		if len(fields) != width {
			return nil, fmt.Errorf("%s:%d: %d fields, but the header line has %d", tab.file, rec.line, len(fields), width)
		}
		if rows.n == maxRows {
			return nil, fmt.Errorf("%s:%d: more than %d rows", tab.file, rec.line, maxRows)
		}
		row := rows.grow()
		if tab.start != nil {
			tab.start(row)
		}
		for k := range tab.columns {
			if err := tab.columns[k].get(row, fields[place[k]]); err != nil {
				return nil, fmt.Errorf("%s:%d: column %s: %w", tab.file, rec.line, tab.columns[k].name, err)
			}
		}
		if tab.end != nil {
			tab.end(row)
		}
	}
}
