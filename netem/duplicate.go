package netem

// Duplicate copies packets; the copy follows directly behind the original. Copies are not copied again (as in netem).
type Duplicate struct{ Probability Probability }

// Attach implements Stage.
func (d Duplicate) Attach(env Env, next Port) Port {
	return func(p *Packet) {
		if p.Of != 0 || !d.Probability.Hit(env.Rand.Draw(p, 0)) {
			next(p)
			return
		}
		c := env.Copy(p) // before p is given away
		next(p)
		next(c)
	}
}
