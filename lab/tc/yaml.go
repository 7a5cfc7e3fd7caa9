package tc

import (
	"fmt"
	"strings"
	"time"

	"reliabilitylab/netem"
	"reliabilitylab/scenarios"
)

// YAML writes the path as a scenario's, forward: what can be left out is left out, and the notes stand above as comments.
func (p *Path) YAML() string {
	var b strings.Builder
	for _, n := range p.Notes {
		fmt.Fprintln(&b, "# "+n)
	}
	rows := rows(&p.Way)
	if len(rows) == 0 {
		b.WriteString("path: {}\n")
		return b.String()
	}
	b.WriteString("path:\n  forward:\n")
	for _, r := range rows {
		fmt.Fprintf(&b, "    %s: %s\n", r.key, r.value)
	}
	return b.String()
}

// A row is a key of a path with its value, on one line.
type row struct{ key, value string }

func rows(w *scenarios.Way) []row {
	var out []row
	add := func(key, value string) {
		if value != "" {
			out = append(out, row{key, value})
		}
	}
	if w.Rate > 0 {
		add("rate", scenarios.FormatRate(w.Rate))
		add("overhead", overheadYAML(w))
		add("queue", w.Queue.String())
	}
	add("loss", lossYAML(&w.Loss))
	add("corrupt", hitYAML(field("probability", w.Corrupt.Probability), field("correlation", w.Corrupt.Correlation)))
	add("duplicate", hitYAML(field("probability", w.Duplicate.Probability), field("correlation", w.Duplicate.Correlation)))
	add("reorder", reorderYAML(&w.Reorder))
	add("delay", delayYAML(&w.Delay))
	add("slot", slotYAML(&w.Slot))
	return out
}

// A part is a key of a section and its value, "" where it has its default.
type part struct{ key, value string }

// section writes parts as {key: value, …}; the first alone as its value, which is a section's short form.
func section(parts ...part) string {
	var out []string
	for _, p := range parts {
		if p.value != "" {
			out = append(out, p.key+": "+p.value)
		}
	}
	if len(out) == 1 && parts[0].value != "" {
		return parts[0].value
	}
	return "{" + strings.Join(out, ", ") + "}"
}

// probability writes one that is given, though it may be 0.
func probability(key string, p netem.Probability) part {
	return part{key, scenarios.FormatProbability(p)}
}

// field is a probability that is left out where it is 0.
func field(key string, p netem.Probability) part {
	if p == 0 {
		return part{key, ""}
	}
	return probability(key, p)
}

func count(key string, n int) part {
	if n == 0 {
		return part{key, ""}
	}
	return part{key, fmt.Sprint(n)}
}

func duration(key string, d time.Duration) part {
	if d == 0 {
		return part{key, ""}
	}
	return part{key, d.String()}
}

func yes(key string, on bool) part {
	if !on {
		return part{key, ""}
	}
	return part{key, "true"}
}

// hitYAML writes a probability with its correlation; "" where it is 0.
func hitYAML(parts ...part) string {
	if parts[0].value == "" {
		return ""
	}
	return section(parts...)
}

func overheadYAML(w *scenarios.Way) string {
	o := w.Overhead
	if o.Packet == 0 && o.Cell == 0 {
		return ""
	}
	return section(count("packet", o.Packet), count("cell_size", o.Cell), count("cell_overhead", o.CellOverhead))
}

func lossYAML(l *scenarios.Loss) string {
	var model part
	switch {
	case l.Burst != nil:
		g := l.Burst
		good := field("good", g.Good)
		bad := probability("bad", g.Bad)
		if g.Bad == 1 {
			bad.value = ""
		}
		model = part{"gilbert_elliott", section(probability("p", g.P), probability("r", g.R), bad, good)}
		return section(part{}, model, yes("ecn", l.ECN))
	case l.Markov != nil:
		m := l.Markov
		model = part{"markov", section(probability("p13", m.P13), probability("p31", m.P31), probability("p32", m.P32),
			probability("p23", m.P23), probability("p14", m.P14))}
		return section(part{}, model, yes("ecn", l.ECN))
	case l.Random == 0:
		return ""
	}
	return section(field("random", l.Random), field("correlation", l.Correlation), yes("ecn", l.ECN))
}

func reorderYAML(r *scenarios.Reorder) string {
	if r.Probability == 0 {
		return ""
	}
	gap := count("gap", r.Gap)
	if r.Gap == 1 {
		gap.value = ""
	}
	return section(field("probability", r.Probability), field("correlation", r.Correlation), gap, yes("ahead", r.Ahead))
}

func delayYAML(d *scenarios.Delay) string {
	if d.Base == 0 {
		return ""
	}
	shape := part{"distribution", d.Distribution}
	if d.Distribution == "uniform" {
		shape.value = ""
	}
	order := part{"keep_order", "false"}
	if d.KeepOrder {
		order.value = ""
	}
	return section(duration("base", d.Base), duration("jitter", d.Jitter), shape, field("correlation", d.Correlation), order)
}

func slotYAML(s *scenarios.Slot) string {
	if s.Base == 0 {
		return ""
	}
	parts := []part{count("packets", s.Packets), {"bytes", ""}}
	if s.Bytes > 0 {
		parts[1].value = fmt.Sprint(int64(s.Bytes))
	}
	switch {
	case s.Jitter == 0:
		parts = append([]part{{"min", s.Base.String()}}, parts...)
	case s.Distribution == "uniform" && s.Base-s.Jitter >= leastSlot:
		parts = append([]part{{"min", (s.Base - s.Jitter).String()}, {"max", (s.Base + s.Jitter).String()}}, parts...)
	default:
		parts = append([]part{duration("delay", s.Base), duration("jitter", s.Jitter), {"distribution", s.Distribution}}, parts...)
	}
	return section(parts...)
}
