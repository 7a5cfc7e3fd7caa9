package kernel

import (
	"context"
	"encoding/binary"
	"fmt"
	"os"
	"runtime"
	"sync"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"

	"reliabilitylab/lab/virtual"
)

// A World is a host.World in real time: a virtual.World whose loop waits for the clock on the wall before it calls what
// is due, and which wakes for packets and sockets of the kernel besides. So events, programs and their order are what
// they are in virtual time, and one thread does everything; there are no locks.
//
// Now is the instant at which the present event was due, or at which the kernel's packet was read: what happens late on
// the wall happens in time in the world. So lateness never adds up along a path; it shows once, when the packet gets into
// a kernel, and is counted there (Lateness).
//
// The clock begins with the first Run. A World must be used from one goroutine, from NewWorld to Close, which is bound to
// its thread meanwhile.
type World struct {
	*virtual.World

	// Quiet is how long after the last program's end nothing may happen before Run takes the world for done: hosts of
	// the kernel do not say what they still have in mind.
	Quiet time.Duration

	begin    time.Time
	late     Lateness
	programs int           // that have not ended
	stirred  time.Duration // when something happened last
	polled   time.Duration // when the kernel was asked last

	epoll  int
	bell   *os.File // an eventfd: ends a wait from outside; source 0
	ready  [64]unix.EpollEvent
	nReady int
	source []source // by the number that epoll knows them by
	free   []int32  // numbers that nobody has
	serves func()   // (*World).serve, bound once

	hosts    []*Host
	home     int // the network namespace of the thread before, as a descriptor
	here     int // the one it is in now
	slack    int // its timer slack before, ns
	priority priority
	closing  bool

	outside sync.Mutex // guards posted
	posted  []func()
}

// A source is what epoll watches. It is told when something may have become possible.
type source interface{ wake(events uint32) }

const (
	// spin is how long before an event is due the thread stops sleeping: waking takes the kernel about that long.
	spin = 60 * time.Microsecond
	// pollEvery is how long events may go on before the kernel is asked for packets in between.
	pollEvery = 30 * time.Microsecond
	// turn is how long a program may go on calling the kernel before others get their turn.
	turn = 30 * time.Microsecond

	defaultQuiet = 500 * time.Millisecond
)

// NewWorld returns a world whose clock has not begun. It binds the calling goroutine to its thread until Close.
func NewWorld() (*World, error) {
	runtime.LockOSThread()
	w := &World{World: virtual.New(), Quiet: defaultQuiet, epoll: -1, home: -1}
	w.source = []source{inbox{w}}
	w.serves = w.serve
	if err := w.open(); err != nil {
		w.Close()
		return nil, fmt.Errorf("begin a world in real time: %w", err)
	}
	return w, nil
}

func (w *World) open() (err error) {
	if w.epoll, err = unix.EpollCreate1(unix.EPOLL_CLOEXEC); err != nil {
		return os.NewSyscallError("epoll_create1", err)
	}
	fd, err := unix.Eventfd(0, unix.EFD_CLOEXEC)
	if err != nil {
		return os.NewSyscallError("eventfd", err)
	}
	w.bell = os.NewFile(uintptr(fd), "eventfd")
	// Edge-triggered: it rings once, and need not be read.
	bell := unix.EpollEvent{Events: unix.EPOLLIN | unix.EPOLLET}
	if err := unix.EpollCtl(w.epoll, unix.EPOLL_CTL_ADD, fd, &bell); err != nil {
		return os.NewSyscallError("epoll_ctl", err)
	}
	if w.home, err = unix.Open("/proc/thread-self/ns/net", unix.O_RDONLY|unix.O_CLOEXEC, 0); err != nil {
		return &os.PathError{Op: "open", Path: "/proc/thread-self/ns/net", Err: err}
	}
	w.here = w.home
	if w.slack, err = unix.PrctlRetInt(unix.PR_GET_TIMERSLACK, 0, 0, 0, 0); err != nil {
		return os.NewSyscallError("prctl PR_GET_TIMERSLACK", err)
	}
	w.priority = hurry()
	return os.NewSyscallError("prctl PR_SET_TIMERSLACK", unix.Prctl(unix.PR_SET_TIMERSLACK, 1, 0, 0, 0))
}

// Lateness tells how late on the wall things have been so far: each event, and each packet that was given to a kernel.
func (w *World) Lateness() *Lateness { return &w.late }

// Go implements host.Scheduler.
func (w *World) Go(f func()) {
	w.programs++
	w.World.Go(func() {
		defer func() { w.programs-- }()
		f()
	})
}

