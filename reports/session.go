package reports

import (
	"fmt"

	"reliabilitylab/lab/trace"
	"reliabilitylab/netem"
	"reliabilitylab/reports/chart"
)

// A session (trace.Any) is not one flow: what is true of all its packets is measured and drawn of all of them, and what makes
// sense of one conversation alone is measured and drawn of the busiest.

// Busiest is the TCP connection of a session that put the most payload on the path, by its ports.
type Busiest struct {
	Client uint16 `json:"client_port"`
	Server uint16 `json:"server_port"`
	Data   string `json:"data"` // the direction in which it sent more: forward or reverse
}

// busiest returns that of a session; nil of any other trial.
func busiest(t *trace.Trace) *Busiest {
	if t.Protocol != trace.Any {
		return nil
	}
	c := t.Busiest(netem.TCP)
	if c == nil {
		return nil
	}
	b := &Busiest{Data: c.Data.String()}
	b.Client, b.Server = c.Ports()
	return b
}

// Scope says what of a session its numbers and charts are about; "" of any other trial.
func (t *Trial) Scope() string {
	if t.Protocol != trace.Any {
		return ""
	}
	text := fmt.Sprintf("A session of any programs. Packets, delay and loss are those of all packets %s, the busier direction, whatever they carry.",
		towards(t.Facts.Data))
	if b := t.Busiest; b != nil {
		text += fmt.Sprintf(" What is said of TCP is said of its busiest connection, between the client's port %d and the server's port %d, %s.",
			b.Client, b.Server, towards(b.Data))
	}
	return text
}

// towards says where a direction leads.
func towards(direction string) string {
	if direction == netem.Reverse.String() {
		return "towards the client"
	}
	return "towards the server"
}

// views are what the charts are shown of a trial: itself; of a session also its busiest conversations of TCP and of UDP.
func views(t Trial, label string, tr *trace.Trace) []chart.Trial {
	all := []chart.Trial{{ID: t.ID, Label: label, Protocol: t.Protocol, Trace: tr, Metrics: t.Metrics}}
	if t.Protocol != trace.Any {
		return all
	}
	for _, p := range []struct {
		number netem.Protocol
		name   string
	}{{netem.TCP, "TCP"}, {netem.UDP, "UDP"}} {
		c := tr.Busiest(p.number)
		if c == nil {
			continue
		}
		from, to := c.Ports()
		if c.Data == netem.Reverse {
			from, to = to, from
		}
		all = append(all, chart.Trial{
			ID: t.ID + " " + c.Protocol, Label: fmt.Sprintf("%s %d to %d", p.name, from, to), Protocol: c.Protocol, Trace: c,
		})
	}
	return all
}
