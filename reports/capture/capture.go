// Package capture writes what each host of a trial saw as a pcapng file that Wireshark and tshark read.
//
// A packet's way here: its row of the ledger says when its host put it on the path and when the other host got it; the
// spool has its bytes as they were at both places; both files show it under one number (epb_packetid), and its comment
// says what became of it. Time 0 of the lab is 1 January 1970, 00:00:00 UTC, so that Wireshark's epoch time is the lab's
// time. Nothing of the machine or the day is in a file: the same trial gives the same bytes.
package capture

import (
	"bufio"
	"cmp"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"

	"github.com/google/gopacket/layers"
	"github.com/google/gopacket/pcapgo"

	"reliabilitylab/lab/trace"
	"reliabilitylab/netem"
)

// The files of a trial's folder.
const (
	ClientFile = "client.pcapng"
	ServerFile = "server.pcapng"
)

// Write writes client.pcapng and server.pcapng into an existing folder, over those that are there. comment says which
// trial this is (scenario, trial, seed); it becomes the comment of each file. The trace must still have its Bytes.
func Write(dir string, t *trace.Trace, comment string) error {
	if t.Bytes == nil {
		return fmt.Errorf("write captures of trial %s: its packets' bytes were not kept", t.Trial)
	}
	if err := writeFile(filepath.Join(dir, ClientFile), t, netem.Forward, comment); err != nil {
		return err
	}
	return writeFile(filepath.Join(dir, ServerFile), t, netem.Reverse, comment)
}

func writeFile(path string, t *trace.Trace, out netem.Direction, comment string) (err error) {
	f, err := os.Create(path)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	if err := write(f, t, out, comment); err != nil {
		return fmt.Errorf("write %s: %w", path, err)
	}
	return nil
}

// write writes what the host saw whose packets travel in direction out.
func write(w io.Writer, t *trace.Trace, out netem.Direction, comment string) error {
	name, host := "client", t.Client
	if out == netem.Reverse {
		name, host = "server", t.Server
	}
	about := pcapgo.NgInterface{Name: name, LinkType: layers.LinkTypeRaw}
	if host.Addr.IsValid() {
		about.Description = host.Name + " " + host.Addr.String()
	}
	section := pcapgo.NgSectionInfo{Application: "reliability lab", Comment: comment}
	head, err := pcapgo.NewNgWriterInterface(w, about, pcapgo.NgWriterOptions{SectionInfo: section})
	if err != nil {
		return err
	}
	if err := head.Flush(); err != nil { // the packets go to w past head, whose work is done
		return err
	}
	bw := bufio.NewWriterSize(w, 1<<18)
	v := newView(t, out)
	for {
		p, arrived := v.next()
		if p == nil {
			break
		}
		bytes, err := v.bytes(p, arrived)
		if err != nil {
			return fmt.Errorf("read the bytes of packet %d: %w", p.ID, err)
		}
		if _, err := bw.Write(appendPacket(bw.AvailableBuffer(), p, arrived, bytes)); err != nil {
			return err
		}
	}
	return bw.Flush()
}

// A view is what one host saw, in the order of time.
type view struct {
	packets       []trace.Packet
	sent, arrived []int32 // rows still to come: packets that the host sent, and packets that it got
	near, far     *trace.SpoolReader
}

func newView(t *trace.Trace, out netem.Direction) *view {
	v := &view{packets: t.Packets, near: t.Bytes.Reader(), far: t.Bytes.Reader()}
	for i := range t.Packets {
		p := &t.Packets[i]
		switch {
		case p.Direction == out && p.Of == 0: // a copy was made on the path: its sender never saw it
			v.sent = append(v.sent, int32(i))
		case p.Direction != out && p.Arrived != trace.Never:
			v.arrived = append(v.arrived, int32(i))
		}
	}
	slices.SortStableFunc(v.arrived, func(a, b int32) int {
		p, q := &t.Packets[a], &t.Packets[b]
		return cmp.Or(cmp.Compare(p.Arrived, q.Arrived), cmp.Compare(p.Place, q.Place))
	})
	return v
}

// next returns the next packet, and whether the host got it rather than sent it; nil at the end.
func (v *view) next() (p *trace.Packet, arrived bool) {
	switch {
	case len(v.sent) == 0 && len(v.arrived) == 0:
		return nil, false
	case len(v.sent) == 0:
		arrived = true
	case len(v.arrived) > 0:
		s, a := &v.packets[v.sent[0]], &v.packets[v.arrived[0]]
		// At one instant a host first gets a packet and then answers it, unless the one it got was made later than the
		// one it sent.
		arrived = a.Arrived < s.Sent || a.Arrived == s.Sent && a.ID < s.ID
	}
	from := &v.sent
	if arrived {
		from = &v.arrived
	}
	p = &v.packets[(*from)[0]]
	*from = (*from)[1:]
	return p, arrived
}

// bytes returns the packet's bytes as the host saw them, valid until the next call.
func (v *view) bytes(p *trace.Packet, arrived bool) ([]byte, error) {
	if arrived {
		return v.far.Read(p.AtFar, int(p.Length))
	}
	return v.near.Read(p.At, int(p.Length))
}
