package netem

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"
)

// Fates are what a path did to each packet of a trial, in both directions: recorded once, to be met again by other packets (Replay).
//
// They are numbered as Entry numbers packets: by direction, by class, from 1. As a file they are CSV (RFC 4180) with the header
// direction,class,number,copy,fate,late,delay_s,harm,bit and a line a packet, in this order: direction (forward, reverse), class (data,
// retransmission, other), number, copy (0 for the packet itself, from 1 for the copies that the path made of it). fate is lost, arrived or,
// where it arrived with a congestion mark set on the way, marked. late is empty where none that came on the path later arrived before it; else 1, and one more for each packet behind it up
// to the last that arrived in the same instant, but before it.
// delay_s is from coming on the path to arriving; for a copy from its original's coming. harm is corrupt or mended (with the transport checksum
// made right for it), and bit which bit of the IP packet was flipped, from 1.
type Fates struct {
	of     [2][Classes][]Fate
	copies [2][Classes][]copyFate    // ascending
	until  [2][Classes]time.Duration // the delay of the last one that arrived
	total  int
}

// A Fate is what became of one packet.
type Fate struct {
	Delay  time.Duration // from coming on the path to leaving it
	Bit    uint32        // the bit that was flipped, from 1; 0: none
	Lost   bool
	Late   uint32 // above 0: it is overtaken, in its own instant by the packets that come up to Late-1 behind it
	Marked bool   // its congestion mark was set
	Mended bool   // the transport checksum was made right for the flipped bit
	Copied bool   // there are copies
}

type copyFate struct {
	of uint32
	Fate
}

// The limits of fates.
const (
	MaxFates      = 1 << 22   // packets and copies
	MaxFatesText  = 256 << 20 // bytes of a file
	maxFateDelay  = maxTraceTime
	fatesHeader   = "direction,class,number,copy,fate,late,delay_s,harm,bit"
	maxFateCopies = 1000 // of one packet
)

var classNames = [Classes]string{"data", "retransmission", "other"}

// String returns the class's name in files of fates.
func (c Class) String() string { return classNames[c] }

// Add adds the fate of the next packet of a class, or with of above 0 that of a copy of that packet of it, which was added last or before. It
// fails beyond the limits.
func (f *Fates) Add(d Direction, c Class, of uint64, fate Fate) error {
	list, copies := &f.of[d][c], &f.copies[d][c]
	n := uint64(len(*list))
	switch {
	case f.total == MaxFates:
		return fmt.Errorf("more than %d packets", MaxFates)
	case fate.Delay < 0 || fate.Delay > maxFateDelay:
		return fmt.Errorf("a delay of %v is not from 0 to %v", fate.Delay, maxFateDelay)
	case of > n:
		return fmt.Errorf("a copy of %s packet %d, of which there are %d", c, of, n)
	case of == 0:
		f.total++
		*list = append(*list, fate)
		if !fate.Lost {
			f.until[d][c] = fate.Delay
		}
		return nil
	}
	k := len(*copies)
	switch {
	case k > 0 && uint64((*copies)[k-1].of) > of:
		return fmt.Errorf("a copy of %s packet %d behind one of packet %d", c, of, (*copies)[k-1].of)
	case k >= maxFateCopies && uint64((*copies)[k-maxFateCopies].of) == of:
		return fmt.Errorf("more than %d copies of %s packet %d", maxFateCopies, c, of)
	}
	f.total++
	(*list)[of-1].Copied = true
	*copies = append(*copies, copyFate{uint32(of), fate})
	return nil
}

// Packets is how many packets of a direction there are, and how many of them were lost; copies do not count.
func (f *Fates) Packets(d Direction) (all, lost int) {
	for c := range f.of[d] {
		all += len(f.of[d][c])
		for i := range f.of[d][c] {
			if f.of[d][c][i].Lost {
				lost++
			}
		}
	}
	return all, lost
}

// Data is how many packets of new data a direction has.
func (f *Fates) Data(d Direction) int { return len(f.of[d][ClassData]) }

// Longest is the longest delay of a direction.
func (f *Fates) Longest(d Direction) (longest time.Duration) {
	for c := range f.of[d] {
		for i := range f.of[d][c] {
			longest = max(longest, f.of[d][c][i].Delay)
		}
		for i := range f.copies[d][c] {
			longest = max(longest, f.copies[d][c][i].Delay)
		}
	}
	return longest
}

// Write writes the fates as a file.
func (f *Fates) Write(w io.Writer) error {
	b := append([]byte(fatesHeader), '\n')
	for d := range f.of {
		for c := range f.of[d] {
			copies := f.copies[d][c]
			for i := range f.of[d][c] {
				b = f.of[d][c][i].append(b, Direction(d), Class(c), i+1, 0)
				for k := 1; len(copies) > 0 && int(copies[0].of) == i+1; k++ {
					b = copies[0].append(b, Direction(d), Class(c), i+1, k)
					copies = copies[1:]
				}
				if len(b) > 1<<15 {
					if _, err := w.Write(b); err != nil {
						return err
					}
					b = b[:0]
				}
			}
		}
	}
	_, err := w.Write(b)
	return err
}

