package netem

// Overhead is what a link adds to each IP packet, as netem's `rate RATE PACKETOVERHEAD CELLSIZE CELLOVERHEAD` does: first
// Packet bytes (of an Ethernet header, say), and then, with a Cell above 0, the packet is cut into cells of so many bytes, the last one
// filled up, each with CellOverhead bytes of its own (ATM: 48 and 5). The zero value adds nothing.
type Overhead struct{ Packet, Cell, CellOverhead int }

// Wire returns how many bytes an IP packet of n bytes takes on the link, at least 0.
func (o Overhead) Wire(n int) int {
	n = max(0, n+o.Packet)
	if o.Cell > 0 {
		n = (n + o.Cell - 1) / o.Cell * (o.Cell + o.CellOverhead)
	}
	return n
}
