package tc

import (
	"fmt"
	"strings"

	"reliabilitylab/netem"
	"reliabilitylab/scenarios"
)

// A Path is what tc's lines ask for.
type Path struct {
	Way   scenarios.Way
	Notes []string // what is lost in translation, or is not what one would think
	seed  string   // of the line, ""
}

// MaxText is how many bytes of lines are read.
const MaxText = 64 << 10

// Parse reads lines of tc, as they are typed or as `tc qdisc show` prints them: netem, tbf, or one of each for the same direction.
// Empty lines and comments (#) are passed over; a line that ends with \ goes on in the next. An error is *Error, or says that
// there is nothing.
func Parse(text string) (*Path, error) {
	if len(text) > MaxText {
		return nil, fmt.Errorf("more than %d bytes of tc lines", MaxText)
	}
	r := &reader{path: &Path{Way: scenarios.Way{
		Queue: scenarios.Queue{Packets: defaultLimit}, Delay: scenarios.Delay{Distribution: "uniform", KeepOrder: true},
	}}}
	text = strings.ReplaceAll(strings.ReplaceAll(text, "\\\r\n", " "), "\\\n", " ")
	for i, line := range strings.Split(text, "\n") {
		line = strings.TrimRight(line, " \t\r")
		if t := strings.TrimLeft(line, " \t"); t == "" || t[0] == '#' {
			continue
		}
		w := split(i+1, strings.ToValidUTF8(line, "?"))
		if len(line) > maxLine {
			w.text = w.text[:0]
			return nil, w.wrong(word{"", 1}, "the line has more than %d bytes", maxLine)
		}
		if err := r.line(w); err != nil {
			return nil, err
		}
	}
	if !r.netem && !r.tbf {
		return nil, fmt.Errorf("no line of tc: such as tc qdisc add dev eth0 root netem delay 25ms loss 1%%")
	}
	r.finish()
	return r.path, nil
}

// A reader collects what the lines say.
type reader struct {
	path       *Path
	netem, tbf bool  // there was such a line
	limit      int64 // netem's, given
}

func (r *reader) note(format string, args ...any) {
	r.path.Notes = append(r.path.Notes, fmt.Sprintf(format, args...))
}

// line reads one line: its head, up to the name of the discipline, and its options.
func (r *reader) line(w *words) error {
	first := w.all[0]
	for w.peek() == "sudo" || strings.HasSuffix(w.peek(), "/tc") || w.peek() == "tc" {
		w.take()
	}
	if object := w.peek(); object == "class" || object == "filter" {
		return w.wrong(w.take(), "classes and filters have no counterpart in a path; only qdiscs are translated")
	} else if object == "qdisc" {
		w.take()
	}
	for {
		if err := w.place(); err != nil {
			return err
		}
		if !w.more() {
			return w.wrong(first, "neither netem nor tbf stands in this line")
		}
		switch at := w.take(); at.text {
		case "netem":
			if r.netem {
				return w.wrong(at, "a second netem: one direction of a path has one")
			}
			r.netem = true
			return r.readNetem(w)
		case "tbf":
			if r.tbf {
				return w.wrong(at, "a second tbf: one direction of a path has one")
			}
			r.tbf = true
			return r.readTBF(w)
		case "add", "change", "replace", "link":
		case "del", "delete", "show", "list", "ls":
			return w.wrong(at, "tc %s sets nothing up, so there is no path in it", at.text)
		case "ingress", "clsact":
			return w.wrong(at, "%s sets nothing up by itself: translate the netem line of the ifb device behind it, and put it under reverse", at.text)
		default:
			return w.unknown(at, "qdisc that is translated", []string{"netem", "tbf"})
		}
	}
}

// place passes over where a discipline is: as it is typed, before its name, or as `tc qdisc show` prints it, behind.
func (w *words) place() error {
	for w.more() {
		switch p := w.peek(); {
		case p == "root" || strings.HasSuffix(p, ":"):
			w.take()
		case p == "dev" || p == "parent" || p == "handle" || p == "refcnt":
			w.take()
			if _, err := w.need("what belongs to " + p); err != nil {
				return err
			}
		default:
			return nil
		}
	}
	return nil
}

// finish says what holds of all lines together.
func (r *reader) finish() {
	w := &r.path.Way
	if r.netem {
		r.netemQueue()
	}
	if w.Rate > 0 && w.Overhead == (netem.Overhead{}) {
		r.note("tc counts the 14 bytes of the Ethernet header as well, if the interface has one: then add overhead: 14")
	}
	r.note("tc shapes what leaves its interface: here that is client to server (forward), and ACKs come back untouched; " +
		"for a line on the other host write reverse")
	if r.path.seed != "" {
		r.note("seed %s: netem's dice are others; a scenario has its own seed", r.path.seed)
	}
}

// netemQueue is what netem's limit means: packets that wait for the rate and packets that are being delayed, in one.
func (r *reader) netemQueue() {
	w := &r.path.Way
	limit := r.limit
	if limit == 0 {
		limit = defaultLimit
	}
	switch {
	case w.Rate == 0 && r.limit > 0 && r.limit != defaultLimit:
		r.note("limit %d is left out: without a rate nothing waits in the lab, and its delay holds any number of packets", r.limit)
	case w.Rate == 0:
	case !r.tbf:
		w.Queue = scenarios.Queue{Packets: int(limit)}
		if w.Delay.Base > 0 {
			r.note("netem's limit of %d packets counts those being delayed, too; here it is the queue's alone", limit)
		}
	}
	if w.Rate == 0 && w.Delay.Base > 0 && limit == defaultLimit {
		r.note("netem drops what is more than %d packets at a time in its delay, its limit; the lab does not", defaultLimit)
	}
}
