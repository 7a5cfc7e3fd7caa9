package model

// Bursts is the two-state loss model of Gilbert and Elliott: at each packet good turns bad with probability P and bad turns
// good with R; a packet is lost with probability Bad in the bad state and Good in the good one.
type Bursts struct{ P, R, Bad, Good float64 }

// inBad returns the share of packets that meet the bad state.
func (b Bursts) inBad() float64 {
	if b.P == 0 {
		return 0 // it begins in the good state, and stays
	}
	return b.P / (b.P + b.R)
}

// Loss returns the share of packets that are lost in the long run.
func (b Bursts) Loss() float64 {
	bad := b.inBad()
	return float64(bad*b.Bad) + float64((1-bad)*b.Good)
}

// Runs returns the share of packets that begin a run of losses: lost, and the packet before was not. Where runs are short
// against a round trip it is the rate of loss events that the throughput models want.
func (b Bursts) Runs() float64 {
	bad := b.inBad()
	afterBad := float64((1-b.R)*b.Bad) + float64(b.R*b.Good) // the loss of the packet behind one that met the bad state
	afterGood := float64((1-b.P)*b.Good) + float64(b.P*b.Bad)
	both := float64(bad*b.Bad*afterBad) + float64((1-bad)*b.Good*afterGood)
	return b.Loss() - both
}

// RunLength returns the mean number of packets lost in a row. There must be loss, and not of every packet.
func (b Bursts) RunLength() float64 { return b.Loss() / b.Runs() }
