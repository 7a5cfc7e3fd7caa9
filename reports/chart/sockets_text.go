package chart

import (
	"bufio"
	"fmt"
	"io"
	"strconv"
	"strings"
	"unicode/utf8"
)

// The widths of the text's columns: time, the client's calls, the packets. The server's calls have the rest of the line.
const (
	textCalls   = 42
	textPackets = 44
)

// A SocketsText says how much of a trial's calls and packets is printed.
type SocketsText struct {
	Whole bool // each call and each packet by itself, and all of them
}

// mostPrinted is how many lines are printed of a trial that is not printed whole.
const mostPrinted = 60

// Print writes what the chart "sockets" draws: a line an event, the client's calls at the left, the server's at the right, packets between
// them where they leave, with the instant at which they arrive. A call that waits has a line where it is made and one where it
// returns. Of a long trial the first lines and the last are written.
func (s SocketsText) Print(w io.Writer, t Trial) error {
	d := newDialogue(t, s.Whole)
	var lines []string
	for i := range d.events {
		e := &d.events[i]
		switch {
		case e.call != nil:
			lines = append(lines, callLine(e))
		case e.begins:
			lines = append(lines, packetLine(e))
		}
	}
	b := bufio.NewWriter(w)
	fmt.Fprintln(b, t.Label+": "+d.counts())
	fmt.Fprintln(b, columns("time (ms)", t.Trace.Client.Name+" "+t.Trace.Client.Addr.String(), "", t.Trace.Server.Name+" "+t.Trace.Server.Addr.String()))
	for i, line := range lines {
		if over := len(lines) - mostPrinted; !s.Whole && over > 1 && i >= mostPrinted*2/3 && i < mostPrinted*2/3+over {
			if i == mostPrinted*2/3 {
				fmt.Fprintln(b, columns("…", "", center(strconv.Itoa(over)+" lines more"), ""))
			}
			continue
		}
		fmt.Fprintln(b, line)
	}
	return b.Flush()
}

// callLine is the line of a call that is made, or that returns.
func callLine(e *socketEvent) string {
	text := ""
	switch {
	case e.begins && (e.ends || e.call.end < 0):
		text = e.call.words()[0] + " " + e.call.result()
	case e.begins:
		text = e.call.words()[0] + " …"
	default:
		text = "… " + e.call.returns()[0]
	}
	if e.left {
		return columns(milliseconds(e.at.Seconds()), text, "", "")
	}
	return columns(milliseconds(e.at.Seconds()), "", "", text)
}

// packetLine is the line of a packet that leaves: an arrow, or a cross where it dies.
func packetLine(e *socketEvent) string {
	p := e.packet
	arrives := ""
	if p.Arrived >= 0 {
		arrives = milliseconds(p.Arrived.Seconds())
	}
	head := map[ending]string{endHead: ">", endCross: "x", endBar: "|", endOpen: ""}[p.ending]
	words := " " + p.text + " "
	shaft := strings.Repeat("-", max(2, textPackets-4-utf8.RuneCountInString(words)-len(head)-len(arrives)))
	arrow := "--" + words + shaft + head
	if !e.left {
		head = strings.ReplaceAll(head, ">", "<")
		arrow = head + shaft + words + "--"
		return columns(milliseconds(e.at.Seconds()), "", arrives+" "+arrow, "")
	}
	return columns(milliseconds(e.at.Seconds()), "", arrow+" "+arrives, "")
}

func milliseconds(s float64) string { return strconv.FormatFloat(s*1e3, 'f', 3, 64) }

func center(s string) string {
	return strings.Repeat(" ", max(0, (textPackets-utf8.RuneCountInString(s))/2)) + s
}

// columns joins the columns of a line. The client's calls and the times stand at the right of theirs.
func columns(time, client, packets, server string) string {
	line := pad(time, 11) + "  " + pad(client, textCalls) + " | " + packets
	line += strings.Repeat(" ", max(0, 11+2+textCalls+3+textPackets-utf8.RuneCountInString(line))) + "| " + server
	return strings.TrimRight(line, " ")
}

func pad(s string, n int) string {
	return strings.Repeat(" ", max(0, n-utf8.RuneCountInString(s))) + s
}
