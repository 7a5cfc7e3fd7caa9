package kernel

import (
	"time"

	"golang.org/x/sys/unix"
)

// A world's thread waits most of the time, and must run at once when something is due.

// urgent is what the thread asks of the system's scheduler, the better first. What it starts does not inherit it.
var urgent = []unix.SchedAttr{
	// Before all ordinary programs. It wants root, or a limit RLIMIT_RTPRIO above 0.
	{Size: unix.SizeofSchedAttr, Policy: unix.SCHED_RR, Priority: 1, Flags: unix.SCHED_FLAG_RESET_ON_FORK},
	// An ordinary program of short turns, in ns, which gets them the sooner (since Linux 6.12). Anybody may.
	{Size: unix.SizeofSchedAttr, Policy: unix.SCHED_NORMAL, Runtime: 100_000, Flags: unix.SCHED_FLAG_RESET_ON_FORK},
}

// A thread that goes before all others gets 0.95 s of each second, and then none at all (sched_rt_runtime_us): 50 ms in which
// nothing leaves. So of each period it goes before others for a share only, and is an ordinary one for the rest, if it has
// not slept as long anyway.
const (
	period = 100 * time.Millisecond
	share  = 80 * time.Millisecond
)

// A priority is a thread's place in the system's scheduler.
type priority struct {
	before *unix.SchedAttr // what it was; nil if it is left alone
	first  bool            // it may go before others,
	now    bool            // and does
	began  time.Duration   // when this period did
	slept  time.Duration   // in this period
}

// hurry lets the thread run as soon as the system allows, so that packets leave in time on a busy machine, too.
func hurry() (p priority) {
	before, err := unix.SchedGetAttr(0, 0)
	if err != nil || before.Policy != unix.SCHED_NORMAL {
		return p // somebody has chosen another one
	}
	before.Flags |= unix.SCHED_FLAG_RESET_ON_FORK // not everybody may take that back
	for i, u := range urgent {
		if unix.SchedSetAttr(0, &u, 0) == nil {
			return priority{before: before, first: i == 0, now: i == 0}
		}
	}
	return p
}

// keep keeps the thread within its share.
func (p *priority) keep(now time.Duration) {
	switch {
	case !p.first:
	case now-p.began >= period:
		p.began, p.slept = now, 0
		p.set(true)
	case now-p.began-p.slept >= share:
		p.set(false)
	}
}

func (p *priority) set(first bool) {
	if p.now == first {
		return
	}
	u := urgent[1]
	if first {
		u = urgent[0]
	}
	if unix.SchedSetAttr(0, &u, 0) == nil {
		p.now = first
	}
}

// undo makes the thread what it was.
func (p *priority) undo() {
	if p.before != nil {
		_ = unix.SchedSetAttr(0, p.before, 0)
	}
}
