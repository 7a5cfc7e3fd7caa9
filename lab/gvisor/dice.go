package gvisor

import (
	"sync"

	"reliabilitylab/netem"
)

// dice are a netem.Stream as the stack wants its random numbers: a rand.Source64, an io.Reader, safe for its goroutines.
type dice struct {
	mu     sync.Mutex
	stream netem.Stream
	drawn  uint64
}

func newDice(s netem.Stream) *dice { return &dice{stream: s} }

// Uint64 implements rand.Source64.
func (d *dice) Uint64() uint64 {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.drawn++
	return d.stream.At(d.drawn, 0)
}

// Int63 implements rand.Source.
func (d *dice) Int63() int64 { return int64(d.Uint64() >> 1) }

// Seed implements rand.Source; the stream has its seed already.
func (d *dice) Seed(int64) {}

// Read implements io.Reader.
func (d *dice) Read(b []byte) (int, error) {
	for i := range b {
		b[i] = byte(d.Uint64() >> 56)
	}
	return len(b), nil
}
