package trace

import (
	"bytes"
	"math/rand/v2"
	"reflect"
	"testing"
)

// Whatever a reader takes, it takes as it stands: written and read again it is the same. It never panics.
func fuzzTable[T any](f *testing.F, tab func() table[T], rows func(*Trace) []T) {
	for seed := range uint64(5) {
		var b bytes.Buffer
		if err := tab().encode(&b, rows(dice{rand.New(rand.NewPCG(seed, 2))}.trace(4))); err != nil {
			f.Fatal(err)
		}
		f.Add(b.Bytes())
		f.Add(bytes.ReplaceAll(b.Bytes(), []byte("\n"), []byte("\r\n")))
		f.Add(b.Bytes()[:b.Len()/2])
	}
	f.Fuzz(func(t *testing.T, in []byte) {
		got, err := tab().decode(bytes.NewReader(in))
		if err != nil {
			return
		}
		var b bytes.Buffer
		if err := tab().encode(&b, got); err != nil {
			t.Fatal(err)
		}
		again, err := tab().decode(&b)
		if err != nil {
			t.Fatalf("what was read and written is not read again: %v", err)
		}
		if !reflect.DeepEqual(again, got) {
			t.Fatalf("read %+v, and then %+v", got, again)
		}
	})
}

func FuzzPackets(f *testing.F) {
	fuzzTable(f, func() table[Packet] { return packetTable(&shared{}) }, func(t *Trace) []Packet { return t.Packets })
}

func FuzzMessages(f *testing.F) {
	fuzzTable(f, messageTable, func(t *Trace) []Message { return t.Messages })
}

func FuzzCalls(f *testing.F) {
	fuzzTable(f, func() table[Call] { return callTable(&shared{}) }, func(t *Trace) []Call { return t.Calls })
}

func FuzzTCP(f *testing.F) {
	fuzzTable(f, func() table[TCPSample] { return sampleTable(&shared{}) }, func(t *Trace) []TCPSample { return t.TCP })
}

func FuzzQueue(f *testing.F) {
	fuzzTable(f, queueTable, func(t *Trace) []QueueLength { return t.Queue })
}
