package tcp

// dctcpOne is an alpha of 1. Linux counts in 1/1024, and so does not see what falls below that.
const dctcpOne = 1 << 20

// dctcp is Data Center TCP (RFC 8257): where queues mark early (ECN), the share of bytes that were marked in a window,
// averaged with a gain of 1/16, says how much the window is lowered, once a window: by half if all were, by little if
// few were. Growth, and what a loss means, are Reno's. Without ECN on the other end it is Reno.
type dctcp struct {
	reno
	alpha         int // in 1/dctcpOne
	acked, marked int // bytes of this window of data
	end           Seq // it ends when this is acknowledged
	begun         bool
}

// Sample implements Sampler: section 3.3, steps 1 to 8. Bytes that SACK tells of count when it does.
func (d *dctcp) Sample(_ *Window, s *Sample) {
	if !d.begun {
		d.begun, d.end = true, s.Next
	}
	d.acked += s.Delivered
	if s.Echo {
		d.marked += s.Delivered
	}
	if s.Una.Less(d.end) || d.acked == 0 {
		return
	}
	share := int(scale(int64(d.marked), dctcpOne, int64(d.acked)))
	d.alpha += (share - d.alpha) / 16
	d.acked, d.marked, d.end = 0, 0, s.Next
}

// Echo implements Marked: section 3.3, step 9.
func (d *dctcp) Echo(w *Window) int {
	return max(w.Cwnd-int(scale(int64(w.Cwnd), int64(d.alpha), 2*dctcpOne)), 2*w.MSS)
}
