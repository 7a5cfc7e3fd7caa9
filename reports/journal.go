package reports

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"os"
	"path/filepath"
	"slices"

	"reliabilitylab/scenarios"
)

// The journal of an unfinished sweep has a line for each trial that is done, in whatever order they were: a checksum (CRC-32C of what
// follows, eight hexadecimal digits), a blank, and JSON. The first line says of what it is the journal. Lines are only ever added, each
// by one write. What a crash leaves of the last one, or a disk has damaged, is told by its checksum, and all from there on is run
// again.
//
// A trial has a number in the scenario (Trial.Index) and a name of its own (Trial.ID), which are the same whichever part of the
// sweep a journal is of.

// A journalHead is the first line. Journals of one head hold trials of the same results.
type journalHead struct {
	Journal  int    `json:"journal"`  // the version of the format
	Program  string `json:"program"`  // which version of the lab made it
	Scenario string `json:"scenario"` // a digest of all that the scenario says
	Trials   int    `json:"trials"`   // how many the whole sweep has

	Part scenarios.Part `json:"part,omitzero"` // of the sweep
}

// journalVersion is that of the format.
const journalVersion = 1

// A journalEntry is a trial.
type journalEntry struct {
	Index int     `json:"index"`
	Trial Trial   `json:"trial"`
	Story string  `json:"story,omitempty"`
	Files *digest `json:"files,omitempty"` // of its folder; absent where its packets were not kept
}

// maxJournalLine is how long a line may be, in bytes: a trial has some thousand.
const maxJournalLine = 1 << 20

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// journalLine is the line of a head or an entry.
func journalLine(v any) ([]byte, error) {
	b, err := json.Marshal(v)
	if err != nil {
		return nil, err
	}
	if len(b) > maxJournalLine-10 {
		return nil, fmt.Errorf("%d bytes are too many for the journal", len(b))
	}
	line := fmt.Appendf(make([]byte, 0, len(b)+10), "%08x ", crc32.Checksum(b, castagnoli))
	return append(append(line, b...), '\n'), nil
}

// A journalReader reads a journal's lines up to the first that is not whole.
type journalReader struct {
	r    *bufio.Reader
	good int64 // bytes of whole lines
}

// next reads a line into v; false at the first line that is cut, damaged, or no line of a journal.
func (j *journalReader) next(v any) bool {
	line, err := j.r.ReadSlice('\n')
	if err != nil || len(line) < 10 || line[8] != ' ' {
		return false
	}
	b := line[9 : len(line)-1]
	if !bytes.Equal(line[:8], fmt.Appendf(nil, "%08x", crc32.Checksum(b, castagnoli))) || json.Unmarshal(b, v) != nil {
		return false
	}
	j.good += int64(len(line))
	return true
}

// readJournal reads a journal and calls each for its trials. It returns how many bytes of it are whole; 0 where not even the head is.
func readJournal(r io.Reader, each func(journalEntry)) (head journalHead, good int64) {
	j := &journalReader{r: bufio.NewReaderSize(r, maxJournalLine)}
	if !j.next(&head) || head.Journal != journalVersion || head.Trials < 1 {
		return journalHead{}, 0
	}
	for {
		var e journalEntry
		before := j.good
		if !j.next(&e) {
			return head, j.good
		}
		if e.Index < 0 || e.Index >= head.Trials || !folderName(e.Trial.ID) {
			return head, before
		}
		e.Trial.Index, e.Trial.Story = e.Index, e.Story
		each(e)
	}
}

// A journal is one that is written.
type journal struct {
	f     *os.File
	dirty bool // since the last sync
}

// append adds a line by one write: the system has it when that returns.
func (j *journal) append(line []byte) error {
	j.dirty = true
	_, err := j.f.Write(line)
	return err
}

// sync waits until the disk has it.
func (j *journal) sync() error {
	if !j.dirty {
		return nil
	}
	j.dirty = false
	return j.f.Sync()
}

func (j *journal) close() error {
	if j.f == nil {
		return nil
	}
	err := j.f.Close()
	j.f = nil
	return err
}

// entry is the journal's line of a trial.
func (f *Folder) entry(m *Measured) ([]byte, error) {
	e := journalEntry{Index: m.trial.Index, Trial: m.trial, Story: m.trial.Story}
	if !m.trial.Unrecorded {
		d, err := digestOf(filepath.Join(f.place.temp, trialsDir, m.trial.ID))
		if err != nil {
			return nil, err
		}
		e.Files = &d
	}
	return journalLine(e)
}

// sound tells whether the folder of an entry's trial is as it was written.
func (e *journalEntry) sound(dir string) bool {
	if e.Trial.Unrecorded {
		return true
	}
	d, err := digestOf(dir)
	return err == nil && e.Files != nil && d == *e.Files
}

// A digest tells whether the files of a trial's folder are those that were written: the system may write them to the disk after the
// journal's line, and a crash come between.
type digest struct {
	Bytes int64  `json:"bytes"`
	CRC   uint32 `json:"crc32c"` // of the names and the bytes, in the order of the names
}

func digestOf(dir string) (digest, error) {
	var d digest
	entries, err := os.ReadDir(dir) // in the order of their names
	if err != nil {
		return d, err
	}
	buf := make([]byte, 1<<16)
	for _, e := range entries {
		d.CRC = crc32.Update(d.CRC, castagnoli, []byte(e.Name()+"\x00"))
		in, err := os.Open(filepath.Join(dir, e.Name()))
		if err != nil {
			return d, err
		}
		for err == nil {
			var n int
			n, err = in.Read(buf)
			d.CRC = crc32.Update(d.CRC, castagnoli, buf[:n])
			d.Bytes += int64(n)
		}
		in.Close()
		if !errors.Is(err, io.EOF) {
			return d, err
		}
	}
	return d, nil
}

// syncTree has the system write all files of a folder to the disk, and the folders themselves where it can.
func syncTree(dir string) error {
	var folders []string
	err := filepath.WalkDir(dir, func(path string, e os.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if e.IsDir() {
			folders = append(folders, path)
			return nil
		}
		f, err := os.OpenFile(path, os.O_RDWR, 0)
		if err != nil {
			return err
		}
		return errors.Join(f.Sync(), f.Close())
	})
	if err != nil {
		return err
	}
	for _, path := range slices.Backward(folders) {
		syncFolder(path)
	}
	return nil
}

// syncFolder has the system write to the disk which files a folder has, where it can.
func syncFolder(path string) {
	if f, err := os.Open(path); err == nil {
		f.Sync()
		f.Close()
	}
}
