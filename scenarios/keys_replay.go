package scenarios

import (
	"embed"
	"fmt"
	"strings"

	"gopkg.in/yaml.v3"

	"reliabilitylab/netem"
)

// path.replay: the fates that another trial's packets have met, from its fates.csv.

//go:embed fates
var shippedFates embed.FS

var replayKeys = []key[Replay]{
	{name: "file", take: takeFates},
	{name: "repeat", take: value(yesOrNo, func(r *Replay) *bool { return &r.Repeat })},
}

var fatesFile = kind[string]{"the name of a file, such as results/two-percent/trials/tcp/fates.csv", func(s string) (string, error) { return text(s, 1000, true) }}

func takeReplay(d *decoder, n *yaml.Node, w *Way) {
	w.Replay = Replay{}
	if n.Kind != yaml.MappingNode {
		takeFates(d, n, &w.Replay)
		return
	}
	before := len(d.errs)
	if section(d, n, replayKeys, &w.Replay); len(d.errs) == before && !gives(n, "file") {
		d.wrong(n, "file is missing: the fates.csv of another trial")
	}
}

// takeFates reads fates: shipped ones by their bare name, and any others from their file.
func takeFates(d *decoder, n *yaml.Node, r *Replay) {
	if n.Kind == yaml.ScalarNode && n.Value == "none" {
		return // a phase, or a direction, without
	}
	if scalar(d, n, fatesFile, &r.File); r.File == "" {
		return
	}
	text, file, err := d.fates(r.File)
	if err != nil {
		d.wrong(n, "read the fates: %v", err)
		return
	}
	if text == nil {
		return
	}
	if r.Fates, err = netem.ParseFates(text); err != nil {
		d.wrong(n, "%s, %v", file, err)
	}
}

func (d *decoder) fates(name string) (text []byte, file string, err error) {
	if !strings.ContainsAny(name, `/\`) {
		if text, err := shippedFates.ReadFile("fates/" + name); err == nil {
			return text, name, nil
		}
	}
	return d.read(name, netem.MaxFatesText)
}

// checkReplay refuses a recording that has no packets of a direction: a trial of UDP has none from the receiver.
func (d *decoder) checkReplay(n *yaml.Node, p *Path) {
	for way, w := range [2]*Way{&p.Forward, &p.Reverse} {
		if f := w.Replay.Fates; f != nil {
			if all, _ := f.Packets(netem.Direction(way)); all == 0 {
				d.wrong(n, "%s has no packets of direction %v; say what the path does there: replay: none, and a delay", w.Replay.File, netem.Direction(way))
			}
		}
	}
}

// words describes a replay.
func (r *Replay) words() string {
	switch {
	case r.File == "":
		return ""
	case r.Fates == nil:
		return "the fates of " + r.File + " (not read)"
	case r.Repeat:
		return "the fates of " + r.File + ", again and again"
	}
	return "the fates of " + r.File
}

// numbers says how much of a recording there is in a direction.
func (r *Replay) numbers(way netem.Direction) string {
	if r.Fates == nil {
		return ""
	}
	all, lost := r.Fates.Packets(way)
	behind := "behind them packets are delayed like the last that arrived"
	if r.Repeat {
		behind = "behind them they begin again"
	}
	return fmt.Sprintf("%d recorded fates, %d of new data; %d packets are lost (%s), the longest delay is %v; %s", all, r.Fates.Data(way), lost,
		percent(float64(lost)/float64(max(1, all))), r.Fates.Longest(way), behind)
}