// append writes a line.
func (f *Fate) append(b []byte, d Direction, c Class, number, copy int) []byte {
	b = append(append(b, d.String()...), ',')
	b = append(append(b, c.String()...), ',')
	b = append(strconv.AppendInt(b, int64(number), 10), ',')
	b = strconv.AppendInt(b, int64(copy), 10)
	if f.Lost {
		return append(b, ",lost,,,,\n"...)
	}
	b = append(b, [...]string{",arrived,", ",marked,"}[flag(f.Marked)]...)
	if f.Late > 0 {
		b = strconv.AppendUint(b, uint64(f.Late), 10)
	}
	b = append(strconv.AppendInt(append(b, ','), int64(f.Delay/time.Second), 10), '.')
	b = append(b, strconv.Itoa(int(time.Second + f.Delay%time.Second))[1:]...) // all nine decimals
	b = append(b, ',')
	if f.Bit == 0 {
		return append(b, ",\n"...)
	}
	b = append(append(b, [...]string{"corrupt", "mended"}[flag(f.Mended)]...), ',')
	return append(strconv.AppendUint(b, uint64(f.Bit), 10), '\n')
}

func flag(b bool) int {
	if b {
		return 1
	}
	return 0
}

// ParseFates reads what Write writes; empty lines and lines that begin with # are left out. Errors begin with the line.
func ParseFates(text []byte) (*Fates, error) {
	if len(text) > MaxFatesText {
		return nil, fmt.Errorf("the file has more than %d bytes", MaxFatesText)
	}
	f := new(Fates)
	number, head := 0, true
	copies := 0 // of the last packet
	for line := range bytes.Lines(text) {
		number++
		line = bytes.TrimSpace(line)
		if len(line) == 0 || line[0] == '#' {
			continue
		}
		var err error
		if s := string(line[:min(len(line), 200)]); !head {
			err = f.line(s, &copies)
		} else if s != fatesHeader {
			err = fmt.Errorf("%q is no header; it is %s", clip(line), fatesHeader)
		}
		if err != nil {
			return nil, fmt.Errorf("line %d: %w", number, err)
		}
		head = false
	}
	if f.total == 0 {
		return nil, fmt.Errorf("line 1: there are no fates; the file begins with %s", fatesHeader)
	}
	return f, nil
}

// line reads a line. copies is how many there were of the packet before, or of it.
func (f *Fates) line(line string, copies *int) error {
	var field [9]string
	rest, n := line, 0
	for more := true; more; n++ {
		if n == len(field) {
			return fmt.Errorf("more than %d columns; there are %s", len(field), fatesHeader)
		}
		field[n], rest, more = strings.Cut(rest, ",")
	}
	if n < len(field) {
		return fmt.Errorf("%d columns; there are %s", n, fatesHeader)
	}
	d, c := Forward, ClassData
	if !named(field[0], &d, Forward, Reverse) {
		return fmt.Errorf("%q is no direction, forward or reverse", clip([]byte(field[0])))
	}
	if !named(field[1], &c, ClassData, ClassRetransmission, ClassOther) {
		return fmt.Errorf("%q is no class, %s", clip([]byte(field[1])), strings.Join(classNames[:], ", "))
	}
	of := uint64(len(f.of[d][c]))
	if field[3] == "0" {
		if field[2] != strconv.FormatUint(of+1, 10) {
			return fmt.Errorf("%s packet %q; the next one is %d", c, clip([]byte(field[2])), of+1)
		}
		of, *copies = 0, 0
	} else {
		*copies++
		if field[2] != strconv.FormatUint(of, 10) || field[3] != strconv.Itoa(*copies) {
			return fmt.Errorf("copy %q of %s packet %q; here could be copy %d of packet %d", clip([]byte(field[3])), c, clip([]byte(field[2])), *copies, of)
		}
	}
	fate, err := parseFate(field[4], field[5], field[6], field[7], field[8])
	if err != nil {
		return err
	}
	return f.Add(d, c, of, fate)
}

// named finds the value of a name.
func named[V fmt.Stringer](name string, into *V, values ...V) bool {
	for _, v := range values {
		if v.String() == name {
			*into = v
			return true
		}
	}
	return false
}

func parseFate(what, late, delay, harm, bit string) (f Fate, err error) {
	switch what {
	case "lost":
		if f.Lost = true; late+delay+harm+bit != "" {
			return f, errors.New("a lost packet is neither late nor delayed nor harmed; leave those columns empty")
		}
		return f, nil
	case "marked":
		f.Marked = true
	case "arrived":
	default:
		return f, fmt.Errorf("%q is no fate: arrived, marked or lost", clip([]byte(what)))
	}
	if late != "" {
		n, err := strconv.ParseUint(late, 10, 32)
		if err != nil || n < 1 || n > MaxFates {
			return f, fmt.Errorf("%q is no lateness: empty, or a number from 1 to %d", clip([]byte(late)), MaxFates)
		}
		f.Late = uint32(n)
	}
	if f.Delay, err = parseSeconds(delay); err != nil {
		return f, err
	}
	if f.Mended = harm == "mended"; !f.Mended && harm != "" && harm != "corrupt" {
		return f, fmt.Errorf("%q is no harm: corrupt, mended, or nothing", clip([]byte(harm)))
	}
	n, err := strconv.ParseUint(bit, 10, 32)
	switch {
	case bit == "" && harm == "":
		return f, nil
	case bit == "" || harm == "":
		return f, errors.New("harm and bit go together")
	case err != nil || n < 1 || n > maxPatternBit:
		return f, fmt.Errorf("%q is no bit of a packet, from 1 to %d", clip([]byte(bit)), maxPatternBit)
	}
	f.Bit = uint32(n)
	return f, nil
}
