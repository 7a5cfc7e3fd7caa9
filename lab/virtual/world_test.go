package virtual

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"reliabilitylab/lab/host"
)

const forever = time.Duration(1<<63 - 1)

func run(t *testing.T, w *World) {
	t.Helper()
	if err := w.Run(context.Background(), forever); err != nil {
		t.Fatal(err)
	}
}

func TestEventsComeByTimeThenOrder(t *testing.T) {
	type key struct {
		at    time.Duration
		order int
	}
	var got []key
	w := New()
	r := rand.New(rand.NewPCG(1, 2))
	order := 0
	var add func(depth int)
	add = func(depth int) {
		d := time.Duration(r.IntN(4)) // few instants, so that most collide
		order++
		k := key{w.Now() + d, order}
		w.After(d, func() {
			if w.Now() != k.at {
				t.Errorf("called at %v, due at %v", w.Now(), k.at)
			}
			got = append(got, k)
			if depth < 6 {
				for range r.IntN(4) {
					add(depth + 1)
				}
			}
		})
	}
	for range 300 {
		add(0)
	}
	run(t, w)
	if len(got) != order || order < 1000 {
		t.Fatalf("%d of %d events came", len(got), order)
	}
	if !slices.IsSortedFunc(got, func(a, b key) int {
		if a.at != b.at {
			return int(a.at - b.at)
		}
		return a.order - b.order
	}) {
		t.Error("events out of order")
	}
}

func TestProgramsRunOneAtATimeAndWake(t *testing.T) {
	w := New()
	var log []string
	say := func(s string) { log = append(log, fmt.Sprintf("%v %s", w.Now(), s)) }
	var consumer host.Task
	item := 0
	w.Go(func() {
		consumer = w.Current()
		for item < 2 {
			w.Park()
			say(fmt.Sprint("item ", item))
		}
	})
	w.Go(func() {
		for i := 1; i <= 2; i++ {
			w.Sleep(time.Second)
			item = i
			w.Wake(consumer)
			w.Wake(consumer) // twice is once
			say("made")
		}
	})
	run(t, w)
	want := "1s made\n1s item 1\n2s made\n2s item 2"
	if got := strings.Join(log, "\n"); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
	if len(w.tasks) != 0 {
		t.Errorf("%d programs never ended", len(w.tasks))
	}
}

func TestWakeBeforeParkIsNotLost(t *testing.T) {
	w := New()
	passed := false
	w.Go(func() {
		w.Wake(w.Current())
		w.Park()
		passed = true
	})
	run(t, w)
	if !passed {
		t.Error("Park did not return")
	}
}

func TestSleepLastsWhateverWakes(t *testing.T) {
	w := New()
	var sleeper host.Task
	var woke time.Duration
	w.Go(func() {
		sleeper = w.Current()
		w.Sleep(time.Second)
		woke = w.Now()
	})
	w.After(time.Millisecond, func() { w.Wake(sleeper) })
	run(t, w)
	if woke != time.Second {
		t.Errorf("slept until %v", woke)
	}
}

func TestRunStopsAtUntilAndGoesOn(t *testing.T) {
	w := New()
	n := 0
	for i := 1; i <= 3; i++ {
		w.After(time.Duration(i)*time.Second, func() { n++ })
	}
	w.Run(context.Background(), 2*time.Second)
	if n != 2 || w.Now() != 2*time.Second {
		t.Errorf("%d events by %v", n, w.Now())
	}
	run(t, w)
	if n != 3 {
		t.Errorf("%d events in all", n)
	}
}

func TestRunEndsWithItsContext(t *testing.T) {
	w := New()
	ctx, cancel := context.WithCancel(context.Background())
	var again func()
	again = func() {
		if w.Now() == time.Second {
			cancel()
		}
		w.After(time.Millisecond, again)
	}
	again()
	if err := w.Run(ctx, forever); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
}

func TestCloseUnwindsParkedPrograms(t *testing.T) {
	w := New()
	unwound, went := 0, false
	for range 3 {
		w.Go(func() {
			defer func() { unwound++ }()
			defer w.Park() // a deferred call that would block is cut short, too
			w.Park()
			went = true
		})
	}
	run(t, w)
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	if unwound != 3 || went || len(w.tasks) != 0 {
		t.Errorf("unwound %d, went on %v, left %d", unwound, went, len(w.tasks))
	}
}

func TestProgramsPanicComesOut(t *testing.T) {
	defer func() {
		if r := recover(); r != "bug" {
			t.Errorf("recovered %v", r)
		}
	}()
	w := New()
	w.Go(func() { panic("bug") })
	run(t, w)
}

func BenchmarkEvent(b *testing.B) {
	for _, pending := range []int{1, 16, 1000, 100000} {
		b.Run(fmt.Sprint(pending), func(b *testing.B) {
			b.ReportAllocs()
			w := New()
			left := b.N
			r := rand.New(rand.NewPCG(1, 2))
			var f func()
			f = func() {
				if left--; left > 0 {
					w.After(time.Duration(r.IntN(1000000)), f)
				}
			}
			for range pending {
				w.After(time.Duration(r.IntN(1000000)), f)
			}
			b.ResetTimer()
			w.Run(context.Background(), forever)
		})
	}
}

func BenchmarkSleep(b *testing.B) {
	b.ReportAllocs()
	w := New()
	w.Go(func() {
		for range b.N {
			w.Sleep(time.Microsecond)
		}
	})
	w.Run(context.Background(), forever)
}
