package inet

import (
	"time"

	"reliabilitylab/lab/host"
	"reliabilitylab/lab/tcp"
)

// A timer calls fire at one instant that may be moved at will, on a Clock whose calls cannot be taken back: it asks the
// Clock only when the wanted instant is earlier than what has been asked for already, and a call that comes too early
// asks again. So an instant that moves on with every segment costs one event of the Clock for each time it would have
// run out, not one for each segment. The function is bound once: setting a timer allocates nothing.
type timer struct {
	s     host.Scheduler
	fire  func()
	tick  func()        // t.due, bound
	want  time.Duration // tcp.Never: nothing
	armed time.Duration // the earliest call that is under way, tcp.Never if there is none
}

func (t *timer) init(s host.Scheduler, fire func()) {
	*t = timer{s: s, fire: fire, want: tcp.Never, armed: tcp.Never}
	t.tick = t.due
}

// set moves the instant; tcp.Never stops the timer.
func (t *timer) set(at time.Duration) {
	t.want = at
	if at < t.armed {
		t.armed = at
		t.s.After(at-t.s.Now(), t.tick)
	}
}

func (t *timer) due() {
	now := t.s.Now()
	if now < t.armed {
		return // a call that was overtaken by an earlier one, which has asked for the next
	}
	t.armed = tcp.Never
	if t.want > now {
		t.set(t.want)
		return
	}
	t.want = tcp.Never
	t.fire()
}