// Run implements host.World. Nothing is left to happen when all programs have ended and it has been quiet for the time
// Quiet, with nothing due for as long; programs that wait for the kernel may wait until the instant `until`.
func (w *World) Run(ctx context.Context, until time.Duration) error {
	if w.begin.IsZero() {
		w.begin = time.Now()
	}
	defer context.AfterFunc(ctx, w.ring)()
	for {
		if err := ctx.Err(); err != nil {
			return err
		}
		now := w.wall()
		due, some := w.Next()
		if some && due <= min(now, until) {
			w.late.Note(now - due)
			w.stirred = now
			w.to(due)
			if now-w.polled < pollEvery {
				continue
			}
		}
		if now >= until {
			w.at(until, func() {})
			return nil
		}
		if w.poll(now) {
			continue
		}
		wait := until
		if w.programs == 0 {
			quiet := w.stirred + w.Quiet
			if now >= quiet && (!some || due > quiet) {
				return nil
			}
			wait = min(wait, quiet)
		}
		if some {
			wait = min(wait, due)
		}
		w.sleep(wait - now)
	}
}

// wall is the clock on the wall.
func (w *World) wall() time.Duration { return time.Since(w.begin) }

// to runs what is due up to instant t.
func (w *World) to(t time.Duration) {
	// The background never ends, so there is no error.
	_ = w.World.Run(context.Background(), t)
}

// at calls f at instant t, after what was due before.
func (w *World) at(t time.Duration, f func()) {
	w.After(t-w.Now(), f)
	w.to(t)
}

// poll asks the kernel what has become ready and sees to it; it returns whether there was something.
func (w *World) poll(now time.Duration) bool {
	w.polled = now
	w.priority.keep(now)
	n, _, _ := unix.RawSyscall6(unix.SYS_EPOLL_PWAIT, uintptr(w.epoll), uintptr(unsafe.Pointer(&w.ready[0])), uintptr(len(w.ready)), 0, 0, 0)
	if int(n) <= 0 { // an error is EINTR, or there is nothing
		return false
	}
	w.nReady = int(n)
	w.stirred = now
	w.at(max(now, w.Now()), w.serves)
	return true
}

// serve tells the sources that are ready.
func (w *World) serve() {
	for _, e := range w.ready[:w.nReady] {
		if s := w.source[e.Fd]; s != nil { // it may have been closed meanwhile
			s.wake(e.Events)
		}
	}
}

// sleep waits for d, or until the kernel has something. The last of it is left to the caller, who asks again.
func (w *World) sleep(d time.Duration) {
	if d -= spin; d <= 0 {
		return
	}
	t := unix.NsecToTimespec(int64(d))
	fds := [1]unix.PollFd{{Fd: int32(w.epoll), Events: unix.POLLIN}}
	before := w.wall()
	_, _ = unix.Ppoll(fds[:], &t, nil) // whatever ended it, the caller looks
	w.priority.slept += w.wall() - before
}

// ring ends a wait from any goroutine.
func (w *World) ring() {
	var one [8]byte
	binary.NativeEndian.PutUint64(one[:], 1)
	_, _ = w.bell.Write(one[:]) // after Close there is nobody to hear it
}

// watch has epoll tell s of fd; it returns the number to give back to forget.
func (w *World) watch(fd int, events uint32, s source) (int32, error) {
	n := int32(len(w.source))
	if k := len(w.free); k > 0 {
		n, w.free = w.free[k-1], w.free[:k-1]
	} else {
		w.source = append(w.source, nil)
	}
	w.source[n] = s
	if err := unix.EpollCtl(w.epoll, unix.EPOLL_CTL_ADD, fd, &unix.EpollEvent{Events: events, Fd: n}); err != nil {
		w.forget(n)
		return 0, os.NewSyscallError("epoll_ctl", err)
	}
	return n, nil
}

// forget gives a number back. The kernel forgets the descriptor when it is closed.
func (w *World) forget(n int32) {
	w.source[n] = nil
	w.free = append(w.free, n)
}

// giveWay is called by programs after a call to the kernel. The call took time: what has become due meanwhile goes first,
// and what the call has sent is fetched.
func (w *World) giveWay() {
	now := w.wall()
	if due, some := w.Next(); now-w.Now() >= turn || some && due <= now {
		w.Sleep(now - w.Now())
	}
}

// Close implements host.World. The sockets that are still open are reset; namespaces and devices are gone afterwards.
//
// In a user namespace the thread may not be allowed back to where it was. Then it stays bound to its goroutine, and ends
// with it; other worlds may be made on it.
func (w *World) Close() error {
	if w.closing {
		return nil
	}
	w.closing = true
	err := w.World.Close()
	for _, h := range w.hosts {
		h.close()
	}
	w.priority.undo()
	if w.slack > 0 {
		_ = unix.Prctl(unix.PR_SET_TIMERSLACK, uintptr(w.slack), 0, 0, 0)
	}
	if w.bell != nil {
		_ = w.bell.Close()
	}
	if w.home < 0 || w.move(w.home) == nil {
		runtime.UnlockOSThread()
	}
	for _, fd := range []int{w.home, w.epoll} {
		if fd >= 0 {
			_ = unix.Close(fd)
		}
	}
	return err
}
