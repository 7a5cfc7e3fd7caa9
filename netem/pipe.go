package netem

import "strconv"

// A Step is one named place in a Pipe. The name seeds the stage's dice, so that adding or changing one stage never
// shifts the draws of another.
type Step struct {
	Name  string
	Stage Stage
}

// A Pipe is a row of stages, itself a stage. A packet meets them from first to last.
type Pipe []Step

// Attach joins the stages from the last to the first and returns the port of the first. Each gets the random stream
// of its name; of two steps with the same name the second gets that of "name#2", and so on.
func (p Pipe) Attach(env Env, next Port) Port {
	label := make([]string, len(p))
	seen := map[string]int{}
	for i, s := range p {
		seen[s.Name]++
		label[i] = s.Name
		if n := seen[s.Name]; n > 1 {
			label[i] += "#" + strconv.Itoa(n)
		}
	}
	for i := len(p) - 1; i >= 0; i-- {
		e := env
		e.Rand, e.Weather = env.Rand.Sub(label[i]), env.Weather.Sub(label[i])
		next = p[i].Stage.Attach(e, next)
	}
	return next
}

// Tap shows every packet to Saw and passes it on unchanged. Saw must not keep the packet or its Data.
type Tap struct{ Saw func(*Packet) }

// Attach implements Stage.
func (t Tap) Attach(_ Env, next Port) Port {
	return func(p *Packet) {
		t.Saw(p)
		next(p)
	}
}

// Has tells whether the pipe has a stage of that name.
func (p Pipe) Has(name string) bool {
	for _, s := range p {
		if s.Name == name {
			return true
		}
	}
	return false
}
