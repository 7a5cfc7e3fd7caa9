package model

// Sawtooth returns the share of a link's rate that one TCP with Reno's sawtooth gets where only the full queue before the link loses
// packets; queue is what that holds, in bandwidth-delay products of the empty path. From 1 on it is 1: the rule that a buffer should
// hold one (C. Villamizar, C. Song: High Performance TCP in ANSNET, CCR 24(5), 1994).
//
// With the window in units of the product, q of them in the queue: it climbs from (1+q)/2 to 1+q by the same step each round trip.
// Below 1 the link is not full, a round trip lasts as long as on the empty path, and the way to 1 takes (1-q)/2 and carries
// (1-((1+q)/2)²)/2. Above 1 the link is full and a round trip lasts as long as the window is large: what is carried, and the time
// it takes, is ((1+q)²-1)/2. The ratio of both is
//
//	¾ (1+q)² / (1+q+q²)
//
// which is ¾ without a queue. It is fluid: recovery, slow start and packets that come in bursts are not in it.
func Sawtooth(queue float64) float64 {
	if queue >= 1 {
		return 1
	}
	return 0.75 * (1 + queue) * (1 + queue) / (1 + queue + float64(queue*queue))
}
