package netem

// Duplicate copies packets; the copy follows directly behind the original. Copies are not copied again (as in netem). For
// Correlation see correlation.go.
type Duplicate struct{ Probability, Correlation Probability }

// Attach implements Stage.
func (d Duplicate) Attach(env Env, next Port) Port {
	hit := chosen(env.Rand, d.Probability, d.Correlation)
	return func(p *Packet) {
		if p.Of != 0 || !hit(p) {
			next(p)
			return
		}
		c := env.Copy(p) // before p is given away
		next(p)
		next(c)
	}
}
