package trace

import (
	"cmp"
	"errors"
	"fmt"
	"math/bits"
	"os"
	"path/filepath"
	"slices"

	"reliabilitylab/netem"
)

// FatesFile is a trial's fates, for another trial to meet again (path.replay). It says nothing that the ledger and the captures do not say.
const FatesFile = "fates.csv"

// WriteFates writes a trial's fates into its folder; none of a trial that has more packets than a file of fates may have.
func WriteFates(dir string, t *Trace) (err error) {
	if len(t.Packets) > netem.MaxFates {
		return nil
	}
	fates, err := FatesOf(t)
	if err != nil {
		return err
	}
	f, err := os.Create(filepath.Join(dir, FatesFile))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	return fates.Write(f)
}

// FatesOf makes of a ledger what became of the packets by direction, class and number. What was still on its way in the end is lost. Which
// bit was flipped is found in the packets' bytes, which must have been kept where there is damage. What routers sent is left out: they
// would send it again.
func FatesOf(t *Trace) (*netem.Fates, error) {
	copies := map[uint64][]int{} // of each packet that has some, their rows
	for i := range t.Packets {
		if p := &t.Packets[i]; p.Copy() {
			copies[p.Of] = append(copies[p.Of], i)
		}
	}
	w := fateWriter{rows: t.Packets, late: overtaken(t.Packets, copies), fates: new(netem.Fates)}
	if t.Bytes != nil {
		if err := t.Bytes.Flush(); err != nil {
			return nil, err
		}
		w.sent, w.came = t.Bytes.Reader(), t.Bytes.Reader()
	}
	for i := range t.Packets {
		p := &t.Packets[i]
		if p.Of != 0 {
			continue
		}
		c := p.Header.Class()
		w.number[p.Direction][c]++
		if err := w.add(p, i, 0); err != nil {
			return nil, err
		}
		for _, k := range copies[p.ID] {
			if err := w.add(p, k, w.number[p.Direction][c]); err != nil {
				return nil, err
			}
		}
	}
	return w.fates, nil
}

type fateWriter struct {
	rows       []Packet
	late       []uint32
	number     [2][netem.Classes]uint64
	fates      *netem.Fates
	sent, came *SpoolReader
}

// add adds row i, which is the original itself, or with of above 0 a copy of it, the of-th packet of its class.
func (w *fateWriter) add(original *Packet, i int, of uint64) error {
	p := &w.rows[i]
	f := netem.Fate{Lost: p.Arrived == Never}
	if !f.Lost {
		f.Delay, f.Late, f.Marked, f.Mended = p.Arrived-original.Sent, w.late[i], p.Marked != "", p.Harm == netem.CauseMended
		if p.Harm != "" {
			bit, err := w.flipped(original, p)
			if err != nil {
				return fmt.Errorf("the damage of packet %d: %w", p.ID, err)
			}
			f.Bit = bit
		}
	}
	if f.Bit == 0 {
		f.Mended = false
	}
	if err := w.fates.Add(p.Direction, original.Header.Class(), of, f); err != nil {
		return fmt.Errorf("the fate of packet %d: %w", p.ID, err)
	}
	return nil
}

// flipped returns the first bit in which a packet, or a copy of it, differs from what was sent, from 1, besides its congestion mark and what mending and
// marking did to checksums; 0 if there is none.
func (w *fateWriter) flipped(original, p *Packet) (uint32, error) {
	if w.sent == nil {
		return 0, ErrNotKept
	}
	sent, err := w.sent.Read(original.At, int(original.Length))
	if err != nil {
		return 0, err
	}
	came, err := w.came.Read(p.AtFar, int(p.Length))
	if err != nil {
		return 0, err
	}
	first := 0
	if p.Harm == netem.CauseMended {
		h := netem.ReadHeader(sent)
		first = int(h.PayloadAt)
	}
	for k := first; k < len(sent) && k < len(came); k++ {
		d := sent[k] ^ came[k]
		if p.Marked != "" {
			switch {
			case k == 1 && sent[0]>>4 == 4:
				d &^= 3
			case k == 1:
				d &^= 3 << 4
			case (k == 10 || k == 11) && sent[0]>>4 == 4:
				d = 0
			}
		}
		if d != 0 {
			return uint32(8*k+bits.TrailingZeros8(d)) + 1, nil
		}
	}
	return 0, nil
}

// overtaken tells of each row whether packets that came on the path later, in the same direction, arrived before it, as netem.Fate.Late has
// it. Copies come right behind their originals.
func overtaken(rows []Packet, copies map[uint64][]int) []uint32 {
	late := make([]uint32, len(rows))
	var came, arrived [2][]int // rows by direction, in the order of coming and of arriving
	order := make([]int, len(rows))
	come := func(i int) {
		d := rows[i].Direction
		order[i] = len(came[d])
		came[d] = append(came[d], i)
	}
	for i := range rows {
		if rows[i].Of == 0 {
			come(i)
			for _, k := range copies[rows[i].ID] {
				come(k)
			}
		}
		if d := rows[i].Direction; rows[i].Place > 0 && !rows[i].Reply() {
			arrived[d] = append(arrived[d], i)
		}
	}
	for d := range arrived {
		slices.SortFunc(arrived[d], func(a, b int) int { return cmp.Compare(rows[a].Place, rows[b].Place) })
		last := -1 // the packet that came last of those that have arrived
		for k, i := range arrived[d] {
			if order[i] > last {
				last = order[i]
				continue
			}
			late[i] = 1
			for _, j := range slices.Backward(arrived[d][:k]) {
				if rows[j].Arrived != rows[i].Arrived {
					break
				}
				late[i] = max(late[i], uint32(1+max(0, order[j]-order[i])))
			}
		}
	}
	return late
}
